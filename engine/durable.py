"""Files that survive power loss, and files and folders that nobody else may read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

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
