"""Exceptions of other people's code, as sentences of Convoke: known causes, and never a value of anybody's data."""
