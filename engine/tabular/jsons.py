"""JSON values as lines: an array, objects over several lines, or lines that end in other ways."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.errors import EngineError
from engine.tabular.encodings import HANDLER, MARK, decoded_chunks
from engine.tabular.records import NO_TEXT
from engine.tabular.repair import LONGEST_KEPT, Broken, Lines, private

_TOKEN = re.compile(r'["\[\]{}]|[^\s,"\[\]{}]+|,')
_LONGEST = 16 << 20
_IN_TEXT = re.compile(r'["\\]')


def is_json(head: str) -> bool:
    """Whether a text begins as JSON does and no CSV."""
    text = head.lstrip("\ufeff").lstrip()
    if not text.startswith(("{", "[")):
        return False
    line = text.split("\n", 1)[0].strip()
    if re.match(r'\{\s*("|\}|$)|\[\s*([{"\[\d\-tfn\]]|$)', line) is None:
        return False
    if not line.endswith(("}", "]", ",", "{", "[", '"')) and len(text) > len(line):
        return line[0] == "{" and '":' in line.replace('" :', '":')
    return True


def needs_lines(head: str) -> bool:
    """Whether JSON is no text of one object a line."""
    text = head.lstrip("\ufeff").lstrip()
    if text.startswith("["):
        return True
    first = text.split("\n", 1)[0]
    try:
        json.loads(first)
    except ValueError:
        return not first.rstrip().endswith("}") or first.count("{") > first.count("}")
    return False


def as_lines(path: Path, into: Path, name: str) -> list[Broken]:
    """Write the values of a UTF-8 JSON array, or those that follow one another, as one line each. Those with bytes that
    are no text are returned, each with its number."""
    broken = []
    with private(into) as target:
        batch: list[str] = []
        for number, value in enumerate(_values(decoded_chunks(path, "utf-8", False), name), 1):
            if MARK in value:
                broken.append(Broken(number, value.replace(MARK, "\ufffd")[:LONGEST_KEPT], NO_TEXT))
                continue
            batch.append(value)
            if len(batch) >= 5_000:
                target.write(("\n".join(batch) + "\n").encode("utf-8", "replace"))
                batch.clear()
        target.write(("\n".join(batch) + "\n").encode("utf-8", "replace"))
    return broken


def _values(chunks: Iterable[str], name: str) -> Iterator[str]:
    """The text of each element of an array, or of each value, without line breaks."""
    splitter = _Splitter(name)
    for chunk in chunks:
        yield from splitter.fed(chunk)
    yield from splitter.ended()


class _Splitter:
    """Finds where values begin and end; what stands in quotes is passed over."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._text = ""
        self._depth = 0
        self._outer = 0
        self._quoted = False
        self._begun = False
        self._at = 0
        self._from: int | None = None

    def fed(self, chunk: str) -> Iterator[str]:
        """The values that end in this part of the text."""
        self._text += chunk.lstrip("\ufeff") if not self._begun else chunk
        yield from self._scan()
        keep = self._at if self._from is None else self._from
        self._text = self._text[keep:]
        self._at -= keep
        if self._from is not None:
            self._from = 0
        if len(self._text) > _LONGEST:
            raise EngineError(
                "file", f"{self._name} holds a JSON value of more than 16 MB", hint="Write one object a line."
            )

    def _scan(self) -> Iterator[str]:
        text, size = self._text, len(self._text)
        while self._at < size:
            if self._quoted:
                found = _IN_TEXT.search(text, self._at)
                if found is None:
                    self._at = size
                    return
                if found[0] == "\\":
                    if found.end() >= size:
                        self._at = found.start()
                        return
                    self._at = found.end() + 1
                    continue
                self._quoted = False
                self._at = found.end()
                continue
            found = _TOKEN.search(text, self._at)
            if found is None:
                self._at = size
                return
            if found.end() == size and found[0] not in '"[]{},':
                self._at = found.start()  # it may go on
                if self._from is None:
                    self._from = found.start()
                return
            yield from self._sign(found)

    def _sign(self, found: re.Match[str]) -> Iterator[str]:
        sign = found[0]
        self._at = found.end()
        if not self._begun:
            self._begun = True
            if sign == "[":
                self._outer = self._depth = 1
                return
        if sign == "," and self._depth == self._outer:
            yield from self._value(found.start())
            return
        if sign in "[{":
            if self._from is None:
                self._from = found.start()
            self._depth += 1
        elif sign in "]}":
            self._depth -= 1
            if self._depth < self._outer:
                yield from self._value(found.start())
                self._outer = self._depth = 0
            elif self._depth == self._outer:
                yield from self._value(found.end())
        elif self._from is None:
            self._from = found.start()
        if sign == '"':
            self._quoted = True

    def _value(self, end: int) -> Iterator[str]:
        if self._from is not None:
            value = self._text[self._from : end].strip()
            self._from = None
            if value:
                yield re.sub(r"[\r\n]+", " ", value)

    def ended(self) -> Iterator[str]:
        """What was begun and not ended: a value that was cut."""
        if self._from is not None or self._text[self._at :].strip():
            yield from self._value(len(self._text))


def lines_of(path: Path, into: Path) -> tuple[Lines, list[Broken]]:
    """Write the lines of a UTF-8 text of JSON lines with LF ends; those with bytes that are no text are returned."""
    lines, broken, number = Lines(), [], 1
    with private(into) as target, path.open(encoding="utf-8-sig", errors=HANDLER, newline=None) as source:
        for at, line in enumerate(source, 1):
            if MARK in line:
                broken.append(Broken(at, line.strip().replace(MARK, "\ufffd")[:LONGEST_KEPT], NO_TEXT))
            elif line.strip():
                lines.note(number, at)
                number += 1
                target.write(line.rstrip("\n").encode("utf-8") + b"\n")
    return lines, broken
