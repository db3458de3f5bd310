"""A computed trait's document: one way to compute it, and a type that follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.domain.model_codec import read_model
from engine.domain.trait import read_trait, type_of
from engine.domain.values import ValueType
from engine.errors import EngineError
from tests.support.small import MODEL

SPEND: dict[str, Any] = {"kind": "trait", "id": "spend", "event": "purchase"}
SMALL = read_model(MODEL)


@pytest.mark.parametrize(
    ("measure", "kind"),
    [
        ({"sum": "amount"}, ValueType.DECIMAL),
        ({"avg": "amount"}, ValueType.FLOAT),
        ({"min": "amount"}, ValueType.DECIMAL),
        ({"max": "category"}, ValueType.STRING),
        ({"last": "category"}, ValueType.STRING),
        ({"distinct": "category"}, ValueType.INTEGER),
    ],
)
def test_the_type_follows_from_the_measure(measure: dict[str, str], kind: ValueType) -> None:
    assert type_of(read_trait(SPEND | {"measure": measure}), SMALL) is kind


@pytest.mark.parametrize("measure", ["sum", "avg"])
def test_what_needs_numbers_takes_no_text(measure: str) -> None:
    with pytest.raises(EngineError) as refused:
        type_of(read_trait(SPEND | {"measure": {measure: "category"}}), SMALL)
    assert (refused.value.code, refused.value.path) == ("operand", "measure")


@pytest.mark.parametrize("unknown", [{"event": "nothing"}, {"measure": {"sum": "nothing"}}])
def test_what_the_model_does_not_know_is_named(unknown: dict[str, Any]) -> None:
    with pytest.raises(EngineError) as refused:
        type_of(read_trait(SPEND | {"measure": {"sum": "amount"}} | unknown), SMALL)
    assert refused.value.code == "unknown_name"


@pytest.mark.parametrize(
    "ways",
    [
        (),
        ("sql", "list"),
        ("sql", "measure"),
        ("list", "measure"),
        ("sql", "list", "measure"),
    ],
)
def test_there_is_exactly_one_way_to_compute_it(ways: tuple[str, ...]) -> None:
    every = {"sql": "SELECT 1 AS key, 2 AS value", "list": "vip", "measure": {"sum": "amount"}}
    document = SPEND | {name: every[name] for name in ways} | ({"type": "integer"} if "sql" in ways else {})
    with pytest.raises(EngineError) as refused:
        read_trait(document)
    assert refused.value.path == "measure"


def test_each_way_alone_is_enough() -> None:
    by_list = read_trait({"kind": "trait", "id": "vip", "list": "vips"})
    assert type_of(by_list, SMALL) is ValueType.BOOLEAN
    by_sql = {"kind": "trait", "id": "two", "sql": "SELECT 1 AS key, 2 AS value"}
    assert type_of(read_trait(by_sql | {"type": "integer"}), SMALL) is ValueType.INTEGER
    for wrong in (by_sql, SPEND | {"measure": {"sum": "amount"}, "type": "integer"}):
        with pytest.raises(EngineError) as refused:
            read_trait(wrong)
        assert refused.value.path == "type"
