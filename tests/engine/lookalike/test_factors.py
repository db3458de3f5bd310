"""Explanations name what was planted, tell nothing of few people, and a leak is found and named."""

from __future__ import annotations

import numpy as np

from engine.domain.feature import Feature
from engine.lookalike.candidates import Sample, fit
from engine.lookalike.factors import FEWEST, contributions, factors, leaking, strongest
from engine.lookalike.readable import readable
from tests.engine.lookalike.test_candidates import planted


def test_factors_name_what_was_planted() -> None:
    sample, _ = planted(6_000, 800)
    linear, trees = fit(sample, "pu_logistic"), fit(sample, "boosting")
    assert {one.feature.source for one in factors(sample, linear)[:3]} == {"x0", "x1", "x3"}
    found = {one.feature.source: one for one in factors(sample, trees)}
    assert found["x3"].part > 0.2
    assert found["x0"].difference > 0 > found["x1"].difference
    assert abs(sum(one.part for one in found.values()) - 1) < 1e-6


def test_nothing_is_told_of_few() -> None:
    sample, _ = planted(3_000, 300)
    found = factors(sample, fit(sample, "pu_logistic"))
    assert any(one.bars for one in found)
    for one in found:
        for bar in one.bars:
            assert round(bar.seed * 300) >= FEWEST
            assert round(bar.others * 2_700) >= FEWEST


def test_a_leak_is_found_and_named() -> None:
    sample, _ = planted(3_000, 300)
    values = sample.values.copy()
    values[:, 5] = np.where(sample.seed, 3, np.nan)
    features = [*sample.features[:5], Feature("value", "tier", value="gold"), *sample.features[6:]]
    assert leaking(Sample(values, sample.seed, features)) == [features[5]]
    assert leaking(sample) == []


def test_a_leak_of_several_features_is_found_by_its_source() -> None:
    sample, _ = planted(4_000, 600)
    rng = np.random.default_rng(0)
    values = sample.values.copy()
    half = rng.random(len(values)) < 0.5
    values[:, 5], values[:, 6] = sample.seed & half, sample.seed & ~half  # each tells of one half
    features = [
        *sample.features[:5],
        Feature("times", "paid", days=30),
        Feature("times", "paid", days=365),
        sample.features[7],
    ]
    told = Sample(values, sample.seed, features)
    assert leaking(told) == []
    auc, source = strongest(told)
    assert auc > 0.98
    assert source == "paid"


def test_why_one_person() -> None:
    sample, _ = planted()
    model = fit(sample, "pu_logistic")
    row = np.array([3, -3, 0, 1, np.nan, 0, 0, 0], dtype=np.float32)
    found = contributions(model, row, sample.features)
    assert {found[0][0].source, found[1][0].source} == {"x0", "x1"}
    assert found[0][1] > 0
    assert abs(sum(weight for _, weight in found) - model.linear(row.reshape(1, -1))[0]) < 1e-9


def test_a_rule_that_says_a_model() -> None:
    rng = np.random.default_rng(4)
    values = np.column_stack([rng.integers(0, 9, 5_000), rng.integers(0, 300, 5_000), rng.normal(size=5_000)]).astype(
        np.float32
    )
    values[rng.random(5_000) < 0.3, 1] = np.nan
    features = [Feature("times", "view", days=30), Feature("recency", "buy"), Feature("number", "x")]
    top = (values[:, 0] >= 4) & (np.nan_to_num(values[:, 1], nan=999) < 60)
    rule = readable(values, top, features, features)
    assert rule is not None
    told = {str(one.get("did")): one for one in rule["all"]}
    assert told["view"] == {"did": "view", "within": "30d", "times": {"gte": 4}}
    assert told["buy"] == {"did": "buy", "within": "60d"}
    assert readable(values, np.zeros(5_000, dtype=bool), features, features) is None
