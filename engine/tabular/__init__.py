"""Files of rows as people write them: which values their texts mean."""
