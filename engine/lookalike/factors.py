"""What a model rests on: how the seed differs from everybody, which features count, and which give the seed away.

Nothing is told of fewer than fifty people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.domain.feature import Feature
from engine.lookalike.candidates import Fitted, Sample, fit
from engine.lookalike.scaling import Scaling
from engine.lookalike.selection import shares_above
from engine.lookalike.trees import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 50
"""People in every part of an explanation (k-anonymity)."""
LEAK = 0.98
"""A feature that tells the seed from others this well (area under the ROC curve) says who is in it, not who is like
it."""
_BINS = 6
_LEAK_BINS = 16
_SHOWN = 15
_TRIED = 30


@dataclass(frozen=True)
class Bar:
    """Who has a value from ``low`` to below ``high`` (both None: it is missing): shares of the seed and of others."""

    low: float | None
    high: float | None
    seed: float
    others: float


@dataclass(frozen=True)
class Factor:
    """A feature that counts: its means in the seed and among others, the difference in standard deviations (above zero:
    the seed has more), its part in the model (0 to 1), and both distributions."""

    feature: Feature
    seed: float | None
    others: float | None
    difference: float
    part: float
    bars: tuple[Bar, ...]

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a model."""
        told = {**asdict(self), "feature": self.feature.as_json(), "name": self.feature.name}
        return told | {"bars": [asdict(one) for one in self.bars]}


class Scorer(Protocol):
    """A model that can be explained: a linear part with a scale, or trees, and a score."""

    @property
    def scaling(self) -> Scaling:
        """The scale of the linear part."""

    @property
    def weights(self) -> NDArray[Any] | None:
        """The weights of the linear part."""

    @property
    def trees(self) -> Trees | None:
        """The trees."""

    def score(self, values: NDArray[Any]) -> NDArray[Any]:
        """A score of each row."""


def factors(sample: Sample, fitted: Scorer) -> list[Factor]:
    """The features that count most, the first most."""
    import numpy as np

    scaled = fitted.scaling.apply(sample.values)[:, : len(sample.features)]
    difference = scaled[sample.seed].mean(axis=0) - scaled[~sample.seed].mean(axis=0)
    parts = _parts(sample, fitted, difference)
    total = parts.sum() or 1.0
    found = []
    for place in np.argsort(-parts, kind="stable")[:_SHOWN]:
        if parts[place] > 0:
            values = sample.values[:, place]
            bars = _bars(values, sample.seed)
            one = sample.features[place]
            means = _mean(values[sample.seed]), _mean(values[~sample.seed])
            found.append(Factor(one, *means, float(difference[place]), float(parts[place] / total), bars))
    return found


def _parts(sample: Sample, fitted: Scorer, difference: NDArray[Any]) -> NDArray[Any]:
    """How much each feature counts: in a linear model its weight by how the seed differs; with trees how much worse the
    seed is told from others when the feature is shuffled (Breiman 2001)."""
    import numpy as np

    weights = np.zeros(1) if fitted.weights is None else fitted.weights[: len(sample.features)]
    plain = np.abs(weights * difference)
    if fitted.trees is None:
        return np.asarray(plain)
    rng = np.random.default_rng(0)
    rows = _balanced(sample.seed, rng)
    values, seed = sample.values[rows].copy(), sample.seed[rows]
    whole = _auc(fitted.score(values), seed)
    found = np.zeros(len(plain))
    for place in np.argsort(-(plain + np.abs(difference)), kind="stable")[:_TRIED]:
        kept = values[:, place].copy()
        values[:, place] = rng.permutation(kept)
        found[place] = max(0.0, whole - _auc(fitted.score(values), seed))
        values[:, place] = kept
    return found


def _balanced(seed: NDArray[Any], rng: Any) -> NDArray[Any]:
    import numpy as np

    parts = [np.flatnonzero(seed), np.flatnonzero(~seed)]
    return np.concatenate([one if len(one) <= 4_000 else rng.choice(one, 4_000, replace=False) for one in parts])


def _auc(scores: NDArray[Any], seed: NDArray[Any]) -> float:
    return float(1 - shares_above(scores[seed], scores[~seed]).mean())


def _mean(values: NDArray[Any]) -> float | None:
    import numpy as np

    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) >= FEWEST else None


def _bars(values: NDArray[Any], seed: NDArray[Any]) -> tuple[Bar, ...]:
    """Both distributions; neighbouring bars are joined until each has enough people of both kinds."""
    import numpy as np

    missing = np.isnan(values)
    known = values[~missing] if (~missing).any() else np.zeros(1)
    edges: NDArray[Any] = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    place = np.where(missing, -1, np.searchsorted(edges, values, side="right"))
    seeds, others = max(1, int(seed.sum())), max(1, int((~seed).sum()))
    counted: list[list[float | None]] = []
    for one in range(len(edges) + 1):
        low = None if one == 0 else float(edges[one - 1])
        high = None if one == len(edges) else float(edges[one])
        mine = place == one
        counted.append([low, high, int((mine & seed).sum()), int((mine & ~seed).sum())])
    told = _joined(counted)
    apart = int((missing & seed).sum()), int((missing & ~seed).sum())
    bars = [Bar(low, high, mine / seeds, rest / others) for low, high, mine, rest in told]
    if min(apart) >= FEWEST:
        bars.append(Bar(None, None, apart[0] / seeds, apart[1] / others))
    return tuple(bars) if len(bars) > 1 else ()


def _joined(counted: list[list[Any]]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for one in counted:
        if found and min(found[-1][2], found[-1][3]) < FEWEST:
            found[-1] = [found[-1][0], one[1], found[-1][2] + one[2], found[-1][3] + one[3]]
        else:
            found.append(list(one))
    if len(found) > 1 and min(found[-1][2], found[-1][3]) < FEWEST:
        last = found.pop()
        found[-1] = [found[-1][0], last[1], found[-1][2] + last[2], found[-1][3] + last[3]]
    return found if found and min(found[-1][2], found[-1][3]) >= FEWEST else []


def strongest(sample: Sample, number: int = 0) -> tuple[float, str]:
    """How well boosted trees tell a part of the seed that they have not seen from others (area under the ROC curve),
    and the trait or event that they do it by most."""
    import numpy as np

    apart = np.random.default_rng(number).permutation(len(sample.seed)) % 4 == 0
    learning = Sample(sample.values[~apart], sample.seed[~apart], sample.features)
    fitted = fit(learning, "boosting", number, bags=1)
    rest = Sample(sample.values[apart], sample.seed[apart], sample.features)
    auc = _auc(fitted.score(rest.values), rest.seed)
    scaled = fitted.scaling.apply(rest.values)[:, : len(sample.features)]
    parts = _parts(rest, fitted, scaled[rest.seed].mean(axis=0) - scaled[~rest.seed].mean(axis=0))
    by_source: dict[str, float] = {}
    for one, part in zip(sample.features, parts, strict=True):
        by_source[one.source] = by_source.get(one.source, 0.0) + float(part)
    return auc, max(sorted(by_source), key=lambda one: by_source[one])


def leaking(sample: Sample) -> list[Feature]:
    """Features each of which alone tells who is in the seed."""
    return [one for place, one in enumerate(sample.features) if _tells(sample.values[:, place], sample.seed) >= LEAK]


def _tells(values: NDArray[Any], seed: NDArray[Any]) -> float:
    """The area under the ROC curve of a feature in whatever order of its values is best, missing being one of them."""
    import numpy as np

    missing = np.isnan(values)
    if missing.all():
        return 0.5
    edges = np.unique(np.quantile(values[~missing], np.linspace(0, 1, _LEAK_BINS + 1)))
    place = np.where(missing, len(edges) + 1, np.searchsorted(edges, values, side="left"))
    mine = np.bincount(place[seed], minlength=len(edges) + 2)
    rest = np.bincount(place[~seed], minlength=len(edges) + 2)
    odds = (mine + 0.5) / seed.sum() / ((rest + 0.5) / (~seed).sum())
    return _auc(odds[place], seed)


def contributions(fitted: Fitted, row: NDArray[Any], features: Sequence[Feature]) -> list[tuple[Feature, float]]:
    """What draws a person towards the seed (above zero) or away from it by the linear part of a model, most first."""
    import numpy as np

    scaled = fitted.scaling.apply(row.reshape(1, -1))[0] * fitted.weights
    found = scaled[: len(features)].copy()
    for place, marked in enumerate(fitted.scaling.marked):
        found[marked] += scaled[len(features) + place]
    return [
        (features[place], float(found[place])) for place in np.argsort(-np.abs(found), kind="stable") if found[place]
    ]
