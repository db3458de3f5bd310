"""ODCS contracts are validated by the standard's own schema and become checks; what is not checked is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from engine.errors import EngineError
from engine.quality.contracts import Bound, read_contract
from tests.support.contracts import CONTRACT


def changed(change: Any) -> dict[str, Any]:
    found = copy.deepcopy(CONTRACT)
    change(found)
    return found


def test_every_part_becomes_a_check_with_a_name_of_its_own() -> None:
    found = read_contract(CONTRACT)
    assert {(one.id, one.kind) for one in found.checks} == {
        ("id: required", "required"),
        ("id: type", "type"),
        ("id: primary key", "unique"),
        ("email: required", "required"),
        ("email: unique", "unique"),
        ("email: pattern", "pattern"),
        ("email: length", "length"),
        ("age: type", "type"),
        ("age: range", "range"),
        ("state: invalidValues", "values"),
        ("state: nullValues", "required"),
        ("seen: type", "type"),
        ("seen: fresh", "freshness"),
        ("rowCount", "rows"),
        ("no minors", "sql"),
        ("drift", "drift"),
    }
    assert found.unchecked == ("schema[0].quality[3]", "slaProperties[1]")
    by_id = {one.id: one for one in found.checks}
    assert by_id["no minors"].warning
    assert by_id["state: nullValues"].percent
    assert by_id["state: nullValues"].bound == Bound("<", 50)
    assert by_id["seen: fresh"].bound == Bound("<=", 2 * 86_400)


def test_the_rules_of_odcs_3_0_are_the_metrics_of_later_versions() -> None:
    column = [{"rule": "validValues", "validValues": ["a"]}, {"rule": "nullCheck", "type": "library"}, {"rule": "odd"}]
    table = {
        "name": "orders",
        "quality": [{"rule": "rowCount", "mustBeGreaterThan": 5}],
        "properties": [
            {"name": "status", "logicalType": "string", "quality": column},
            {
                "name": "id",
                "logicalType": "string",
                "quality": [{"rule": "duplicateCount", "mustBe": 0, "unit": "rows"}],
            },
        ],
    }
    told = {"kind": "DataContract", "apiVersion": "v3.0.2", "id": "x", "version": "1", "status": "active"}
    found = read_contract({**told, "schema": [table]})
    assert [(one.kind, one.columns, str(one.bound), dict(one.arguments)) for one in found.checks] == [
        ("values", ("status",), "= 0", {"values": ["a"]}),
        ("required", ("status",), "= 0", {}),
        ("unique", ("id",), "= 0", {}),
        ("rows", (), "> 5", {}),
    ]
    assert found.unchecked == ("schema[0].properties[0].quality[2]",)


def test_a_key_of_several_columns_is_in_the_order_of_its_positions() -> None:
    def keys(*positions: tuple[str, int | None]) -> tuple[str, ...]:
        columns = [
            {"name": name, "logicalType": "string", "primaryKey": True}
            | ({} if place is None else {"primaryKeyPosition": place})
            for name, place in positions
        ]
        found = read_contract(changed(lambda c: c["schema"][0].update(properties=columns, quality=[])))
        (key,) = (one for one in found.checks if one.kind == "unique")
        return tuple(key.columns)

    assert keys(("a", 2), ("b", 1)) == ("b", "a")
    assert keys(("a", 1), ("b", None), ("c", None)) == ("b", "c", "a"), "without a position, -1 is the standard's"


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (lambda c: c.update(kind="Contract"), "kind", "this is no data contract"),
        (lambda c: c.pop("version"), "", "'version' is a required property"),
        (
            lambda c: c["schema"][0]["properties"][0].update(required="yes"),
            "schema[0].properties[0].required",
            "not of type",
        ),
        (
            lambda c: c["schema"][0]["properties"][1]["logicalTypeOptions"].update(pattern="("),
            "schema[0].properties[1].logicalTypeOptions.pattern",
            "no regular expression",
        ),
        (
            lambda c: c["schema"][0]["properties"][0].update(relationships=[{"to": "users"}]),
            "",
            "",
        ),
        (lambda c: c["slaProperties"][0].update(unit="y"), "slaProperties[0]", "a freshness is a number"),
        (
            lambda c: c["schema"][0]["quality"].append(
                {"type": "library", "metric": "rowCount", "mustBeGreaterThan": 5}
            ),
            "schema",
            'has the check "rowCount" twice',
        ),
        (
            lambda c: c["schema"][0]["quality"].append({"type": "library", "metric": "duplicateValues", "mustBe": 0}),
            "schema[0].quality[4]",
            "is of a property",
        ),
        (
            lambda c: c["schema"][0]["quality"][2]["implementation"].update(drift="mean"),
            "schema[0].quality[2].implementation",
            "knows the drift of rowCount",
        ),
        (
            lambda c: c["schema"][0]["properties"][3]["quality"][0].update(arguments={}),
            "schema[0].properties[3].quality[0].arguments",
            "it is not said what is valid",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: Any, path: str, said: str) -> None:
    with pytest.raises(EngineError) as caught:
        read_contract(changed(change))
    assert said in caught.value.message
    if path:
        assert caught.value.path == path


@pytest.mark.parametrize("value", [None, [], "text", {}, {"kind": "DataContract"}])
def test_what_is_no_contract_at_all_is_told(value: Any) -> None:
    with pytest.raises(EngineError, match="contract"):
        read_contract(value)


@pytest.mark.parametrize(
    ("bound", "good", "bad"),
    [
        (Bound("=", 0), [0], [1]),
        (Bound("!=", 0), [1], [0]),
        (Bound(">", 1), [2], [1]),
        (Bound(">=", 1), [1], [0]),
        (Bound("<", 1), [0], [1]),
        (Bound("<=", 1), [1], [2]),
        (Bound("between", [1, 3]), [1, 3], [0, 4]),
        (Bound("not between", [1, 3]), [0, 4], [1, 3]),
    ],
)
def test_operators_are_those_of_the_standard(bound: Bound, good: list[int], bad: list[int]) -> None:
    assert all(bound.holds(one) for one in good)
    assert not any(bound.holds(one) for one in bad)
    assert str(bound)
