"""Persons out of links: the two protections, and that nothing depends on the order of what comes in."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.graph import Limits, Links, Persons, resolve

ACCOUNT, EMAIL, DEVICE = 0, 1, 2
LIMITS = (Limits(most=1), Limits(most=3, shared=None), Limits(shared=1))


def persons(nodes: dict[int, int], links: Sequence[tuple[int, int]], limits: Sequence[Limits] = LIMITS) -> Persons:
    """Nodes by number with their kinds; links are as strong as their weaker end."""
    pairs = np.array(links, dtype=np.uint64).reshape(-1, 2)
    rank = np.array([max(nodes[a], nodes[b]) for a, b in links], dtype=np.uint8)
    ids = np.array(list(nodes), dtype=np.uint64)
    kinds = np.array(list(nodes.values()), dtype=np.uint8)
    return resolve(ids, kinds, Links(pairs[:, 0], pairs[:, 1], rank), limits)


def groups(found: Persons) -> set[frozenset[int]]:
    made: dict[int, set[int]] = {}
    for node, one in zip(found.nodes.tolist(), found.person.tolist(), strict=True):
        made.setdefault(one, set()).add(node)
    return {frozenset(one) for one in made.values()}


def test_identifiers_that_meet_are_one_person() -> None:
    found = persons({1: ACCOUNT, 2: EMAIL, 3: DEVICE, 4: EMAIL, 9: ACCOUNT}, [(1, 2), (2, 3), (1, 4)])
    assert groups(found) == {frozenset({1, 2, 3, 4}), frozenset({9})}
    assert not found.quarantined.any()
    assert not found.refused.any()


def test_a_tablet_of_two_accounts_is_in_quarantine_and_joins_nobody() -> None:
    found = persons({1: ACCOUNT, 2: ACCOUNT, 3: DEVICE, 4: EMAIL}, [(1, 3), (2, 3), (3, 4)])
    assert groups(found) == {frozenset({one}) for one in (1, 2, 3, 4)}
    assert found.nodes[found.quarantined].tolist() == [3]


def test_a_link_that_would_give_someone_two_accounts_is_refused_the_stronger_ones_stay() -> None:
    nodes = {1: ACCOUNT, 2: ACCOUNT, 3: EMAIL, 4: EMAIL, 5: DEVICE}
    found = persons(nodes, [(1, 3), (2, 4), (3, 5), (4, 5)])
    assert groups(found) in ({frozenset({1, 3, 5}), frozenset({2, 4})}, {frozenset({1, 3}), frozenset({2, 4, 5})})
    assert found.refused.sum() == 1


def test_a_value_that_touches_too_many_is_in_quarantine() -> None:
    limits = (Limits(most=1), Limits(shared=None, links=3), Limits())
    nodes = {1: EMAIL, **dict.fromkeys(range(2, 7), DEVICE)}
    found = persons(nodes, [(1, n) for n in range(2, 7)], limits)
    assert len(groups(found)) == 6
    assert found.nodes[found.quarantined].tolist() == [1]


def test_nothing_at_all() -> None:
    found = persons({}, [])
    assert found.count == 0


def naive(nodes: dict[int, int], links: Sequence[tuple[int, int]]) -> set[frozenset[int]]:
    """The same, written down plainly."""
    touched: dict[int, set[int]] = {node: set() for node in nodes}
    for a, b in links:
        touched[a].add(b)
        touched[b].add(a)
    shared = {
        node
        for node, kind in nodes.items()
        if kind == DEVICE and sum(nodes[other] == ACCOUNT for other in touched[node] - {node}) > 1
    }
    group = {node: frozenset({node}) for node in nodes}
    for a, b in sorted(links, key=lambda pair: (max(nodes[pair[0]], nodes[pair[1]]), min(pair), max(pair))):
        if {a, b} & shared:
            continue
        both = group[a] | group[b]
        held = [sum(nodes[one] == kind for one in both) for kind in (ACCOUNT, EMAIL)]
        if group[a] == group[b] or held[0] > 1 or held[1] > 3:
            continue
        for one in both:
            group[one] = both
    return set(group.values())


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[int, int], list[tuple[int, int]]]:
    count = draw(st.integers(1, 14))
    nodes = {n * 7 + 3: draw(st.integers(0, 2)) for n in range(count)}
    names = list(nodes)
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda pair: pair[0] != pair[1])
    links = draw(st.lists(pairs, max_size=24)) if count > 1 else []
    return nodes, links


@given(worlds(), st.randoms(use_true_random=False))
def test_it_is_what_the_plain_rule_says_in_whatever_order(world: Any, rng: random.Random) -> None:
    nodes, links = world
    first = groups(persons(nodes, links))
    assert first == naive(nodes, links)
    shuffled = [pair if rng.random() < 0.5 else pair[::-1] for pair in links]
    rng.shuffle(shuffled)
    order = list(nodes.items())
    rng.shuffle(order)
    assert groups(persons(dict(order), shuffled)) == first
