"""Ids stay: over full runs anew, shuffles and new data; merges and splits are told."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.stability import EMPTY, Known, Named, as_known, named


def run(groups: list[set[int]], known: Known, number: int) -> tuple[Named, Known, dict[int, str]]:
    """Name persons given as sets of nodes; who has which id."""
    pairs = sorted((node, place) for place, group in enumerate(sorted(groups, key=min)) for node in group)
    nodes = np.array([node for node, _ in pairs], dtype=np.uint64)
    person = np.array([place for _, place in pairs], dtype=np.int64)
    found = named(nodes, person, known, number)
    return found, as_known(nodes, person, found), {node: found.ids[place] for node, place in pairs}


def test_ids_stay_and_changes_are_told() -> None:
    first, known, ids = run([{1, 2, 3}, {4, 5}, {6}], EMPTY, 1)
    assert first.new == set(ids.values())
    again, known, same = run([{1, 2, 3}, {4, 5}, {6}], known, 2)
    assert (same, again.new, again.merged, again.split) == (ids, frozenset(), (), ())
    merged, known, now = run([{1, 2, 3, 4, 5}, {6, 7}, {8}], known, 3)
    assert now[4] == ids[1]
    assert merged.merged == ((ids[4], ids[1]),)
    assert now[6] == now[7] == ids[6]
    assert merged.new == {now[8]}
    split, known, last = run([{1, 2, 3}, {4, 5}, {6, 7}, {8}], known, 4)
    assert last[1] == ids[1]
    assert split.split == ((ids[1], last[4]),)
    assert last[4] not in (ids[1], now[6])


def test_of_two_that_become_one_the_older_id_stays() -> None:
    _, known, ids = run([{50, 51}], EMPTY, 1)
    _, known, more = run([{50, 51}, {1, 2, 3}], known, 2)
    found, _, now = run([{50, 51, 1, 2, 3}], known, 3)
    assert set(now.values()) == {ids[50]}
    assert found.merged == ((more[1], ids[50]),)


partitions = st.lists(st.integers(0, 4), min_size=1, max_size=12)


def grouped(labels: list[int]) -> list[set[int]]:
    made: dict[int, set[int]] = {}
    for node, label in enumerate(labels):
        made.setdefault(label, set()).add(node + 1)
    return list(made.values())


@given(st.lists(partitions, min_size=1, max_size=6))
def test_every_id_is_one_person_and_none_is_ever_lost(history: list[list[int]]) -> None:
    known, leads = EMPTY, dict[str, str]()
    before: dict[int, str] = {}
    for number, labels in enumerate(history):
        groups = grouped(labels)
        found, known, ids = run(groups, known, number)
        assert len(set(found.ids)) == len(groups), "two persons never share an id"
        leads |= dict(found.merged)
        for one in set(before.values()) & set(found.ids):
            leads.pop(one, None)
        for old in {before[node] for node in before if node in ids}:
            assert old in found.ids or leads[old] in found.ids, "an id stays or leads to one that is there"
        _, _, again = run(groups, known, number + 1)
        assert again == ids
        before = ids


@given(partitions)
def test_the_same_data_make_the_same_ids_anywhere(labels: list[int]) -> None:
    one: Any = run(grouped(labels), EMPTY, 1)
    other: Any = run(list(reversed(grouped(labels))), EMPTY, 9)
    assert one[2] == other[2]
