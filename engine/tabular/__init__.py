"""Files of rows as people and programs write them, made readable; and what values mean."""
