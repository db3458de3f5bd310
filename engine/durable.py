"""Files that survive power loss, files and folders that nobody else may read, and JSON that notices a change."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_SUM = "checksum"
_PART = 1 << 20

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700


def sync_folder(folder: Path) -> None:
    """Make names that were just given in a folder survive power loss; systems other than POSIX do so by themselves."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_file(path: Path, data: bytes, mode: int = _PRIVATE_FILE) -> None:
    """Put a file in place of another in one step: whoever reads it has the one or the other, also after power loss."""
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    os.replace(fresh, path)
    sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there; Windows keeps one that is open, so whoever calls this tries again another time."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, so that only its owner may look into them; nothing happens
    when it is there. Raises OSError."""
    missing = []
    above = path
    while not above.is_dir():
        missing.append(above)
        if above == above.parent:
            break
        above = above.parent
    for one in reversed(missing):
        try:
            one.mkdir(_PRIVATE_FOLDER)
        except FileExistsError:  # another process was faster
            if not one.is_dir():
                raise


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read, for a library that writes into it; one that is there is
    emptied. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_FILE)
    try:
        if os.name == "posix":
            os.fchmod(descriptor, _PRIVATE_FILE)
    finally:
        os.close(descriptor)


def with_checksum(value: Mapping[str, Any]) -> bytes:
    """An object as JSON text with a checksum of what it says: for files that name others, where one changed digit would
    lead to another file that is sound."""
    return json.dumps({**value, _SUM: _checksum(value)}, ensure_ascii=False).encode()


def read_checked(data: bytes) -> dict[str, Any]:
    """The object, without its checksum. Raises ValueError when it is none or was changed; a file of an earlier Convoke
    has no checksum and is read as it is."""
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    if _SUM in value and value.pop(_SUM) != _checksum(value):
        raise ValueError("its checksum differs")
    return value


def _checksum(value: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass"))


def file_checksum(path: Path) -> int:
    """A checksum (CRC-32) of a file's bytes, read part by part."""
    found = 0
    with path.open("rb", buffering=0) as file:
        while part := file.read(_PART):
            found = zlib.crc32(part, found)
    return found


def write_new(path: Path, lines: Iterable[str]) -> None:
    """Write a file that was not there, for its owner alone; when that fails (a full disk) nothing of it stays. Raises
    FileExistsError and other OSErrors, each with the path."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        remove_file(path)
        raise OSError(error.errno, error.strerror, str(path)) from None
    except BaseException:
        remove_file(path)
        raise


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A private file to write, which takes the place of ``path`` when the block ends well; else nothing of it stays."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        make_private(fresh)
        yield fresh
        os.replace(fresh, path)
    except BaseException:
        remove_file(fresh)
        raise
