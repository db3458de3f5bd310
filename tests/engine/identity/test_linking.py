"""Records become links with what speaks for them; how they are cut into batches changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity import linking
from engine.identity.linking import Collector, Linked

records = st.lists(
    st.tuples(
        st.one_of(st.just(0), st.integers(1, 3)),
        st.one_of(st.just(0), st.integers(11, 14)),
        st.one_of(st.just(0), st.integers(21, 24)),
        st.integers(0, 1),
        st.integers(0, 100),
    ),
    min_size=1,
    max_size=30,
)


def collected(rows: list[tuple[int, ...]], size: int) -> Linked:
    made = Collector(3)
    for source in (0, 1):
        mine = [row for row in rows if row[3] == source]
        for begin in range(0, len(mine), size):
            part = np.array(mine[begin : begin + size], dtype=np.int64)
            made.add({kind: part[:, kind].astype(np.uint64) for kind in range(3)}, source, part[:, 4])
    return made.linked()


def naive(rows: list[tuple[int, ...]]) -> dict[tuple[int, int], list[Any]]:
    found: dict[tuple[int, int], list[Any]] = {}
    for row in rows:
        there = [value for value in row[:3] if value]
        for other in there[1:]:
            found.setdefault((there[0], other), []).append((row[3], row[4]))
    return found


@given(records, st.integers(1, 9))
def test_links_and_what_speaks_for_them(rows: list[tuple[int, ...]], size: int) -> None:
    found = collected(rows, size)
    wanted = naive(rows)
    pairs = list(zip(found.links.first.tolist(), found.links.second.tolist(), strict=True))
    assert pairs == sorted(wanted)
    seen = found.evidence
    for place, pair in enumerate(pairs):
        told = wanted[pair]
        assert seen.records[place] == len(told)
        assert (seen.first[place], seen.last[place]) == (min(t for _, t in told), max(t for _, t in told))
        assert seen.sources[place] == sum({1 << s for s, _ in told})
        assert found.links.rank[place] == pair[1] // 10
    nodes = sorted({value for row in rows for value in row[:3] if value})
    assert found.nodes.tolist() == nodes
    assert found.kinds.tolist() == [node // 10 for node in nodes]


def test_many_records_are_merged_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "_MERGE_AT", 10)
    made = Collector(2)
    for _ in range(20):
        made.add({0: np.array([1, 2], dtype=np.uint64), 1: np.array([11, 12], dtype=np.uint64)}, 0)
    found = made.linked()
    assert found.evidence.records.tolist() == [20, 20]
    assert (found.evidence.first > found.evidence.last).all(), "no record had a time"


def test_sources_have_a_limit() -> None:
    with pytest.raises(ValueError, match="64 sources"):
        Collector(1).add({0: np.array([1], dtype=np.uint64)}, 64)
    assert len(Collector(1).linked().nodes) == 0
