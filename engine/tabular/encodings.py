"""In which encoding a text is written, and how its lines end: found out in one reading of the file."""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError

CHUNK = 1 << 20
MARK = "\udcff"
"""What stands for bytes that are no text in an encoding."""
HANDLER = "convoke_mark"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BYTES = ("cp1252", "iso8859-15", "mac-roman")
"""Encodings of one byte a character, the likeliest first."""
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WORD = re.compile(rb"[A-Za-z0-9' ]?[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*[A-Za-z0-9' ]?")
_ASCII = bytes(range(128))
_MOST_WORDS = 5_000
_LOOKED_AT = 16
"""Chunks after the first one that is no UTF-8 in which bytes are counted."""
_LETTERS = frozenset("áàâãäåçéèêëíìîïñóòôõöúùûüœæøß")
_SIGNS = frozenset("’‘“”–—…•€£ºª°¿¡«»®©™·´§½¼¾²³±×\u00a0")
NAMES = {
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "iso8859-15": "ISO-8859-15",
    "mac-roman": "Mac Roman",
}


def _marked(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - only decoders use it
    return MARK, error.end


codecs.register_error(HANDLER, _marked)


@dataclass
class Scan:
    """What one reading of a file tells: its fingerprint (SHA-256), size in bytes, encoding, and the counts of its line
    ends. ``damaged``: some bytes are no text in the encoding."""

    fingerprint: str
    size: int
    encoding: str
    marked: bool = False
    damaged: bool = False
    cr: int = 0
    lf: int = 0
    crlf: int = 0
    quotes: int = 0
    blank: int = 0

    @property
    def uniform(self) -> bool:
        """Whether all lines end alike (line breaks within values count too), by LF or CR LF."""
        return self.cr == 0 or self.cr == self.crlf == self.lf


def known(encoding: str) -> str:
    """The name of an encoding as Python has it; raises EngineError("usage") for none."""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise EngineError(
            "usage", f'there is no encoding "{encoding}"', "file.encoding", "Write one such as utf-8 or cp1252."
        ) from None


def scanned(path: Path, given: str | None = None, *, text: bool = True) -> Scan:
    """Read a file once. ``given``: the encoding that somebody named; ``text``: whether it is one at all."""
    digest = hashlib.sha256()
    counts = _Counts()
    found = Scan("", 0, "binary" if not text else "" if given is None else known(given))
    last = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                if text:
                    if not found.size:
                        _begin(found, chunk)
                    if not found.encoding or found.encoding == "utf-8":
                        counts.add(chunk)
                    _count_lines(found, chunk, last)
                    last = chunk[-2:]
                found.size += len(chunk)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError("file", f"{path} cannot be read: {reason}", hint="Check the path.") from None
    found.fingerprint = digest.hexdigest()
    if found.encoding in ("", "utf-8"):
        counts.end()
        said = found.encoding
        found.encoding = said or counts.encoding()
        found.damaged = found.encoding == "utf-8" and counts.invalid > 0
    return found


def _begin(found: Scan, begin: bytes) -> None:
    """What a byte order mark tells, and NULs between letters."""
    for bom, name in _BOMS:
        if begin.startswith(bom) and found.encoding in ("", "utf-8", "utf-8-sig", name):
            found.encoding, found.marked = name, True
            return
    if not found.encoding:
        found.encoding = _wide_without_bom(begin) or ""
    if found.encoding == "utf-8-sig":
        found.encoding = "utf-8"


def _wide_without_bom(begin: bytes) -> str | None:
    """The encoding of UTF-16 text that does not say its byte order; None for other text."""
    begin = begin[: len(begin) // 2 * 2]
    even, odd = begin[::2].count(0), begin[1::2].count(0)
    if max(even, odd) * 4 < len(begin):  # less than half of the characters are Latin
        return None
    return "utf-16-le" if even * 10 < odd else "utf-16-be" if odd * 10 < even else None


def _count_lines(found: Scan, chunk: bytes, last: bytes) -> None:
    cr = chunk.count(b"\r")
    lf = chunk.count(b"\n")
    found.cr += cr
    found.lf += lf
    found.quotes += chunk.count(b'"')
    if cr:
        found.crlf += chunk.count(b"\r\n") + (last[-1:] == b"\r" and chunk[:1] == b"\n")
        found.blank += chunk.count(b"\n\r\n")
    found.blank += chunk.count(b"\n\n") + (last[-1:] == b"\n" and chunk[:1] == b"\n")


class _Counts:
    """How much of a text is UTF-8, and words that are none."""

    def __init__(self) -> None:
        self.valid = self.invalid = 0
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._ascii = True
        self._looked_at = 0
        self.words: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        if self._decoder is not None:
            if self._ascii and chunk.isascii():
                return
            self._ascii = False
            try:
                self.valid += len(chunk) - len(self._decoder.decode(chunk))
                return
            except UnicodeDecodeError:
                self._decoder = None
        if self._looked_at < _LOOKED_AT:
            self._looked_at += 1
            rest, valid = _UTF8.subn(b"", chunk)
            self.valid += valid
            self.invalid += len(rest.translate(None, _ASCII))
            if len(self.words) < _MOST_WORDS:
                self.words += [one[0] for one, _ in zip(_WORD.finditer(chunk), range(_MOST_WORDS), strict=False)]

    def end(self) -> None:
        """A character that was cut at the end is no text."""
        if self._decoder is not None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.invalid += 1

    def encoding(self) -> str:
        """UTF-8, also where a few bytes are damaged; else the likeliest encoding of one byte a character."""
        if not self.invalid or self.valid > 2 * self.invalid:
            return "utf-8"
        if not self.words:
            return "cp1252"
        scores = {one: sum(_score(word.decode(one, HANDLER)) for word in self.words) for one in _BYTES}
        return max(_BYTES, key=lambda one: scores[one])  # the first of equals


def _score(word: str) -> int:
    """How much a text looks like Spanish, Portuguese, English or their neighbours."""
    total = 0
    for place, char in enumerate(word):
        if char < "\x80":
            continue
        before, after = word[place - 1 : place], word[place + 1 : place + 2]
        inside = before.isalpha() and after.isalpha()
        if char in _LETTERS:
            total += 2 if before.isalpha() or after.isalpha() else 1
        elif char.lower() in _LETTERS:
            total += -2 if before.islower() else 2 if after.isalpha() else 1
        elif char in _SIGNS:
            total += 1 if not inside or char in "’´" else -2
        elif unicodedata.category(char) in ("Cc", "Cn", "Cs"):
            total -= 5
        else:
            total -= 2
    return total


def decoded_chunks(path: Path, encoding: str, strict: bool) -> Iterator[str]:
    """The text of a file, chunk by chunk; bytes that are no text become :data:`MARK` unless ``strict``."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(
        "strict" if strict else "replace" if encoding == "cp1252" else HANDLER
    )
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
