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
