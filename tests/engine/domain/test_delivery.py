"""What an audience says about its delivery: parts that have nobody in common, and what is wrong said with its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.audience_codec import read_audience
from engine.domain.delivery import read_delivery
from engine.errors import EngineError

PART = {"name": "a", "percent": 50, "destinations": ["crm"]}


@given(st.lists(st.integers(0, 50), min_size=1, max_size=3), st.lists(st.text(min_size=1), min_size=1, max_size=40))
def test_nobody_is_in_two_parts_and_everyone_stays(shares: list[int], keys: list[str]) -> None:
    shares = shares if sum(shares) <= 100 else [20] * len(shares)
    places = [f"d{i}" for i in range(len(shares))]
    parts = [{"name": n, "percent": s, "destinations": [n]} for n, s in zip(places, shares, strict=True)]
    found = read_delivery({"destinations": [*places, "all"], "splits": {"seed": "x", "parts": parts}}).splits
    again = read_delivery({"destinations": [*places, "all"], "splits": {"seed": "x", "parts": parts}}).splits
    assert found is not None
    assert again is not None
    assert found.share("all") is None
    for key in keys:
        tests = [(found.share(place), again.share(place)) for place in places]
        held = [one(key) for one, _ in tests if one is not None]
        assert sum(held) <= 1
        assert held == [other(key) for _, other in tests if other is not None]


def test_shares_are_about_what_they_say() -> None:
    found = read_delivery({"destinations": ["crm"], "splits": [PART | {"percent": 12.5}]}).splits
    assert found is not None
    share = found.share("crm")
    assert share is not None
    assert 1_100 < sum(share(str(i)) for i in range(10_000)) < 1_400


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"splits": [PART, PART]}, "splits[1].name"),
        ({"splits": [PART, PART | {"name": "b", "percent": 51}]}, "splits[1].percent"),
        ({"splits": [PART | {"percent": True}]}, "splits[0].percent"),
        ({"splits": [PART | {"destinations": ["other"]}]}, "splits[0].destinations[0]"),
        ({"splits": {"parts": [PART | {"share": 1}]}}, "splits.parts[0]"),
        ({"splits": {"seed": "x"}}, "splits.parts"),
        ({"holdout": 101}, "holdout.percent"),
        ({"suppress": [{"list": "a", "audience": "b"}]}, "suppress[0]"),
        ({"min_size": -1}, "min_size"),
    ],
)
def test_what_is_wrong_is_said_when_the_audience_is_read(settings: dict[str, Any], path: str) -> None:
    document = {"kind": "audience", "id": "a", "rule": {"all": []}, "destinations": ["crm"], **settings}
    with pytest.raises(EngineError) as caught:
        read_audience(document)
    assert caught.value.path == path


def test_names_come_before_and_after_what_is_named_by_its_kind() -> None:
    found = read_delivery({"suppress": ["any-one", {"list": "never"}, "other", {"audience": "fraud"}]})
    assert found.suppress == (("any", "any-one"), ("list", "never"), ("any", "other"), ("audience", "fraud"))
    assert read_delivery({"destinations": ["a", "b", "a"]}).destinations == ("a", "b")
    assert read_delivery({"min_size": 0}).min_size == 0
    for wrong in ({}, {"list": "a", "audience": "b"}):
        with pytest.raises(EngineError) as refused:
            read_delivery({"suppress": ["a", wrong]})
        assert refused.value.path == "suppress[1]"
