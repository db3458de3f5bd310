"""The tests of the gate for SQL."""
