"""Checksums of Parquet pages: verified once for each state of a file, where the file has them.

DuckDB passes over them, so that a damaged page would give a wrong number. Only the bytes of the pages are read here,
not their values. Files of a megabyte and more that were found sound are remembered beside the warehouse by path, size
and time of change, so that no command reads them for this twice.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.durable import make_folder, replace_file
from engine.errors import EngineError
from engine.failures import failure_of

FILE = "verified.json"
_HEADER, _AT_ONCE, _MOST = 64 << 10, 8 << 20, 200_000
_DIGITS = 38
_WORTH = 1 << 20
"""Bytes of a file from which on remembering is cheaper than reading."""
State = list[int]

_SOUND: dict[str, State] = {}
"""The state (size, time of change, inode) of each file that this process knows to be sound."""


def verify(paths: Iterable[Path], memory: Path | None = None) -> None:
    """Raise EngineError("warehouse_file") for the first file that has a page which its checksum does not fit.
    ``memory``: a folder that remembers which files were sound."""
    fresh = {}
    for path in paths:
        with suppress(OSError):  # whoever reads the file says what is wrong
            status = path.stat()
            fresh[str(path.resolve())] = [status.st_size, status.st_mtime_ns, status.st_ino]
    unknown = {name: state for name, state in fresh.items() if _SOUND.get(name) != state}
    if unknown and memory is not None:
        _SOUND.update(_remembered(memory))
        unknown = {name: state for name, state in unknown.items() if _SOUND.get(name) != state}
    if not unknown:
        return
    for name in unknown:
        if not sound(Path(name)):
            raise EngineError(
                "warehouse_file",
                f"{name} is damaged: a page does not fit its checksum",
                hint="Restore the file from its source.",
            )
        _refuse_wide_decimals(Path(name))
    _SOUND.update(unknown)
    if memory is not None and any(state[0] >= _WORTH for state in unknown.values()):
        _remember(memory)


def sound(path: Path) -> bool:
    """Whether every page of a file that has a checksum fits it. A file without checksums, or of which the metadata
    cannot be read (its reader says so), is taken as sound."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with path.open("rb") as file:
            meta = pyarrow.parquet.read_metadata(file)
            for begin, size in _chunks(meta):
                file.seek(begin)
                if not _fits(file, begin + size):
                    return False
                if not _has_checksums(file, begin):
                    return True
    except (OSError, pa.ArrowException) as error:
        known = failure_of(error)
        if known is not None:
            raise known from None
    return True


def _refuse_wide_decimals(path: Path) -> None:
    """Raise EngineError("warehouse_file") for decimals of more digits than DuckDB's have: it reads them as floats, and
    before 2.0 as other numbers."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        schema = pyarrow.parquet.read_metadata(path).schema
    except (OSError, pa.ArrowException):  # whoever reads the file says what is wrong
        return
    for place in range(len(schema)):
        column = schema.column(place)
        if column.logical_type.type == "DECIMAL" and column.precision > _DIGITS:
            raise EngineError(
                "warehouse_file",
                f'{path.name} cannot be read: the decimals of "{column.path}" have {column.precision} digits',
                hint=f"Write the column with at most {_DIGITS} digits, or as text.",
            )


def _chunks(meta: Any) -> Iterator[tuple[int, int]]:
    """Where each column of each row group begins, and its bytes."""
    for group in range(meta.num_row_groups):
        row_group = meta.row_group(group)
        for place in range(row_group.num_columns):
            column = row_group.column(place)
            begin = column.data_page_offset
            if column.has_dictionary_page and column.dictionary_page_offset:
                begin = min(begin, column.dictionary_page_offset)
            yield begin, column.total_compressed_size


def _has_checksums(file: Any, begin: int) -> bool:
    file.seek(begin)
    found = page_header(file.read(_HEADER))
    return found is not None and found[2] is not None


def _fits(file: Any, end: int) -> bool:
    """Whether the pages of a column from here to ``end`` fit their checksums."""
    at = file.tell()
    first = True
    while at < end:
        file.seek(at)
        found = page_header(file.read(_HEADER))
        if found is None:
            return first  # a header that cannot be read after one that could
        length, size, crc = found
        if crc is None:
            return True
        file.seek(at + length)
        left, actual = size, 0
        while left:
            data = file.read(min(left, _AT_ONCE))
            if not data:
                return False
            actual, left = zlib.crc32(data, actual), left - len(data)
        if actual != crc:
            return False
        at, first = at + length + size, False
    return True


def page_header(data: bytes) -> tuple[int, int, int | None] | None:
    """Of a page's header (Thrift's compact protocol): its length, the bytes of the page that follows, and its
    checksum, None without one. None when the bytes are no such header."""
    try:
        fields, end = _struct(data, 0)
    except (IndexError, ValueError):
        return None
    size, crc = fields.get(3), fields.get(4)
    if not isinstance(size, int) or size < 0 or not isinstance(fields.get(1), int):
        return None
    return end, size, None if crc is None else crc & 0xFFFFFFFF


def _struct(data: bytes, at: int, depth: int = 0) -> tuple[dict[int, int], int]:
    """The numbers of a struct by their field, and where it ends."""
    if depth > 16:
        raise ValueError("nested too deep")
    found: dict[int, int] = {}
    field = 0
    while True:
        head = data[at]
        at += 1
        if not head:
            return found, at
        kind = head & 15
        if head >> 4:
            field += head >> 4
        else:
            field, at = _number(data, at)
        if kind in (4, 5, 6):
            found[field], at = _number(data, at)
        else:
            at = _skipped(data, at, kind, depth)


def _skipped(data: bytes, at: int, kind: int, depth: int) -> int:
    """Where a value ends that is of no interest."""
    if kind in (1, 2):
        return at
    if kind == 3:
        return at + 1
    if kind in (4, 5, 6):
        return _number(data, at)[1]
    if kind == 7:
        return at + 8
    if kind == 8:
        length, at = _plain(data, at)
        return at + length
    if kind in (9, 10):
        head = data[at]
        at, count = at + 1, head >> 4
        if count == 15:
            count, at = _plain(data, at)
        for _ in range(count):
            at = at + 1 if head & 15 in (1, 2) else _skipped(data, at, head & 15, depth + 1)
        return at
    if kind == 12:
        return _struct(data, at, depth + 1)[1]
    raise ValueError("unknown kind")


def _plain(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("number too long")


def _number(data: bytes, at: int) -> tuple[int, int]:
    value, at = _plain(data, at)
    return (value >> 1) ^ -(value & 1), at


def _remembered(folder: Path) -> dict[str, State]:
    """What was found sound before; nothing when that cannot be read: it is only a memory."""
    with suppress(OSError, ValueError):
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {str(name): state for name, state in found.items() if isinstance(state, list)}
    return {}


def _remember(folder: Path) -> None:
    """Keep what is sound; where that cannot be written (a full disk, a read-only one) it is verified again."""
    known = {**_remembered(folder), **_SOUND}
    if len(known) > _MOST:
        known = dict(_SOUND)
    with suppress(OSError):
        make_folder(folder)
        replace_file(folder / FILE, json.dumps(known).encode())
