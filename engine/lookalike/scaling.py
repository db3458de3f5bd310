"""Features as a linear model takes them: on one scale, logarithms where the document of the feature says so, and a
missing value as the mean with a mark of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Feature

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARKED = 0.005
"""A feature gets a mark when at least this share is missing, and at least this share is not."""
_FURTHEST = 8.0
"""Deviations from the mean beyond which a value counts as this far: one odd value decides nothing."""


@dataclass(frozen=True)
class Scaling:
    """Means and deviations by feature, which of them are logarithms, and those with a mark."""

    mean: NDArray[Any]
    deviation: NDArray[Any]
    log: NDArray[Any]
    marked: NDArray[Any]

    @classmethod
    def of(cls, values: NDArray[Any], features: Sequence[Feature], *, plain: bool = False) -> Scaling:
        """The scale of a sample: rows are people. With ``plain`` nothing is a logarithm."""
        import numpy as np

        log = np.array([one.log and not plain for one in features], dtype=bool)
        found = _logarithms(values, log)
        missing = np.isnan(found)
        known = (~missing).sum(axis=0)
        filled = np.where(missing, 0, found)
        mean = filled.sum(axis=0) / np.maximum(known, 1)
        squares = np.where(missing, 0, found - mean) ** 2
        deviation = np.sqrt(squares.sum(axis=0) / np.maximum(known, 1))
        share = 1 - known / max(1, len(values))
        marked = np.flatnonzero((share >= _MARKED) & (share <= 1 - _MARKED))
        return cls(mean, np.where(deviation > 1e-9, deviation, np.inf), log, marked)

    def apply(self, values: NDArray[Any]) -> NDArray[Any]:
        """The columns of a linear model: every feature, then the marks."""
        import numpy as np

        found = _logarithms(values, self.log)
        missing = np.isnan(found)
        found -= self.mean
        found /= self.deviation
        found[missing] = 0
        np.clip(found, -_FURTHEST, _FURTHEST, out=found)
        return np.hstack([found, missing[:, self.marked].astype(found.dtype)])

    @property
    def width(self) -> int:
        """How many columns a linear model has."""
        return len(self.mean) + len(self.marked)

    def as_json(self) -> dict[str, Any]:
        """As it is kept; a feature that never varied has no deviation."""
        import numpy as np

        deviation = [None if np.isinf(one) else float(one) for one in self.deviation]
        told = {"mean": self.mean.tolist(), "deviation": deviation}
        return told | {"log": self.log.tolist(), "marked": self.marked.tolist()}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Scaling:
        """What was kept."""
        import numpy as np

        deviation = np.array([np.inf if one is None else one for one in found["deviation"]], dtype=float)
        marked = np.array(found["marked"], dtype=np.int64)
        return cls(np.array(found["mean"], dtype=float), deviation, np.array(found["log"], dtype=bool), marked)


def _logarithms(values: NDArray[Any], log: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    found = values.astype(np.float64)
    if log.any():
        found[:, log] = np.log1p(np.maximum(found[:, log], 0))
    return found
