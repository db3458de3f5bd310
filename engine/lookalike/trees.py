"""Boosted trees as plain arrays: what HistGradientBoosting learnt, kept and read without running anybody's code.

scikit-learn's own files are pickles, and those of other formats follow its version. A tree is a few numbers a node.
People are scored as QuickScorer does (Lucchese and others, SIGIR 2015): whoever fails a division cannot reach the
leaves to its left, so these are struck out as bits, and the first leaf that is left is theirs. Each division is then
one comparison of a whole column, which numpy does without walking anybody through a tree.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 16_384
"""People that are scored at a time, so that their columns stay in the processor's cache."""
MOST_LEAVES = 64
"""Leaves of a tree: the bits of a number."""


@dataclass(frozen=True)
class Trees:
    """The divisions of all trees, one tree after another from ``starts``: a person goes left when the ``feature`` is at
    most the ``threshold``, or is missing where ``missing_left`` says so; ``bits`` are the leaves on the left. ``value``
    holds what each leaf adds, from left to right, one tree after another from ``leaf_starts``."""

    base: float
    starts: NDArray[Any]
    leaf_starts: NDArray[Any]
    feature: NDArray[Any]
    threshold: NDArray[Any]
    missing_left: NDArray[Any]
    bits: NDArray[Any]
    value: NDArray[Any]

    @classmethod
    def of(cls, fitted: Any) -> Trees:
        """Those of a HistGradientBoosting model of two classes, or a regression, without categorical features."""
        import numpy as np

        # The estimator has no public way to its trees; test_trees.py compares them with its own predictions.
        made = [_Flat(predictors[0].nodes) for predictors in fitted._predictors]
        starts = np.cumsum([0, *(len(one.divisions) for one in made)]).astype(np.int64)
        leaf_starts = np.cumsum([0, *(len(one.values) for one in made)]).astype(np.int64)
        divisions = [one for tree in made for one in tree.divisions]
        return cls(
            float(np.ravel(fitted._baseline_prediction)[0]),
            starts,
            leaf_starts,
            np.array([one[0] for one in divisions], dtype=np.int32),
            np.array([one[1] for one in divisions], dtype=np.float64),
            np.array([one[2] for one in divisions], dtype=bool),
            np.array([one[3] for one in divisions], dtype=np.uint64),
            np.array([value for tree in made for value in tree.values], dtype=np.float64),
        )

    def score(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sum over all trees for each row, on the scale of log-odds (of a regression: of what is predicted)."""
        import numpy as np

        found = np.full(len(values), self.base)
        single = values.dtype == np.float32
        edges = _below(self.threshold) if single else self.threshold
        for first in range(0, len(values), _ROWS):
            block = values[first : first + _ROWS]
            columns = np.ascontiguousarray(block.T, dtype=np.float32 if single else np.float64)
            found[first : first + _ROWS] += self._added(columns, edges)
        return found

    def _added(self, columns: NDArray[Any], edges: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        total = np.zeros(columns.shape[1])
        struck = np.empty(columns.shape[1], dtype=np.uint64)
        more = np.empty_like(struck)
        for tree in range(len(self.starts) - 1):
            struck[:] = 0
            for place in range(self.starts[tree], self.starts[tree + 1]):
                column = columns[self.feature[place]]
                # What is missing compares false, so it goes left by the one comparison and right by the other.
                right = column > edges[place] if self.missing_left[place] else ~(column <= edges[place])
                np.multiply(right, self.bits[place], out=more)
                np.bitwise_or(struck, more, out=struck)
            first_left = ~struck & (struck + np.uint64(1))
            leaf = np.frexp(first_left.astype(np.float64))[1] - 1
            total += self.value[self.leaf_starts[tree] + leaf]
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


class _Flat:
    """One tree: its divisions (feature, threshold, missing goes left, leaves on the left) and its leaves' values."""

    def __init__(self, nodes: Any) -> None:
        self._nodes = nodes
        self.divisions: list[tuple[int, float, bool, int]] = []
        self.values: list[float] = []
        self._walk(0)
        if len(self.values) > MOST_LEAVES:
            raise ValueError(f"a tree has {len(self.values)} leaves, and {MOST_LEAVES} are the most")

    def _walk(self, place: int) -> None:
        node = self._nodes[place]
        if node["is_leaf"]:
            self.values.append(float(node["value"]))
            return
        mine, first = len(self.divisions), len(self.values)
        self.divisions.append((0, 0.0, False, 0))
        self._walk(int(node["left"]))
        bits = ((1 << len(self.values)) - 1) & ~((1 << first) - 1)
        told = int(node["feature_idx"]), float(node["num_threshold"]), bool(node["missing_go_to_left"])
        self.divisions[mine] = (*told, bits)
        self._walk(int(node["right"]))


def _below(edges: NDArray[Any]) -> NDArray[Any]:
    """The largest number of single precision that is not above each: what compares with single numbers alike."""
    import numpy as np

    found = edges.astype(np.float32)
    above = found.astype(np.float64) > edges
    found[above] = np.nextafter(found[above], np.float32(-np.inf))
    return found
