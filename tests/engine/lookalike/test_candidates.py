"""Candidates find hidden positives, the same sample gives the same, and what was kept is what was learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.domain.feature import Feature
from engine.errors import EngineError
from engine.lookalike import kept
from engine.lookalike.candidates import CANDIDATES, Fitted, Sample, fit_all
from engine.lookalike.scaling import Scaling
from engine.lookalike.selection import choose, shares_above, tried


def planted(people: int = 4_000, seeds: int = 200, number: int = 1) -> tuple[Sample, Any]:
    """A sample in which a third of the people are alike, and some of these are known."""
    rng = np.random.default_rng(number)
    values = rng.normal(size=(people, 8)).astype(np.float32)
    alike = rng.random(people) < 1 / (1 + np.exp(-(1.5 * values[:, 0] - values[:, 1] + 2 * values[:, 2] ** 2 - 3.0)))
    values[:, 3] = np.expm1(np.abs(values[:, 3]) + 0.3 * alike)
    values[rng.random(people) < 0.3, 4] = np.nan
    seed = np.zeros(people, dtype=bool)
    seed[rng.choice(np.flatnonzero(alike), seeds, replace=False)] = True
    features = [Feature("number", f"x{place}", log=place == 3) for place in range(8)]
    return Sample(values, seed, features), alike


def auc(scores: Any, is_so: Any) -> float:
    return float(1 - shares_above(scores[is_so], scores[~is_so]).mean())


def test_each_finds_who_is_hidden() -> None:
    sample, alike = planted(6_000, 800)
    rest = ~sample.seed
    found = {
        name: auc(one.score(sample.values)[rest], alike[rest]) for name, one in fit_all(sample, CANDIDATES).items()
    }
    assert min(found.values()) > 0.74
    assert found["boosting"] > found["centroid"]  # one of the features counts by its square


def test_rates_are_told_by_counts_as_they_are() -> None:
    rng = np.random.default_rng(3)
    alike = rng.random(12_000) < 0.3
    busy = rng.gamma(0.5, 8, size=12_000)
    rates = np.stack([busy * np.where(alike, 0.45, 0.3), busy * np.where(alike, 0.55, 0.7)], axis=1)
    values = rng.poisson(rates).astype(np.float32)
    seed = np.zeros(12_000, dtype=bool)
    seed[rng.choice(np.flatnonzero(alike), 1_000, replace=False)] = True
    sample = Sample(
        values, seed, [Feature("times", "view", log=True, days=30), Feature("times", "buy", log=True, days=30)]
    )
    models = fit_all(sample, ("elkan_noto_free", "counts"))
    found = {name: auc(one.score(values)[~seed], alike[~seed]) for name, one in models.items()}
    assert found["counts"] > found["elkan_noto_free"] + 0.005


def test_of_few_only_what_cannot_learn_chance_is_tried() -> None:
    assert tried(60) == ("centroid", "pu_logistic", "elkan_noto", "elkan_noto_free")
    assert set(tried(200)) == set(CANDIDATES) - {"counts"}
    assert tried(1_000) == CANDIDATES
    sample, _ = planted(2_000, 60)
    assert set(choose(sample)[1]) == set(tried(60))


def test_same_sample_same_model() -> None:
    sample, _ = planted(2_000, 120)
    one, other = fit_all(sample, CANDIDATES), fit_all(sample, CANDIDATES)
    for name in CANDIDATES:
        assert (one[name].score(sample.values) == other[name].score(sample.values)).all()


def test_choice_is_near_the_best_and_its_estimate_near_the_truth() -> None:
    sample, alike = planted(6_000, 800)
    chosen, trials = choose(sample)
    rest = ~sample.seed
    real = {name: auc(one.score(sample.values)[rest], alike[rest]) for name, one in fit_all(sample, CANDIDATES).items()}
    assert real[chosen] > max(real.values()) - 0.005
    scores = fit_all(sample, (chosen,))[chosen].score(sample.values)
    found = float((shares_above(scores[rest & alike], scores[rest]) <= 0.2).mean())
    expected = float((trials[chosen].above <= 0.2).mean())
    assert expected == pytest.approx(found, rel=0.1)


@pytest.mark.parametrize("name", ["pu_logistic", "blend"])
def test_kept_and_read(tmp_path: Path, name: str) -> None:
    sample, _ = planted(2_000, 120)
    model = fit_all(sample, (name,))[name]
    told, arrays = model.parts()
    digest = kept.keep(tmp_path / "m" / "v1", told, arrays)
    read, found = kept.read(tmp_path / "m" / "v1", digest)
    assert (Fitted.of(read, found).score(sample.values) == model.score(sample.values)).all()
    assert b"pickle" not in (tmp_path / "m" / "v1.npz").read_bytes()


def test_files_that_somebody_changed_are_refused(tmp_path: Path) -> None:
    sample, _ = planted(1_000, 100)
    told, arrays = fit_all(sample, ("centroid",))["centroid"].parts()
    digest = kept.keep(tmp_path / "v1", told, arrays)
    text = (tmp_path / "v1.json").read_text()
    (tmp_path / "v1.json").write_text(text.replace("centroid", "boosting"))
    with pytest.raises(EngineError, match="is not what was trained here"):
        kept.read(tmp_path / "v1", digest)
    (tmp_path / "v1.npz").unlink()
    with pytest.raises(EngineError, match="is not there any more"):
        kept.read(tmp_path / "v1", digest)


def test_scaling_of_odd_columns() -> None:
    values = np.array([[1, np.nan, 5, 0], [1, np.nan, np.nan, 9], [1, np.nan, 7, 1e30]], dtype=np.float32)
    features = [Feature("number", name, log=name == "d") for name in "abcd"]
    scaling = Scaling.of(values, features)
    scaled = scaling.apply(values)
    assert np.isfinite(scaled).all()
    assert (scaled[:, 0] == 0).all()
    assert (scaled[:, 1] == 0).all()
    assert scaling.marked.tolist() == [2]
    again = Scaling.from_json(scaling.as_json())
    assert (again.apply(values) == scaled).all()


def test_shares_above_with_ties() -> None:
    assert shares_above(np.array([1.0, 3.0, 2.0]), np.array([1.0, 2.0, 2.0, 3.0])).tolist() == [0.875, 0.125, 0.5]
