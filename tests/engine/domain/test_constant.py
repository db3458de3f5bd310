"""Parts of a rule that no data can change are named, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from engine.domain.constant import constants
from engine.domain.rule_codec import read_rule

NEVER: list[tuple[dict[str, Any], str]] = [
    ({"did": "buy", "within": "0d"}, "within 0d holds no moment"),
    ({"did": "buy", "within": {"ago": ["30d", "30d"]}}, "within ago [30d, 30d] holds no moment"),
    ({"did": "buy", "within": {"from": "2026-01-01", "to": "2026-01-01"}}, "within begins where it ends"),
    ({"sequence": [{"did": "buy"}], "within": "0min"}, "within 0min holds no moment"),
    ({"did": "buy", "times": {"lt": 0}}, "times lt 0 holds for nobody"),
    ({"did": "buy", "times": {"lte": -1}}, "times lte -1 holds for nobody"),
    ({"did": "buy", "times": {"eq": 1.5}}, "times eq 1.5 holds for nobody"),
    ({"has": "card", "times": {"between": [1.2, 1.8]}}, "times between [1.2, 1.8] holds for nobody"),
    ({"did": "buy", "times": {"in": []}}, "times in [] holds for nobody"),
    ({"did": "buy", "measure": {"days": True}, "lt": 0}, "days lt 0 holds for nobody"),
    ({"did": "buy", "measure": {"distinct": "x"}, "eq": -3}, "distinct eq -3 holds for nobody"),
    ({"did": "buy", "times": {"gte": 0}}, "times gte 0 holds for everybody"),
    ({"did": "buy", "times": {"gt": -1}}, "times gt -1 holds for everybody"),
    ({"did": "buy", "times": {"neq": 0.5}}, "times neq 0.5 holds for everybody"),
    ({"did": "buy", "times": {"not_in": []}}, "times not_in [] holds for everybody"),
    ({"trait": "t", "within_last": "0d"}, "within_last 0d holds no moment"),
    ({"trait": "t", "anniversary_within_next": "0w"}, "anniversary_within_next 0w holds no day"),
    ({"trait": "t", "in": []}, "in [] names no value"),
    ({"did": "buy", "where": {"not": {"property": "p", "in": []}}}, "in [] names no value"),
]
VARIES: list[dict[str, Any]] = [
    {"did": "buy", "within": "1min"},
    {"did": "buy", "within": {"ago": ["30d", "29d"]}},
    {"did": "buy", "times": {"lt": 1}},
    {"did": "buy", "times": {"lte": 0}},
    {"did": "buy", "times": 0},
    {"did": "buy", "times": {"gt": 0}},
    {"did": "buy", "times": {"gte": 0.5}},
    {"did": "buy", "times": {"neq": 0}},
    {"did": "buy", "times": {"between": [0, 3]}},
    {"did": "buy", "times": {"gte": 10**17}},
    {"did": "buy", "measure": {"sum": "x"}, "lt": 0},
    {"trait": "t", "more_than_ago": "0d"},
    {"trait": "t", "within_next": "1d"},
    {"trait": "t", "in": [1]},
    {"did": "buy", "within": "0d", "muted": True},
    {"did": "buy", "where": [{"property": "p", "in": [], "muted": True}]},
]


@pytest.mark.parametrize(("rule", "message"), NEVER)
def test_a_part_that_no_data_can_change_is_named(rule: dict[str, Any], message: str) -> None:
    (found,) = constants(read_rule({"all": [{"trait": "x", "eq": 1}, rule]}))
    assert found.path == "rule.all[1]"
    assert found.message.startswith(message)


@pytest.mark.parametrize("rule", VARIES)
def test_others_are_not(rule: dict[str, Any]) -> None:
    assert constants(read_rule({"all": [rule]})) == []
