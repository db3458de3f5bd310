"""From a candidate to its index: all of it, or what is another one than in the index before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.identity.graph import Ints
from engine.identity.index import Index, Patch, raw_of, write_index
from engine.identity.resolving import Candidate


def index_of(found: Candidate, path: Path, redirects: Mapping[str, str]) -> None:
    """Write the index of a candidate."""
    graph = found.graph
    raws = [raw_of(one) or b"" for one in found.names.ids]
    hashes = np.stack([graph.high, graph.low], axis=1).astype(">u8").tobytes()
    fresh = path.with_suffix(".new")
    write_index(
        fresh,
        _identifiers(hashes, found.persons.person, raws),
        _persons(found, hashes, raws),
        redirects,
        len(graph.high),
    )
    Index(fresh).close()
    os.replace(fresh, path)


def patch_of(before: Candidate, after: Candidate, redirects: Mapping[str, str]) -> Patch:
    """What is another one in the index; both have the same identifiers."""
    ids, ids_before = np.array(after.names.ids), np.array(before.names.ids)
    moved = ids[after.persons.person] != ids_before[before.persons.person]
    order = np.argsort(ids_before)
    at = np.minimum(np.searchsorted(ids_before, ids, sorter=order), len(ids_before) - 1)
    same = ids_before[order[at]] == ids
    other_home = same & (ids[after.home] != ids_before[before.home[order[at]]])
    lost = np.isin(ids, ids_before[before.persons.person[moved]])
    touched = np.union1d(after.persons.person[moved], np.flatnonzero(other_home | ~same | lost))
    raws = {place: raw_of(str(ids[place])) or b"" for place in touched.tolist()}
    hashes = np.stack([after.graph.high, after.graph.low], axis=1).astype(">u8")
    members: dict[int, bytes] = dict.fromkeys(raws, b"")
    for node in np.flatnonzero(np.isin(after.persons.person, touched)).tolist():
        place = int(after.persons.person[node])
        members[place] += bytes([int(after.graph.kinds[node])]) + hashes[node].tobytes()
    return Patch(
        [(hashes[node].tobytes(), raws[int(after.persons.person[node])]) for node in np.flatnonzero(moved).tolist()],
        [raw_of(str(one)) or b"" for one in np.setdiff1d(ids_before, ids).tolist()],
        [(raws[place], (raw_of(str(ids[after.home[place]])) or b"") + members[place]) for place in raws],
        redirects,
    )


def _identifiers(hashes: bytes, person: Ints, raws: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for at, place in enumerate(person.tolist()):
        yield hashes[16 * at : 16 * at + 16], raws[place]


def _persons(found: Candidate, hashes: bytes, raws: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    person, kinds = found.persons.person, found.graph.kinds.tolist()
    order = np.argsort(person, kind="stable")
    starts = np.searchsorted(person[order], np.arange(len(raws) + 1))
    for place in sorted(range(len(raws)), key=raws.__getitem__):
        mine = order[starts[place] : starts[place + 1]].tolist()
        value = b"".join(bytes([kinds[at]]) + hashes[16 * at : 16 * at + 16] for at in mine)
        yield raws[place], raws[int(found.home[place])] + value
