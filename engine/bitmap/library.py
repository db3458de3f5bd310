"""The workspace's bitmaps: found by id, kept in memory up to a limit, added a pack at a time."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyroaring import BitMap

from engine.bitmap.bits import digest, from_bytes, to_bytes
from engine.bitmap.packs import CorruptBitmap, PackReader, PackWriter, pack_writer
from engine.store.bitmaps import BitmapIndex, Found
from engine.store.counters import CounterIndex
from engine.store.database import Database


@dataclass(frozen=True)
class ProfileSet:
    """A set of profiles of a site; ``inverted``: everyone but those in ``bits``."""

    bits: BitMap
    inverted: bool = False


def give_back() -> None:
    """Collect what Python has dropped, and give freed memory back to the system where it can be asked to.

    Arrays and bitmaps are large beside the objects that hold them, so Python's own collector, which counts objects,
    comes too late; and the C library keeps freed pieces unless it is told.
    """
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without it
            ctypes.CDLL(None).malloc_trim(0)


class Library:
    """Bitmaps on disk and in memory. Not shared between threads."""

    def __init__(self, database: Database, folder: Path, memory: int) -> None:
        self.index = BitmapIndex(database)
        self.counters = CounterIndex(database)
        self.folder = folder
        self.packs = folder / "packs"
        self._database = database
        self._reader = PackReader(self.packs)
        self._memory = memory
        self._held: OrderedDict[int | bytes, tuple[ProfileSet, int]] = OrderedDict()
        self.held_bytes = 0
        """About how much memory the bitmaps held take."""

    def bitmap(self, identifier: int) -> BitMap:
        """A bitmap by its id; raises CorruptBitmap, having forgotten the conditions that rest on it."""
        held = self.held(identifier)
        if held is not None:
            return held.bits
        place = self.index.place(identifier)
        if place is None:
            raise CorruptBitmap("the index", f"there is no bitmap {identifier}")
        try:
            data = self._reader.read(place)
            bits = from_bytes(data)
        except CorruptBitmap:
            self.index.mark_corrupt(identifier)
            raise
        except ValueError:
            self.index.mark_corrupt(identifier)
            raise CorruptBitmap(place.pack, "it cannot be read") from None
        self.hold(identifier, ProfileSet(bits), len(data))
        return bits

    def held(self, key: int | bytes) -> ProfileSet | None:
        """What is in memory under a bitmap's id or a condition's key."""
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def hold(self, key: int | bytes, found: ProfileSet, size: int) -> None:
        """Keep a set in memory; the least used go when there are too many."""
        if key in self._held:
            return
        self._held[key] = (found, size)
        self.held_bytes += size
        while self.held_bytes > self._memory and len(self._held) > 1:
            _, (_, freed) = self._held.popitem(last=False)
            self.held_bytes -= freed

    def trim(self) -> None:
        """Drop every bitmap held, and give the memory back to the system where it can be asked to."""
        self._reader.close()
        self._held.clear()
        self.held_bytes = 0
        give_back()

    def add(self, sets: Sequence[BitMap]) -> list[int]:
        """Write bitmaps into a new pack (those already known are not written again); their ids.

        All or nothing: when this returns, every one of them is on disk and in the index.
        """
        ids: list[int | None] = []
        fresh: dict[bytes, int] = {}
        written: list[tuple[bytes, int]] = []
        with pack_writer(self.packs) as writer:
            for bits in sets:
                data = to_bytes(bits)
                address = digest(data)
                written.append((address, len(data)))
                known = self.index.known(address)
                if address not in fresh and (known is None or known[1]):
                    fresh[address] = writer.add(data, len(bits), address)
                ids.append(None if address in fresh or known is None else known[0])
            added = self._record(writer) if writer.bitmaps else []
        result: list[int] = []
        for bits, kept, (address, size) in zip(sets, ids, written, strict=True):
            result.append(added[fresh[address]] if kept is None else kept)
            self.hold(result[-1], ProfileSet(bits), size)
        return result

    def _record(self, writer: PackWriter) -> list[int]:
        name = writer.seal()
        self._reader.forget(name)  # a damaged pack of the same content is replaced by a sound one
        with self._database.transaction():
            return self.index.add_pack(name, writer.size, writer.bitmaps)

    def remember(self, site: str, run: int, found: Sequence[tuple[bytes, Found]]) -> None:
        """Remember which bitmaps conditions were found to be."""
        with self._database.transaction():
            self.index.save_conditions(site, run, found)

    def forget_pack(self, name: str) -> None:
        """Close and remove a pack that nothing needs any more."""
        self._reader.forget(name)
        (self.packs / name).unlink(missing_ok=True)

    def read_bytes(self, identifier: int) -> bytes:
        """A bitmap's bytes, checked; raises CorruptBitmap."""
        place = self.index.place(identifier)
        if place is None:
            raise CorruptBitmap("the index", f"there is no bitmap {identifier}")
        return self._reader.read(place)

    def close(self) -> None:
        """Let go of files and memory."""
        if self._held:
            self.trim()
        self._reader.close()
