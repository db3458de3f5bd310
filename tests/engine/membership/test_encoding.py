"""Snapshots written as algebra mean the same when they are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from engine.bitmap.algebra import BitmapAlgebra
from engine.bitmap.library import ProfileSet
from engine.membership.encoding import MOST_PARTS, bitmaps_in, decode, encode
from engine.sql.formula import Complement, Formula, Group, Leaf
from engine.store.bitmaps import Found

EVERYONE = BitMap(range(12))
formulas = st.recursive(
    st.integers(0, 3).map(Leaf),
    lambda inner: st.one_of(
        inner.map(Complement), st.builds(Group, st.booleans(), st.lists(inner, max_size=4).map(tuple))
    ),
    max_leaves=8,
)
leaves = st.lists(st.tuples(st.frozensets(st.integers(0, 11)).map(BitMap), st.booleans()), min_size=4, max_size=4)


@given(formulas, leaves)
def test_reading_gives_the_set_that_was_frozen(formula: Formula, given_leaves: list[tuple[BitMap, bool]]) -> None:
    sets = [ProfileSet(bits, inverted) for bits, inverted in given_leaves]
    ids = {i: Found(100 + i, inverted) for i, (_, inverted) in enumerate(given_leaves)}
    text = encode(formula, ids)
    assert text is not None
    algebra = BitmapAlgebra(EVERYONE, lambda index: sets[index])
    found = decode(text, EVERYONE, lambda identifier: given_leaves[identifier - 100][0])
    assert algebra.written(found) == algebra.members(formula)
    assert set(bitmaps_in(text)) <= {100, 101, 102, 103}


def test_long_algebra_and_conditions_that_are_not_kept_are_not_encoded() -> None:
    ids = {0: Found(1, False)}
    assert encode(Group(True, (Leaf(0),) * MOST_PARTS), ids) is None
    assert encode(Leaf(7), ids) is None
    assert encode(Group(True, (Leaf(0), Complement(Leaf(0)))), ids) == '["&",1,["-",1]]'
