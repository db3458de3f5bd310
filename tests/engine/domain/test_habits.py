"""What people write out of habit is answered with the form of the rules, and a key that is not known with all there
are."""

from __future__ import annotations

from typing import Any

import pytest

from engine.domain.habits import _OPERATORS
from engine.domain.operator_codec import OPERATOR_KEYS
from engine.domain.rule_codec import read_rule
from engine.errors import EngineError

ALL_ANY = "Write all for and, any for or."


def hint(rule: Any) -> str:
    with pytest.raises(EngineError) as found:
        read_rule(rule)
    return found.value.hint or ""


@pytest.mark.parametrize("word", ["and", "AND", "or", "&&", "y", "e", "o", "ou", "||"])
def test_and_and_or_are_never_taken_for_each_other(word: str) -> None:
    assert hint({word: [{"trait": "age", "gte": 1}]}) == ALL_ANY
    assert hint({"did": "buy", "where": {word: [{"property": "p", "eq": 1}]}}) == ALL_ANY


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"did_not": "buy", "within": "30d"}, "Write not: {did: …}."),
        ({"within": "30d", "did_not": "buy"}, "Write not: {did: …}."),
        *(({word: []}, "Write not: {…}.") for word in ("none", "nor", "no", "nao", "não", "!", "except", "must_not")),
        *(({word: []}, "Write not: {…}.") for word in ("exclude", "nicht")),
        ({"segment": "vip"}, "Write audience: ID."),
        ({"trait": "age", "=": 3}, "Write eq for =."),
        ({"trait": "age", ">": 3}, "Write gt for >."),
        ({"trait": "age", ">=": 3}, "Write gte for >=."),
        ({"trait": "age", "<": 3}, "Write lt for <."),
        ({"trait": "age", "!=": 3}, "Write neq for !=."),
        ({"trait": "age", "is": 3}, "Write eq for is."),
        ({"trait": "age", "equals": 3}, "Write eq for equals."),
        ({"trait": "born", "before": "2026-01-01"}, "Write lt for before."),
        ({"trait": "born", "after": "2026-01-01"}, "Write gt for after."),
        ({"trait": "state", "not": "SP"}, "Put the condition into not: {…}, or write neq, not_in or not_contains."),
        ({"trait": "state", "exists": True}, "Write is_set: true."),
        ({"trait": "state", "like": "S%"}, "Write contains for like."),
        ({"trait": "state", "regex": "^S"}, "Write matches for regex."),
        ({"trait": "age", "entre": [1, 2]}, "Write between for entre."),
        ({"did": "buy", "count": {"gte": 2}}, "Write times: {gte: 2}."),
        ({"did": "buy", "times": {">=": 2}}, "Write gte for >=."),
        ({"did": "buy", "filter": []}, "Write where for filter."),
        ({"did": "buy", "after": "2026-01-01"}, "Write within: {from: 2026-01-31}."),
        ({"did": "buy", "within": {"since": "2026-01-01"}}, "Write from for since."),
        ({"did": "buy", "within": {"last": "30d"}}, "Write within: 90d."),
        ({"did": "buy", "measure": {"average": "amount"}, "gte": 3}, "Write avg for average."),
        (
            {"did": "buy", "measure": {"count": "amount"}, "gte": 3},
            "To count, write times: {gte: 2} in place of measure.",
        ),
        ({"did": "buy", "where": [{"trait": "p", "eq": 1}]}, "Write property: PROPERTY."),
        ({"did": "buy", "where": [{"property": "p", "==": 1}]}, "Write eq for ==."),
    ],
)
def test_a_habit_is_answered_with_its_right_form(rule: Any, said: str) -> None:
    assert hint(rule) == said


def test_known_keys_are_all_said_the_most_used_first() -> None:
    said = hint({"did": "buy", "zzz": 1})
    assert said.startswith("Known: did, where, within, times, measure, eq, neq, lt, lte, gt, gte")
    assert all(key in said for key in OPERATOR_KEYS)
    assert hint({"did": "buy", "withn": "3d"}) == 'Did you mean "within"?'
    assert hint({"zzz": 1}).startswith("Known: all, any, not, trait, did")


def test_every_right_form_of_an_operator_is_one() -> None:
    assert set(_OPERATORS.values()) <= set(OPERATOR_KEYS)
    assert set(_OPERATORS).isdisjoint(OPERATOR_KEYS)
