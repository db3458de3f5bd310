"""Names as SQL has them."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An identifier as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
