"""Boosted trees as plain arrays: what HistGradientBoosting learnt, kept and read without running anybody's code.

scikit-learn's own files are pickles, and those of other formats follow its version. A tree is a few numbers a node.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 16_384
"""People that are walked through the trees at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Trees:
    """The nodes of all trees, one after another, from each root as deep as ``depths`` says. A leaf leads to itself and
    adds its ``value``; others send a person ``left`` when the ``feature`` is at most the ``threshold``, or is missing
    where ``missing_left`` says so."""

    base: float
    roots: NDArray[Any]
    depths: NDArray[Any]
    feature: NDArray[Any]
    threshold: NDArray[Any]
    missing_left: NDArray[Any]
    left: NDArray[Any]
    right: NDArray[Any]
    value: NDArray[Any]

    @classmethod
    def of(cls, fitted: Any) -> Trees:
        """Those of a HistGradientBoosting model of two classes, or a regression, without categorical features."""
        import numpy as np

        # The estimator has no public way to its trees; test_trees.py compares them with its own predictions.
        nodes = [predictors[0].nodes for predictors in fitted._predictors]
        starts = np.cumsum([0, *(len(one) for one in nodes)])
        every = np.concatenate(nodes)
        shift = np.repeat(starts[:-1], [len(one) for one in nodes])
        leaf = every["is_leaf"].astype(bool)
        itself = np.arange(len(every))
        return cls(
            float(np.ravel(fitted._baseline_prediction)[0]),
            starts[:-1].astype(np.int32),
            np.array([one["depth"].max() for one in nodes], dtype=np.int32),
            np.where(leaf, 0, every["feature_idx"]).astype(np.int32),
            every["num_threshold"].astype(np.float64),
            every["missing_go_to_left"].astype(bool),
            np.where(leaf, itself, every["left"] + shift).astype(np.int32),
            np.where(leaf, itself, every["right"] + shift).astype(np.int32),
            np.where(leaf, every["value"], 0).astype(np.float64),
        )

    def score(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sum over all trees for each row, on the scale of log-odds."""
        import numpy as np

        found = np.full(len(values), self.base)
        for first in range(0, len(values), _ROWS):
            block = np.ascontiguousarray(values[first : first + _ROWS], dtype=np.float64)
            found[first : first + _ROWS] += self._walked(block)
        return found

    def _walked(self, block: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        width = block.shape[1]
        flat, rows = block.ravel(), np.arange(len(block)) * width
        total = np.zeros(len(block))
        holes = bool(np.isnan(flat).any())
        for root, depth in zip(self.roots, self.depths, strict=True):
            node = np.full(len(block), root, dtype=np.int32)
            for _ in range(depth):
                mine = flat[rows + self.feature[node]]
                goes_left = mine <= self.threshold[node]
                if holes:
                    goes_left |= np.isnan(mine) & self.missing_left[node]
                node = np.where(goes_left, self.left[node], self.right[node])
            total += self.value[node]
        return total

    def arrays(self, head: str = "tree_") -> dict[str, NDArray[Any]]:
        """As they are kept, by name."""
        import numpy as np

        return {head + name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, found: dict[str, NDArray[Any]], head: str = "tree_") -> Trees:
        """What was kept."""
        told: dict[str, Any] = {one.name: found[head + one.name] for one in fields(cls)}
        return cls(**told | {"base": float(told["base"])})
