"""A first data model by values: keys, persons, events, joins, zones, consents, amounts and personal data."""
