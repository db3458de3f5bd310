"""Properties as columns: every value is kept, each in a column of its own, under a name that never depends on order."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ingest.properties import columns, name_of


def shuffled(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(some) for some in itertools.permutations(values.items())]


@pytest.mark.parametrize(
    ("values", "plain"),
    [
        ({"total": 1, "Total": 2, "TOTAL": 3}, {"total": 1}),
        ({"a.b": 1, "a": {"b": 2}, "a_b": 3}, {"a_b": 3}),
        ({"Product Id": 1, "product-id": 2}, {}),
        ({"x" * 70 + "1": 1, "x" * 70 + "2": 2}, {}),
        ({"total": None, "Total": 2}, {}),
        ({"ação": 1, "acao": 2, "AÇÃO": 3}, {"acao": 2}),
        ({"ts": 1, "ts_": 2, "TS": 3}, {}),
        ({"": 1, "!": 2}, {}),
    ],
)
def test_names_that_fall_together_are_apart_in_any_order(values: dict[str, Any], plain: dict[str, Any]) -> None:
    first, *others = [columns(some, {"ts"}) for some in shuffled(values)]
    assert all(one == first for one in others)
    assert sorted(first.values()) == sorted(one for one in _values(values) if one is not None)
    assert plain.items() <= first.items()
    assert "ts" not in first


def _values(values: dict[str, Any]) -> list[Any]:
    return [one for value in values.values() for one in (_values(value) if isinstance(value, dict) else [value])]


def test_the_names_are_the_same_for_ever() -> None:
    assert columns({"total": 1, "Total": 2, "TOTAL": 3}, ()) == {"total": 1, "total_34349e71": 2, "total_5755d0ac": 3}


def test_a_name_alone_is_the_plain_one() -> None:
    assert columns({"Total": 2}, ()) == {"total": 2}
    assert columns({"ship to": {"City": "Río", "zip": {"a": {"b": {"c": 1}}}}, "ids": [1, 2]}, ()) == {
        "ship_to_city": "Río",
        "ship_to_zip_a_b": '{"c": 1}',
        "ids": "[1, 2]",
    }


def test_names_without_latin_letters_are_told_apart() -> None:
    found = columns({"цена": 1, "购入": 2, "цена 2": 3, "a": {"цена": 4, "购入": 5}, "17": 6}, ())
    assert sorted(found.values()) == [1, 2, 3, 4, 5, 6]
    assert found["c_17"] == 6
    assert columns({"цена": 7}, ()).keys() == {name for name, value in found.items() if value == 1}
    assert name_of("购入") != name_of("购物")
    assert name_of("Order Completed") == "order_completed"
    assert name_of("Größe") == "groe", "as before"


KEYS = st.sampled_from(["a", "A", "a_b", "a.b", "b", "ts", "ts_", "à", "", "ж", "a_b_c", "B c"])
TREES = st.recursive(st.integers(), lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=4), max_leaves=12)


@settings(derandomize=True, max_examples=150, database=None)
@given(st.dictionaries(KEYS, TREES, max_size=6))
def test_no_value_is_ever_lost(values: dict[str, Any]) -> None:
    found = columns(values, {"ts"})
    assert sorted(map(str, _plain(found.values()))) == sorted(map(str, _values(values)))
    backwards = json.loads(json.dumps(dict(reversed(values.items()))))
    assert columns(backwards, {"ts"}) == found


def _plain(values: Any) -> list[Any]:
    """Values where those of deep objects, which are JSON, are single ones."""
    found: list[Any] = []
    for one in values:
        found += _values(json.loads(one)) if isinstance(one, str) else [one]
    return found
