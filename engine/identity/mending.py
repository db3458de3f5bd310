"""A part of a map, found anew: the persons that a decision touches, everybody else as before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.domain.identity import IdentityDocument
from engine.identity.graph import U64, Bools, Ints, Persons
from engine.identity.linking import Evidence
from engine.identity.resolving import Candidate, Decisions, Graph, basis, candidate, households, with_links
from engine.identity.stability import Known, Named


@dataclass(frozen=True)
class Part:
    """What is put together anew: everybody who has one of the ``touched`` identifiers (nodes), or is linked with one;
    where earlier ids lead; and ids that some identifiers had before, to be given back."""

    touched: Sequence[int]
    run: int
    taken: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mended:
    """The whole map as it is now, how many persons were looked at, and (kind, halves of the hash, id before) of what
    belongs to them."""

    whole: Candidate
    looked_at: int
    before: tuple[tuple[int, int, int, str], ...]


def mended(document: IdentityDocument, before: Candidate, said: Decisions, wanted: Part) -> Mended:
    """A part put together anew."""
    graph, person = before.graph, before.persons.person
    first, second = _places(graph, graph.first), _places(graph, graph.second)
    inside = np.zeros(len(graph.high), dtype=bool)
    at = np.searchsorted(graph.high, np.array(sorted(wanted.touched), dtype=np.uint64))
    at = at[at < len(graph.high)]
    inside[at[np.isin(graph.high[at], np.array(sorted(wanted.touched), dtype=np.uint64))]] = True
    near = inside.copy()
    near[first[inside[second]]] = True
    near[second[inside[first]]] = True
    people = _within_reach(np.unique(person[near]), person, first, second, before.persons.refused)
    mine = np.isin(person, people)
    links = mine[first] & mine[second]
    some = part_of(graph, mine, links)
    known = _known(before, mine)
    base = basis(document, graph).of(mine)
    anew = set(people.tolist())
    others = {one: "" for place, one in enumerate(before.names.ids) if place not in anew}
    given = _as_before(known, wanted, others)
    fresh = candidate(document, some, said, given, wanted.run, {**wanted.taken, **others}, base)
    fresh = replace(fresh, names=replace(fresh.names, merged=_led(known, fresh)))
    whole = _together(document, before, fresh, (mine, links, people), said)
    ids = [known.ids[one] for one in known.place.tolist()]
    told = zip(some.kinds.tolist(), some.high.tolist(), some.low.tolist(), ids, strict=True)
    return Mended(whole, len(people), tuple(told))


def _led(known: Known, fresh: Candidate) -> tuple[tuple[str, str], ...]:
    """Where the ids lead that are gone: to whoever has most of their identifiers."""
    alive = set(fresh.names.ids)
    found = dict(fresh.names.merged)
    for place, one in enumerate(known.ids):
        if one not in alive and one not in found:
            people, counts = np.unique(fresh.persons.person[known.place == place], return_counts=True)
            found[one] = fresh.names.ids[int(people[np.argmax(counts)])]
    return tuple(sorted(found.items()))


def _within_reach(people: Ints, person: Ints, first: Ints, second: Ints, refused: Bools) -> Ints:
    """Some persons and whoever is kept apart from them by a limit, for that may hold no more."""
    one, other = person[first[refused]], person[second[refused]]
    while True:
        more = np.unique(np.concatenate([people, other[np.isin(one, people)], one[np.isin(other, people)]]))
        if len(more) == len(people):
            return more
        people = more


def _as_before(known: Known, wanted: Part, others: Mapping[str, str]) -> Known:
    """The ids of some persons, those given back that they had before, unless somebody else has them now."""
    back = [wanted.former.get(node) for node in known.nodes.tolist()]
    now = [known.ids[one] for one in known.place.tolist()]
    texts = [former if former and former not in others else current for former, current in zip(back, now, strict=True)]
    ids = sorted(set(texts))
    since = {one: known.since[place] for place, one in enumerate(known.ids)}
    place = {one: at for at, one in enumerate(ids)}
    ages = tuple(since.get(one, min(known.since, default=wanted.run)) for one in ids)
    return Known(known.nodes, np.array([place[one] for one in texts], dtype=np.int64), tuple(ids), ages)


def part_of(graph: Graph, nodes: Bools, links: Bools) -> Graph:
    """Some identifiers, and some of the links between them."""
    seen = graph.evidence
    return Graph(
        graph.high[nodes],
        graph.low[nodes],
        graph.kinds[nodes],
        graph.first[links],
        graph.second[links],
        graph.kind[links],
        Evidence(seen.records[links], seen.first[links], seen.last[links], seen.sources[links]),
    )


def _places(graph: Graph, values: U64) -> Ints:
    return np.searchsorted(graph.high, values).astype(np.int64)


def _known(before: Candidate, nodes: Bools) -> Known:
    """The ids of some persons only."""
    places, fresh = np.unique(before.persons.person[nodes], return_inverse=True)
    ids = tuple(before.names.ids[one] for one in places.tolist())
    since = tuple(before.names.since[one] for one in places.tolist())
    return Known(before.graph.high[nodes], fresh.astype(np.int64), ids, since)


def _together(
    document: IdentityDocument, before: Candidate, fresh: Candidate, part: tuple[Bools, Bools, Ints], said: Decisions
) -> Candidate:
    """The part in its place among the rest; persons are numbered anew."""
    nodes, links, people = part
    whole = with_links(before.graph, said.together)
    kept = np.ones(before.persons.count, dtype=bool)
    kept[people] = False
    number = np.cumsum(kept) - 1
    person = np.where(nodes, 0, number[before.persons.person])
    person[nodes] = fresh.persons.person + int(kept.sum())
    quarantined = before.persons.quarantined.copy()
    quarantined[nodes] = fresh.persons.quarantined
    first, second = _places(whole, whole.first), _places(whole, whole.second)
    inside = nodes[first] & nodes[second]
    inside[: len(links)] = links
    refused = np.append(before.persons.refused, np.zeros(len(first) - len(links), dtype=bool))
    refused[inside] = fresh.persons.refused
    ids = [one for place, one in enumerate(before.names.ids) if kept[place]] + list(fresh.names.ids)
    since = [one for place, one in enumerate(before.names.since) if kept[place]] + list(fresh.names.since)
    persons = Persons(whole.high, person.astype(np.int64), quarantined, refused)
    names = Named(tuple(ids), tuple(since), fresh.names.merged, fresh.names.split, fresh.names.new)
    return Candidate(whole, persons, names, households(document, whole, persons))
