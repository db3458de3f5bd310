"""Which conditions share a scan."""

from __future__ import annotations

from typing import Any

from engine.bitmap.planner import Groups, Missing, group
from engine.domain.model_codec import read_model
from engine.domain.rule_codec import read_rule
from engine.sql.shared import TESTS_A_SCAN
from tests.support.small import MODEL

DATA_MODEL = read_model(MODEL)


def grouped(*rules: dict[str, Any]) -> Groups:
    conditions = [read_rule(rule, "rule") for rule in rules]
    return group([Missing(i, c, "rule") for i, c in enumerate(conditions)], DATA_MODEL)  # type: ignore[arg-type]


def bought(category: str, **more: Any) -> dict[str, Any]:
    return {"did": "purchase", "where": [{"property": "category", "eq": category}], **more}


def test_conditions_that_differ_in_a_constant_share_one_scan() -> None:
    found = grouped(
        bought("phones"), bought("books"), bought("books", times={"gte": 2}), bought("tv", times={"gte": 2})
    )
    (scan,) = found.counts
    assert (scan.by, scan.constants, len(scan.tests)) == ("category", ("books", "phones", "tv"), 2)
    assert sorted(index for _, _, index in scan.wanted) == [0, 1, 2, 3]
    assert not found.alone


def test_what_else_an_event_must_satisfy_stays_with_the_test() -> None:
    where = [{"property": "category", "eq": "phones"}, {"property": "amount", "gt": 5}]
    found = grouped(bought("tv"), {"did": "purchase", "where": where})
    (scan,) = found.counts
    assert scan.constants == ("phones", "tv")
    assert len(scan.tests) == 2


def test_traits_are_looked_at_once() -> None:
    found = grouped({"trait": "age", "gte": 30}, {"trait": "age", "lt": 20}, {"trait": "state", "eq": "SP"})
    assert [(g.trait, len(g.tests)) for g in found.traits] == [("age", 2)]
    assert [one.index for one in found.alone] == [2]


def test_few_conditions_of_different_shapes_run_alone_and_many_share() -> None:
    rules = [{"did": "view", "within": f"{days}d"} for days in range(1, 4)]
    assert len(grouped(*rules).alone) == 3
    many = [{"did": "view", "within": f"{days}d"} for days in range(1, TESTS_A_SCAN + 3)]
    found = grouped(*many)
    assert [len(scan.tests) for scan in found.counts] == [TESTS_A_SCAN, 2]
    assert not found.alone


def test_case_folding_lists_and_text_operators_are_no_constants() -> None:
    wheres: list[dict[str, Any]] = [
        {"eq": "Phones", "ignore_case": True},
        {"in": ["a", "b"]},
        {"starts_with": "p"},
        {"neq": "x"},
    ]
    found = grouped(*[{"did": "view", "where": [{"property": "category", **where}]} for where in wheres])
    (scan,) = found.counts
    assert scan.by is None
    assert len(scan.tests) == 4


def test_whole_numbers_are_constants_and_truths_are_not() -> None:
    properties = {"n": {"type": "integer"}, "yes": {"type": "boolean"}}
    event = {**MODEL["events"]["view"], "properties": properties}
    model = read_model({**MODEL, "events": {"view": event}})

    def by(*wheres: dict[str, Any]) -> list[tuple[str | None, int]]:
        rules = [read_rule({"did": "view", "where": [where]}, "rule") for where in wheres]
        found = group([Missing(i, rule, "rule") for i, rule in enumerate(rules)], model)  # type: ignore[arg-type]
        return sorted(((scan.by, len(scan.constants)) for scan in found.counts), key=str)

    assert by({"property": "n", "eq": 1}, {"property": "n", "eq": 2}) == [("n", 2)]
    # Two that share no constant run alone.
    assert by({"property": "yes", "eq": True}, {"property": "yes", "eq": False}) == []
    assert by({"property": "n", "eq": 1 << 63}, {"property": "n", "eq": -(1 << 63)}) == []
    assert by({"property": "n", "eq": 0.5}, {"property": "n", "eq": 1.5}) == []


def test_everything_else_is_its_own_query() -> None:
    found = grouped({"sample": {"percent": 10, "seed": "a"}}, {"list": "vip"}, {"sequence": [{"did": "view"}]})
    assert len(found.alone) == 3
