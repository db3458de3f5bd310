"""The region of a map around some identifiers: as much as has to be looked at when these change, and no more.

Whose person may become another one: who has one of the identifiers or a link with one, and whoever a limit keeps apart
from them. Of their identifiers every link is read, so that what too many share is counted right; a value that is set
aside and stays so (a kiosk with a million links) is not followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.identity.arrays import U64, Bools, Ints, distinct
from engine.identity.candidates import Candidate, Graph
from engine.identity.graph import Persons
from engine.identity.linking import Evidence, merged
from engine.identity.publication import LINKS, Map, graph_of
from engine.identity.resolving import two_alike
from engine.identity.stability import Named

_NOBODY = ""
"""Stands for the person of an identifier that is new."""


@dataclass(frozen=True)
class Region:
    """A part of a map, with what is new in it. ``mine``: identifiers of the ``people`` (places of ``part``'s) who are
    put together anew; ``fresh``: those that nobody had; ``shared``: nodes known to be set aside. ``places`` are those
    that the map gives the part's persons (-1: new)."""

    part: Candidate
    people: Ints
    mine: Bools
    fresh: Bools
    shared: U64
    places: Ints

    def ids(self) -> list[str]:
        """The ids of the people."""
        return [self.part.names.ids[one] for one in self.people.tolist() if self.places[one] >= 0]


def region_of(found: Map, touched: U64, more: Graph | None = None, blocked: U64 | None = None) -> Region:
    """The region of ``touched`` nodes. With ``more`` (the links of new records; all their nodes are touched) values
    that are set aside stay so; ``blocked`` are those that a decision set aside."""
    touched = distinct(touched)
    aside = _aside(found, touched) if more is not None else touched[:0]
    near = np.concatenate([touched, _neighbours(found, np.setdiff1d(touched, aside))])
    people = _within_reach(found, _people(found, near))
    members = _members(found, people)
    # who is set aside is alone; unless it is one of those in question, its links cannot change anything
    still = members["high"][members["quarantined"] & ~np.isin(members["high"], np.setdiff1d(touched, aside))]
    around = _neighbours(found, np.setdiff1d(members["high"], still))
    nodes = distinct(np.concatenate([members["high"], around, aside]))
    part, places = _candidate(found, nodes)
    shared = np.setdiff1d(still, np.zeros(0, dtype=np.uint64) if blocked is None else blocked)
    fresh = np.zeros(len(part.graph.high), dtype=bool)
    if more is not None:
        part, places, fresh = _with_more(part, places, more)
    inside = np.isin(places, people) | (places < 0)
    return Region(part, np.flatnonzero(inside), inside[part.persons.person], fresh, shared, places)


def _read(found: Map, nodes: U64, sql: str) -> dict[str, Any]:
    """What a query finds about some nodes, which it calls ``given``."""
    return found.beside("given", pa.table({"high": nodes}), sql)


def _aside(found: Map, nodes: U64) -> U64:
    rows = _read(found, nodes, "SELECT high FROM identifiers SEMI JOIN given USING (high) WHERE quarantined")
    return np.sort(rows["high"].astype(np.uint64))


def _neighbours(found: Map, nodes: U64) -> U64:
    query = (
        "SELECT second AS high FROM links SEMI JOIN given ON links.first = given.high WHERE kind != 255 UNION "
        "SELECT first FROM links SEMI JOIN given ON links.second = given.high WHERE kind != 255"
    )
    return np.asarray(_read(found, nodes, query)["high"], dtype=np.uint64)


def _people(found: Map, nodes: U64) -> Ints:
    rows = _read(found, nodes, "SELECT DISTINCT person FROM identifiers SEMI JOIN given USING (high)")
    return np.sort(rows["person"].astype(np.int64))


def _members(found: Map, people: Ints) -> dict[str, Any]:
    query = "SELECT high, quarantined FROM identifiers SEMI JOIN given USING (person) ORDER BY high"
    rows = found.beside("given", pa.table({"person": people.astype(np.int32)}), query)
    return {"high": rows["high"].astype(np.uint64), "quarantined": rows["quarantined"].astype(bool)}


def _within_reach(found: Map, people: Ints) -> Ints:
    """Some persons and whoever is kept apart from them by a limit, for that may hold no more."""
    pairs = found.arrays(
        "SELECT DISTINCT a.person AS one, b.person AS other FROM links JOIN identifiers AS a ON a.high = links.first "
        "JOIN identifiers AS b ON b.high = links.second WHERE links.refused AND a.person != b.person"
    )
    one, other = (np.asarray(pairs[name], dtype=np.int64) for name in ("one", "other"))
    while True:
        more = np.unique(np.concatenate([people, other[np.isin(one, people)], one[np.isin(other, people)]]))
        if len(more) == len(people):
            return more
        people = more


def _candidate(found: Map, nodes: U64) -> tuple[Candidate, Ints]:
    """Some identifiers with the links between them and their persons; the places of these in the map."""
    columns = "high, low, kind, person, quarantined"
    ids = _read(found, nodes, f"SELECT {columns} FROM identifiers SEMI JOIN given USING (high) ORDER BY high")  # noqa: S608
    links = _read(
        found,
        nodes,
        f"SELECT {LINKS} FROM links SEMI JOIN given ON links.first = given.high "  # noqa: S608 - our names
        "WHERE kind != 255 AND second IN (SELECT high FROM given) ORDER BY first, second, kind",
    )
    graph = graph_of(ids, links)
    places, person = np.unique(ids["person"].astype(np.int64), return_inverse=True)
    rows = found.beside(
        "given",
        pa.table({"place": places.astype(np.int32)}),
        "SELECT id, since FROM persons SEMI JOIN given USING (place) ORDER BY place",
    )
    names = Named(tuple(map(str, rows["id"].tolist())), tuple(map(int, rows["since"].tolist())))
    refused = links["refused"].astype(bool)
    persons = Persons(graph.high, person.astype(np.int64), ids["quarantined"].astype(bool), refused)
    return Candidate(graph, persons, names, np.arange(len(places), dtype=np.int64)), places


def _with_more(part: Candidate, places: Ints, more: Graph) -> tuple[Candidate, Ints, Bools]:
    """The part with the links of new records; identifiers that nobody had are one more person each."""
    graph, fresh = joined(part.graph, more)
    person = np.full(len(graph.high), -1, dtype=np.int64)
    person[~fresh] = part.persons.person
    count = int(fresh.sum())
    person[fresh] = np.arange(count) + len(places)
    aside = np.zeros(len(graph.high), dtype=bool)
    aside[~fresh] = part.persons.quarantined
    before = part.graph
    at = _links_at(graph, before)
    refused = np.zeros(len(graph.first), dtype=bool)
    refused[at] = part.persons.refused
    names = Named(part.names.ids + (_NOBODY,) * count, part.names.since + (0,) * count)
    persons = Persons(graph.high, person, aside, refused)
    every = np.append(places, np.full(count, -1))
    return Candidate(graph, persons, names, np.arange(len(every), dtype=np.int64)), every, fresh


def _links_at(graph: Graph, some: Graph) -> Ints:
    """Where the links of a part of a graph are among its own."""
    ends = np.searchsorted(graph.high, np.stack([graph.first, graph.second])).astype(np.int64)
    wanted = np.searchsorted(graph.high, np.stack([some.first, some.second])).astype(np.int64)
    size = len(graph.high)
    found: Ints = np.searchsorted(ends[0] * size + ends[1], wanted[0] * size + wanted[1]).astype(np.int64)
    return found


def joined(one: Graph, other: Graph) -> tuple[Graph, Bools]:
    """Two graphs as one; which of its nodes the first does not have."""
    high = np.concatenate([one.high, other.high])
    order = np.argsort(high, kind="stable")
    first = np.append(np.ones(min(1, len(order)), dtype=bool), high[order][1:] != high[order][:-1])
    kept = order[first]
    low = np.concatenate([one.low, other.low])
    if not (np.repeat(low[kept], np.diff(np.append(np.flatnonzero(first), len(order)))) == low[order]).all():
        raise two_alike()
    rows = [
        (a.first, a.second, a.kind, a.evidence.records, a.evidence.first, a.evidence.last, a.evidence.sources)
        for a in (one, other)
    ]
    ends_a, ends_b, kind, records, since, until, sources = merged(rows)
    graph = Graph(
        high[kept],
        low[kept],
        np.concatenate([one.kinds, other.kinds])[kept],
        ends_a,
        ends_b,
        kind,
        Evidence(records, since, until, sources),
    )
    return graph, np.asarray(kept >= len(one.high), dtype=bool)
