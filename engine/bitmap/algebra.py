"""Set algebra over bitmaps: cheapest first, complements never written out, counts without building the set.

`a and not b` is a difference, `not a or b` the complement of a difference: an inverted set stays inverted until the
very end, where it costs one subtraction of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyroaring import BitMap

from engine.bitmap.library import ProfileSet
from engine.sql.formula import Complement, Formula, Group, Leaf

Leaves = Callable[[int], ProfileSet]
"""The set of each numbered condition; always within everyone."""


class BitmapAlgebra:
    """Evaluates formulas over one site's bitmaps, remembering shared parts."""

    def __init__(self, everyone: BitMap, leaves: Leaves) -> None:
        self.everyone = everyone
        self._leaves = leaves
        self._known: dict[int, tuple[Formula, ProfileSet]] = {}

    # -- sets ------------------------------------------------------------------------------------------------------

    def set_of(self, formula: Formula) -> ProfileSet:
        """The set of a formula; equal objects are evaluated once."""
        if isinstance(formula, Leaf):
            return self._leaves(formula.index)
        known = self._known.get(id(formula))
        if known is None:
            known = (formula, self._compute(formula))  # keeping the formula keeps its id its own
            self._known[id(formula)] = known
        return known[1]

    def forget(self) -> None:
        """Drop what was remembered."""
        self._known.clear()

    def _compute(self, formula: Formula) -> ProfileSet:
        match formula:
            case Complement(part):
                inner = self.set_of(part)
                return ProfileSet(inner.bits, not inner.inverted)
            case Group(every, parts):
                sets = [self.set_of(part) for part in parts]
                return intersection(sets) if every else inverse(intersection([inverse(one) for one in sets]))
            case Leaf(index):
                return self._leaves(index)

    def members(self, formula: Formula) -> BitMap:
        """The members, written out."""
        return self.written(self.set_of(formula))

    def written(self, found: ProfileSet) -> BitMap:
        """A set without inversion."""
        return self.everyone - found.bits if found.inverted else found.bits

    def size(self, formula: Formula) -> int:
        """How many members there are; the last step of an intersection or union only counts."""
        if isinstance(formula, Complement):
            return len(self.everyone) - self.size(formula.part)
        if isinstance(formula, Group) and id(formula) not in self._known:
            sets = [self.set_of(part) for part in formula.parts]
            if formula.every:
                return self._count(sets)
            return len(self.everyone) - self._count([inverse(one) for one in sets])
        return self.count(self.set_of(formula))

    def count(self, found: ProfileSet) -> int:
        """How many profiles a set holds."""
        return len(self.everyone) - len(found.bits) if found.inverted else len(found.bits)

    def _count(self, sets: Sequence[ProfileSet]) -> int:
        """The size of an intersection."""
        if not sets:
            return len(self.everyone)
        *first, last = _cheapest_first(sets)
        if not first:
            return self.count(last)
        inner = intersection(first)
        if inner.inverted:  # then all are: everyone but the union
            return len(self.everyone) - inner.bits.union_cardinality(last.bits)
        if last.inverted:
            return int(inner.bits.difference_cardinality(last.bits))
        return int(inner.bits.intersection_cardinality(last.bits))

    # -- as the sizes on the canvas need it ------------------------------------------------------------------------

    def evaluate(self, formula: Formula) -> BitMap:
        """The members (the name that :func:`engine.membership.without.sets_without` knows)."""
        return self.members(formula)

    def identity(self, every: bool) -> BitMap:
        """What an empty group denotes."""
        return self.everyone if every else BitMap()

    def complement(self, bits: BitMap) -> BitMap:
        """Everyone who is not in the set."""
        return self.everyone - bits


def inverse(found: ProfileSet) -> ProfileSet:
    """Everyone else."""
    return ProfileSet(found.bits, not found.inverted)


def _cheapest_first(sets: Sequence[ProfileSet]) -> list[ProfileSet]:
    """Plain sets before inverted ones, small before large: an intersection only shrinks."""
    return sorted(sets, key=lambda one: (one.inverted, len(one.bits)))


def intersection(sets: Sequence[ProfileSet]) -> ProfileSet:
    """The intersection; inverted when all parts are (and for none: everyone)."""
    if not sets:
        return ProfileSet(BitMap(), inverted=True)
    first, *rest = _cheapest_first(sets)
    if first.inverted:
        return first if not rest else ProfileSet(BitMap.union(first.bits, *[one.bits for one in rest]), inverted=True)
    bits = first.bits
    for one in rest:
        if not bits:
            break
        bits = bits - one.bits if one.inverted else bits & one.bits
    return ProfileSet(bits)
