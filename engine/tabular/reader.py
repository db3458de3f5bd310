"""Any file of rows as a file that DuckDB reads: the file itself where it is clean, else a temporary one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

from engine.domain.ingest import Dialect
from engine.errors import EngineError
from engine.tabular import avro, jsons, packing, workbooks
from engine.tabular.encodings import CHUNK, HANDLER, NAMES, Scan, scanned
from engine.tabular.kinds import Kind, kind_of
from engine.tabular.layout import Layout, layout_of
from engine.tabular.notes import encoding_message
from engine.tabular.repair import Broken, Lines, head_of, repaired, sliced, transcoded

Format = Literal["csv", "jsonl", "parquet"]
_JSON_NAMES = (".json", ".jsonl", ".ndjson")
_LAYERS = 3
"""Archives within archives that are unpacked."""


@dataclass(frozen=True)
class Readable:
    """A file of rows. ``file`` is what DuckDB reads, ``format`` how: CSV with ``layout``, one JSON value a line, or
    Parquet. ``is_original``: nothing was rewritten. ``broken`` are lines put aside, ``lines`` tells which line
    of the original a line of ``file`` was, and ``notes`` are sentences on what was found out."""

    path: Path
    file: Path
    format: Format
    fingerprint: str
    encoding: str
    layout: Layout | None = None
    has_header: bool = False
    lines: Lines = field(default_factory=Lines)
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()
    scan: Scan | None = None

    @property
    def is_original(self) -> bool:
        """Whether DuckDB reads the file as it is."""
        return self.file == self.path

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a CSV file."""
        return () if self.layout is None else self.layout.columns


@contextmanager
def readable(
    path: Path,
    dialect: Dialect,
    folder: Path,
    *,
    careful: bool = False,
    rewrite: bool = True,
    header: bool = False,
) -> Iterator[Readable]:
    """A file made readable, with temporary files in ``folder`` meanwhile. ``careful``: a CSV file is read line by
    line, because DuckDB gave up on one. Without ``rewrite`` a CSV file is not made clean, only UTF-8: its rows are read
    one by one. With ``header`` a file that is rewritten begins with one, in which names may stand twice. Raises
    EngineError("file") in one sentence for what holds no rows."""
    made = _Temporary(folder)
    try:
        found = _plain(path, dialect, made, twice=header)
        yield found if found.format != "csv" or not rewrite else _clean(found, made, careful=careful, header=header)
    finally:
        made.remove()


class _Temporary:
    """Files in a folder that go at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Path] = []

    def path(self) -> Path:
        """Where another file may be written."""
        self._made.append(self._folder / f".{uuid4().hex}.utf8")
        return self._made[-1]

    def remove(self) -> None:
        """Remove them all."""
        for one in self._made:
            one.unlink(missing_ok=True)


def _plain(path: Path, dialect: Dialect, made: _Temporary, *, twice: bool) -> Readable:
    """The file without compression, as UTF-8 where it is a text."""
    name = path.name
    plain, kind = _unpacked(path, made, name)
    _must_be(kind, dialect, name)
    if kind != "text":
        fingerprint = scanned(path, text=False).fingerprint
        if kind == "parquet":
            return Readable(path, plain, "parquet", fingerprint, "binary")
        into = made.path()
        if kind == "avro":
            avro.as_parquet(plain, into, name)
            return Readable(path, into, "parquet", fingerprint, "binary")
        notes = workbooks.sheet_as_csv(plain, into, dialect.sheet, name)
        if dialect.sheet is not None:
            fingerprint = hashlib.sha256(f"{fingerprint} {dialect.sheet}".encode()).hexdigest()
        scan = replace(scanned(into), encoding="utf-8")
        return _csv(path, into, scan, dialect, notes, fingerprint, twice=twice)
    scan = scanned(plain, dialect.encoding)
    if not scan.size:
        raise EngineError("file", f"{path} is empty", hint="Check how it was made.")
    fingerprint = scan.fingerprint if plain == path else scanned(path, text=False).fingerprint
    notes = []
    if scan.encoding != "utf-8":
        into = made.path()
        transcoded(plain, into, scan.encoding, strict=dialect.encoding is not None, name=name)
        plain, scan = into, replace(scanned(into), encoding=scan.encoding)
        if scan.encoding in NAMES and dialect.encoding is None:
            notes.append(encoding_message(NAMES[scan.encoding]))
    if _is_json(plain, path, dialect):
        return _json(path, plain, scan, made, notes, fingerprint)
    return _csv(path, plain, scan, dialect, notes, fingerprint, twice=twice)


def _unpacked(path: Path, made: _Temporary, name: str) -> tuple[Path, Kind]:
    """The file without its compression, and what it is."""
    plain = path
    for _ in range(_LAYERS + 1):
        try:
            with plain.open("rb") as file:
                begin = file.read(CHUNK)
        except OSError as error:
            reason = (error.strerror or "unknown").lower()
            raise EngineError("file", f"{path} cannot be read: {reason}", hint="Check the path.") from None
        kind = kind_of(plain, begin, name)
        if kind not in ("gzip", "zstd", "zip"):
            return plain, kind
        into = made.path()
        packing.unpacked(plain, kind, into, name)
        plain = into
    raise EngineError("file", f"{name} is packed {_LAYERS + 1} times", hint="Unpack it yourself.")


def _must_be(kind: Kind, dialect: Dialect, name: str) -> None:
    """Raise EngineError where somebody said that the file is something else."""
    if dialect.sheet is not None and kind != "workbook":
        raise EngineError("file", f"{name} is no workbook and has no sheets", "file.sheet", "Leave sheet out.")
    found = {"text": None, "parquet": "parquet", "avro": "Avro", "workbook": "a workbook"}[kind]
    if kind == "text" and (dialect.format or Path(name).suffix.lower().lstrip(".")) == "parquet":
        raise EngineError("file", f"{name} is not Parquet", "file.format", "Name its format, or get the file again.")
    if dialect.format is None or (found or dialect.format) == dialect.format:
        return
    raise EngineError(
        "file", f"{name} is {found}, not {dialect.format}", "file.format", "Name its format, or leave it out."
    )


def _is_json(plain: Path, path: Path, dialect: Dialect) -> bool:
    if dialect.format is not None:
        return dialect.format == "jsonl"
    with plain.open(encoding="utf-8-sig", errors=HANDLER, newline="") as file:
        head = file.read(1 << 16)
    names = [one.lower() for one in path.suffixes[-2:]]
    named = any(one in _JSON_NAMES for one in names)
    return jsons.is_json(head) or (named and any(one.lstrip().startswith(("{", "[")) for one in head.split("\n")))


def _json(path: Path, plain: Path, scan: Scan, made: _Temporary, notes: list[str], fingerprint: str) -> Readable:
    with plain.open(encoding="utf-8-sig", errors=HANDLER, newline="") as file:
        head = file.read(1 << 20)
    lines, broken = Lines(), list[Broken]()
    if jsons.needs_lines(head):
        into = made.path()
        broken = jsons.as_lines(plain, into, path.name)
        plain = into
    elif scan.damaged or not scan.uniform or (scan.cr and not scan.lf):
        into = made.path()
        lines, broken = jsons.lines_of(plain, into)
        plain = into
    return Readable(path, plain, "jsonl", fingerprint, scan.encoding, None, False, lines, tuple(broken), tuple(notes))


def _csv(
    path: Path, plain: Path, scan: Scan, dialect: Dialect, notes: list[str], fingerprint: str, *, twice: bool
) -> Readable:
    layout = layout_of(plain, dialect, path.name, twice=twice)
    if not layout.columns:
        raise EngineError("file", f"{path.name} has no rows", hint="Check how it was made.")
    told = (*notes, *layout.notes)
    has_header = bool(layout.header)
    return Readable(path, plain, "csv", fingerprint, scan.encoding, layout, has_header, notes=told, scan=scan)


def _clean(file: Readable, made: _Temporary, *, careful: bool, header: bool) -> Readable:
    """A CSV file as DuckDB reads it: as it is, without what stands above and below, or rewritten line by line."""
    layout, scan = file.layout, file.scan
    assert layout is not None  # noqa: S101 - it is CSV
    assert scan is not None  # noqa: S101
    if layout.rows and all(len(one) != layout.width for one in layout.rows):
        counts = " or ".join(map(str, sorted({len(one) for one in layout.rows})[:3]))
        raise EngineError(
            "file",
            f"the header of {file.path.name} has {layout.width} columns, and its rows have {counts}",
            hint="Correct the header, or say where it is: file: {skip, header}.",
        )
    head = head_of(layout) if header else None
    odd = layout.quote == '"' and scan.quotes % 2 == 1 and layout.escape is None
    beyond = layout.width > len(layout.columns)
    blank = layout.width == 1 and scan.blank > 0
    if careful or odd or beyond or blank or scan.damaged or not scan.uniform or layout.comment is not None:
        into = made.path()
        lines, broken = repaired(file.file, into, layout, file.path.name, head)
        return replace(file, file=into, has_header=header, lines=lines, broken=tuple(broken))
    if layout.is_plain and (layout.header or not header):
        return file
    into = made.path()
    return replace(file, file=into, has_header=header, lines=sliced(file.file, into, layout, head))
