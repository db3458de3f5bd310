"""Ways to score how similar somebody is to a seed; which of them is best depends on how large the seed is.

A seed says who is alike, nobody says who is not: everybody else is unlabelled (positive-unlabelled learning). The
centroid needs least data; bagged logistic regressions (Mordelet and Vert 2014) and Elkan and Noto's weights (KDD 2008)
follow; boosted trees need most and then see most. The blend is the mean of two ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Feature
from engine.lookalike.scaling import Scaling
from engine.lookalike.trees import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

CANDIDATES = ("centroid", "pu_logistic", "elkan_noto", "elkan_noto_free", "counts", "boosting", "blend")
"""The simplest first."""
BAGS, _FEW_BAGS = 30, 10
"""Draws of others; a large seed needs fewer, since each draw is large."""
_LARGE_SEED = 1_000
_LEAST_BAG = 200
_STRENGTH, _FREE = 0.003, 0.3
"""The inverse strength of the logistic regressions' penalty: the first is best where features each say a little alike
(Adult), the second where they only tell by how they differ (the simulator: phones among all that somebody views)."""
_MANY = 2_000
"""From this many seeds on trees may be larger."""
_COUNTS = 1.0
"""The same for counts as they are, which a large seed can be told by."""
_LARGE_TREES = {"max_leaf_nodes": 31, "learning_rate": 0.1, "max_iter": 100}
_SMALL_TREES = {
    "max_leaf_nodes": 7,
    "min_samples_leaf": 40,
    "l2_regularization": 5,
    "learning_rate": 0.08,
    "max_iter": 120,
}
_QUANTILES = 1_001


@dataclass(frozen=True)
class Sample:
    """People to learn from: their features, and who is of the seed."""

    values: NDArray[Any]
    seed: NDArray[Any]
    features: Sequence[Feature]


@dataclass(frozen=True)
class Fitted:
    """What was learnt: a linear part for everybody and, for two of the candidates, trees for those at the top.
    ``linear_at`` and ``trees_at`` are quantiles of both scores among everybody else, by which ranks are told."""

    candidate: str
    scaling: Scaling
    weights: NDArray[Any]
    trees: Trees | None = None
    linear_at: NDArray[Any] | None = None
    trees_at: NDArray[Any] | None = None

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """As it is kept: what is plain, and the arrays."""
        arrays = {"weights": self.weights}
        if self.trees is not None:
            assert self.linear_at is not None and self.trees_at is not None  # noqa: S101, PT018 - those with trees have both
            arrays |= {"linear_at": self.linear_at, "trees_at": self.trees_at} | self.trees.arrays()
        return {"candidate": self.candidate, "scaling": self.scaling.as_json()}, arrays

    @classmethod
    def of(cls, told: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Fitted:
        """What was kept."""
        trees = Trees.from_arrays(arrays) if "tree_starts" in arrays else None
        scaling, at = Scaling.from_json(told["scaling"]), (arrays.get("linear_at"), arrays.get("trees_at"))
        return cls(told["candidate"], scaling, arrays["weights"], trees, *at)

    def linear(self, values: NDArray[Any]) -> NDArray[Any]:
        """The linear score of each row."""
        found: NDArray[Any] = self.scaling.apply(values) @ self.weights
        return found

    def score(self, values: NDArray[Any]) -> NDArray[Any]:
        """The candidate's own score: larger is more similar."""
        import numpy as np

        if self.trees is None:
            return self.linear(values)
        found = self.trees.score(values)
        if self.candidate == "boosting" or self.linear_at is None or self.trees_at is None:
            return found
        places = np.linspace(0, 1, _QUANTILES)
        one, other = np.interp(found, self.trees_at, places), np.interp(self.linear(values), self.linear_at, places)
        # Beyond the last quantile ranks are equal; the trees' own score decides there.
        return np.asarray(one + other + 1e-6 * found)


def fit(sample: Sample, candidate: str, seed: int = 0, bags: int = BAGS) -> Fitted:
    """Learn one candidate; the same sample gives the same."""
    return fit_all(sample, (candidate,), seed, bags)[candidate]


def fit_all(
    sample: Sample,
    wanted: Sequence[str],
    seed: int = 0,
    bags: int = BAGS,
    checked: Callable[[], None] = lambda: None,
) -> dict[str, Fitted]:
    """Learn several, which share what they can. ``checked`` is called between steps; it may raise to stop."""
    scaling = Scaling.of(sample.values[~sample.seed], sample.features)
    scaled = scaling.apply(sample.values)
    found: dict[str, Fitted] = {}
    ways: dict[str, Callable[[], NDArray[Any]]] = {
        "centroid": lambda: _centroid(scaled, sample.seed),
        "pu_logistic": lambda: _bagged(scaled, sample.seed, seed, bags, checked),
        "elkan_noto": lambda: _elkan_noto(scaled, sample.seed, _STRENGTH),
        "elkan_noto_free": lambda: _elkan_noto(scaled, sample.seed, _FREE),
    }
    for name, way in ways.items():
        if name in wanted or (name == "pu_logistic" and {"boosting", "blend"} & set(wanted)):
            checked()
            found[name] = Fitted(name, scaling, way())
    if "counts" in wanted:
        checked()
        plain = Scaling.of(sample.values[~sample.seed], sample.features, plain=True)
        found["counts"] = Fitted("counts", plain, _plain(plain.apply(sample.values), sample.seed))
    if {"boosting", "blend"} & set(wanted):
        checked()
        trees = Trees.of(_boosted(sample, seed))
        linear = found["pu_logistic"].weights
        others = ~sample.seed
        at = _quantiles(scaled[others] @ linear), _quantiles(trees.score(sample.values[others]))
        for name in ("boosting", "blend"):
            found[name] = Fitted(name, scaling, linear, trees, *at)
    return {name: one for name, one in found.items() if name in wanted}


def _centroid(scaled: NDArray[Any], seed: NDArray[Any]) -> NDArray[Any]:
    """From the middle of everybody else towards the middle of the seed."""
    found: NDArray[Any] = scaled[seed].mean(axis=0) - scaled[~seed].mean(axis=0)
    return found


def _logistic(
    values: NDArray[Any], label: NDArray[Any], weight: NDArray[Any] | None = None, strength: float = _STRENGTH
) -> Any:
    from sklearn.linear_model import LogisticRegression

    # Newton's way takes a few steps where a weak penalty makes the other one take hundreds.
    solver = "lbfgs" if strength == _STRENGTH else "newton-cholesky"
    return LogisticRegression(C=strength, max_iter=300, solver=solver).fit(values, label, sample_weight=weight)


def _bagged(
    scaled: NDArray[Any], seed: NDArray[Any], number: int, bags: int, checked: Callable[[], None]
) -> NDArray[Any]:
    """The mean of regressions, each of the seed against as many others, drawn anew."""
    import numpy as np

    rng = np.random.default_rng(number)
    mine, others = np.flatnonzero(seed), np.flatnonzero(~seed)
    size = min(len(others), max(len(mine), _LEAST_BAG))
    total = np.zeros(scaled.shape[1])
    draws = bags if len(mine) < _LARGE_SEED else max(1, bags * _FEW_BAGS // BAGS)
    for _ in range(draws):
        checked()
        drawn = rng.choice(others, size, replace=False)
        label = np.r_[np.ones(len(mine)), np.zeros(size)]
        weight = np.r_[np.full(len(mine), size / len(mine)), np.ones(size)]
        total += _logistic(scaled[np.r_[mine, drawn]], label, weight).coef_[0]
    return total / draws


def _plain(values: NDArray[Any], seed: NDArray[Any]) -> NDArray[Any]:
    """The seed against everybody else, both of the same weight, by counts as they are: what somebody does follows a
    rate, and how much likelier one rate makes a count than another one is linear in it (Poisson)."""
    import numpy as np

    weight = np.where(seed, (~seed).sum() / seed.sum(), 1.0)
    found: NDArray[Any] = _logistic(values, seed.astype(float), weight, _COUNTS).coef_[0]
    return found


def _elkan_noto(scaled: NDArray[Any], seed: NDArray[Any], strength: float) -> NDArray[Any]:
    """Everybody else counts as alike in part: by how likely the first regression finds that they are, though nobody
    said so."""
    import numpy as np

    labelled = _logistic(scaled, seed.astype(float), strength=strength).predict_proba(scaled)[:, 1]
    frequency = labelled[seed].mean()
    odds = labelled[~seed] / np.maximum(1 - labelled[~seed], 1e-9)
    alike = np.clip((1 - frequency) / frequency * odds, 0, 1)
    values = np.vstack([scaled[seed], scaled[~seed], scaled[~seed]])
    label = np.r_[np.ones(seed.sum() + len(alike)), np.zeros(len(alike))]
    weight = np.r_[np.ones(seed.sum()), alike, 1 - alike]
    found: NDArray[Any] = _logistic(values, label, weight, strength).coef_[0]
    return found


def _boosted(sample: Sample, seed: int) -> Any:
    """Shallow trees for small seeds: those of the usual size learn the seed by heart."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    many = int(sample.seed.sum()) >= _MANY
    shape: dict[str, Any] = _LARGE_TREES if many else _SMALL_TREES
    made = HistGradientBoostingClassifier(class_weight="balanced", early_stopping=False, random_state=seed, **shape)
    return made.fit(sample.values, sample.seed)


def _quantiles(scores: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    found: NDArray[Any] = np.quantile(scores, np.linspace(0, 1, _QUANTILES))
    return found
