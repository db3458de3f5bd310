"""The interval holds what it promises, and a sample's numbers are those of whole profiles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from engine import operations
from engine.errors import Cancelled
from engine.jobs import Job
from engine.membership import estimate
from engine.membership.estimate import interval
from engine.operations import Workspace, estimating, sizing
from engine.operations.context import Context
from engine.operations.workspace import forget_sample

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize("share", [0.0, 0.0005, 0.01, 0.3, 0.5, 0.97, 1.0])
def test_the_interval_holds_the_true_number_in_95_of_100_samples(share: float) -> None:
    random, everyone, sampled = Random(7), 20_000, 1_000
    true = round(share * everyone)
    inside = 0
    for _ in range(400):
        found = sum(one < true for one in random.sample(range(everyone), sampled))
        one = interval(found, sampled, everyone)
        assert found <= one.low <= one.size <= one.high <= everyone - (sampled - found)
        inside += one.low <= true <= one.high
    assert inside >= 0.92 * 400


def test_everyone_sampled_is_exact_and_nobody_says_nothing() -> None:
    assert interval(3, 10, 10) == estimate.Interval(3, 3, 3)
    assert interval(0, 0, 50) == estimate.Interval(0, 0, 50)


@pytest.fixture
def sampled(demo: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The demo with a sample of a tenth of its profiles."""
    everyone = operations.size_document(demo, document({"all": []}), as_of=AS_OF).size
    monkeypatch.setattr(estimate, "PROFILES", everyone // 10)
    monkeypatch.setattr(estimate, "ROWS", 10**9)
    forget_sample(demo)
    while not operations.prepare_sample(demo):
        pass
    yield demo
    forget_sample(demo)


def document(rule: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "audience", "id": "x", "rule": rule, **more}


RULE = {
    "all": [
        {"trait": "age", "between": [25, 60]},
        {"did": "view", "where": {"property": "category", "eq": "phones"}, "within": "200d"},
        {"not": {"did": "purchase", "within": "60d"}},
    ]
}


def both(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, doc: dict[str, Any], waits: bool = True
) -> tuple[sizing.AudienceSize, list[estimating.EstimatedSize]]:
    """The exact answer, and what was told before it when it takes its time."""
    monkeypatch.setattr(estimating, "ANSWERS_AFTER", 0.0 if waits else 60.0)
    told: list[estimating.EstimatedSize] = []
    heard = Job()
    exactly = sizing._together

    def hear(answer: estimating.EstimatedSize) -> None:
        told.append(answer)
        heard.cancel()

    def slow(context: Context, wanted: Any) -> Any:
        if waits:
            heard.wait_cancelled(20)
        return exactly(context, wanted)

    monkeypatch.setattr(sizing, "_together", slow)
    return operations.size_document(workspace, doc, as_of=AS_OF, on_estimate=hear), told


def test_what_is_told_first_is_near_what_is_true(sampled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, told = both(sampled, monkeypatch, document(RULE))
    (answer,) = told
    said = answer.as_json()
    low, high = said["interval"]
    assert said["exact"] is False
    assert answer.found.base == exact.base
    assert exact.base / 12 < answer.found.sampled < exact.base / 8
    # One sample, the same at each run: twice the width is beyond what chance explains.
    assert low - (high - low) <= exact.size <= high + (high - low)
    assert [c.path for c in answer.found.conditions] == [c.path for c in exact.conditions]
    for found, true in zip(answer.found.conditions, exact.conditions, strict=True):
        spread = interval(round(true.size / 10), round(exact.base / 10), exact.base)
        assert abs(found.size - true.size) <= 2 * (spread.high - spread.low)


def test_sites_of_the_audience_only(sampled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, told = both(sampled, monkeypatch, document({"all": []}, sites=["MLM", "MLA"]))
    found = told[0].found
    assert (found.size.size, found.size.high, found.base) == (exact.base, exact.base, exact.base)


def test_a_quick_answer_needs_no_sample(sampled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    _, told = both(sampled, monkeypatch, document(RULE), waits=False)
    assert told == []


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ({"all": []}, {"top": {"n": 10, "by": {"trait": "loyalty_level"}}}),
        ({"sql": "SELECT user_id FROM users WHERE user_id < 10"}, {}),
    ],
)
def test_no_sample_speaks_for_what_it_cannot_know(
    sampled: Workspace, monkeypatch: pytest.MonkeyPatch, rule: Any, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(estimating, "ANSWERS_AFTER", 0.0)
    told: list[Any] = []
    operations.size_document(sampled, document(rule, **more), as_of=AS_OF, on_estimate=told.append)
    assert told == []


def test_filling_gives_way_and_goes_on(demo: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "PROFILES", 100)
    forget_sample(demo)
    assert not operations.prepare_sample(demo)
    stopped = Job()
    stopped.cancel()
    with pytest.raises(Cancelled):
        operations.prepare_sample(demo, job=stopped)
    steps = 1
    while not operations.prepare_sample(demo):
        steps += 1
    assert steps == len(demo.model.events) + len(demo.model.objects)
    forget_sample(demo)


def test_small_data_needs_no_sample(demo: Workspace) -> None:
    forget_sample(demo)
    assert operations.prepare_sample(demo)
    assert demo.sample is None
