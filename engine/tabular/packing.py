"""Compressed files: gzip, zstd and ZIP archives with one file, unpacked into a bounded temporary file."""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from engine.errors import EngineError
from engine.tabular.kinds import Kind

ALWAYS = 256 << 20
"""Bytes that any compressed file may unpack into."""
RATIO = 250
"""Times its own size that a larger one may unpack into: real tables come to 5 to 100."""
_CHUNK = 1 << 20


def unpacked(path: Path, kind: Kind, into: Path, name: str) -> None:
    """Write what is packed in ``path`` to ``into``, for its owner only; raises EngineError("file") for a damaged
    file, an archive of several files, and one that unpacks into far more than tables do."""
    most = max(ALWAYS, path.stat().st_size * RATIO)
    free = shutil.disk_usage(into.parent).free
    written = 0
    try:
        with os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            for chunk in _chunks(path, kind, name):
                written += len(chunk)
                if written > most:
                    raise EngineError(
                        "file",
                        f"{name} unpacks into more than {most >> 20:,} MB, far more than a table of its size",
                        hint="Unpack it yourself, look at it, and load what is in it.",
                    )
                if written > free:
                    raise EngineError(
                        "file",
                        f"there is no room to unpack {name}",
                        hint="Free some disk space, or unpack it elsewhere.",
                    )
                target.write(chunk)
    except BaseException:
        into.unlink(missing_ok=True)
        raise


def packed_parts(path: Path) -> list[zipfile.ZipInfo]:
    """The files in a ZIP archive that hold rows; what macOS and Windows add is none."""
    with zipfile.ZipFile(path) as archive:
        return [one for one in archive.infolist() if not one.is_dir() and not _is_added(one.filename)]


def _is_added(member: str) -> bool:
    last = member.rsplit("/", 1)[-1]
    return member.startswith("__MACOSX/") or last.startswith(".") or last.lower() in ("thumbs.db", "desktop.ini")


def _chunks(path: Path, kind: Kind, name: str) -> Iterator[bytes]:
    try:
        match kind:
            case "gzip":
                yield from _gunzipped(path)
            case "zstd":
                yield from _unzstd(path)
            case _:
                yield from _unzipped(path, name)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError):
        raise EngineError(
            "file", f"{name} is a damaged {kind} file or has a password", hint="Get it again, or unpack it yourself."
        ) from None


def _gunzipped(path: Path) -> Iterator[bytes]:
    import gzip

    with gzip.open(path) as source:
        yield from _of(source)


def _unzstd(path: Path) -> Iterator[bytes]:
    import pyarrow as pa

    with pa.input_stream(str(path), compression="zstd") as source:
        yield from _of(source)


def _unzipped(path: Path, name: str) -> Iterator[bytes]:
    parts = packed_parts(path)
    if len(parts) != 1:
        raise EngineError(
            "file", f"{name} is an archive of {len(parts)} files, and one is read", hint="Unpack it and load each file."
        )
    with zipfile.ZipFile(path) as archive, archive.open(parts[0]) as source:
        yield from _of(source)


def _of(source: IO[bytes] | Any) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk
