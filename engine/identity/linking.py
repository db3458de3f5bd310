"""From records to links: of each record the strongest identifier with each of its others, and what speaks for it.

A record is a row of a source with a value of several kinds, as numbers of the graph (0: none). The same link out of
many records is one, with how many, from which sources, first and last seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.identity.arrays import U64, Ints, distinct
from engine.identity.graph import Links

NONE = np.uint64(0)
MOST_SOURCES = 64
_ALWAYS = np.iinfo(np.int64).max
NO_TIME = np.iinfo(np.int64).min
"""The time of a record that has none."""
_MERGE_AT = 8_000_000


@dataclass(frozen=True)
class Evidence:
    """What speaks for each link: how many records, the first and the last moment (in the records' unit; a link whose
    records have no time has ``first`` above ``last``), and the sources as bits."""

    records: Ints
    first: Ints
    last: Ints
    sources: U64


@dataclass(frozen=True)
class Linked:
    """Distinct nodes, sorted, with their kinds; links ordered by their ends, with their evidence."""

    nodes: U64
    kinds: NDArray[np.uint8]
    links: Links
    evidence: Evidence


class Collector:
    """Takes records batch by batch; memory is bounded by the distinct links, not by the records."""

    def __init__(self, kinds: int) -> None:
        self._nodes: list[list[U64]] = [[] for _ in range(kinds)]
        self._rows: list[tuple[NDArray[Any], ...]] = []
        self._waiting = 0

    def add(self, values: Mapping[int, U64], source: int, times: Ints | None = None) -> None:
        """Records of a source (0 to 63): values by kind, the strongest kind being the smallest; all of one length."""
        if not 0 <= source < MOST_SOURCES:
            raise ValueError(f"there are at most {MOST_SOURCES} sources")
        length = len(next(iter(values.values()), np.zeros(0)))
        strongest = np.zeros(length, dtype=np.uint64)
        for kind in sorted(values):
            value = values[kind]
            self._nodes[kind].append(distinct(value[value != NONE]))
            both = np.flatnonzero((strongest != NONE) & (value != NONE))
            if len(both):
                self._take(strongest[both], value[both], kind, source, None if times is None else times[both])
            strongest = np.where(strongest == NONE, value, strongest)

    def _take(self, one: U64, other: U64, kind: int, source: int, times: Ints | None) -> None:
        count = len(one)
        given = np.full(count, NO_TIME) if times is None else times
        first = np.where(given == NO_TIME, _ALWAYS, given)
        last = np.where(given == NO_TIME, -_ALWAYS, given)
        row = (
            np.minimum(one, other),
            np.maximum(one, other),
            np.full(count, kind, dtype=np.uint8),
            np.ones(count, dtype=np.int64),
            first.astype(np.int64),
            last.astype(np.int64),
            np.full(count, np.uint64(1) << np.uint64(source), dtype=np.uint64),
        )
        self._rows.append(row)
        self._waiting += count
        if self._waiting > _MERGE_AT:
            so_far = merged(self._rows)
            self._rows, self._waiting = [so_far], len(so_far[0]) // 2

    def linked(self) -> Linked:
        """Everything that was added."""
        low, high, rank, records, first, last, sources = merged(self._rows)
        by_kind = [distinct(np.concatenate(one)) if one else np.zeros(0, dtype=np.uint64) for one in self._nodes]
        nodes = np.concatenate(by_kind)
        kinds = np.concatenate([np.full(len(one), kind, dtype=np.uint8) for kind, one in enumerate(by_kind)])
        order = np.argsort(nodes, kind="stable")
        return Linked(nodes[order], kinds[order], Links(low, high, rank), Evidence(records, first, last, sources))


def merged(rows: Sequence[tuple[NDArray[Any], ...]]) -> tuple[NDArray[Any], ...]:
    """The same links as one, in the order of their ends: (first, second, kind, records, first and last seen, sources)
    of each."""
    if not any(len(one[0]) for one in rows):
        wide, narrow = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
        return wide, wide, np.zeros(0, dtype=np.uint8), narrow, narrow, narrow, wide
    low, high, rank, records, first, last, sources = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    starts = np.flatnonzero(np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])))
    return (
        low[starts],
        high[starts],
        np.minimum.reduceat(rank[order], starts),
        np.add.reduceat(records[order], starts),
        np.minimum.reduceat(first[order], starts),
        np.maximum.reduceat(last[order], starts),
        np.bitwise_or.reduceat(sources[order], starts),
    )
