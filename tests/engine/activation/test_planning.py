"""Identifiers that would go are remembered by their hashes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.activation import planning
from engine.activation.planning import Hashes

values = st.lists(st.tuples(st.sampled_from(["email", "phone"]), st.text(max_size=3)), max_size=30)


@given(values, values, values)
def test_what_was_added_is_in_it(first: list[tuple[str, str]], second: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:  # fmt: skip
    for few in (0, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(planning, "_FEW", few)
            kept = Hashes()
            kept.add(first)
            assert all(value in kept for value in first)
            kept.add(second)
            assert len(kept) == len(first) + len(second)
            assert [value in kept for value in other] == [value in {*first, *second} for value in other]
