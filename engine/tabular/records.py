"""The records of a CSV text with their lines; a line that is none costs itself only, never those after it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.tabular.encodings import MARK

LONGEST = 2 << 20
"""Characters of one record; a quote that is open for longer was never meant to be closed."""
OPEN, AFTER, NO_TEXT = "unquoted value", "text after a quoted value", "invalid encoding"
"""Why a line is no record."""
csv.field_size_limit((1 << 31) - 1)  # what a record may hold is bounded here


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its first line (from 1), its text without the line's end, and its fields; None: why it is none."""

    line: int
    text: str
    fields: list[str] | None
    why: str | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return self.fields is not None and len(self.fields) <= 1 and not self.text.strip()

    @property
    def is_empty(self) -> bool:
        """Whether it has no value, though perhaps delimiters."""
        return self.fields is not None and not any(one.strip() for one in self.fields)


class _Lines:
    """Lines of a text, of which some may be taken back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.number = 0

    def take(self) -> str | None:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is not None:
            self.number += 1
        return line

    def back(self, lines: list[str]) -> None:
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)


class _Feed:
    """The lines of one record, for csv's reader."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines
        self.taken: list[str] = []
        self._size = 0
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def begin(self, line: str) -> None:
        self._lines.back([line])
        self.taken, self._size, self.ended = [], 0, False

    def __next__(self) -> str:
        line = self._lines.take() if self._size < LONGEST else None
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        return line


def records(
    lines: Iterable[str], delimiter: str, quote: str = '"', escape: str | None = None, comment: str | None = None
) -> Iterator[Record]:
    """The records of a text's lines (with their ends, whichever they are). Lines that begin with ``comment`` are passed
    over."""
    source = _Lines(lines)
    feed = _Feed(source)
    made = None
    while (line := source.take()) is not None:
        number = source.number
        body = line.rstrip("\r\n")
        if comment is not None and body.startswith(comment):
            continue
        if MARK in body:
            yield Record(number, body.replace(MARK, "\ufffd"), None, NO_TEXT)
            continue
        if (not quote or quote not in body) and (escape is None or escape not in body):
            yield Record(number, body, body.split(delimiter))
            continue
        feed.begin(line)
        if made is None:
            made = csv.reader(
                feed, delimiter=delimiter, quotechar=quote or None, escapechar=escape, doublequote=True, strict=True
            )
        try:
            fields = next(made)
        except (csv.Error, StopIteration):
            made = None
            source.back(feed.taken[1:])
            yield Record(number, body, None, OPEN if feed.ended else AFTER)
            continue
        text = "".join(feed.taken).rstrip("\r\n")
        if MARK in text:
            yield Record(number, text.replace(MARK, "\ufffd"), None, NO_TEXT)
            continue
        yield Record(number, text, fields)
