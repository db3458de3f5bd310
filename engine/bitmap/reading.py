"""Runs the scans of a plan and turns their rows into bitmaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from engine.bitmap.bits import from_flags, from_unsorted
from engine.bitmap.library import ProfileSet
from engine.bitmap.numbering import TraitColumn
from engine.bitmap.planner import CountGroup, Missing, TraitGroup
from engine.errors import EngineError
from engine.jobs import Job
from engine.sql.build import Statement
from engine.sql.counting import Constants, CountScans
from engine.sql.events import holds_when_empty
from engine.sql.shared import Scans
from engine.warehouses.protocol import Scratch

Found = Iterator[tuple[int, ProfileSet]]

MOST_VALUES = 1 << 16
"""A trait with more distinct values than this is tested profile by profile."""
BYTES_A_GROUP = 96
"""Memory of one (constant, profile) pair while it is grouped and fetched: hash table entry, row, sort."""
_MOST_SHARES = 64
_COLUMN = 8


@dataclass
class Scan:
    """One scan as the plan prints it: what is read, in how many slices, for how many conditions.

    ``bytes`` is about what the columns it looks at take uncompressed, ``memory`` about what its largest slice needs.
    """

    shape: str
    source: str
    conditions: int
    rows: int = 0
    slices: int = 1
    bytes: int = 0
    memory: int = 0
    moved: int = 0
    """Windows whose counters were moved: only rows that entered or left them were read."""
    recounted: int = 0
    """Windows counted anew, because rows inside the old ones had changed."""

    def sized(self, rows: int, width: int, a_row: int) -> None:
        """Fill in what depends on the number of rows."""
        self.rows, self.bytes = rows, rows * width
        self.memory = ceil(rows / self.slices) * a_row


class SiteReader:
    """Finds the conditions of one site; ``memory`` bounds the bytes of one slice."""

    def __init__(
        self,
        scans: Scans,
        counting: CountScans,
        scratch: Scratch,
        everyone: BitMap,
        capacity: int,
        memory: int,
        job: Job | None = None,
    ) -> None:
        self._scans = scans
        self._counting = counting
        self._scratch = scratch
        self._everyone = everyone
        self._capacity = capacity
        self._memory = memory
        self._job = job

    # -- traits ----------------------------------------------------------------------------------------------------

    def traits(self, group: TraitGroup, scan: Scan) -> Found:
        """The conditions on one trait."""
        operators = [operator for _, operator in group.tests]
        indexes = [index for index, _ in group.tests]
        self.size_traits(scan)
        table = self._stage_values(group.trait)
        try:
            if self.rows(self._scans.staged_count(table))[0][0] > MOST_VALUES:
                yield from self._profile_by_profile(group.trait, operators, indexes)
                return
            tests = self.arrays(self._scans.trait_tests(group.trait, operators, table))
            masks = np.zeros(len(tests["code"]), dtype=np.int64)
            masks[tests["code"]] = tests["mask"]
            codes = self._codes(group.trait, table, len(masks))
        finally:
            self._scratch.drop(table)
        for bit, index in enumerate(indexes):
            passing = np.concatenate([[False], (masks >> bit) & 1 == 1])
            yield index, ProfileSet(from_flags(passing[codes]))

    def _stage_values(self, trait: str) -> str:
        table = "trait_values"
        values = self._scans.trait_values(trait, MOST_VALUES + 1)
        self._scratch.stage(table, values.sql, values.parameters, self._job)
        return table

    def _codes(self, trait: str, table: str, distinct: int) -> NDArray[Any]:
        """The number of every profile's value by ordinal, from 1; 0 where no profile has this ordinal."""
        rows = self.arrays(self._scans.trait_codes(trait, table))
        codes = np.zeros(self._capacity, dtype=np.uint16 if distinct < MOST_VALUES else np.uint32)
        codes[rows["ordinal"]] = rows["code"] + 1
        return codes

    def labelled(self, trait: str) -> TraitColumn:
        """A trait's distinct values and every profile's; raises EngineError("too_many") for one of too many."""
        table = self._stage_values(trait)
        try:
            found = dict(self.rows(self._scans.staged_values(table)))
            if len(found) > MOST_VALUES:
                raise EngineError("too_many", f'"{trait}" has more than {MOST_VALUES:,} different values')
            codes = self._codes(trait, table, len(found))
        finally:
            self._scratch.drop(table)
        return TraitColumn(codes, tuple(found[code] for code in range(len(found))))

    def measured(self, trait: str) -> TraitColumn:
        """A numeric or temporal trait of every profile; NaN where missing."""
        rows = self.arrays(self._scans.trait_numbers(trait))
        values = np.full(self._capacity, np.nan)
        values[rows["ordinal"]] = rows["value"]
        return TraitColumn(values)

    def _profile_by_profile(self, trait: str, operators: Sequence[Any], indexes: Sequence[int]) -> Found:
        rows = self.arrays(self._scans.trait_masks(trait, operators))
        ordinals, masks = rows["ordinal"], rows["mask"]
        for bit, index in enumerate(indexes):
            yield index, ProfileSet(from_unsorted(ordinals[(masks >> bit) & 1 == 1], self._capacity))

    # -- events and objects ----------------------------------------------------------------------------------------

    def counts(self, group: CountGroup, scan: Scan) -> Found:
        """The conditions on one event or object, slice by slice."""
        slices, shares = self.slices(group, scan)
        for codes in slices:
            yield from self._slice(group, codes, shares)

    def size_traits(self, scan: Scan) -> None:
        """Fill in what a scan of a trait reads."""
        scan.sized(len(self._everyone), _COLUMN, 2 * _COLUMN)

    def slices(self, group: CountGroup, scan: Scan) -> tuple[list[list[int]], int]:
        """Constants by slice such that each fits the memory, or shares of the profiles where there are none."""
        budget = max(1, self._memory // BYTES_A_GROUP)
        if group.by is None:
            rows = self.rows(self._counting.row_count(group.tests[0]))[0][0]
            scan.slices = min(_MOST_SHARES, ceil(max(1, rows) / budget))
            scan.sized(rows, 2 * _COLUMN, BYTES_A_GROUP)
            return [[0]], scan.slices
        constants = Constants(group.by, group.constants)
        counts = dict(self.rows(self._counting.constant_counts(group.tests[0], constants)))
        slices: list[list[int]] = [[]]
        filled = 0
        for code in range(len(group.constants)):
            rows = counts.get(code, 0)
            if slices[-1] and filled + rows > budget:
                slices.append([])
                filled = 0
            slices[-1].append(code)
            filled += rows
        scan.slices = len(slices)
        scan.sized(sum(counts.values()), 3 * _COLUMN, BYTES_A_GROUP)
        return slices, 1

    def _slice(self, group: CountGroup, codes: list[int], shares: int) -> Found:
        """One slice; when even that is too large for the memory given, it is halved again and again."""
        wanted = None
        if group.by is not None:
            wanted = Constants(group.by, tuple(group.constants[code] for code in codes))
        try:
            parts = [
                self.arrays(self._counting.counted(group.tests, wanted, (i, shares) if shares > 1 else None))
                for i in range(shares)
            ]
        except EngineError as error:
            if error.code != "memory" or shares >= _MOST_SHARES:
                raise
            if len(codes) > 1:
                middle = len(codes) // 2
                yield from self._slice(group, codes[:middle], shares)
                yield from self._slice(group, codes[middle:], shares)
            else:
                yield from self._slice(group, codes, shares * 4)
            return
        yield from self._sets(group, codes, parts)

    def _sets(self, group: CountGroup, codes: list[int], parts: list[dict[str, Any]]) -> Found:
        places = np.concatenate([part.pop("code") for part in parts]).astype(np.uint16)
        ordinals = np.concatenate([part.pop("ordinal") for part in parts]).astype(np.uint32)
        masks = np.concatenate([part.pop("mask") for part in parts])
        if len(codes) > 1:  # sixteen bits sort by radix, in linear time
            order = np.argsort(places, kind="stable")
            places, ordinals, masks = places[order], ordinals[order], masks[order]
        edges = np.searchsorted(places, np.arange(len(codes) + 1))
        by_code: dict[int, list[tuple[int, int]]] = {}
        for code, test, index in group.wanted:
            by_code.setdefault(code, []).append((test, index))
        for place, code in enumerate(codes):
            low, high = edges[place], edges[place + 1]
            for test, index in by_code.get(code, []):
                bits = from_unsorted(ordinals[low:high][(masks[low:high] >> test) & 1 == 1], self._capacity)
                yield index, ProfileSet(self.known(bits), holds_when_empty(group.tests[test].measure))

    def known(self, bits: BitMap) -> BitMap:
        """Without profiles that have vanished."""
        return bits if len(self._everyone) == self._capacity else bits & self._everyone

    # -- one by one ------------------------------------------------------------------------------------------------

    def alone(self, missing: Missing) -> ProfileSet:
        """One condition by its own SQL; by shares of the profiles when the memory given is too small for all."""
        shares = 1
        while True:
            try:
                found = [
                    self.arrays(self._scans.alone(missing.condition, missing.path, (i, shares) if shares > 1 else None))
                    for i in range(shares)
                ]
            except EngineError as error:
                if error.code != "memory" or shares >= _MOST_SHARES:
                    raise
                shares *= 4
                continue
            return ProfileSet(from_unsorted(np.concatenate([part["ordinal"] for part in found]), self._capacity))

    def ranks(self, trait: str, *, descending: bool) -> NDArray[np.uint32]:
        """The rank of every ordinal by a trait, from 1; 0 where there is no profile."""
        rows = self.arrays(self._scans.ranks(trait, descending=descending))
        result = np.zeros(self._capacity, dtype=np.uint32)
        result[rows["ordinal"]] = rows["rank"]
        return result

    def arrays(self, statement: Statement) -> dict[str, NDArray[Any]]:
        """The columns of a statement."""
        found = self._scratch.arrays(statement.sql, statement.parameters, self._job)
        return {name: np.asarray(np.ma.getdata(column)) for name, column in found.items()}

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return self._scratch.rows(statement.sql, statement.parameters, self._job)


def everyone(scans: Scans, scratch: Scratch, capacity: int, job: Job | None = None) -> BitMap:
    """The ordinals of all profiles a site has now."""
    statement = scans.everyone()
    found = scratch.arrays(statement.sql, statement.parameters, job)["ordinal"]
    return from_unsorted(np.asarray(np.ma.getdata(found)), capacity)
