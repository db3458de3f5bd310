"""What a contract keeps out of rows as they come: the same as its checks find afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.quality.contracts import Check
from engine.quality.door import Door

CHECKS = [
    Check("needs a code", "t", "required", ("code",)),
    Check("code: pattern", "t", "pattern", ("Code",), arguments={"pattern": "^[A-Z]+$"}),
    Check("price: type", "t", "type", ("price",), arguments={"type": "number"}),
    Check("price: range", "t", "range", ("price",), arguments={"minimum": 0}),
    Check("one of", "t", "values", ("kind",), arguments={"values": ["a", "b"]}),
    Check("no volume", "t", "rows", ()),
]


@pytest.fixture
def door() -> Any:
    made = Door()
    yield made
    made.close()


def test_the_first_check_that_a_row_breaks(door: Door) -> None:
    rows: list[dict[str, Any]] = [
        {"code": "AB", "price": 3, "kind": "a"},
        {"price": 3},
        {"code": "ab", "price": 1.5, "kind": "b"},
        {"code": "X", "price": -1},
        {"code": "X", "price": 2, "kind": "z", "at": datetime.now(UTC)},
        {"code": "X"},
    ]
    assert door.reasons(CHECKS, rows) == [None, "needs a code", "code: pattern", "price: range", "one of", None]


def test_values_of_several_kinds(door: Door) -> None:
    rows: list[dict[str, Any]] = [{"code": "X", "price": 3}, {"code": "X", "price": "three"}, {"code": 7, "price": -2}]
    assert door.reasons(CHECKS, rows) == [None, "price: type", "code: pattern"]
    assert door.reasons(CHECKS, [{"code": "X", "price": {"a": 1}}, {"code": "X", "price": [1]}])[0] == "price: type"


def test_columns_that_are_not_there(door: Door) -> None:
    assert door.reasons(CHECKS, [{"other": 1}, {"other": None}]) == ["needs a code", "needs a code"]
    assert door.reasons(CHECKS[1:], [{"other": 1}]) == [None]
    assert door.reasons([], [{"code": "x"}]) == [None]
    assert door.reasons(CHECKS, []) == []
