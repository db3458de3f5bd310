"""What a rule's conditions do together: the waterfall, near misses, exclusive intersections, reach and overlap.

All of it is set algebra over bitmaps that the live size has found already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyroaring import BitMap

from engine.bitmap.algebra import BitmapAlgebra
from engine.bitmap.bits import to_array
from engine.domain.audience import Audience
from engine.domain.model import Site
from engine.domain.rule import All, AnyOf, Node, Sql
from engine.domain.walk import unmuted
from engine.membership.portfolio import Portfolio, members_in
from engine.membership.without import others
from engine.sql.formula import Expansion, Formula, Group

MOST_PARTS = 16
"""Exclusive intersections are counted of so many parts of a rule: one bit each of a 16-bit number a profile."""


@dataclass(frozen=True)
class Part:
    """A part of the rule (a child of its outermost group).

    ``size`` is its own; ``after`` how many are left (ALL) or reached (ANY) after it and those before it; ``only`` how
    many fail nothing but it (ALL: the near misses) or are in nothing but it (ANY).
    """

    path: str
    size: int
    after: int
    only: int


@dataclass(frozen=True)
class Combination:
    """How many profiles are in exactly these parts, by their numbers."""

    parts: tuple[int, ...]
    size: int


@dataclass(frozen=True)
class Insight:
    """How the parts of a rule make its size. ``every``: all of them must hold, else any."""

    every: bool
    base: int
    size: int
    parts: tuple[Part, ...]
    combinations: tuple[Combination, ...]
    left_out: int
    """Combinations beyond those listed."""


def parts_of(rule: Node) -> tuple[bool, list[tuple[str, Node]]]:
    """The outermost parts of a rule that count, with their paths, and whether all of them must hold."""
    match rule:
        case All(children) | AnyOf(children) if not rule.muted:
            step = "all" if isinstance(rule, All) else "any"
            listed = [(f"rule.{step}[{i}]", child) for i, child in enumerate(children) if unmuted(child) is not None]
            return isinstance(rule, All), listed
        case _:
            return True, [] if unmuted(rule) is None else [("rule", rule)]


def insight(portfolio: Portfolio, audience: Audience, sites: Sequence[Site], most: int = 12) -> Insight:
    """How the parts of an audience's rule make its size; the ``most`` frequent combinations."""
    every, listed = parts_of(audience.rule)
    totals = np.zeros((len(listed), 3), dtype=np.int64)
    cells: Counter[int] = Counter()
    base = size = 0
    for site, bitmaps, expansion, algebra in portfolio.opened([(audience, sites)]):
        if audience.sites is not None and site.id not in audience.sites:
            continue
        base += len(bitmaps.everyone)
        size += len(members_in(audience, expansion, bitmaps, algebra))
        parts = _formulas(expansion, listed)
        totals += _counted(parts, every, algebra)
        if len(listed) <= MOST_PARTS:
            cells += _cells([algebra.members(part) for part in parts], bitmaps.everyone, bitmaps.ordinals.capacity)
    common = cells.most_common(most)
    return Insight(
        every,
        base,
        size,
        tuple(Part(path, *map(int, row)) for (path, _), row in zip(listed, totals, strict=True)),
        tuple(Combination(tuple(i for i in range(len(listed)) if mask >> i & 1), n) for mask, n in common),
        len(cells) - len(common),
    )


def _formulas(expansion: Expansion, listed: Sequence[tuple[str, Node]]) -> list[Formula]:
    return [expansion.node(node, path) for path, node in listed]


def _counted(parts: Sequence[Formula], every: bool, algebra: BitmapAlgebra) -> Any:
    """Own size, running size and exclusive size of each part."""
    rest = others(Group(every, tuple(parts)), algebra)
    running = algebra.identity(every)
    rows = np.zeros((len(parts), 3), dtype=np.int64)
    for i, (part, other) in enumerate(zip(parts, rest, strict=True)):
        bits = algebra.members(part)
        running = running & bits if every else running | bits
        only = len(other - bits) if every else len(bits - other)
        rows[i] = (len(bits), len(running), only)
    return rows


def _cells(sets: Sequence[BitMap], everyone: BitMap, capacity: int) -> Counter[int]:
    """How many profiles are in exactly which sets; those in none are not counted."""
    masks = np.zeros(capacity, dtype=np.uint16)
    for bit, found in enumerate(sets):
        masks[to_array(found)] |= np.uint16(1 << bit)
    counts = np.bincount(masks[to_array(everyone)], minlength=1)
    counts[0] = 0
    return Counter({int(mask): int(counts[mask]) for mask in np.flatnonzero(counts)})


# -- with other sets ---------------------------------------------------------------------------------------------------


def reach(
    portfolio: Portfolio, audience: Audience, sites: Sequence[Site], channels: Mapping[str, Sql]
) -> dict[frozenset[str], int]:
    """How many members there are (under the empty set), and in each channel's set, and in each two of them."""
    probes = {name: Audience(name, name, node) for name, node in channels.items()}
    wanted = [(audience, sites), *((probe, sites) for probe in probes.values())]
    found: Counter[frozenset[str]] = Counter()
    for _, bitmaps, expansion, algebra in portfolio.opened(wanted):
        members = members_in(audience, expansion, bitmaps, algebra)
        found[frozenset()] += len(members)
        sets = {name: members & algebra.members(expansion.audience(probe)) for name, probe in probes.items()}
        for one, bits in sets.items():
            for other, more in sets.items():
                if one <= other:
                    found[frozenset({one, other})] += bits.intersection_cardinality(more)
    return dict(found)


@dataclass(frozen=True)
class Overlap:
    """Another audience: its size, and how many members both have."""

    id: str
    size: int
    both: int


def overlaps(
    portfolio: Portfolio, audience: Audience, others_: Sequence[Audience], sites: Sequence[Site]
) -> list[Overlap]:
    """How an audience overlaps with others within its own sites, the most shared first."""
    totals = {other.id: [0, 0] for other in others_}
    wanted = [(audience, sites), *((other, sites) for other in others_)]
    for _, bitmaps, expansion, algebra in portfolio.opened(wanted):
        members = members_in(audience, expansion, bitmaps, algebra)
        for other in others_:
            bits = members_in(other, expansion, bitmaps, algebra)
            totals[other.id][0] += len(bits)
            totals[other.id][1] += members.intersection_cardinality(bits)
    found = [Overlap(identifier, size, both) for identifier, (size, both) in totals.items()]
    return sorted(found, key=lambda one: (-one.both, one.id))
