"""Names and texts as DuckDB's SQL writes them."""

from __future__ import annotations

from collections.abc import Sequence


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def named(text: str) -> str:
    """An identifier as SQL has it."""
    return '"' + text.replace('"', '""') + '"'


def is_one(text: str, words: Sequence[str]) -> str:
    """Whether a text is one of some words: IN of several would be joined, with every row."""
    return f"list_contains([{', '.join(map(quoted, words))}], {text})"
