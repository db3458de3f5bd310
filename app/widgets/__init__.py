"""Widgets that know nothing of audiences."""
