"""Set algebra over a truth table: every size of a rule from one count by condition pattern.

A truth table lists patterns (which conditions hold) with how many profiles show each. Sets of patterns are packed bits,
so a rule of thousands of conditions stays small. Sizes without one condition use running prefixes and suffixes of each
group: the whole rule costs one pass per condition and level, not one evaluation of everything per condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.sql.formula import Complement, Formula, Group, Leaf

Bits: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class TruthTable:
    """``masks`` holds one integer column for each 60 conditions; ``weights`` counts profiles, None means one each."""

    masks: Sequence[NDArray[np.int64]]
    weights: NDArray[np.int64] | None
    bits_a_word: int

    @property
    def rows(self) -> int:
        """The number of patterns (or profiles, when weights are None)."""
        return len(self.masks[0])

    def leaf(self, index: int) -> Bits:
        """The patterns in which a condition holds."""
        mask = self.masks[index // self.bits_a_word]
        return np.packbits((mask >> (index % self.bits_a_word)) & 1 == 1)

    def everyone(self) -> Bits:
        """All patterns."""
        return np.packbits(np.ones(self.rows, dtype=bool))

    def nobody(self) -> Bits:
        """No pattern."""
        return np.packbits(np.zeros(self.rows, dtype=bool))

    def count(self, bits: Bits) -> int:
        """How many profiles a set of patterns stands for."""
        if self.weights is None:
            return int(np.bitwise_count(bits).sum())
        return int(self.weights[self.unpacked(bits)].sum())

    def unpacked(self, bits: Bits) -> NDArray[np.bool_]:
        """The set as one boolean a pattern."""
        return np.unpackbits(bits, count=self.rows).astype(bool)


class Algebra:
    """Evaluates formulas over one truth table, keeping what it computed."""

    def __init__(self, table: TruthTable) -> None:
        self.table = table
        self._everyone = table.everyone()
        self._nobody = table.nobody()
        self._leaves: dict[int, Bits] = {}
        self._known: dict[int, tuple[Formula, Bits]] = {}

    def evaluate(self, formula: Formula) -> Bits:
        """The patterns a formula holds in; equal objects are evaluated once."""
        found = self._known.get(id(formula))
        if found is not None:
            return found[1]
        bits = self._evaluate(formula)
        self._known[id(formula)] = (formula, bits)  # keeping the formula keeps its id its own
        return bits

    def _evaluate(self, formula: Formula) -> Bits:
        match formula:
            case Leaf(index):
                if index not in self._leaves:
                    self._leaves[index] = self.table.leaf(index)
                return self._leaves[index]
            case Complement(part):
                return self._everyone & ~self.evaluate(part)
            case Group(every, parts):
                result = self._everyone if every else self._nobody
                for part in parts:
                    bits = self.evaluate(part)
                    result = result & bits if every else result | bits
                return result

    def size(self, formula: Formula) -> int:
        """How many profiles a formula holds for."""
        return self.table.count(self.evaluate(formula))

    def identity(self, every: bool) -> Bits:
        """What an empty group denotes."""
        return self._everyone if every else self._nobody

    def complement(self, bits: Bits) -> Bits:
        """Everyone who is not in the set."""
        return self._everyone & ~bits
