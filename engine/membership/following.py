"""An audience that follows what some profiles do: who is in of those alone is found anew, all others stay.

Its snapshot is algebra over three bitmaps: those who were in when everybody was last looked at, less those who left
since, and those who came. Only the two small ones are written at each step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from engine.bitmap.library import Library
from engine.domain.audience import Audience
from engine.domain.model import Site
from engine.errors import EngineError
from engine.membership.algebra import Algebra, TruthTable
from engine.membership.encoding import decode
from engine.membership.evaluate import Catalogue
from engine.sql.compile import WORD_BITS, Compiler, World
from engine.sql.formula import Expansion
from engine.store.runs import SnapshotRow
from engine.warehouses.protocol import Scratch

_FEW = 20_000
"""So many may have come and gone before the members are written out as a whole."""


@dataclass(frozen=True)
class Standing:
    """An audience in a site as it stands: its snapshot, what it was when everybody was last looked at (as text and as
    members), and who is in now."""

    row: SnapshotRow
    whole: str
    then: BitMap
    now: BitMap

    @classmethod
    def of(cls, row: SnapshotRow, library: Library) -> Standing:
        """As a snapshot says."""
        everyone = library.bitmap(row.base)

        def members(text: str) -> BitMap:
            found = decode(text, everyone, library.bitmap)
            return everyone - found.bits if found.inverted else BitMap(found.bits)

        now = members(row.members)
        match json.loads(row.members):
            case ["|", ["&", whole, ["-", int()]], int()]:
                text = json.dumps(whole, separators=(",", ":"))
                return cls(row, text, members(text), now)
        return cls(row, row.members, now, now)

    def moved(self, touched: BitMap, members: BitMap) -> Standing:
        """After some profiles were looked at, of whom ``members`` are in."""
        now = (self.now - touched) | members
        came, went = len(now - self.now), len(self.now - now)
        row = replace(self.row, size=len(now), added=came, removed=went)
        return Standing(row, self.whole, self.then, now)

    @property
    def changed(self) -> bool:
        """Whether anybody came or went at the last step."""
        return bool(self.row.added or self.row.removed)


class Undelivered:
    """Who came or went of audiences since they were last delivered: a delivery that was missed is made up for by
    looking at these alone. Forgotten when there are ``most``, or when everybody was looked at meanwhile."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._moved: dict[str, dict[str, BitMap]] = {}
        self._runs: dict[str, set[int]] = {}
        self._last: dict[str, int] = {}

    def add(self, audience: str, before: int, run: int, moved: Mapping[str, BitMap]) -> None:
        """At a step from one run to another some came or went, by site."""
        if self._last.get(audience) != before or self._many(audience):
            self.delivered(audience)
        known = self._moved.setdefault(audience, {})
        for site, bits in moved.items():
            known[site] = known.get(site, BitMap()) | bits
        self._runs.setdefault(audience, set()).add(before)
        self._last[audience] = run

    def _many(self, audience: str) -> bool:
        return sum(map(len, self._moved.get(audience, {}).values())) > self._most

    def of(self, audience: str, site: str) -> BitMap:
        """Everybody who moved there."""
        return self._moved.get(audience, {}).get(site, BitMap())

    def runs(self, audience: str) -> frozenset[int]:
        """The runs since one of which this is all that can have changed."""
        return frozenset(self._runs.get(audience, ()))

    def delivered(self, audience: str) -> None:
        """It is all there."""
        self._moved.pop(audience, None)
        self._runs.pop(audience, None)


def written(standings: Sequence[Standing], library: Library) -> list[Standing]:
    """The same with the texts of their snapshots, whose bitmaps are on disk then."""
    sets: list[BitMap] = []
    places: list[tuple[int, ...]] = []
    for one in standings:
        came, went = one.now - one.then, one.then - one.now
        alone = len(came) + len(went) > max(_FEW, len(one.then) // 8)
        mine = [one.now] if alone else [went, came]
        places.append(tuple(range(len(sets), len(sets) + len(mine))))
        sets += mine
    ids = library.add(sets)
    return [_named(one, [ids[place] for place in mine]) for one, mine in zip(standings, places, strict=True)]


def _named(one: Standing, ids: Sequence[int]) -> Standing:
    if len(ids) == 1:
        return replace(one, row=replace(one.row, members=str(ids[0])), whole=str(ids[0]), then=one.now)
    went, came = ids
    text = json.dumps(["|", ["&", json.loads(one.whole), ["-", went]], came], separators=(",", ":"))
    return replace(one, row=replace(one.row, members=text))


@dataclass(frozen=True)
class Few:
    """The profiles of a scratch table that are in a site: their keys, and by audience which of them are members."""

    keys: NDArray[Any]
    members: dict[str, NDArray[np.bool_]]


def found_among(world: World, site: Site, audiences: Sequence[Audience], catalogue: Catalogue, scratch: Scratch) -> Few:
    """Who is in each audience of the profiles that the world is limited to; raises EngineError("warehouse") when a key
    is there twice."""
    expansion = Expansion(site.id, catalogue)
    formulas = {one.id: expansion.audience(one) for one in audiences}
    compiler = Compiler(world, expansion.leaves, site)
    masks: list[NDArray[np.int64]] = []
    keys: NDArray[Any] = np.array([])
    for first in range(0, max(1, len(expansion.leaves)), WORD_BITS):
        indexes = range(first, min(first + WORD_BITS, len(expansion.leaves)))
        statement = compiler.masks(indexes, site.id, keys=True)
        rows = scratch.table(statement.sql, statement.parameters)
        keys = rows.column("key").to_numpy()
        masks.append(rows.column("mask").to_numpy())
    if len(set(keys.tolist())) < len(keys):
        raise EngineError("warehouse", f"the site {site.id} has a profile key twice", hint="See convoke model check.")
    table = TruthTable(masks, None, WORD_BITS)
    algebra = Algebra(table)
    return Few(keys, {name: table.unpacked(algebra.evaluate(formula)) for name, formula in formulas.items()})
