"""How likely somebody is to do something: a probability that means what it says.

Learnt over one period and judged over the next, which it has not seen. Never balanced: balancing classes wrecks
probabilities (on Adult the calibration error rises from .003 to .10). A calibration from cross-fitted predictions
follows (isotonic where there are enough cases, Zadrozny and Elkan 2002; else Platt's).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Feature
from engine.errors import EngineError
from engine.lookalike.factors import FEWEST
from engine.lookalike.scaling import Scaling
from engine.lookalike.selection import shares_above
from engine.lookalike.trees import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_CASES = 100
_ENOUGH_FOR_ISOTONIC = 1_000
_FOLDS = 3
_KNOTS = 200
_BINS = 10
WAYS = ("logistic", "boosting")


@dataclass(frozen=True)
class Labelled:
    """People with what they did afterwards."""

    values: NDArray[Any]
    did: NDArray[Any]
    features: Sequence[Feature]


@dataclass(frozen=True)
class Likelihood:
    """A model of a probability: raw log-odds by a regression or by trees, then a calibration, a curve of knots."""

    way: str
    scaling: Scaling
    weights: NDArray[Any] | None
    bias: float
    trees: Trees | None
    at: NDArray[Any]
    probability: NDArray[Any]

    def raw(self, values: NDArray[Any]) -> NDArray[Any]:
        """Log-odds before the calibration."""
        if self.trees is not None:
            return self.trees.score(values)
        found: NDArray[Any] = self.scaling.apply(values) @ self.weights + self.bias
        return found

    def score(self, values: NDArray[Any]) -> NDArray[Any]:
        """The same as the raw log-odds: to order people by."""
        return self.raw(values)

    def predict(self, values: NDArray[Any]) -> NDArray[Any]:
        """The probability of each row."""
        import numpy as np

        found: NDArray[Any] = np.interp(self.raw(values), self.at, self.probability)
        return found

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """As it is kept: what is plain, and the arrays."""
        arrays = {"at": self.at, "probability": self.probability}
        if self.weights is not None:
            arrays["weights"] = self.weights
        if self.trees is not None:
            arrays |= self.trees.arrays()
        return {"way": self.way, "scaling": self.scaling.as_json(), "bias": self.bias}, arrays

    @classmethod
    def of(cls, told: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Likelihood:
        """What was kept."""
        trees = Trees.from_arrays(arrays) if "tree_starts" in arrays else None
        scaling, at = Scaling.from_json(told["scaling"]), (arrays["at"], arrays["probability"])
        return cls(told["way"], scaling, arrays.get("weights"), float(told["bias"]), trees, *at)


@dataclass(frozen=True)
class Reliability:
    """People of about the same probability: its mean, how many did it, and how many they are."""

    predicted: float
    did: float
    people: int


@dataclass(frozen=True)
class Judged:
    """What a model came to over people and a period it had not seen. ``ece`` is the expected calibration error (Naeini
    2015, ten bins of equally many people), ``ratio`` the sum of probabilities by the number who did it."""

    people: int
    did: int
    auc: float
    brier: float
    log_loss: float
    ece: float
    ratio: float
    lift: float
    curve: tuple[Reliability, ...]

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a model."""
        return asdict(self)


def fit(people: Labelled, number: int = 0, checked: Callable[[], None] = lambda: None) -> Likelihood:
    """Learn by the way that predicts best over folds kept apart, and calibrate it by these predictions."""
    import numpy as np

    cases = int(people.did.sum())
    if cases < LEAST_CASES or len(people.did) - cases < LEAST_CASES:
        raise EngineError(
            "refused",
            f"{cases:,} of {len(people.did):,} people did it in the period learnt from, and {LEAST_CASES} are needed "
            "who did and who did not",
            "target",
            "Choose a longer horizon, or something more people do.",
        )
    fold = np.random.default_rng(number).permutation(len(people.did)) % _FOLDS
    apart: dict[str, NDArray[Any]] = {}
    for way in WAYS:
        apart[way] = np.zeros(len(people.did))
        for one in range(_FOLDS):
            checked()
            learning = Labelled(people.values[fold != one], people.did[fold != one], people.features)
            apart[way][fold == one] = _learnt(learning, way, number)[1](people.values[fold == one])
    curves = {way: _calibration(raw, people.did) for way, raw in apart.items()}
    losses = {way: _log_loss(np.interp(apart[way], *curves[way]), people.did) for way in WAYS}
    best = min(WAYS, key=lambda way: losses[way])
    checked()
    made, _ = _learnt(people, best, number)
    at, probability = curves[best]
    return Likelihood(best, made.scaling, made.weights, made.bias, made.trees, at, probability)


def _learnt(people: Labelled, way: str, number: int) -> tuple[Likelihood, Callable[[NDArray[Any]], NDArray[Any]]]:
    """A model without a calibration but the logistic curve itself, and its raw log-odds as fast as they come."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    scaling = Scaling.of(people.values, people.features)
    at = np.linspace(-12, 12, _KNOTS)
    plain = at, 1 / (1 + np.exp(-at))
    if way == "logistic":
        found = LogisticRegression(C=0.1, max_iter=300).fit(scaling.apply(people.values), people.did)
        linear = Likelihood(way, scaling, found.coef_[0], float(found.intercept_[0]), None, *plain)
        return linear, linear.raw
    made = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.08, max_leaf_nodes=15, min_samples_leaf=50, early_stopping=False,
        random_state=number,
    ).fit(people.values, people.did)  # fmt: skip
    return Likelihood(way, scaling, None, 0.0, Trees.of(made), *plain), made.decision_function


def _calibration(raw: NDArray[Any], did: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Knots of raw log-odds and probabilities, rising."""
    import numpy as np
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    at = np.unique(np.quantile(raw, np.linspace(0, 1, _KNOTS + 1)))
    if min(did.sum(), len(did) - did.sum()) >= _ENOUGH_FOR_ISOTONIC:
        # Means of equally many people first: single ones would draw steps that are chance.
        place = np.clip(np.searchsorted(at, raw, side="right") - 1, 0, max(0, len(at) - 2))
        many = np.bincount(place, minlength=len(at) - 1)
        kept = many > 0
        middle = (np.bincount(place, raw, len(at) - 1)[kept]) / many[kept]
        share = np.bincount(place, did, len(at) - 1)[kept] / many[kept]
        found = IsotonicRegression(y_min=1e-6, y_max=1 - 1e-6).fit(middle, share, sample_weight=many[kept])
        return middle, found.predict(middle)
    platt = LogisticRegression(C=1e6).fit(raw.reshape(-1, 1), did)
    wide = np.linspace(min(-12, float(raw.min())), max(12, float(raw.max())), _KNOTS)
    return wide, platt.predict_proba(wide.reshape(-1, 1))[:, 1]


def _log_loss(probability: NDArray[Any], did: NDArray[Any]) -> float:
    import numpy as np

    sure = np.clip(probability, 1e-9, 1 - 1e-9)
    return float(-(did * np.log(sure) + (1 - did) * np.log(1 - sure)).mean())


def judge(probability: NDArray[Any], did: NDArray[Any]) -> Judged:
    """How good probabilities were."""
    import numpy as np

    did = did.astype(bool)
    order = np.argsort(probability, kind="stable")
    curve: list[Reliability] = []
    error = 0.0
    for part in np.array_split(order, _BINS):
        mean, share = float(probability[part].mean()), float(did[part].mean())
        error += abs(mean - share) * len(part) / len(did)
        if len(part) >= FEWEST:
            curve.append(Reliability(mean, share, len(part)))
    top = order[-max(1, len(order) // 10) :]
    cases = int(did.sum())
    auc = 1 - shares_above(probability[did], probability[~did]).mean() if 0 < cases < len(did) else 0.5
    return Judged(
        len(did),
        cases,
        float(auc),
        float(((probability - did) ** 2).mean()),
        _log_loss(probability, did),
        error,
        float(probability.sum() / max(1, cases)),
        float(did[top].mean() / max(1e-12, did.mean())),
        tuple(curve),
    )
