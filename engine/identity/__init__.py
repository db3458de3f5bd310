"""Identity resolution: many identifiers, one person, one stable id."""
