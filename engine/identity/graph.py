"""From links between identifiers to persons: values that too many share are set aside, then links are taken by
priority as long as nobody comes to more identifiers than a person can have.

Plain connected components glue everyone together who ever used a kiosk. Two protections keep them apart: a value that
touches several values of a unique kind (a tablet two accounts were used on) is in quarantine, and a link that would
give a person too many values of a kind is refused. Whatever the order of the input, the result is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.identity.arrays import U64, Bools, Ints, Places, ascending, components, distinct, numbered


@dataclass(frozen=True)
class Limits:
    """What may hold for one kind of identifier.

    ``most`` values a person may have; ``shared`` distinct values of one unique kind that a value may touch before it is
    in quarantine (None: any number); ``links`` distinct other values it may touch at all.
    """

    most: int | None = None
    shared: int | None = 1
    links: int | None = None

    @property
    def unique(self) -> bool:
        """Whether a person has one value of this kind at most."""
        return self.most == 1


@dataclass(frozen=True)
class Links:
    """Links between nodes: the nodes' numbers, and how strong a link is (0 the strongest)."""

    first: U64
    second: U64
    rank: NDArray[np.uint8]


@dataclass(frozen=True)
class Persons:
    """The outcome. ``nodes`` are sorted and distinct; ``person`` is the place of each one's person among all persons,
    numbered by their smallest node; ``quarantined`` nodes are alone. ``refused``: links that a limit kept out."""

    nodes: U64
    person: Ints
    quarantined: Bools
    refused: Bools

    @property
    def count(self) -> int:
        """How many persons there are."""
        return int(self.person.max()) + 1 if len(self.person) else 0


@dataclass(frozen=True)
class Said:
    """What is known before: values that name nobody, and pairs of nodes that are never one person. ``counted``: those
    that too many share are among ``blocked`` already."""

    blocked: U64 = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    apart: Sequence[tuple[int, int]] = ()
    counted: bool = False


def resolve(
    nodes: U64, kinds: NDArray[np.uint8], links: Links, limits: Sequence[Limits], said: Said | None = None
) -> Persons:
    """Persons out of nodes (distinct, in any order), the kind of each, links, limits of each kind, and decisions."""
    said = said or Said()
    if not ascending(nodes):
        order = np.argsort(nodes)
        nodes, kinds = nodes[order], kinds[order]
    places = Places(nodes)
    first, second = places.of(links.first), places.of(links.second)
    quarantined = np.isin(nodes, said.blocked)
    if not said.counted:
        quarantined |= _too_shared(len(nodes), kinds, first, second, limits)
    open_ = ~(quarantined[first] | quarantined[second])
    person = components(len(nodes), first[open_], second[open_])
    refused = np.zeros(len(first), dtype=bool)
    apart = _known_pairs(nodes, said.apart)
    together = [int(person[one]) for one, other in apart if person[one] == person[other]]
    wrong = np.union1d(_over_limit(person, kinds, limits), np.array(together, dtype=np.int64))
    if len(wrong):
        inside = open_ & np.isin(person[first], wrong)
        inside_at = np.flatnonzero(inside)
        some = Links(first[inside_at].astype(np.uint64), second[inside_at].astype(np.uint64), links.rank[inside_at])
        person, kept_out = _repaired(person, kinds, some, limits, apart)
        refused[inside_at[kept_out]] = True
    return Persons(nodes, numbered(person), quarantined, refused)


def shared_by_too_many(nodes: U64, kinds: NDArray[np.uint8], links: Links, limits: Sequence[Limits]) -> U64:
    """Of sorted nodes those that touch more others than theirs may."""
    places = Places(nodes)
    first, second = places.of(links.first), places.of(links.second)
    found: U64 = nodes[_too_shared(len(nodes), kinds, first, second, limits)]
    return found


def _too_shared(count: int, kinds: NDArray[np.uint8], first: Ints, second: Ints, limits: Sequence[Limits]) -> Bools:
    """Values that touch more values of one unique kind, or of all kinds, than theirs may."""
    if not _each_once(first, second):
        pairs = distinct(np.minimum(first, second) * np.int64(count) + np.maximum(first, second))
        first, second = pairs // count, pairs % count
    found = np.zeros(count, dtype=bool)
    one, other = kinds[first], kinds[second]
    shared = np.array([count if limit.shared is None else limit.shared for limit in limits])[kinds]
    for kind, limit in enumerate(limits):
        if limit.unique:
            touched = np.bincount(first[other == kind], minlength=count)
            touched += np.bincount(second[one == kind], minlength=count)
            found |= (touched > shared) & (kinds != kind)
    if any(limit.links is not None for limit in limits):
        most = np.array([count if limit.links is None else limit.links for limit in limits])[kinds]
        touched = np.bincount(first, minlength=count) + np.bincount(second, minlength=count)
        found |= touched > most
    return found


def _each_once(first: Ints, second: Ints) -> bool:
    """Whether links are in the order of their ends, each once and none both ways: so the data's links come."""
    onward = (first[1:] > first[:-1]) | ((first[1:] == first[:-1]) & (second[1:] > second[:-1]))
    return bool(onward.all() and (first < second).all())


def _over_limit(person: Ints, kinds: NDArray[np.uint8], limits: Sequence[Limits]) -> Ints:
    """Persons with more values of a kind than one may have."""
    found: list[Any] = []
    for kind, limit in enumerate(limits):
        if limit.most is not None:
            held = np.bincount(person[kinds == kind], minlength=1)
            found.append(np.flatnonzero(held > limit.most))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _known_pairs(nodes: U64, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places of pairs whose nodes are both there."""
    if not pairs or not len(nodes):
        return []
    ends = np.array(pairs, dtype=np.uint64)
    at = np.minimum(np.searchsorted(nodes, ends), len(nodes) - 1)
    there = (nodes[at] == ends).all(axis=1)
    return [(int(one), int(other)) for one, other in at[there].tolist()]


def _repaired(
    person: Ints,
    kinds: NDArray[np.uint8],
    links: Links,
    limits: Sequence[Limits],
    apart: Sequence[tuple[int, int]],
) -> tuple[Ints, Bools]:
    """Persons (by their smallest places) over a limit, put together anew link by link, the strongest first; and which
    links (between places) were kept out. Two that are apart hold the one value there is of a kind of its own, below
    zero."""
    first, second, rank = links.first.astype(np.int64), links.second.astype(np.int64), links.rank
    parent: dict[int, int] = {}
    held: dict[int, dict[int, int]] = {}
    most = {kind: limit.most for kind, limit in enumerate(limits) if limit.most is not None}
    most |= {-1 - number: 1 for number in range(len(apart))}
    ends: dict[int, dict[int, int]] = {}
    for number, pair in enumerate(apart):
        for node in pair:
            ends.setdefault(node, {})[-1 - number] = 1
    refused = np.zeros(len(first), dtype=bool)

    def root(node: int) -> int:
        found = node
        while parent.setdefault(found, found) != found:
            found = parent[found]
        while parent[node] != found:
            parent[node], node = found, parent[node]
        return found

    for node in np.unique(np.concatenate([first, second])).tolist():
        kind = int(kinds[node])
        parent[node], held[node] = node, ({kind: 1} if kind in most else {}) | ends.get(node, {})
    low, high = np.minimum(first, second), np.maximum(first, second)
    for place in np.lexsort((high, low, rank)).tolist():
        one, other = root(int(low[place])), root(int(high[place]))
        if one == other:
            continue
        mine, theirs = held[one], held[other]
        if any(mine.get(kind, 0) + number > most[kind] for kind, number in theirs.items()):
            refused[place] = True
            continue
        parent[other] = one
        for kind, number in theirs.items():
            mine[kind] = mine.get(kind, 0) + number
    fresh = person.copy()
    smallest: dict[int, int] = {}
    touched = np.fromiter(sorted(parent), dtype=np.int64, count=len(parent))
    found = (smallest.setdefault(root(node), node) for node in touched.tolist())
    fresh[touched] = np.fromiter(found, dtype=np.int64, count=len(touched))
    return fresh, refused
