"""Icons, fonts, translations, style and help pages."""
