"""A clean UTF-8 CSV file out of one that is not: the same rows as they are written, broken lines put aside."""

from __future__ import annotations

import io
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from engine.errors import EngineError
from engine.tabular.encodings import CHUNK, HANDLER, decoded_chunks
from engine.tabular.layout import Layout
from engine.tabular.records import Record, records

MOST_BROKEN = 1_000_000
"""A file with more lines that are no rows is read in the wrong way."""
LONGEST_KEPT = 10_000
"""Characters that are kept of a broken line."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no row: its number in the file, its text, and why it is none."""

    line: int
    text: str
    why: str


@dataclass
class Lines:
    """Which line of the original each line of a rewritten text was."""

    _new: list[int] = field(default_factory=lambda: [1])
    _more: list[int] = field(default_factory=lambda: [0])

    def note(self, new: int, original: int) -> None:
        """From the line ``new`` on lines were ``original``."""
        if original - new != self._more[-1]:
            self._new.append(new)
            self._more.append(original - new)

    def original(self, new: int) -> int:
        """The number of a line in the original."""
        return new + self._more[max(0, bisect_right(self._new, new) - 1)]


def transcoded(path: Path, into: Path, encoding: str, *, strict: bool, name: str) -> None:
    """Rewrite a text as UTF-8. Bytes that are no text stay none, unless ``strict``: then they raise EngineError."""
    try:
        with private(into) as target:
            for text in decoded_chunks(path, encoding, strict):
                target.write(text.encode("utf-8", "surrogatepass"))
    except UnicodeError:
        into.unlink(missing_ok=True)
        raise EngineError(
            "file", f"{name} is not written in {encoding}", "file.encoding", "Name the right one, or leave it out."
        ) from None


def private(path: Path) -> IO[bytes]:
    """A new file that only its owner reads."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def head_of(layout: Layout) -> str:
    """A header of one line, as CSV."""
    quote = layout.quote or '"'
    names = [*layout.named, *[""] * (layout.width - len(layout.named))]
    return layout.delimiter.join(f"{quote}{one.replace(quote, quote * 2)}{quote}" if one else "" for one in names)


def sliced(path: Path, into: Path, layout: Layout, head: str | None = None) -> Lines:
    """Copy the rows of a text whose lines end alike, without what stands above and below, under a header if there is to
    be one."""
    begin, end = _places(path, layout)
    with path.open("rb") as source, private(into) as target:
        if head is not None:
            crlf = source.readline().endswith(b"\r\n")
            target.write(head.encode("utf-8", "replace") + (b"\r\n" if crlf else b"\n"))
        source.seek(begin)
        left = end - begin
        while left > 0 and (chunk := source.read(min(CHUNK, left))):
            target.write(chunk)
            left -= len(chunk)
    lines = Lines()
    lines.note(1 if head is None else 2, layout.above + 1)
    return lines


def _places(path: Path, layout: Layout) -> tuple[int, int]:
    """Where rows begin and end, in bytes."""
    begin = 0
    with path.open("rb") as file:
        for _ in range(layout.above):
            begin += len(file.readline())
    return begin, max(begin, _end(path, layout.below))


def _end(path: Path, below: int) -> int:
    size = path.stat().st_size
    if not below:
        return size
    with path.open("rb") as file:
        start = max(0, size - (1 << 20) - below * 4096)
        file.seek(start)
        tail = file.read()
    lines = re.split(rb"(?<=\n)|(?<=\r)(?!\n)", tail)
    lines = [one for one in lines if one]
    return size - sum(map(len, lines[-below:]))


def line_numbers(path: Path, places: Iterable[int]) -> dict[int, int]:
    """The lines of a text in which records begin, by their places in bytes (from 1) as DuckDB says them: with CR LF it
    counts from the LF before."""
    found: dict[int, int] = {}
    line, at = 1, 0
    with path.open("rb") as file:
        for place in sorted(set(places)):
            while at < place and (chunk := file.read(min(CHUNK, place - at))):
                at += len(chunk)
                line += chunk.count(b"\n")
            found[place] = line
    return found


def repaired(path: Path, into: Path, layout: Layout, name: str, head: str | None = None) -> tuple[Lines, list[Broken]]:
    """Write the rows of a UTF-8 text with LF ends, each as it is written, under a header if there is one to write.
    Rows of another width and broken lines are returned."""
    lines, broken, number = Lines(), [], 1
    with private(into) as target:
        if head is not None:
            target.write(head.encode("utf-8", "replace") + b"\n")
            number = 2 + len(re.findall(r"\r\n|\r|\n", head))
        batch: list[str] = []
        for record in rows_of(path, layout):
            why = record.why or _misfit(record, layout)
            if why is not None:
                broken.append(Broken(record.line, record.text[:LONGEST_KEPT], why))
                if len(broken) > MOST_BROKEN:
                    raise EngineError(
                        "file",
                        f"more than {MOST_BROKEN:,} lines of {name} are no rows of {layout.width} values",
                        hint="Say how the file is written: file: {delimiter, quote, skip}.",
                    )
                continue
            lines.note(number, record.line)
            number += 1 + record.text.count("\n") + record.text.count("\r") - record.text.count("\r\n")
            batch.append(record.text)
            if len(batch) >= 10_000:
                target.write(("\n".join(batch) + "\n").encode("utf-8", "replace"))
                batch.clear()
        if batch:
            target.write(("\n".join(batch) + "\n").encode("utf-8", "replace"))
    return lines, broken


def _misfit(record: Record, layout: Layout) -> str | None:
    fields = record.fields or []
    if len(fields) == layout.width and not any(one.strip() for one in fields[len(layout.columns) :]):
        return None
    return "missing columns" if len(fields) < layout.width else "too many columns"


def rows_of(path: Path, layout: Layout) -> Iterator[Record]:
    """The records of a UTF-8 text that may be rows, of whichever width; blank lines are passed over."""
    with text_until(path, _end(path, layout.below)) as text:
        lines = islice(text, layout.above, None)
        for record in records(lines, layout.delimiter, layout.quote, layout.escape, layout.comment):
            if not record.is_blank:
                yield Record(record.line + layout.above, record.text, record.fields, record.why)


def text_until(path: Path, end: int) -> io.TextIOWrapper:
    """A UTF-8 text up to a byte; bytes that are no text are marked."""
    raw = io.BufferedReader(_Bounded(path, end), CHUNK)
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors=HANDLER, newline="")


class _Bounded(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, path: Path, end: int) -> None:
        self._file = path.open("rb")
        self._left = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._left)
        count = self._file.readinto(memoryview(buffer)[:wanted]) if wanted else 0
        self._left -= count
        return int(count)

    def close(self) -> None:
        self._file.close()
        super().close()
