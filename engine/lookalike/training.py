"""Training a lookalike: who is in the seed, what may be learnt from, which candidate is best, and what it will find."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Excluded, Feature
from engine.errors import EngineError
from engine.jobs import Job
from engine.lookalike.candidates import Fitted, Sample, fit
from engine.lookalike.factors import Factor, factors, leaking, strongest
from engine.lookalike.selection import Trial, choose
from engine.lookalike.table import FeatureTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SEED = 100
ADVISED_SEED = 1_000
_MOST_SEED, _MOST_OTHERS = 20_000, 60_000
_CHOOSING_SEED, _CHOOSING_OTHERS = 4_000, 16_000
TOGETHER = 0.985
"""A trait or event by which trees tell the seed this well (area under the ROC curve) gives it away."""
_MOST_LEAKS = 8
_LOOKING = "looking for what gives the seed away"
STEPS = 1_000
"""Points of the reach curve."""


@dataclass(frozen=True)
class Trained:
    """A model that was trained, with what is to be told of it. ``recall`` is the share of a seed kept apart that is
    found within 1/1000, 2/1000 … of everybody else; ``scores`` are deciles of the linear score among everybody else."""

    fitted: Fitted
    features: tuple[Feature, ...]
    excluded: tuple[Excluded, ...]
    seed: int
    others: int
    trials: dict[str, Trial]
    recall: NDArray[Any]
    factors: tuple[Factor, ...]
    scores: NDArray[Any]


def train(
    table: FeatureTable,
    seed: NDArray[Any],
    number: int = 0,
    job: Job | None = None,
    *,
    allowed: Collection[str] = (),
) -> Trained:
    """Learn who is like the people at the places of ``seed``. Everything that is drawn is drawn from ``number``. Traits
    and events that are ``allowed`` may give the seed away."""
    import numpy as np

    others = table.people - len(seed)
    _check(len(seed), others)
    rng = np.random.default_rng(number)
    sample = _sample(table, seed, rng)
    sample, excluded = _usable(sample, allowed, rng, lambda share: _report(job, 0.12 + 0.08 * share, _LOOKING))
    chosen, trials = choose(
        _smaller(sample, rng), number, lambda share: _report(job, 0.2 + 0.55 * share, "choosing the model")
    )
    _report(job, 0.8, "training")
    fitted = fit(sample, chosen, number)
    _report(job, 0.92, "explaining")
    recall = _recall(trials[chosen].above)
    told = tuple(factors(sample, fitted))
    features = tuple(sample.features)
    scores = np.quantile(fitted.linear(sample.values[~sample.seed]), np.linspace(0, 1, 11))
    return Trained(fitted, features, (*table.excluded, *excluded), len(seed), others, trials, recall, told, scores)


def _report(job: Job | None, share: float, step: str) -> None:
    if job is not None:
        job.report(share, step)


def _check(seed: int, others: int) -> None:
    if seed < LEAST_SEED:
        raise EngineError(
            "refused",
            f"the seed has {seed:,} people who may be learnt from, and {LEAST_SEED} are needed",
            "seed",
            f"Choose a larger audience; from {ADVISED_SEED:,} on models are reliable.",
        )
    if others < LEAST_SEED:
        raise EngineError(
            "refused",
            f"the seed is everybody but {others:,}: nobody is left to be found",
            "seed",
            "Choose a narrower audience.",
        )


def _sample(table: FeatureTable, seed: NDArray[Any], rng: Any) -> Sample:
    import numpy as np

    mine = np.sort(seed) if len(seed) <= _MOST_SEED else np.sort(rng.choice(seed, _MOST_SEED, replace=False))
    is_other = np.ones(table.people, dtype=bool)
    is_other[seed] = False
    rest = np.flatnonzero(is_other)
    if len(rest) > _MOST_OTHERS:
        rest = np.sort(rng.choice(rest, _MOST_OTHERS, replace=False))
    places = np.sort(np.concatenate([mine, rest]))
    return Sample(table.take(places), ~is_other[places], table.features)


def _usable(
    sample: Sample, allowed: Collection[str], rng: Any, told: Callable[[float], None]
) -> tuple[Sample, list[Excluded]]:
    """Without features that never vary or are always missing, and those that give the seed away: alone, or a trait or
    event by several of its features."""
    import numpy as np

    excluded = useless(sample.values, sample.features)
    names = {one.name for one in excluded}
    sample = _only(sample, np.array([one.name not in names for one in sample.features], dtype=bool))
    leaks = {one for one in leaking(sample) if one.source not in allowed}
    excluded += [Excluded(one.name, "leaks") for one in sample.features if one in leaks]
    sample = _only(sample, np.array([one not in leaks for one in sample.features], dtype=bool))
    for step in range(_MOST_LEAKS):
        told(step / _MOST_LEAKS)
        auc, source = strongest(_smaller(sample, rng)) if sample.features else (0.0, "")
        if auc < TOGETHER or source in allowed:
            break
        excluded.append(Excluded(source, "leaks"))
        sample = _only(sample, np.array([one.source != source for one in sample.features], dtype=bool))
    if not sample.features:
        raise EngineError(
            "refused",
            "no feature is left to learn from: each is constant, missing or tells who is in the seed",
            hint="convoke lookalike show says which; give the data model more traits or events.",
        )
    return sample, excluded


def useless(values: NDArray[Any], features: Sequence[Feature]) -> list[Excluded]:
    """Features that say nothing: always missing, or always the same."""
    import numpy as np

    missing = np.isnan(values).all(axis=0)
    filled = np.where(np.isnan(values), np.inf, values)
    constant = ~missing & (filled.min(axis=0) == filled.max(axis=0))
    found = [Excluded(one.name, "missing") for one, is_so in zip(features, missing, strict=True) if is_so]
    return found + [Excluded(one.name, "constant") for one, is_so in zip(features, constant, strict=True) if is_so]


def _only(sample: Sample, kept: NDArray[Any]) -> Sample:
    features = [one for one, is_kept in zip(sample.features, kept, strict=True) if is_kept]
    return replace(sample, values=sample.values[:, kept], features=features)


def _smaller(sample: Sample, rng: Any) -> Sample:
    """Fewer people, for trying candidates over and over."""
    import numpy as np

    parts = []
    for of, most in ((sample.seed, _CHOOSING_SEED), (~sample.seed, _CHOOSING_OTHERS)):
        places = np.flatnonzero(of)
        parts.append(places if len(places) <= most else rng.choice(places, most, replace=False))
    rows = np.sort(np.concatenate(parts))
    return replace(sample, values=sample.values[rows], seed=sample.seed[rows])


def _recall(above: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    shares = np.arange(1, STEPS + 1) / STEPS
    return np.asarray(np.searchsorted(np.sort(above), shares, side="right") / max(1, len(above)))
