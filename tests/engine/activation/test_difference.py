"""One pass over two sorted lists against what sets say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.activation.difference import changes

PEOPLE = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("123"))


@given(PEOPLE, PEOPLE, PEOPLE, st.sets(st.sampled_from("abcdefgh")))
def test_every_key_is_told_once(
    want: dict[str, str], have: dict[str, str], refused: dict[str, str], stale: set[str]
) -> None:
    kept = iter([(key, payload, key in stale) for key, payload in sorted(have.items())])
    found = list(changes(iter(sorted(want.items())), kept, refused))
    assert [key for _, key, _, _ in found] == sorted(want.keys() | have.keys())
    after = dict(have)
    for change, key, old, new in found:
        if change in ("remove", "change"):
            assert after.pop(key) == old
        if change in ("add", "change"):
            after[key] = new
    left_out = {key for key, payload in want.items() if refused.get(key) == payload and have.get(key) != payload}
    assert after == {key: payload for key, payload in want.items() if key not in left_out}
    again = {key for change, key, _, _ in found if change == "refresh"}
    assert again == {key for key in stale if key in have and want.get(key) == have[key]}
