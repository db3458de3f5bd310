"""Files become rows of the local warehouse: read, coerced, kept apart when bad, written once."""
