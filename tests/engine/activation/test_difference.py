"""One pass over two sorted lists against what sets say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.activation.difference import changes

PEOPLE = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("123"))


@given(PEOPLE, PEOPLE, PEOPLE)
def test_every_key_is_told_once(want: dict[str, str], have: dict[str, str], refused: dict[str, str]) -> None:
    found = list(changes(iter(sorted(want.items())), iter(sorted(have.items())), refused))
    assert [key for _, key, _, _ in found] == sorted(want.keys() | have.keys())
    after = dict(have)
    for change, key, old, new in found:
        if change in ("remove", "change"):
            assert after.pop(key) == old
        if change in ("add", "change"):
            after[key] = new
    left_out = {key for key, payload in want.items() if refused.get(key) == payload and have.get(key) != payload}
    assert after == {key: payload for key, payload in want.items() if key not in left_out}
