"""Whom it changes to be spoken to: the difference that a treatment makes, where a control arm shows what is without it.

Two learners, and the one that orders people better over folds kept apart is taken: two regressions, one for each arm
(T-learner), and trees over doubly robust differences (DR-learner; Kennedy 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Feature
from engine.errors import EngineError
from engine.lookalike.scaling import Scaling
from engine.lookalike.trees import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEARNERS = ("t_learner", "dr_learner")
LEAST_ARM = 500
_FOLDS = 5


@dataclass(frozen=True)
class Arms:
    """People of both arms: their features before, who was treated, and who did it afterwards."""

    values: NDArray[Any]
    treated: NDArray[Any]
    did: NDArray[Any]
    features: Sequence[Feature]

    def rows(self, of: NDArray[Any]) -> Arms:
        """Some of them."""
        return Arms(self.values[of], self.treated[of], self.did[of], self.features)


@dataclass(frozen=True)
class Uplift:
    """A model of the difference in probability: two regressions, or trees."""

    learner: str
    scaling: Scaling
    weights: NDArray[Any] | None
    trees: Trees | None

    def predict(self, values: NDArray[Any]) -> NDArray[Any]:
        """How much likelier each is to do it when treated, from -1 to 1."""
        import numpy as np

        if self.trees is not None:
            return np.asarray(np.clip(self.trees.score(values), -1, 1))
        assert self.weights is not None  # noqa: S101 - one of both is there
        scaled = np.hstack([self.scaling.apply(values), np.ones((len(values), 1))])
        with_it, without = (1 / (1 + np.exp(-(scaled @ one))) for one in self.weights)
        return np.asarray(with_it - without)

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """As it is kept: what is plain, and the arrays."""
        arrays = {} if self.trees is None else self.trees.arrays("uplift_")
        if self.weights is not None:
            arrays["uplift_weights"] = self.weights
        return {"learner": self.learner, "scaling": self.scaling.as_json()}, arrays

    @classmethod
    def of(cls, told: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Uplift:
        """What was kept."""
        trees = Trees.from_arrays(arrays, "uplift_") if "uplift_starts" in arrays else None
        return cls(told["learner"], Scaling.from_json(told["scaling"]), arrays.get("uplift_weights"), trees)


def fit(people: Arms, number: int = 0, checked: Callable[[], None] = lambda: None) -> tuple[Uplift, dict[str, Any]]:
    """The better learner, and what is to be told of it: the mean effect with its 95 % interval, and the Qini area of
    each learner (times people: what ordering by it gains over treating people at random)."""
    import numpy as np

    arms = int(people.treated.sum()), int((~people.treated).sum())
    if min(arms) < LEAST_ARM:
        raise EngineError(
            "refused",
            f"the arms have {arms[0]:,} and {arms[1]:,} people who may be learnt from, and {LEAST_ARM} each are needed",
            "uplift",
        )
    fold = np.random.default_rng(number).permutation(len(people.did)) % _FOLDS
    areas = {}
    for learner in LEARNERS:
        apart = np.zeros(len(people.did))
        for one in range(_FOLDS):
            checked()
            apart[fold == one] = _fit(people.rows(fold != one), learner, number).predict(people.values[fold == one])
        areas[learner] = qini(apart, people.treated, people.did)
    best = max(LEARNERS, key=lambda one: areas[one])
    effect, error = _effect(people)
    told = {"effect": effect, "low": effect - 1.96 * error, "high": effect + 1.96 * error, "qini": areas}
    told |= {"treated": arms[0], "control": arms[1]}
    checked()
    return _fit(people, best, number), told


def _effect(people: Arms) -> tuple[float, float]:
    import numpy as np

    parts = people.did[people.treated], people.did[~people.treated]
    (a, b), (n, m) = (float(one.mean()) for one in parts), (len(one) for one in parts)
    return a - b, float(np.sqrt(a * (1 - a) / n + b * (1 - b) / m))


def _fit(people: Arms, learner: str, number: int) -> Uplift:
    scaling = Scaling.of(people.values, people.features)
    if learner == "t_learner":
        return Uplift(learner, scaling, _two(people, scaling), None)
    return Uplift(learner, scaling, None, _doubly_robust(people, number))


def _two(people: Arms, scaling: Scaling) -> NDArray[Any]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    found = []
    for arm in (people.treated, ~people.treated):
        did = people.did[arm]
        if did.all() or not did.any():
            share = float(np.clip(did.mean(), 1e-6, 1 - 1e-6))
            found.append(np.r_[np.zeros(scaling.width), np.log(share / (1 - share))])
            continue
        made = LogisticRegression(C=0.02, max_iter=300).fit(scaling.apply(people.values[arm]), did)
        found.append(np.r_[made.coef_[0], made.intercept_[0]])
    return np.stack(found)


def _doubly_robust(people: Arms, number: int) -> Trees:
    """Trees over differences that are right when either the outcomes or the shares of the arms are."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    share = people.treated.mean()
    half = np.random.default_rng(number).permutation(len(people.did)) % 2
    expected = np.zeros((2, len(people.did)))
    for one in (0, 1):
        for place, arm in enumerate((people.treated, ~people.treated)):
            rows = (half != one) & arm
            model = _trees(80, number)(HistGradientBoostingRegressor).fit(people.values[rows], people.did[rows])
            expected[place, half == one] = model.predict(people.values[half == one])
    with_it, without = expected
    treated = people.treated
    difference = with_it - without
    difference = difference + treated * (people.did - with_it) / share
    difference = difference - (~treated) * (people.did - without) / (1 - share)
    made = _trees(60, number)(HistGradientBoostingRegressor).fit(people.values, difference)
    return Trees.of(made)


def _trees(rounds: int, number: int) -> Callable[[Any], Any]:
    shape = {"max_iter": rounds, "max_leaf_nodes": 7, "min_samples_leaf": 200, "learning_rate": 0.05}
    return lambda kind: kind(early_stopping=False, random_state=number, **shape)


def qini(uplift: NDArray[Any], treated: NDArray[Any], did: NDArray[Any]) -> float:
    """The area between the Qini curve (Radcliffe 2007) of an order and that of chance, by the number of people."""
    import numpy as np

    order = np.argsort(-uplift, kind="stable")
    arm, outcome = treated[order], did[order].astype(float)
    with_it, without = np.cumsum(arm), np.cumsum(~arm)
    gained = np.cumsum(outcome * arm) - np.cumsum(outcome * ~arm) * with_it / np.maximum(without, 1)
    chance = gained[-1] * np.arange(1, len(gained) + 1) / len(gained)
    return float((gained - chance).mean() / len(gained))
