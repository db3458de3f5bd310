"""Files as text: what they are, by which encoding, and a relation of DuckDB that reads them."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from engine.domain.ingest import Dialect, Format
from engine.errors import EngineError
from engine.faults.telling import file_failure
from engine.ingest.quotes import refuse_open_quote
from engine.warehouses.parquet import verify
from engine.warehouses.wide import MOST_COLUMNS, too_wide

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}
_CHUNK = 1 << 20
_BINARY = (
    *(b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),  # workbooks of Excel, new and old; ZIP archives
    *(b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"),  # gzip, bzip2, xz, zstd
    *(b"%PDF-", b"PAR1", b"SQLite format 3\x00"),
)
"""How files begin that are named like text by mistake."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WINDOWS = "cp1252"
"""What files are written in that are no UTF-8, at least where our users live."""
_DELIMITERS = (",", ";", "\t", "|")
LINE = "line"
"""The one column of a file of JSON lines."""


@dataclass(frozen=True)
class Opened:
    """A file to read: its fingerprint (SHA-256), format, the encoding it was written in, and a FROM item of DuckDB with
    its columns, all text unless ``typed``."""

    path: Path
    fingerprint: str
    format: Format
    encoding: str
    relation: str
    columns: Sequence[str]
    typed: bool


def format_of(path: Path, dialect: Dialect) -> Format:
    """The format that was named, or that the file's name says."""
    found = dialect.format or _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise EngineError(
            "usage",
            f"what is in {path.name} cannot be told from its name",
            hint="Name the format: csv, jsonl, parquet.",
        )
    return found


@contextmanager
def opened(connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, folder: Path) -> Iterator[Opened]:
    """A file to read. One that is no UTF-8 is rewritten as such in ``folder`` meanwhile."""
    kind = format_of(path, dialect)
    fingerprint, encoding = _looked_at(path, kind, dialect.encoding)
    plain, made = path, None
    if encoding not in ("utf-8", "binary"):
        made = plain = folder / f".{fingerprint[:16]}.utf8"
        _rewrite(path, plain, encoding)
    try:
        if kind == "parquet":
            verify([plain])
        relation, columns = _relation(plain, kind, dialect, path.name)
        if kind == "parquet":
            columns = _described(connection, relation, path)
        yield Opened(path, fingerprint, kind, encoding, relation, columns, kind == "parquet")
    finally:
        if made is not None:
            made.unlink(missing_ok=True)


def _looked_at(path: Path, kind: Format, given: str | None) -> tuple[str, str]:
    """Fingerprint and encoding, in one reading."""
    digest = hashlib.sha256()
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    encoding = None if given is None else _known(given)
    try:
        with path.open("rb") as file:
            begin = file.read(_CHUNK)
            if kind == "parquet":
                encoding = "binary"
            elif encoding is None:
                encoding = next((name for bom, name in _BOMS if begin.startswith(bom)), None)
                _refuse_binary(begin, path.name)
                encoding = encoding or _wide_without_bom(begin)
            chunk = begin
            while chunk:
                digest.update(chunk)
                if encoding is None and utf8 is not None:
                    try:
                        utf8.decode(chunk)
                    except UnicodeDecodeError:
                        utf8 = None
                chunk = file.read(_CHUNK)
            if not begin:
                raise EngineError("file", f"{path} is empty", hint="Check how it was made.")
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError("file", f"{path} cannot be read: {reason}", hint="Check the path.") from None
    if encoding is None:
        encoding = "utf-8" if utf8 is not None else _WINDOWS
    return digest.hexdigest(), encoding


def _refuse_binary(begin: bytes, name: str) -> None:
    """Raise EngineError for a file that begins as no text does."""
    if begin.startswith(_BINARY):
        raise EngineError(
            "file",
            f"{name} is not a text file",
            hint="Save an Excel workbook as a UTF-8 CSV file; unpack a compressed file.",
        )


def _wide_without_bom(begin: bytes) -> str | None:
    """The encoding of UTF-16 text that does not say its byte order; None for other text."""
    begin = begin[: len(begin) // 2 * 2]
    even, odd = begin[::2].count(0), begin[1::2].count(0)
    if max(even, odd) * 4 < len(begin):  # less than half of the characters are Latin
        return None
    return "utf-16-le" if even * 10 < odd else "utf-16-be" if odd * 10 < even else None


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise EngineError(
            "usage", f'there is no encoding "{encoding}"', "file.encoding", "Write one such as utf-8 or cp1252."
        ) from None


def _rewrite(path: Path, into: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace" if encoding == _WINDOWS else "strict")
    descriptor = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with path.open("rb") as source, os.fdopen(descriptor, "wb") as target:
            while chunk := source.read(_CHUNK):
                target.write(decoder.decode(chunk).encode("utf-8"))
            target.write(decoder.decode(b"", final=True).encode("utf-8"))
    except UnicodeError:
        into.unlink(missing_ok=True)
        raise EngineError(
            "file", f"{path.name} is not written in {encoding}", "file.encoding", "Name the right one, or leave it out."
        ) from None


def _relation(path: Path, kind: Format, dialect: Dialect, name: str) -> tuple[str, list[str]]:
    """The FROM item, and the columns of a text file."""
    file = quoted(str(path))
    if kind == "parquet":
        return f"read_parquet({file})", []
    if kind == "jsonl":
        # A character that JSON never has bare makes each line one value.
        said = "delim = '\x01', quote = '', escape = '', header = false, auto_detect = false"
        return f"read_csv({file}, {said}, columns = {{'{LINE}': 'VARCHAR'}}, max_line_size = 16777216)", [LINE]
    # Delimiter and names are found here: what DuckDB detects may be any dialect in which a broken line is none.
    quote = '"' if dialect.quote is None else dialect.quote
    with path.open(encoding="utf-8", newline="") as begin:
        delimiter, columns = _head(begin.read(_CHUNK), dialect, quote, name)
    named_ = ", ".join(f"{quoted(one)}: 'VARCHAR'" for one in columns)
    said = (
        f"auto_detect = false, delim = {quoted(delimiter)}, quote = {quoted(quote)}, escape = {quoted(quote)}, "
        f"header = {str(dialect.header).lower()}, nullstr = '', strict_mode = true, columns = {{{named_}}}"
    )
    return f"read_csv({file}, {said}, REJECTS)", columns


def _head(begin: str, dialect: Dialect, quote: str, name: str) -> tuple[str, list[str]]:
    """The delimiter and the columns' names."""
    delimiter, fields = first_line(begin, dialect, quote, name)
    if not dialect.header:
        return delimiter, [f"c{place}" for place in range(1, len(fields) + 1)]
    names = [text.strip() or f"c{place}" for place, text in enumerate(fields, 1)]
    lower = [one.lower() for one in names]
    twice = next((one for one in names if lower.count(one.lower()) > 1), None)
    if twice is not None:
        raise EngineError("file", f'{name} has the column "{twice}" twice', hint="Rename one of them.")
    return delimiter, names


def first_line(begin: str, dialect: Dialect, quote: str, name: str) -> tuple[str, list[str]]:
    """The delimiter and the fields of the first line: of the delimiters in use, the one that makes most fields."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    fields: dict[str, list[str]] = {}
    for one in _DELIMITERS if dialect.delimiter is None else (dialect.delimiter,):
        with suppress(csv.Error, TypeError, ValueError):
            reader = csv.reader(io.StringIO(begin), delimiter=one, quotechar=quote or None, quoting=quoting)
            fields[one] = next(reader, [])
    if not fields:
        raise EngineError("file", f"{name} cannot be read as CSV", "file", "Name its delimiter and its quote.")
    delimiter = max(fields, key=lambda one: len(fields[one]))
    if len(fields[delimiter]) > MOST_COLUMNS:
        raise too_wide(name)
    return delimiter, fields[delimiter]


def text_of(path: Path) -> str:
    """The text of a small CSV file, in whichever encoding it is written; its line breaks stay as they are."""
    return _decoded(path, _looked_at(path, "csv", None)[1])


def _decoded(path: Path, encoding: str) -> str:
    return path.read_bytes().decode(encoding, errors="replace" if encoding == _WINDOWS else "strict")


def refuse_unclosed(file: Opened, dialect: Dialect, code: str = "file") -> None:
    """Raise EngineError when a quote of a CSV file is never closed: the rows after it are not read."""
    if file.format != "csv":
        return
    quote = '"' if dialect.quote is None else dialect.quote
    with file.path.open(encoding=file.encoding, errors="replace", newline="") as begin:
        delimiter, _ = _head(begin.read(_CHUNK), dialect, quote, file.path.name)
    refuse_open_quote(file.path, file.encoding, delimiter, quote, file.path.name, code)


def table_of(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns of a small CSV file, and (line, values) of each row that is not empty, however it is written."""
    _, encoding = _looked_at(path, "csv", None)
    text = _decoded(path, encoding)
    delimiter, columns = _head(text, Dialect(), '"', path.name)
    refuse_open_quote(path, encoding, delimiter, '"', path.name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = [(reader.line_num, row) for row in reader if any(one.strip() for one in row)]
    return columns, rows[1:]


def reading(relation: str, rejects: str | None = None) -> str:
    """The FROM item; lines that are no rows are told of in the table ``rejects``, or passed over."""
    said = "ignore_errors = true"
    if rejects is not None:
        said = f"store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{rejects}_scan'"
    return relation.replace(", REJECTS)", f", {said})")


def _described(connection: Any, relation: str, path: Path) -> list[str]:
    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM {reading(relation)}").fetchall()  # noqa: S608 - quoted
    except duckdb.Error as error:
        raise file_failure("file", f"{path.name} cannot be read", error, hint="Name how it is written.") from None
    return [str(row[0]) for row in found]


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def named(text: str) -> str:
    """An identifier as SQL has it."""
    return '"' + text.replace('"', '""') + '"'


def plain_name(text: str) -> str:
    """The name of a table's column for one of a file: without accents and capitals, other characters as _."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9]+", "_", ascii_).strip("_")[:60]
    return found if found and found[0].isalpha() else f"c_{found}".rstrip("_")
