"""CSV files with more columns than any table of people has."""

from __future__ import annotations

import csv
from pathlib import Path

from engine.errors import EngineError

MOST_COLUMNS = 10_000
"""A file with more is refused: finding the types of so many columns takes hours."""
_LONGEST_HEAD = 4 << 20
_DELIMITERS = ",;\t|"


def too_wide(name: str) -> EngineError:
    """The sentence for a file with more columns than :data:`MOST_COLUMNS`."""
    hint = "Check its delimiter, or turn columns into rows."
    return EngineError("file", f"{name} has more than {MOST_COLUMNS:,} columns", hint=hint)


def refuse_wide(path: Path) -> None:
    """Raise EngineError("file") when the first line of a CSV file, compressed or not, names too many columns."""
    first = _first_line(path)
    if max(first.count(one) for one in _DELIMITERS) < MOST_COLUMNS:
        return
    for delimiter in _DELIMITERS:
        try:
            fields = next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:  # a value longer than any column's name: not a line of names by this delimiter
            continue
        if len(fields) > MOST_COLUMNS:
            raise too_wide(path.name)


def _first_line(path: Path) -> str:
    if path.suffix.lower() in (".gz", ".zst"):
        import pyarrow as pa

        try:
            with pa.input_stream(str(path), compression="detect") as source:
                head: bytes = source.read(_LONGEST_HEAD)
                return head.split(b"\n", 1)[0].decode("utf-8", "replace")
        except OSError:  # it is not what its name says: reading it tells
            return ""
    with path.open("rb") as file:
        return file.readline(_LONGEST_HEAD).decode("utf-8", "replace")
