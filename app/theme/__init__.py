"""Palette tokens, the style sheet and icons; nothing here knows of audiences."""
