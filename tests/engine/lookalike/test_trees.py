"""Trees as arrays say what scikit-learn says, missing values included, and are the same after they were kept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from engine.lookalike.trees import Trees


@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_same_as_the_library(holes: float) -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(20_000, 6)).astype(np.float32)
    did = values[:, 0] + values[:, 1] ** 2 + rng.normal(size=len(values)) > 1
    values[rng.random(values.shape) < holes] = np.nan
    fitted = HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(values[:5_000], did[:5_000])
    trees = Trees.of(fitted)
    assert np.allclose(trees.score(values), fitted.decision_function(values), atol=1e-9)
    again = Trees.from_arrays(trees.arrays())
    assert (again.score(values) == trees.score(values)).all()


def test_regression() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3_000, 4))
    wanted = values[:, 0] * 2 + values[:, 1]
    fitted = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(values, wanted)
    assert np.allclose(Trees.of(fitted).score(values), fitted.predict(values))


def test_single_precision_at_the_very_threshold() -> None:
    """Values that lie at a threshold, or a hair beside it, go the way that scikit-learn sends them."""
    rng = np.random.default_rng(4)
    values = np.round(rng.normal(size=(4_000, 3)), 1).astype(np.float32)
    fitted = HistGradientBoostingClassifier(max_iter=40, random_state=0).fit(values, values.sum(axis=1) > 0.3)
    trees = Trees.of(fitted)
    edges = trees.threshold.astype(np.float32)
    beside = np.concatenate([edges, np.nextafter(edges, np.float32(9)), np.nextafter(edges, np.float32(-9))])
    tried = rng.choice(beside, (5_000, 3)).astype(np.float32)
    assert np.allclose(trees.score(tried), fitted.decision_function(tried), atol=1e-9)


def test_trees_that_are_too_large_are_refused() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(5_000, 4))
    fitted = HistGradientBoostingRegressor(max_iter=1, max_leaf_nodes=100, min_samples_leaf=5).fit(
        values, rng.random(5_000)
    )
    with pytest.raises(ValueError, match="64 are the most"):
        Trees.of(fitted)
