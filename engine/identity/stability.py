"""Ids that stay: a person keeps the id most of whose identifiers it holds, whatever else was run anew.

Each earlier id goes to the person that holds most of its identifiers; a person keeps the oldest of the ids that it won,
the others lead to it for ever. Who won none gets an id that follows from its smallest identifier, so that the same data
make the same ids on any machine, in any order.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.identity.graph import U64, Ints


@dataclass(frozen=True)
class Known:
    """Ids as they were: sorted nodes with the place of each one's id in ``ids``; ``since`` orders ids by age."""

    nodes: U64
    place: Ints
    ids: tuple[str, ...]
    since: tuple[int, ...]


@dataclass(frozen=True)
class Named:
    """Ids now: one for each person. ``merged``: (earlier id, id that it leads to now); ``split``: (earlier id, id of a
    person who held some of it and has another id); ``new``: those that were made."""

    ids: tuple[str, ...]
    since: tuple[int, ...]
    merged: tuple[tuple[str, str], ...] = ()
    split: tuple[tuple[str, str], ...] = ()
    new: frozenset[str] = field(default_factory=frozenset)


def named(nodes: U64, person: Ints, known: Known, run: int) -> Named:
    """Ids for persons (``person`` is the place of each of the sorted ``nodes``); ``run`` is the age of new ids."""
    count = int(person.max()) + 1 if len(person) else 0
    shares = _shares(nodes, person, known)
    won: dict[int, list[int]] = defaultdict(list)
    parts: dict[int, list[int]] = {}
    for old, holders in shares.items():
        winner = min(holders, key=lambda one: (-holders[one], one))
        won[winner].append(old)
        parts[old] = sorted(holders)
    ids: list[str | None] = [None] * count
    since = [run] * count
    merged: list[tuple[int, int]] = []
    for one, olds in won.items():
        kept = min(olds, key=lambda old: (known.since[old], known.ids[old]))
        ids[one], since[one] = known.ids[kept], known.since[kept]
        merged += [(old, one) for old in olds if old != kept]
    fresh = _minted(nodes, person, ids, taken=set(known.ids))
    every = ((known.ids[old], str(ids[one])) for old, holders in parts.items() for one in holders)
    split = [(old, new) for old, new in every if old != new]
    gone = {known.ids[old]: str(ids[one]) for old, one in merged}
    return Named(
        tuple(str(one) for one in ids),
        tuple(since),
        tuple(sorted(gone.items())),
        tuple(sorted((old, new) for old, new in split if gone.get(old) != new)),
        frozenset(fresh),
    )


def _shares(nodes: U64, person: Ints, known: Known) -> dict[int, dict[int, int]]:
    """How many nodes of each earlier id each person holds."""
    if not len(known.nodes) or not len(nodes):
        return {}
    at = np.searchsorted(known.nodes, nodes)
    at[at == len(known.nodes)] = 0
    there = known.nodes[at] == nodes
    base = np.int64(int(person.max()) + 1)
    pairs, counts = np.unique(known.place[at[there]] * base + person[there], return_counts=True)
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for pair, number in zip(pairs.tolist(), counts.tolist(), strict=True):
        found[pair // int(base)][pair % int(base)] = number
    return found


def _minted(nodes: U64, person: Ints, ids: list[str | None], taken: set[str]) -> list[str]:
    """Fill in ids for persons that have none, in the order of their smallest nodes."""
    _, first = np.unique(person, return_index=True)
    made: list[str] = []
    for one in np.flatnonzero(np.fromiter((found is None for found in ids), dtype=bool, count=len(ids))).tolist():
        again = 0
        while (fresh := new_id(int(nodes[first[one]]), again)) in taken:
            again += 1
        ids[one] = fresh
        taken.add(fresh)
        made.append(fresh)
    return made


def new_id(node: int, again: int = 0) -> str:
    """The id that follows from a person's smallest node; ``again`` when an earlier person has it already."""
    digest = hashlib.sha256(f"person:{node}:{again}".encode()).digest()
    return "p" + digest[:10].hex()


EMPTY = Known(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64), (), ())


def as_known(nodes: U64, person: Ints, found: Named) -> Known:
    """What the next run begins with."""
    places: NDArray[np.int64] = person
    return Known(nodes, places, found.ids, found.since)
