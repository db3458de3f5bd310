"""Ids that stay: a person keeps the id most of whose identifiers it holds, whatever else was run anew.

Each earlier id goes to the person that holds most of its identifiers; a person keeps the oldest of the ids that it won,
the others lead to it for ever. Who won none gets an id that follows from its smallest identifier, so that the same data
make the same ids on any machine, in any order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.identity.arrays import U64, Ints


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


def named(nodes: U64, person: Ints, known: Known, run: int, taken: Mapping[str, str] | None = None) -> Named:
    """Ids for persons (``person`` is the place of each of the sorted ``nodes``); ``run`` is the age of new ids.
    ``taken`` ids lead to others now; such an id comes back only to somebody who leaves the one it leads to."""
    count = int(person.max()) + 1 if len(person) else 0
    old, holder, held = _shares(nodes, person, known)
    kept = np.full(count, -1, dtype=np.int64)
    best = _firsts((holder, -held, old), old)
    won, winner = old[best], holder[best]
    age, name = np.array(known.since, dtype=np.int64), _ranks(known.ids)
    oldest = _firsts((name[won], age[won], winner), winner)
    kept[winner[oldest]] = won[oldest]
    ids: list[str | None] = [known.ids[one] if one >= 0 else None for one in kept.tolist()]
    since = [known.since[one] if one >= 0 else run for one in kept.tolist()]
    came: dict[int, set[str]] = {}
    for one, into in _pairs(old, holder):
        came.setdefault(into, set()).add(known.ids[one])
    fresh = _minted(nodes, person, ids, (set(known.ids), {} if taken is None else taken, came))
    loses = kept[winner] != won
    gone = {known.ids[one]: str(ids[into]) for one, into in _pairs(won[loses], winner[loses])}
    apart = kept[holder] != old
    every = ((known.ids[one], str(ids[into])) for one, into in _pairs(old[apart], holder[apart]))
    return Named(
        tuple(str(one) for one in ids),
        tuple(since),
        tuple(sorted(gone.items())),
        tuple(sorted((one, into) for one, into in every if gone.get(one) != into)),
        frozenset(fresh),
    )


def _shares(nodes: U64, person: Ints, known: Known) -> tuple[Ints, Ints, Ints]:
    """(earlier id, person, how many nodes of that id the person holds) for all that meet."""
    if not len(known.nodes) or not len(nodes):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    at = np.searchsorted(known.nodes, nodes)
    at[at == len(known.nodes)] = 0
    there = known.nodes[at] == nodes
    base = np.int64(int(person.max()) + 1)
    pairs = np.sort(known.place[at[there]] * base + person[there])
    starts = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1])) if len(pairs) else np.zeros(0, dtype=np.int64)
    held = np.diff(np.append(starts, len(pairs)))
    return pairs[starts] // base, pairs[starts] % base, held


def _firsts(order: tuple[Ints, ...], group: Ints) -> Ints:
    """The place of the first of each group; ``order`` as numpy.lexsort takes it, the group being its last key."""
    places = np.lexsort(order)
    sorted_ = group[places]
    return places[np.append(True, sorted_[1:] != sorted_[:-1])] if len(places) else places


def _ranks(ids: tuple[str, ...]) -> Ints:
    """The place of each id among all in the order of their texts."""
    found = np.empty(len(ids), dtype=np.int64)
    found[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return found


def _pairs(one: Ints, other: Ints) -> Iterator[tuple[int, int]]:
    return zip(one.tolist(), other.tolist(), strict=True)


def _minted(
    nodes: U64,
    person: Ints,
    ids: list[str | None],
    others: tuple[set[str], Mapping[str, str], Mapping[int, set[str]]],
) -> list[str]:
    """Fill in ids for persons that have none, in the order of their smallest nodes. ``others``: ids there were, where
    ids lead that there were before, and of which ids each person has something."""
    before, led, came = others
    _, first = np.unique(person, return_index=True)
    made: list[str] = []
    for one in np.flatnonzero(np.fromiter((found is None for found in ids), dtype=bool, count=len(ids))).tolist():
        again = 0
        while (fresh := new_id(int(nodes[first[one]]), again)) in before or (
            fresh in led and led[fresh] not in came.get(one, ())
        ):
            again += 1
        ids[one] = fresh
        before.add(fresh)
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
