"""Passwords and keys of destinations: in the system's keyring or in an encrypted vault, never in the store."""
