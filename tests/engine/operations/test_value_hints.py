"""A condition that finds nobody says the nearest value that occurs, and never one of somebody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.domain.operators import Among, Compare, Operator, TextMatch
from engine.operations.value_hints import nearest_value
from tests.support.small import AS_OF, MODEL, make_workspace, write_audience

VALUES = ["SP", "RJ", "São Paulo", "NO", "phones", "  padded ", "sí"]


@pytest.mark.parametrize(
    ("text", "operator", "found"),
    [
        ("sp", Compare("eq", ""), "SP"),
        (" SP", Compare("eq", ""), "SP"),
        ("Sao paulo", Compare("eq", ""), "São Paulo"),
        ("phone", Compare("eq", ""), "phones"),
        ("false", Compare("eq", ""), "NO"),
        ("true", Among("in", ()), "sí"),
        ("padded", Compare("eq", ""), "  padded "),
        ("SP", Compare("eq", ""), None),
        ("sp", Compare("eq", "", True), None),
        ("zzz", Compare("eq", ""), None),
        ("PHO", TextMatch("starts_with", ""), "phones"),
        ("phone", TextMatch("contains", ""), None),
    ],
)
def test_the_nearest_value(text: str, operator: Operator, found: str | None) -> None:
    assert nearest_value(text, VALUES, operator) == found


def hints(workspace: operations.Workspace, rule: Any, folder: Path) -> list[tuple[str, str]]:
    path = write_audience(folder, "it", rule)
    (found,) = operations.size(workspace, [str(path)], as_of=AS_OF, hints=True)
    return [(one.path, one.nearest) for one in found.hints]


def test_only_a_condition_that_finds_nobody_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace(tmp_path)
    wrong = {"trait": "state", "eq": "sp"}
    assert hints(workspace, wrong, tmp_path) == [("rule", "SP")]
    assert hints(workspace, {"all": [{"trait": "age", "gte": 1}, {"not": wrong}]}, tmp_path) == [
        ("rule.all[1].not", "SP")
    ]
    event = {"did": "purchase", "where": [{"property": "category", "in": ["Phone", "books"]}], "within": "1min"}
    assert hints(workspace, event, tmp_path) == [("rule", "phones")]
    assert hints(workspace, {"has": "card", "where": [{"property": "brand", "eq": "Visa"}]}, tmp_path) == [
        ("rule", "visa")
    ]
    (plain,) = operations.size(workspace, [str(write_audience(tmp_path, "it", wrong))], as_of=AS_OF)
    assert (plain.hints, "hints" in plain.as_json()) == ((), False)

    def never(*given: Any) -> None:
        raise AssertionError("the warehouse was asked for values")

    monkeypatch.setattr("engine.operations.value_hints.frequent_values", never)
    assert hints(workspace, {"trait": "state", "in": ["SP", "sp"]}, tmp_path) == []
    assert hints(workspace, {"trait": "age", "gte": 500}, tmp_path) == []


def test_a_personal_value_is_never_said(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    traits = MODEL["profile"]["traits"] | {"state": {"type": "string", "personal": True}}
    operations.apply_model_text(workspace, dump_yaml(MODEL | {"profile": MODEL["profile"] | {"traits": traits}}))
    assert hints(workspace, {"trait": "state", "eq": "sp"}, tmp_path) == []
