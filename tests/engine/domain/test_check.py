"""Where the regular expressions of a rule are, wherever it has them."""

from __future__ import annotations

from engine.domain.check import patterns
from engine.domain.rule_codec import read_rule


def test_every_pattern_of_active_conditions_is_found_with_its_place() -> None:
    match = {"property": "category", "matches": "b"}
    rule = {
        "all": [
            {"audience": "other"},
            {"sample": {"percent": 10, "seed": "x"}},
            {"trait": "state", "matches": "a"},
            {"trait": "state", "contains": "("},
            {"did": "view", "where": [{"property": "category", "eq": "x"}, match]},
            {"not": {"has": "card", "where": {"any": [{"not": {"property": "brand", "matches": "c"}}]}}},
            {
                "sequence": [
                    {"did": "view", "where": [match]},
                    {"did": "view", "without": {"did": "view", "where": [match]}},
                ]
            },
            {"trait": "state", "matches": "muted", "muted": True},
            {"did": "view", "where": [{"property": "category", "matches": "muted", "muted": True}]},
        ]
    }
    found = patterns(read_rule(rule))
    assert [text for _, text in found] == ["a", "b", "c", "b", "b"]
    assert [path for path, _ in found][:2] == ["rule.all[2]", "rule.all[4].where[1]"]
    assert len({path for path, _ in found}) == len(found)
