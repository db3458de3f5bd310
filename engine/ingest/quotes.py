"""A quote that is never closed: everything after it is one value, so that rows would be lost without a word."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from engine.errors import EngineError

_END = "\ue000convoke\ue000"
"""A last line of our own: whatever value it ends up in was open until then."""


def refuse_open_quote(path: Path, encoding: str, delimiter: str, quote: str, name: str, code: str = "file") -> None:
    """Raise EngineError(``code``) that names the line in which a quote opens that is never closed, if there is one.
    Reads the whole file, so it is asked only when rows are missing."""
    line = open_quote(path, encoding, delimiter, quote)
    if line is not None:
        raise EngineError(
            code,
            f"in {name} the quote that opens in line {line:,} is never closed",
            hint="Close it, or write it twice within a quoted value. Nothing was read.",
        )


def open_quote(path: Path, encoding: str, delimiter: str, quote: str) -> int | None:
    """The line in which a quote opens that is never closed; None when all are closed."""
    if not quote:
        return None
    before = csv.field_size_limit((1 << 31) - 1)
    try:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            reader = csv.reader(_lines(file), delimiter=delimiter, quotechar=quote)
            begins, following, last = 1, 1, [_END]
            for last in reader:
                begins, following = following, following + _breaks(last) + 1
    finally:
        csv.field_size_limit(before)
    if not last or last == [_END]:
        return None
    return begins + _breaks(last[:-1])


def _lines(file: Iterator[str]) -> Iterator[str]:
    """Every line with its end, and the last one of our own."""
    for text in file:
        yield text if text.endswith(("\n", "\r")) else f"{text}\n"
    yield _END


def _breaks(row: list[str]) -> int:
    """Line breaks within the values of a row."""
    return sum(value.count("\n") + value.count("\r") - value.count("\r\n") for value in row)
