"""What a reach promises: from the card alone, with an interval that holds what it says."""

from __future__ import annotations

import random

import pytest

from engine.domain.reach import reach_of, recall_at

CARD = {"recall": [min(1.0, (one / 1_000) ** 0.5) for one in range(1, 1_001)], "apart": 400, "candidates": 20_000}


def test_from_the_card() -> None:
    found = reach_of(CARD, 0.04)
    assert found.people == 800
    assert found.recall == pytest.approx(0.2)
    assert found.lift == pytest.approx(5)
    assert found.low < 0.2 < found.high
    assert recall_at(CARD, 0.00001) == CARD["recall"][0]  # type: ignore[index]
    assert reach_of(CARD, 1.0).high == 1.0


def test_the_interval_holds_the_truth_in_nineteen_of_twenty_cases() -> None:
    rng, inside = random.Random(1), 0
    for _ in range(2_000):
        found = sum(rng.random() < 0.3 for _ in range(150)) / 150
        reach = reach_of({"recall": [found] * 1_000, "apart": 150, "candidates": 10}, 0.1)
        inside += reach.low <= 0.3 <= reach.high
    assert 0.93 < inside / 2_000 < 0.97
