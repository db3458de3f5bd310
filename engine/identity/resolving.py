"""From hashed records and decisions to a candidate: persons with ids that stay, and everything that tells why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.domain.durations import Duration
from engine.domain.identity import IdentityDocument
from engine.errors import EngineError
from engine.identity.arrays import U64, Bools
from engine.identity.candidates import Candidate, Graph
from engine.identity.graph import Limits, Links, Said, resolve, shared_by_too_many
from engine.identity.housing import households, kinds_of_homes
from engine.identity.linking import NO_TIME, NONE, Collector, Evidence
from engine.identity.records import Hashed
from engine.identity.stability import Known, named

MANUAL, PROBABLE = 255, 254
"""The kinds of links that a person made, and of profiles that are likely one."""
_DAY = 86_400


@dataclass(frozen=True)
class Decisions:
    """What people decided, as graph nodes: pairs that belong together, pairs that never do, values that name nobody."""

    together: tuple[tuple[int, int], ...] = ()
    apart: tuple[tuple[int, int], ...] = ()
    blocked: tuple[int, ...] = ()


def gathered(document: IdentityDocument, slices: Iterable[Hashed]) -> Graph:
    """The graph of all records."""
    collector = Collector(len(document.kinds))
    halves: dict[int, list[NDArray[np.uint64]]] = {place: [] for place in range(len(document.kinds))}
    for one in slices:
        collector.add(one.high, one.source, one.times)
        for place, high in one.high.items():
            there = high != NONE
            halves[place].append(_distinct(np.stack([high[there], one.low[place][there]], axis=1)))
            if len(halves[place]) > 8:
                halves[place] = [_distinct(np.concatenate(halves[place]))]
    found = collector.linked()
    ids = [_distinct(np.concatenate(some)) for some in halves.values() if some]
    pairs = np.concatenate(ids) if ids else np.zeros((0, 2), dtype=np.uint64)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    if len(pairs) != len(found.nodes) or (found.nodes[1:] == found.nodes[:-1]).any():
        raise two_alike()
    links = found.links
    return Graph(found.nodes, pairs[:, 1], found.kinds, links.first, links.second, links.rank, found.evidence)


def two_alike() -> EngineError:
    """Two identifiers have one number in the graph."""
    return EngineError(
        "identity",
        "two identifiers have the same first half of a hash",
        hint="That is next to impossible: check the pepper, or rotate it (convoke identity rotate).",
    )


def _distinct(pairs: NDArray[np.uint64]) -> NDArray[np.uint64]:
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    pairs = pairs[order]
    same = (pairs[1:] == pairs[:-1]).all(axis=1)
    first = np.ones(min(1, len(pairs)), dtype=bool)
    found: NDArray[np.uint64] = pairs[np.append(first, ~same)]
    return found


@dataclass(frozen=True)
class Basis:
    """What follows from all of the data alone: the limits, the kind to count each identifier by, and the nodes that too
    many share."""

    limits: Sequence[Limits]
    kinds: NDArray[np.uint8]
    shared: U64

    def of(self, nodes: Bools) -> Basis:
        """The same for some of the identifiers."""
        return Basis(self.limits, self.kinds[nodes], self.shared)


def basis(document: IdentityDocument, graph: Graph, newest: int | None = None) -> Basis:
    """The basis of a graph without links that people made. ``newest`` is the last moment that anything was seen, where
    the graph is a part of a larger one."""
    limits, kinds = _limits(document, graph, newest)
    links = Links(graph.first, graph.second, graph.kind)
    return Basis(limits, kinds, shared_by_too_many(graph.high, kinds, links, limits))


def candidate(
    document: IdentityDocument,
    graph: Graph,
    said: Decisions,
    known: Known,
    run: int,
    taken: Mapping[str, str] | None = None,
    given: Basis | None = None,
) -> Candidate:
    """Persons out of a graph; ``given`` is the basis where the graph is a part of a larger one."""
    must_agree(said)
    base = basis(document, graph) if given is None else given
    graph = with_links(graph, said.together)
    ranks = np.array([*(one + 1 for one in document.ranks()), *[0] * (256 - len(document.kinds))], dtype=np.uint8)
    ranks[PROBABLE] = ranks.max() + 1
    links = Links(graph.first, graph.second, ranks[graph.kind] * np.uint8(2) + _apart_before(graph, known))
    blocked = np.append(base.shared, np.array(said.blocked, dtype=np.uint64))
    persons = resolve(graph.high, base.kinds, links, base.limits, Said(blocked, tuple(said.apart), counted=True))
    names = named(persons.nodes, persons.person, known, run, taken)
    return Candidate(graph, persons, names, households(kinds_of_homes(document), graph, persons, names.ids))


def _apart_before(graph: Graph, known: Known) -> NDArray[np.uint8]:
    """1 for links between identifiers that had different ids before: of equally strong links those go first that keep
    together what was, so that another pepper, which orders everything anew, changes nothing."""
    if not len(known.nodes):
        return np.zeros(len(graph.first), dtype=np.uint8)
    places = []
    for ends in (graph.first, graph.second):
        at = np.minimum(np.searchsorted(known.nodes, ends), len(known.nodes) - 1)
        places.append(np.where(known.nodes[at] == ends, known.place[at], -1))
    return np.asarray(places[0] != places[1], dtype=np.uint8)


def must_agree(said: Decisions) -> None:
    """Raise when decisions contradict each other."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while (up := parent.setdefault(node, node)) != node:
            parent[node] = node = parent.setdefault(up, up)
        return node

    for one, other in said.together:
        parent[root(one)] = root(other)
    for one, other in said.apart:
        if root(one) == root(other):
            raise EngineError(
                "refused",
                f"the decisions contradict each other: {one:016x}… and {other:016x}… are to be together and apart",
                hint="Take one back: convoke identity decisions lists them.",
            )


def with_links(graph: Graph, pairs: Sequence[Sequence[int]] | NDArray[np.uint64], kind: int = MANUAL) -> Graph:
    """The graph with links of another kind; those between identifiers that are not there are left out."""
    ends = np.sort(np.array(pairs, dtype=np.uint64).reshape(-1, 2), axis=1)
    ends = ends[np.isin(ends, graph.high).all(axis=1)] if len(ends) else ends
    if not len(ends):
        return graph
    count = len(ends)
    seen = graph.evidence
    largest = np.iinfo(np.int64).max
    return Graph(
        graph.high,
        graph.low,
        graph.kinds,
        np.append(graph.first, ends[:, 0]),
        np.append(graph.second, ends[:, 1]),
        np.append(graph.kind, np.full(count, kind, dtype=np.uint8)),
        Evidence(
            np.append(seen.records, np.zeros(count, dtype=np.int64)),
            np.append(seen.first, np.full(count, largest)),
            np.append(seen.last, np.full(count, -largest)),
            np.append(seen.sources, np.zeros(count, dtype=np.uint64)),
        ),
    )


def _limits(document: IdentityDocument, graph: Graph, newest: int | None) -> tuple[list[Limits], NDArray[np.uint8]]:
    """The limits of each kind, and the kinds to count by: a value that was not seen within its kind's time has a kind
    beside it, without a limit on how many a person has."""
    given = [Limits(one.most, one.shared, one.links) for one in document.kinds]
    if all(one.within is None for one in document.kinds):
        return given, graph.kinds
    last = np.full(len(graph.high), NO_TIME)
    for ends in (graph.first, graph.second):
        np.maximum.at(last, np.searchsorted(graph.high, ends), graph.evidence.last)
    timed = last > -np.iinfo(np.int64).max
    if newest is None:
        newest = int(last[timed].max()) if timed.any() else 0
    kinds = graph.kinds.copy()
    for place, one in enumerate(document.kinds):
        if one.within is not None:
            old = (graph.kinds == place) & timed & (last < newest - seconds_of(one.within))
            kinds[old] = place + len(given)
    return [*given, *(Limits(None, one.shared, one.links) for one in document.kinds)], kinds


def seconds_of(duration: Duration) -> int:
    """A length of time; a month counts as 30 days, a year as 365."""
    if duration.exact is not None:
        return int(duration.exact.total_seconds())
    months = duration.months or 0
    return (months // 12 * 365 + months % 12 * 30) * _DAY
