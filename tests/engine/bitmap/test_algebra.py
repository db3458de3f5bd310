"""Set algebra over bitmaps against Python sets, with leaves that are stored inverted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from engine.bitmap.algebra import BitmapAlgebra
from engine.bitmap.library import ProfileSet
from engine.sql.formula import Complement, Formula, Group, Leaf

EVERYONE = frozenset(range(2, 12))
formulas = st.recursive(
    st.integers(0, 3).map(Leaf),
    lambda inner: st.one_of(
        inner.map(Complement),
        st.builds(Group, st.booleans(), st.lists(inner, max_size=4).map(tuple)),
    ),
    max_leaves=8,
)
leaves = st.lists(st.tuples(st.frozensets(st.sampled_from(sorted(EVERYONE))), st.booleans()), min_size=4, max_size=4)


def expected(formula: Formula, sets: list[frozenset[int]]) -> frozenset[int]:
    match formula:
        case Leaf(index):
            return sets[index]
        case Complement(part):
            return EVERYONE - expected(part, sets)
        case Group(every, parts):
            result = EVERYONE if every else frozenset()
            for part in parts:
                found = expected(part, sets)
                result = result & found if every else result | found
            return result


@given(formulas, leaves)
def test_members_and_sizes(formula: Formula, given_leaves: list[tuple[frozenset[int], bool]]) -> None:
    stored = [ProfileSet(BitMap(bits), inverted) for bits, inverted in given_leaves]
    meant = [EVERYONE - bits if inverted else bits for bits, inverted in given_leaves]
    algebra = BitmapAlgebra(BitMap(EVERYONE), lambda index: stored[index])
    wanted = expected(formula, meant)
    assert algebra.size(formula) == len(wanted)  # counted, before anything is remembered
    assert set(algebra.members(formula)) == wanted
    assert algebra.size(formula) == len(wanted)
    assert [set(one.bits) for one in stored] == [set(bits) for bits, _ in given_leaves]  # leaves are never written to
