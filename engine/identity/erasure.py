"""Erased identifiers: left out of every graph, and taken out of what is on disk."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.durable import sync_folder
from engine.identity.arrays import U64, Bools, Ints
from engine.identity.candidates import Candidate, Graph
from engine.identity.graph import Persons
from engine.identity.index import Index, identifier_of
from engine.identity.linking import NONE
from engine.identity.mending import part_of
from engine.identity.publication import Map, Pointer
from engine.identity.stability import Named


def mark(high: int, low: int) -> str:
    """By what an erased identifier is known again: a hash of its keyed hash, so that it cannot be looked up by it."""
    return hashlib.sha256(b"erased:" + identifier_of(high, low)).hexdigest()[:32]


def unmarked(graph: Graph, marks: Collection[str]) -> Graph:
    """The graph without erased identifiers and their links."""
    if not marks:
        return graph
    pairs = zip(graph.high.tolist(), graph.low.tolist(), strict=True)
    kept = np.fromiter((mark(high, low) not in marks for high, low in pairs), dtype=bool, count=len(graph.high))
    return part_of(graph, kept, _between(graph, kept))


def _between(graph: Graph, kept: Bools) -> Bools:
    first, second = np.searchsorted(graph.high, graph.first), np.searchsorted(graph.high, graph.second)
    both: Bools = kept[first] & kept[second]
    return both


def dropped(found: Candidate, nodes: U64) -> Candidate:
    """A candidate without some identifiers; persons who have none left are gone, the others stay as they are."""
    graph = found.graph
    kept = ~np.isin(graph.high, nodes)
    links = _between(graph, kept)
    places, person = np.unique(found.persons.person[kept], return_inverse=True)
    number = np.full(found.persons.count, -1, dtype=np.int64)
    number[places] = np.arange(len(places))
    home: Ints = number[found.home[places]]
    alone = home < 0  # the household's first person is gone: each of the rest is told apart by themselves
    home[alone] = np.flatnonzero(alone)
    names = Named(
        tuple(found.names.ids[one] for one in places.tolist()),
        tuple(found.names.since[one] for one in places.tolist()),
    )
    persons = Persons(
        graph.high[kept], person.astype(np.int64), found.persons.quarantined[kept], found.persons.refused[links]
    )
    return Candidate(part_of(graph, kept, links), persons, names, home)


def clean_hashed(folder: Path, nodes: U64) -> int:
    """Take identifiers out of what was hashed; how many places they were in."""
    taken = 0
    for path in sorted(folder.glob("*/*.npz")):
        with np.load(path) as kept:
            arrays: dict[str, NDArray[np.uint64]] = {name: kept[name] for name in kept.files}
        there = 0
        for name in [one for one in arrays if one.startswith("high")]:
            gone = np.isin(arrays[name], nodes)
            there += int(gone.sum())
            arrays[name][gone] = NONE
            arrays[f"low{name[4:]}"][gone] = NONE
        if there:
            _replace(path, partial(np.savez, **arrays))  # type: ignore[arg-type]
        taken += there
    for path in sorted(folder.parent.rglob("likely-*.npy")):
        likely: NDArray[np.uint64] = np.load(path)
        left = likely[~np.isin(likely, nodes).any(axis=1)]
        if len(left) < len(likely):
            _replace(path, partial(np.save, arr=left))
            taken += len(likely) - len(left)
    return taken


def _replace(path: Path, write: Callable[[Any], object]) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    sync_folder(path.parent)  # power loss must not bring back what was erased


def searched(folder: Path, pointer: Pointer, pairs: Collection[tuple[int, int]], person: str) -> tuple[int, int]:
    """How many places were searched for identifiers (halves of hashes) and a person's id, and how many hold one: the
    map's tables, the index, what was hashed, and every file and the store byte by byte (for identifiers: what
    destinations hold is on record under the id until they let go of it)."""
    found = searched_ = 0
    highs = np.array([high for high, _ in pairs], dtype=np.uint64)
    map_ = Map(folder, pointer)
    try:
        for query in (
            "SELECT count(*) FROM identifiers WHERE high IN (SELECT unnest(?::UBIGINT[]))",
            "SELECT count(*) FROM links WHERE first IN (SELECT unnest(?::UBIGINT[]))",
            "SELECT count(*) FROM links WHERE second IN (SELECT unnest(?::UBIGINT[]))",
            "SELECT count(*) FROM changes WHERE [first, second] && ?::UBIGINT[]",
        ):
            found += int(map_.rows(query, [highs.tolist()])[0][0])
        for query in (
            "SELECT count(*) FROM persons WHERE id = ?",
            "SELECT count(*) FROM redirects WHERE id = ? OR into_id = $1",
            "SELECT count(*) FROM changes WHERE id = ? OR other = $1",
            "SELECT count(*) FROM profiles WHERE person = ?",
        ):
            found += int(map_.rows(query.replace("?", "$1"), [person])[0][0])
        searched_ += 8
    finally:
        map_.close()
    index = Index(folder / pointer.index)
    try:
        found += sum(index.person(identifier_of(high, low)) is not None for high, low in pairs)
        found += index.profile(person) is not None
        searched_ += 1
    finally:
        index.close()
    for path in folder.glob("hashed/*/*.npz"):
        with np.load(path) as kept:
            found += sum(int(np.isin(kept[name], highs).any()) for name in kept.files if name.startswith("high"))
        searched_ += 1
    for path in folder.rglob("likely-*.npy"):
        found += int(np.isin(np.load(path), highs).any())
        searched_ += 1
    needles = [identifier_of(high, low) for high, low in pairs]
    needles += [one.hex().encode() for one in needles]
    every = (one for one in folder.rglob("*") if one.is_file() and one.suffix not in (".npz", ".npy"))
    for path in (*every, *folder.parent.glob("store.sqlite*")):
        if path.stat().st_size:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
                found += any(held.find(one) >= 0 for one in needles)
        searched_ += 1
    return searched_, found
