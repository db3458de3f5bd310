"""A region of a map, put together anew: the persons that a decision or new records touch, everybody else as before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from engine.domain.identity import IdentityDocument
from engine.identity.arrays import Bools
from engine.identity.candidates import Candidate, Graph
from engine.identity.linking import Evidence
from engine.identity.region import Region
from engine.identity.resolving import Decisions, basis, candidate
from engine.identity.stability import Known


@dataclass(frozen=True)
class Part:
    """How a region is put together anew: the number of the run; ids that are ``taken`` elsewhere, with where they lead
    ("" for who has them now); ids that some identifiers had before, to be given back; and the last moment that anything
    in the map was seen."""

    run: int
    taken: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[int, str] = field(default_factory=dict)
    newest: int | None = None


@dataclass(frozen=True)
class Mended:
    """Those of a region who were put together anew, with their persons and ids now; how many persons were looked at;
    and (kind, halves of the hash, id before) of what belonged to them."""

    found: Candidate
    region: Region
    looked_at: int
    before: tuple[tuple[int, int, int, str], ...]


def mended(document: IdentityDocument, region: Region, said: Decisions, wanted: Part) -> Mended:
    """A region put together anew."""
    graph, mine, there = region.part.graph, region.mine, region.mine & ~region.fresh
    known = _known(region.part, there)
    base = basis(document, graph, wanted.newest)
    base = replace(base, shared=np.append(base.shared, region.shared)).of(mine)
    given = _as_before(known, wanted)
    some = part_of(graph, mine, _inside(graph, mine))
    found = candidate(document, some, said, given, wanted.run, wanted.taken, base)
    found = replace(found, names=replace(found.names, merged=_led(known, found)))
    ids = [known.ids[one] for one in known.place.tolist()]
    told = zip(graph.kinds[there].tolist(), known.nodes.tolist(), graph.low[there].tolist(), ids, strict=True)
    return Mended(found, region, len(known.ids), tuple(told))


def _inside(graph: Graph, nodes: Bools) -> Bools:
    """The links between some of a graph's identifiers."""
    first, second = np.searchsorted(graph.high, graph.first), np.searchsorted(graph.high, graph.second)
    return np.asarray(nodes[first] & nodes[second], dtype=bool)


def _led(known: Known, fresh: Candidate) -> tuple[tuple[str, str], ...]:
    """Where the ids lead that are gone: to whoever has most of their identifiers."""
    alive = set(fresh.names.ids)
    found = dict(fresh.names.merged)
    for place, one in enumerate(known.ids):
        if one not in alive and one not in found:
            held = np.isin(fresh.graph.high, known.nodes[known.place == place])
            people, counts = np.unique(fresh.persons.person[held], return_counts=True)
            found[one] = fresh.names.ids[int(people[np.argmax(counts)])]
    return tuple(sorted(found.items()))


def _as_before(known: Known, wanted: Part) -> Known:
    """The ids of some persons, those given back that they had before, unless somebody else has them now."""
    if not wanted.former:
        return known
    back = [wanted.former.get(node) for node in known.nodes.tolist()]
    now = [known.ids[one] for one in known.place.tolist()]
    texts = [
        former if former and wanted.taken.get(former) != "" else current
        for former, current in zip(back, now, strict=True)
    ]
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


def _known(part: Candidate, nodes: Bools) -> Known:
    """The ids of some identifiers."""
    places, at = np.unique(part.persons.person[nodes], return_inverse=True)
    ids = tuple(part.names.ids[one] for one in places.tolist())
    since = tuple(part.names.since[one] for one in places.tolist())
    return Known(part.graph.high[nodes], at.astype(np.int64), ids, since)
