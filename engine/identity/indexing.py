"""From a candidate to its index."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.identity.arrays import Ints
from engine.identity.candidates import Candidate
from engine.identity.index import Index, raw_of, write_index


def index_of(found: Candidate, path: Path, redirects: Mapping[str, str]) -> None:
    """Write the index of a candidate."""
    graph = found.graph
    raws = [raw_of(one) or b"" for one in found.names.ids]
    hashes = np.stack([graph.high, graph.low], axis=1).astype(">u8").tobytes()
    fresh = path.with_suffix(f".{secrets.token_hex(4)}.new")  # two that make it at once do not write into one file
    write_index(
        fresh,
        _identifiers(hashes, found.persons.person, raws),
        _persons(found, hashes, raws),
        redirects,
        len(graph.high),
    )
    Index(fresh, fresh=True).close()
    os.replace(fresh, path)


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
