"""What was acknowledged: lines in files that are on disk before anybody is told so.

A file is open for about a second, then closed by its name: only closed ones are read, so what is read was on disk. A
line begins with a checksum; a torn one at the end of an open file was never acknowledged. The name of a closed file
holds its number, the count of its lines and a checksum of them all (``000000000042-30-1f2e3d4c.log``), so that lines
which are missing later are noticed. Earlier versions wrote the number alone; such files are read as well.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.durable import make_folder, sync_folder

_OPEN = ".open"
_CLOSED = re.compile(r"(\d{12})(?:-(\d+)-([0-9a-f]{8}))?\.log")
_PART = 1 << 20


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
        self._waiting = sum(path.stat().st_size for path in closed(folder))
        self._file: int | None = None
        self._path = folder
        self._opened, self._written, self._lines, self._sum = 0.0, 0, 0, 0
        self._next = 1 + max([after, *map(number, closed(folder))])

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
        self._lines += len(texts)
        self._sum = zlib.crc32(data, self._sum)

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
            self._opened, self._written, self._lines, self._sum = time.monotonic(), 0, 0, 0
        return self._file

    def _take_back(self) -> None:
        """What was written in part is cut off: it was not acknowledged, and is not to be landed either."""
        assert self._file is not None  # noqa: S101 - it was just written to
        with suppress(OSError):  # it stays then, and lands; the sender's next try is known by its ids
            os.ftruncate(self._file, self._written)
            os.fsync(self._file)
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
            os.replace(self._path, _closed_name(self._path, self._lines, self._sum))
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
    return sorted(path for path in folder.glob("*.log") if _CLOSED.fullmatch(path.name))


def journal_files(folder: Path) -> list[Path]:
    """The closed files and those that are open."""
    return [*closed(folder), *folder.glob(f"*{_OPEN}")]


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when it was closed or landed meanwhile, for its owner is another process."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def number(path: Path) -> int:
    """The number of a file, open or closed."""
    return int(path.stem.split("-")[0])


def lines(path: Path) -> Iterator[bytes | None]:
    """The lines of a closed file; None for one that is not what was written, and once at the end when lines are missing
    or too many by the file's name (the disk is damaged). A line that such a file repeats comes once."""
    whole = _whole(path)
    damaged, count = False, 0
    seen: set[bytes] = set()
    with path.open("rb") as file:
        for line in file:
            count += 1
            text = _sound(line)
            damaged = damaged or text is None
            if text is not None and not whole:
                if text in seen:
                    continue
                seen.add(text)
            yield text
    if not whole and not (damaged and count == _promised(path)):
        yield None


def _whole(path: Path) -> bool:
    """Whether a closed file is as its name says; one of an earlier version says nothing."""
    parts = _CLOSED.fullmatch(path.name)
    if parts is None or parts[3] is None:
        return True
    total = 0
    with path.open("rb") as file:
        while part := file.read(_PART):
            total = zlib.crc32(part, total)
    return total == int(parts[3], 16) and path.stat().st_size > 0


def _promised(path: Path) -> int | None:
    """How many lines a closed file has by its name."""
    parts = _CLOSED.fullmatch(path.name)
    return None if parts is None or parts[2] is None else int(parts[2])


def _closed_name(path: Path, count: int, total: int) -> Path:
    return path.with_name(f"{path.stem}-{count}-{total:08x}.log")


def _sound(line: bytes) -> bytes | None:
    if not line.endswith(b"\n") or len(line) < 10:
        return None
    text = line[9:-1]
    return text if line[:9] == b"%08x " % zlib.crc32(text) else None


def _close_torn(path: Path) -> None:
    """Close what was open when its owner died, without a line that was not finished."""
    end = total = 0
    kept = (0, 0, 0)
    with path.open("rb") as file:
        for count, line in enumerate(file, 1):
            end, total = end + len(line), zlib.crc32(line, total)
            if _sound(line) is not None:
                kept = end, count, total
    size, count, total = kept
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if size:
        os.replace(path, _closed_name(path, count, total))
    else:
        path.unlink()
    sync_folder(path.parent)
