"""The gate for SQL that other people write: exactly one SELECT, read to a tree, its functions by an allow-list."""
