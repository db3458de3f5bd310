"""A seal behind a file's bytes: checksums of its parts, so that a reader knows before it maps the file into memory that
nothing was changed or cut off. A changed page would give another person's id, and a missing one ends the process."""

from __future__ import annotations

import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_MAGIC = b"CVKSEAL1"
_PART = 8 << 20
"""Bytes that a checksum is of."""
_END = struct.Struct(">QI8s")
"""The size without the seal, a checksum of the checksums and that size, and the mark of a seal."""
_THREADS = 4


def seal(path: Path) -> None:
    """Append the seal to a finished file, and put all of it on disk."""
    size = path.stat().st_size
    sums = b"".join(struct.pack(">I", one) for one in _sums(path, size))
    with path.open("ab") as file:
        file.write(sums + _END.pack(size, zlib.crc32(sums + struct.pack(">Q", size)), _MAGIC))
        file.flush()
        os.fsync(file.fileno())


def unseal(path: Path) -> None:
    """Take the seal off, so that the file can be written to. Raises ValueError without one."""
    size, _ = _seal_of(path)
    os.truncate(path, size)


def broken(path: Path) -> str | None:
    """What is wrong with a sealed file; None when every byte is as it was."""
    try:
        size, sums = _seal_of(path)
    except ValueError as error:
        return str(error)
    found = b"".join(struct.pack(">I", one) for one in _sums(path, size))
    return None if found == sums else "its checksum differs"


def _seal_of(path: Path) -> tuple[int, bytes]:
    """The size without the seal, and the checksums. Raises ValueError without a sound one."""
    whole = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, whole - _END.size))
        end = file.read()
        if len(end) < _END.size or not end.endswith(_MAGIC):
            raise ValueError("its end is missing")
        size, check, _ = _END.unpack(end)
        many = -(-size // _PART)
        if size + 4 * many + _END.size != whole:
            raise ValueError("its size differs")
        file.seek(size)
        sums = file.read(4 * many)
    if zlib.crc32(sums + struct.pack(">Q", size)) != check:
        raise ValueError("its end is damaged")
    return size, sums


def _sums(path: Path, size: int) -> list[int]:
    """The checksum of each part; several at a time, for zlib lets go of the interpreter."""

    def of(start: int) -> int:
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            return zlib.crc32(_read(file.fileno(), min(_PART, size - start)))

    starts = range(0, size, _PART)
    if len(starts) < 2:
        return [of(start) for start in starts]
    with ThreadPoolExecutor(min(_THREADS, len(starts))) as pool:
        return list(pool.map(of, starts))


def _read(descriptor: int, size: int) -> bytes:
    parts = []
    while size and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
