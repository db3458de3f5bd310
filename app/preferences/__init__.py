"""Preferences, the connection wizard, help and about."""
