"""Pack files: immutable, content-addressed files of many bitmaps each.

A pack is written beside its place, synced, and renamed to the SHA-256 of its content; only then may the index name
it. A process that dies leaves at most a file without a name in the index, which :mod:`engine.bitmap.cleaning` removes.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from engine.bitmap.bits import digest
from engine.bitmap.ordinals import unwritable
from engine.durable import make_folder, sync_folder
from engine.errors import EngineError
from engine.store.bitmaps import NewBitmap, Place

_MAPPED = 1 << 29
"""Bytes of packs that stay mapped: pages of mapped files count as this process's memory."""


class CorruptBitmap(EngineError):
    """Bytes that are not what was written; what rests on them must be found again."""

    def __init__(self, pack: str, why: str) -> None:
        super().__init__("bitmaps", f"a bitmap in {pack} is corrupt: {why}", hint="Run again: it is found anew.")


class PackWriter:
    """Collects bitmaps into one pack file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f".new-{os.getpid()}-{uuid4().hex[:8]}"
        self._hash = hashlib.sha256()
        self._file = None
        self.size = 0
        self.bitmaps: list[NewBitmap] = []
        try:
            make_folder(folder)
            self._file = self._path.open("wb", buffering=1 << 20)
        except OSError as error:
            raise unwritable(self._path, error) from None

    def add(self, data: bytes, cardinality: int, sha256: bytes) -> int:
        """Append a bitmap; its place in :attr:`bitmaps`."""
        assert self._file is not None  # noqa: S101 — until sealed or discarded
        try:
            self._file.write(data)
        except OSError as error:
            self.discard()
            raise unwritable(self._folder, error) from None
        self._hash.update(data)
        self.bitmaps.append(NewBitmap(sha256, self.size, len(data), cardinality))
        self.size += len(data)
        return len(self.bitmaps) - 1

    def seal(self) -> str:
        """Sync the file and give it its name, which is returned."""
        assert self._file is not None  # noqa: S101 — until sealed or discarded
        name = f"{self._hash.hexdigest()}.pack"
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._path, self._folder / name)
            sync_folder(self._folder)
        except OSError as error:
            self.discard()
            raise unwritable(self._folder, error) from None
        self._file = None
        return name

    def discard(self) -> None:
        """Forget what was written."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # a full disk may refuse even the last flush
                file.close()
            self._path.unlink(missing_ok=True)


@contextmanager
def pack_writer(folder: Path) -> Iterator[PackWriter]:
    """A writer whose file is gone unless it was sealed."""
    writer = PackWriter(folder)
    try:
        yield writer
    finally:
        writer.discard()


class PackReader:
    """Reads bitmaps through memory-mapped packs, checking every byte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: OrderedDict[str, mmap.mmap] = OrderedDict()

    def read(self, place: Place) -> bytes:
        """The bytes of a bitmap; raises CorruptBitmap when they are not what was written."""
        try:
            mapped = self._mapped(place.pack)
        except (OSError, ValueError) as error:
            raise CorruptBitmap(place.pack, str(getattr(error, "strerror", None) or error).lower()) from None
        data = mapped[place.offset : place.offset + place.length]
        if digest(data) != place.sha256:
            raise CorruptBitmap(place.pack, "its checksum differs")
        return data

    def _mapped(self, pack: str) -> mmap.mmap:
        if pack in self._maps:
            self._maps.move_to_end(pack)
            return self._maps[pack]
        with (self._folder / pack).open("rb") as file:
            self._maps[pack] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        while len(self._maps) > 1 and sum(len(mapped) for mapped in self._maps.values()) > _MAPPED:
            self._maps.popitem(last=False)[1].close()
        return self._maps[pack]

    def forget(self, pack: str) -> None:
        """Close a pack that is to be removed."""
        mapped = self._maps.pop(pack, None)
        if mapped is not None:
            mapped.close()

    def close(self) -> None:
        """Close every pack."""
        for pack in list(self._maps):
            self.forget(pack)
