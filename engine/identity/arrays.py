"""What putting persons together takes again and again, over whole arrays: places among hashes, distinct values, and
connected components."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Numbers = TypeVar("Numbers", NDArray[np.uint64], NDArray[np.int64])

_STEPS = 32
"""How far from its bucket's beginning a value is looked for one by one, before it is looked for by halves."""


def distinct(values: Numbers) -> Numbers:
    """Distinct values, sorted (numpy's own hashes them first, which takes three times as long)."""
    found = np.sort(values)
    return found[np.append(True, found[1:] != found[:-1])] if len(found) else found


def ascending(values: NDArray[Any]) -> bool:
    """Whether each value is larger than the one before."""
    return bool((values[1:] > values[:-1]).all())


class Places:
    """Where values are among sorted, distinct hashes. Hashes are spread evenly, so the first bits of one tell where it
    is about: a table of where each beginning begins, and a few steps from there."""

    def __init__(self, nodes: U64) -> None:
        self._nodes = nodes
        bits = max(1, len(nodes).bit_length() - 1)
        self._shift = np.uint64(64 - bits)
        counts = np.bincount((nodes >> self._shift).view(np.int64), minlength=1 << bits)
        self._begins = np.cumsum(counts) - counts

    def of(self, values: U64) -> Ints:
        """The place of each; all of them are there."""
        if not len(self._nodes):
            return np.zeros(len(values), dtype=np.int64)
        found = self._begins.take((values >> self._shift).view(np.int64))
        wrong = np.flatnonzero(self._nodes.take(found, mode="clip") != values)
        for _ in range(_STEPS):
            if not len(wrong):
                return found
            there = found[wrong] + 1
            found[wrong] = there
            wrong = wrong[self._nodes.take(there, mode="clip") != values.take(wrong)]
        found[wrong] = np.searchsorted(self._nodes, values[wrong])
        return found


def components(count: int, first: Ints, second: Ints) -> Ints:
    """For each of so many nodes the smallest that links lead to from it.

    Each root takes the smallest neighbour's number, trees are made flat, and links inside a tree are dropped: at least
    half of the roots that still have links go in each round, whatever the links are like.
    """
    found = np.arange(count, dtype=np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    while len(low):
        np.minimum.at(found, high, low)
        above = found.take(high)
        while not np.array_equal(further := found.take(above), above):
            found[high] = above = further
        low = found.take(low)
        open_ = low != above
        low, high = low[open_], above[open_]
        low, high = np.minimum(low, high), np.maximum(low, high)
    while not np.array_equal(further := found.take(found), found):
        found = further
    return found


def numbered(smallest: Ints) -> Ints:
    """Persons numbered in the order of their smallest nodes, which are given for each node."""
    rank: Ints = np.cumsum(smallest == np.arange(len(smallest))) - 1
    return rank.take(smallest)
