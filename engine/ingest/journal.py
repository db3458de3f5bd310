"""What was acknowledged: lines in files that are on disk before anybody is told so.

A file is open for about a second, then closed by its name: only closed ones are read, so what is read was on disk. A
line begins with a checksum; a torn one at the end of a file was never acknowledged.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.durable import make_folder, sync_folder

_OPEN, _CLOSED = ".open", ".log"


class Full(Exception):
    """There is no room: what waits takes more than it may, or the disk is full."""


class Journal:
    """The journal of a folder, with one owner at a time. ``most`` bytes may wait; files are numbered from above
    ``after``, the last one that was landed."""

    def __init__(self, folder: Path, most: int, after: int) -> None:
        make_folder(folder)
        self._folder, self._most = folder, most
        for path in folder.glob(f"*{_OPEN}"):
            _close_torn(path)
        self._waiting = sum(path.stat().st_size for path in folder.glob(f"*{_CLOSED}"))
        self._file: int | None = None
        self._path = folder
        self._opened, self._written = 0.0, 0
        self._next = 1 + max([after, *(int(path.stem) for path in folder.glob(f"*{_CLOSED}"))])

    @property
    def waiting(self) -> int:
        """Bytes that wait to be landed."""
        return self._waiting + self._written

    def write(self, texts: Sequence[bytes]) -> None:
        """Put lines on disk; when this returns, they are there. Raises Full, and then none of them is."""
        data = b"".join(b"%08x %b\n" % (zlib.crc32(text), text) for text in texts)
        if self.waiting + len(data) > self._most:
            raise Full
        file = self._opened_file()
        try:
            done = 0
            while done < len(data):
                done += os.write(file, data[done:])
            os.fsync(file)
        except OSError:
            self._take_back()
            raise Full from None
        self._written += len(data)

    def _opened_file(self) -> int:
        if self._file is None:
            self._path = self._folder / f"{self._next:012d}{_OPEN}"
            try:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
                sync_folder(self._folder)
            except OSError:
                self._file = None
                raise Full from None
            self._next += 1
            self._opened, self._written = time.monotonic(), 0
        return self._file

    def _take_back(self) -> None:
        """What was written in part is cut off: it was not acknowledged, and is not to be landed either."""
        assert self._file is not None  # noqa: S101 - it was just written to
        with suppress(OSError):  # it stays then, and lands; the sender's next try is known by its ids
            os.ftruncate(self._file, self._written)
        self.close()

    def close_older_than(self, seconds: float) -> None:
        """Close the open file when it is that old, so that it is landed."""
        if self._file is not None and self._written and time.monotonic() - self._opened >= seconds:
            self.close()

    def close(self) -> None:
        """Close the open file."""
        if self._file is None:
            return
        os.close(self._file)
        self._file = None
        if self._written:
            os.replace(self._path, self._path.with_suffix(_CLOSED))
        else:
            self._path.unlink(missing_ok=True)
        sync_folder(self._folder)
        self._waiting += self._written
        self._written = 0

    def landed(self, paths: Sequence[Path]) -> None:
        """Closed files that are no longer needed."""
        for path in paths:
            size = path.stat().st_size
            path.unlink()
            self._waiting -= size


def closed(folder: Path) -> list[Path]:
    """The closed files, the oldest first."""
    return sorted(folder.glob(f"*{_CLOSED}"))


def lines(path: Path) -> Iterator[bytes | None]:
    """The lines of a file; None for one that is not what was written (the disk is damaged)."""
    with path.open("rb") as file:
        for line in file:
            yield _sound(line)


def _sound(line: bytes) -> bytes | None:
    if not line.endswith(b"\n") or len(line) < 10:
        return None
    text = line[9:-1]
    return text if line[:9] == b"%08x " % zlib.crc32(text) else None


def _close_torn(path: Path) -> None:
    """Close what was open when its owner died, without a line that was not finished."""
    kept = end = 0
    with path.open("rb") as file:
        for line in file:
            end += len(line)
            kept = kept if _sound(line) is None else end
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, kept)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if kept:
        os.replace(path, path.with_suffix(_CLOSED))
    else:
        path.unlink()
    sync_folder(path.parent)
