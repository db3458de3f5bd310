"""Which candidate is best for a seed, and what it will find: told by parts of the seed that were kept apart.

The seed and everybody else are divided alike into folds. Each fold is ranked by models that saw neither its seeds nor
its other people: how high its seeds come is what is to be expected of people like them whom nobody knows yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.lookalike.candidates import CANDIDATES, Sample, fit_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5
_SMALL, _REPEATS = 300, 2
"""A seed that is smaller is divided several times: single folds would tell little."""
_FROM = {"boosting": 150, "blend": 150, "counts": 500}
"""Seeds from which on a candidate is tried: of fewer it learns chance, and among many it would be chosen by chance (on
the simulator, 50 seeds: trees and counts cost .03 to .05 of the area under the ROC curve)."""
_BAGS = 10
_EQUAL = 0.001
"""Of candidates as good as this the simplest is taken."""


@dataclass(frozen=True)
class Trial:
    """What a candidate came to: the mean area under the ROC curve of parts kept apart, its standard error over folds,
    and for each seed kept apart the share of other people who were ranked above it."""

    candidate: str
    auc: float
    error: float
    above: NDArray[Any]


def tried(seeds: int) -> tuple[str, ...]:
    """The candidates for a seed of so many people."""
    return tuple(one for one in CANDIDATES if seeds >= _FROM.get(one, 0))


def choose(
    sample: Sample, number: int = 0, told: Callable[[float], None] = lambda share: None
) -> tuple[str, dict[str, Trial]]:
    """The candidate to take, and all trials. ``told`` hears the share done; it may raise to stop."""
    import numpy as np

    rng = np.random.default_rng(number)
    repeats, candidates = _REPEATS if sample.seed.sum() < _SMALL else 1, tried(int(sample.seed.sum()))
    aucs: dict[str, list[float]] = {one: [] for one in candidates}
    above: dict[str, list[NDArray[Any]]] = {one: [] for one in candidates}
    steps = repeats * FOLDS
    for step in range(steps):
        if step % FOLDS == 0:
            fold = _folds(sample.seed, rng)
        told(step / steps)
        apart = fold == step % FOLDS
        learning = Sample(sample.values[~apart], sample.seed[~apart], sample.features)
        models = fit_all(learning, candidates, number + step, _BAGS, partial(told, step / steps))
        values, seed = sample.values[apart], sample.seed[apart]
        for name, model in models.items():
            scores = model.score(values)
            higher = shares_above(scores[seed], scores[~seed])
            above[name].append(higher)
            aucs[name].append(float(1 - higher.mean()))
    trials = {
        name: Trial(
            name, float(np.mean(found)), float(np.std(found) / np.sqrt(len(found))), np.concatenate(above[name])
        )
        for name, found in aucs.items()
    }
    best = max(one.auc for one in trials.values())
    return next(one for one in candidates if trials[one].auc >= best - _EQUAL), trials


def _folds(seed: NDArray[Any], rng: Any) -> NDArray[Any]:
    """A fold for everybody, such that each has its part of the seed."""
    import numpy as np

    fold = np.empty(len(seed), dtype=np.int8)
    for part in (seed, ~seed):
        places = np.flatnonzero(part)
        fold[rng.permutation(places)] = np.arange(len(places)) % FOLDS
    return fold


def shares_above(scores: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """For each score the share of others that are higher; of equal ones half."""
    import numpy as np

    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    up_to = np.searchsorted(ordered, scores, side="right")
    return np.asarray(1 - (below + up_to) / 2 / max(1, len(ordered)))
