"""Places, components and numbers over whole arrays are what the plain way finds, however hashes and links lie."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.identity.arrays import Places, ascending, components, distinct, numbered

WHOLE = st.integers(0, 2**64 - 1)
LINKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=80)


@given(st.lists(st.one_of(WHOLE, st.integers(0, 50), st.integers(2**64 - 40, 2**64 - 1)), min_size=1, max_size=200))
def test_values_are_found_among_hashes_that_are_spread_or_lie_close_together(given_: list[int]) -> None:
    values = np.array(given_, dtype=np.uint64)
    nodes = distinct(values)
    assert ascending(nodes)
    assert (nodes[Places(nodes).of(values)] == values).all()


def test_one_beginning_of_all_hashes_is_no_obstacle() -> None:
    nodes = np.uint64(7 << 60) + np.arange(5_000, dtype=np.uint64)
    assert (Places(nodes).of(nodes[::-1]) == np.arange(4_999, -1, -1)).all()
    assert len(Places(nodes[:0]).of(nodes[:0])) == 0


def by_scipy(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    ones = np.ones(len(first), dtype=np.int8)
    _, labels = connected_components(coo_array((ones, (first, second)), shape=(count, count)), directed=False)
    return np.asarray(labels, dtype=np.int64)


@given(LINKS)
def test_components_are_those_that_scipy_finds(links: list[tuple[int, int]]) -> None:
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    found = components(31, ends[:, 0], ends[:, 1])
    labels = by_scipy(31, ends[:, 0], ends[:, 1])
    assert found.tolist() == [labels.tolist().index(one) for one in labels.tolist()], "the smallest of each"


@pytest.mark.parametrize("order", ["forwards", "backwards", "mixed", "star"])
def test_a_long_chain_is_one_person(order: str) -> None:
    count = 20_000
    nodes = np.arange(count, dtype=np.int64)
    if order == "backwards":
        nodes = nodes[::-1].copy()
    if order == "mixed":
        random.Random(3).shuffle(mixed := nodes.tolist())
        nodes = np.array(mixed, dtype=np.int64)
    first, second = nodes[:-1], nodes[1:]
    if order == "star":
        first = np.full(count - 1, count - 1, dtype=np.int64)
        second = np.arange(count - 1, dtype=np.int64)
    assert not components(count, first, second).any()


def test_persons_are_numbered_by_their_smallest_node() -> None:
    assert numbered(np.array([0, 1, 0, 1, 4])).tolist() == [0, 1, 0, 1, 2]
    assert numbered(np.array([], dtype=np.int64)).tolist() == []
