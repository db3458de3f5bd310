"""Where each bitmap lies, and which conditions and snapshots need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.store.database import Database


@dataclass(frozen=True)
class Place:
    """A bitmap's bytes: a part of a pack file, with their SHA-256."""

    sha256: bytes
    pack: str
    offset: int
    length: int
    cardinality: int


@dataclass(frozen=True)
class Found:
    """A condition's bitmap; ``inverted`` when it holds the profiles that do not satisfy it."""

    bitmap: int
    inverted: bool


@dataclass(frozen=True)
class NewBitmap:
    """A bitmap as it was written into a pack."""

    sha256: bytes
    offset: int
    length: int
    cardinality: int


class BitmapIndex:
    """The repository of bitmaps and of the conditions they stand for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, identifier: int) -> Place | None:
        """Where a bitmap lies; None when it was forgotten."""
        rows = self._database.rows("bitmap", {"id": identifier})
        return Place(*rows[0]) if rows else None

    def known(self, sha256: bytes) -> tuple[int, bool] | None:
        """The id of a bitmap by its content, and whether its bytes are damaged."""
        rows = self._database.rows("bitmap_by_hash", {"sha256": sha256})
        return (int(rows[0][0]), bool(rows[0][1])) if rows else None

    def condition(self, key: bytes) -> Found | None:
        """What was found for a condition over one state of the data."""
        rows = self._database.rows("condition", {"key": key})
        return Found(int(rows[0][0]), bool(rows[0][1])) if rows else None

    def add_pack(self, name: str, size: int, bitmaps: Sequence[NewBitmap]) -> list[int]:
        """Record a pack that is safely on disk; the ids of its bitmaps (within the caller's transaction).

        A bitmap that was damaged keeps its id, so that old snapshots can be read again.
        """
        pack = int(self._database.rows("save_pack", {"name": name, "bytes": size})[0][0])
        return [self._place(pack, one) for one in bitmaps]

    def _place(self, pack: int, one: NewBitmap) -> int:
        known = self.known(one.sha256)
        if known is not None:
            self._database.run("move_bitmap", {"id": known[0], "pack": pack, "offset": one.offset})
            return known[0]
        values = {"sha256": one.sha256, "pack": pack, "offset": one.offset}
        values |= {"length": one.length, "cardinality": one.cardinality}
        return int(self._database.rows("save_bitmap", values)[0][0])

    def save_conditions(self, site: str, run: int, found: Iterable[tuple[bytes, Found]]) -> None:
        """Remember what conditions were found to be (within the caller's transaction)."""
        self._database.run_many(
            "save_condition",
            (
                {"key": key, "site": site, "bitmap": one.bitmap, "inverted": int(one.inverted), "run_id": run}
                for key, one in found
            ),
        )

    def mark_corrupt(self, bitmap: int) -> None:
        """Remember that a bitmap cannot be read, and forget what rests on it, so that it is found again."""
        with self._database.transaction():
            self._database.run("mark_corrupt", {"id": bitmap})
            self._database.run("forget_conditions_of_bitmap", {"id": bitmap})

    # -- keeping house ---------------------------------------------------------------------------------------------

    def packs(self) -> dict[int, tuple[str, int]]:
        """Every pack: its name and size in bytes."""
        return {row[0]: (row[1], row[2]) for row in self._database.rows("packs")}

    def all(self) -> list[tuple[int, bytes, int, int, int]]:
        """Every bitmap: id, SHA-256, pack, offset, length; by place."""
        return [(row[0], row[1], row[2], row[3], row[4]) for row in self._database.rows("bitmaps")]

    def conditions(self) -> list[tuple[bytes, int, int]]:
        """Every condition: key, bitmap, the run that last used it."""
        return [(row[0], row[1], row[2]) for row in self._database.rows("conditions")]

    def forget(self, conditions: Iterable[bytes], bitmaps: Iterable[int], packs: Iterable[int]) -> None:
        """Drop rows (within the caller's transaction)."""
        self._database.run_many("forget_condition", ({"key": key} for key in conditions))
        self._database.run_many("forget_bitmap", ({"id": identifier} for identifier in bitmaps))
        self._database.run_many("forget_pack", ({"id": identifier} for identifier in packs))

    def move(self, pack_name: str, size: int, moved: Sequence[tuple[int, int]]) -> None:
        """Bitmaps (id, new offset) now lie in a new pack (within the caller's transaction)."""
        pack = int(self._database.rows("save_pack", {"name": pack_name, "bytes": size})[0][0])
        self._database.run_many(
            "move_bitmap", ({"id": identifier, "pack": pack, "offset": offset} for identifier, offset in moved)
        )
