"""Set algebra over truth tables against plain sets, for any formula."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.membership.algebra import Algebra, TruthTable
from engine.membership.without import others
from engine.sql.formula import Complement, Formula, Group, Leaf

LEAVES = 6
formulas = st.recursive(
    st.integers(0, LEAVES - 1).map(Leaf),
    lambda inner: (
        st.builds(Complement, inner) | st.builds(Group, st.booleans(), st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=8,
)
tables = st.dictionaries(st.integers(0, 2**LEAVES - 1), st.integers(1, 50), max_size=20)


def holds(formula: Formula, mask: int) -> bool:
    match formula:
        case Leaf(index):
            return bool(mask >> index & 1)
        case Complement(part):
            return not holds(part, mask)
        case Group(every, parts):
            return (all if every else any)(holds(part, mask) for part in parts)


@given(formulas, tables)
def test_sizes(formula: Formula, table: dict[int, int]) -> None:
    masks = np.array(list(table), dtype=np.int64)
    weights = np.array(list(table.values()), dtype=np.int64)
    expected = sum(count for mask, count in table.items() if holds(formula, mask))
    assert Algebra(TruthTable([masks], weights, 60)).size(formula) == expected
    low, high = masks & 0b111, masks >> 3
    assert Algebra(TruthTable([low, high], weights, 3)).size(formula) == expected


@given(st.booleans(), st.lists(formulas, max_size=4), tables)
def test_others_leave_one_part_out(every: bool, parts: list[Formula], table: dict[int, int]) -> None:
    masks = np.array(list(table), dtype=np.int64)
    algebra = Algebra(TruthTable([masks], None, 60))
    for i, bits in enumerate(others(Group(every, tuple(parts)), algebra)):
        rest = Group(every, tuple(parts[:i] + parts[i + 1 :]))
        assert algebra.table.count(bits) == sum(holds(rest, mask) for mask in table)
