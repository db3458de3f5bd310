"""Keeping house: snapshots past their time, bitmaps nothing needs, and packs that are mostly waste."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from engine.bitmap.library import Library
from engine.bitmap.packs import CorruptBitmap, pack_writer
from engine.membership.encoding import bitmaps_in
from engine.store.runs import Runs

_WASTE = 0.5
"""A pack is written anew when less than this share of it is needed."""


@dataclass
class Cleaned:
    """What keeping house came to."""

    snapshots: int = 0
    conditions: int = 0
    bitmaps: int = 0
    packs: int = 0
    bytes: int = 0
    leftovers: int = 0


@dataclass(frozen=True)
class Checked:
    """What reading every bitmap came to."""

    bitmaps: int
    bytes: int
    corrupt: tuple[str, ...]


def check(library: Library) -> Checked:
    """Read and verify every bitmap; conditions that rest on a corrupt one are forgotten and so found anew."""
    corrupt, total = [], 0
    everything = library.index.all()
    for identifier, _, _, _, length in everything:
        total += length
        try:
            library.read_bytes(identifier)
        except CorruptBitmap as error:
            library.index.mark_corrupt(identifier)
            corrupt.append(f"bitmap {identifier}: {error.message}")
    return Checked(len(everything), total, tuple(corrupt))


def clean(
    library: Library,
    runs: Runs,
    transaction: Callable[[], AbstractContextManager[None]],
    expired: list[tuple[str, int]],
    last_run: int,
) -> Cleaned:
    """Drop expired snapshots, then conditions no run since ``last_run`` used, then what nothing refers to.

    Files are removed only after the transaction that forgot them.
    """
    result = Cleaned(snapshots=len(expired))
    with transaction():
        runs.forget(expired)
        needed = {identifier for base, text in runs.referenced() for identifier in (base, *bitmaps_in(text))}
        stale = [(key, bitmap) for key, bitmap, run in library.index.conditions() if run < last_run]
        dropped = {key for key, _ in stale}
        needed |= {bitmap for key, bitmap, _ in library.index.conditions() if key not in dropped}
        unneeded = [row for row in library.index.all() if row[0] not in needed]
        gone = {row[0] for row in unneeded}
        kept_bytes: dict[int, int] = {}
        for identifier, _, pack, _, length in library.index.all():
            if identifier not in gone:
                kept_bytes[pack] = kept_bytes.get(pack, 0) + length
        packs = library.index.packs()
        empty = [pack for pack in packs if pack not in kept_bytes]
        library.index.forget(dropped, gone, empty)
        old = [(key, file) for key, file, run in library.counters.all() if run < last_run]
        library.counters.forget(key for key, _ in old)
    result.conditions, result.bitmaps, result.packs = len(dropped), len(gone), len(empty)
    for pack in empty:
        result.bytes += packs[pack][1]
        library.forget_pack(packs[pack][0])
    wasteful = [p for p, size in kept_bytes.items() if size < packs[p][1] * _WASTE]
    for pack in wasteful:
        result.bytes += _rewrite(library, transaction, pack, packs[pack])
    result.leftovers = _sweep(library.packs, {name for name, _ in library.index.packs().values()})
    result.leftovers += _sweep(library.folder / "counters", {file for _, file, _ in library.counters.all()})
    return result


def _rewrite(
    library: Library, transaction: Callable[[], AbstractContextManager[None]], pack: int, named: tuple[str, int]
) -> int:
    """Copy what is needed of a pack into a new one; the bytes won."""
    rows = [row for row in library.index.all() if row[2] == pack]
    moved: list[tuple[int, int]] = []
    with pack_writer(library.packs) as writer:
        for identifier, sha256, _, _, _ in rows:
            try:
                data = library.read_bytes(identifier)
            except CorruptBitmap:
                return 0  # `convoke store check` tells; nothing is thrown away here
            moved.append((identifier, writer.size))
            writer.add(data, 0, sha256)
        name = writer.seal()
        with transaction():
            library.index.move(name, writer.size, moved)
            library.index.forget([], [], [pack])
    library.forget_pack(named[0])
    return named[1] - writer.size


def _sweep(folder: Path, known: set[str]) -> int:
    """Remove files that no index names: what was replaced, or what a killed process left."""
    count = 0
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in known:
                path.unlink(missing_ok=True)
                count += 1
    return count
