"""Probabilities mean what they say, and effects of a treatment are found where they were planted."""

from __future__ import annotations

import numpy as np
import pytest

from engine.domain.feature import Feature
from engine.errors import EngineError
from engine.lookalike.propensity import Labelled, Likelihood, fit, judge
from engine.lookalike.uplift import Arms, Uplift, qini
from engine.lookalike.uplift import fit as fit_uplift

FEATURES = [Feature("number", f"x{place}") for place in range(5)]


def people(count: int, number: int, *, square: bool = False) -> Labelled:
    rng = np.random.default_rng(number)
    values = rng.normal(size=(count, 5)).astype(np.float32)
    odds = values[:, 0] - 2.5 + (values[:, 1] ** 2 if square else 0.5 * values[:, 1])
    return Labelled(values, rng.random(count) < 1 / (1 + np.exp(-odds)), FEATURES)


@pytest.mark.parametrize("square", [False, True])
def test_calibrated(square: bool) -> None:
    learnt, unseen = people(30_000, 1, square=square), people(30_000, 2, square=square)
    model = fit(learnt)
    assert model.way == ("boosting" if square else "logistic")
    found = judge(model.predict(unseen.values), unseen.did)
    assert found.ece < 0.01
    assert found.ratio == pytest.approx(1, abs=0.05)
    assert found.auc > 0.7
    again = Likelihood.of(*model.parts())
    assert (again.predict(unseen.values) == model.predict(unseen.values)).all()


def test_few_cases_use_platt_and_fewer_are_refused() -> None:
    learnt = people(6_000, 3)
    model = fit(learnt)
    assert judge(model.predict(learnt.values), learnt.did).ece < 0.02
    rare = Labelled(learnt.values, np.arange(6_000) < 50, FEATURES)
    with pytest.raises(EngineError, match="50 of 6,000 people did it"):
        fit(rare)


def test_judging_bad_probabilities() -> None:
    did = np.array([True] * 100 + [False] * 900)
    assert judge(np.full(1_000, 0.1), did).ratio == pytest.approx(1)
    assert judge(np.full(1_000, 0.4), did).ece == pytest.approx(0.3, abs=0.21)
    assert judge(did.astype(float), did).auc == 1.0


def test_uplift_finds_whom_it_changes() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(20_000, 5)).astype(np.float32)
    treated = rng.random(20_000) < 0.5
    effect = np.where(values[:, 0] > 0, 0.15, 0.0)
    did = rng.random(20_000) < 0.1 + 0.1 * (values[:, 1] > 0) + treated * effect
    model, told = fit_uplift(Arms(values, treated, did, FEATURES))
    assert told["low"] < 0.075 < told["high"]
    found = model.predict(values)
    assert found[values[:, 0] > 0].mean() > 0.09 > 0.05 > found[values[:, 0] < 0].mean()
    assert (Uplift.of(*model.parts()).predict(values) == found).all()
    assert qini(effect, treated, did) > qini(values[:, 1], treated, did)


def test_small_arms_are_refused() -> None:
    values = np.zeros((600, 5), dtype=np.float32)
    with pytest.raises(EngineError, match="the arms have 100 and 500 people"):
        fit_uplift(Arms(values, np.arange(600) < 100, np.arange(600) % 2 == 0, FEATURES))
