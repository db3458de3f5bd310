"""A model said as a rule that people can read: a small tree whose leaves are conditions of the canvas.

It is an approximation; how good a one is measured by evaluating it like any rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from engine.domain.feature import YEAR, Feature
from engine.lookalike.factors import FEWEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DEPTH = 3
_BRANCHES = 4
_NEVER = 10_000.0
"""Days since the last event, of who had none."""
_BELOW = -1e30
"""Below every value: what is missing, so that a threshold divides those who have a value from all others too."""


def readable(
    values: NDArray[Any], at_top: NDArray[Any], features: Sequence[Feature], useful: Sequence[Feature]
) -> dict[str, Any] | None:
    """The rule that comes closest to who is ``at_top`` of a sample, over features that are ``useful`` and that a rule
    can say; None when no condition tells them from others."""
    import numpy as np

    chosen = [place for place, one in enumerate(features) if one in useful and one.condition("gte", 1) is not None]
    if not chosen or not at_top.any() or at_top.all():
        return None
    mine = [features[place] for place in chosen]
    filled = np.column_stack([_filled(values[:, place], features[place]) for place in chosen])
    missing = [bool(np.isnan(values[:, place]).any()) for place in chosen]
    branches = _branches(filled, at_top)
    found = [_conditions(path, mine, missing) for path in branches]
    kept = [one for one in found if one]
    if not kept:
        return None
    every = [{"all": one} if len(one) > 1 else one[0] for one in kept]
    return {"any": every} if len(every) > 1 else every[0]


def _filled(values: NDArray[Any], one: Feature) -> NDArray[Any]:
    import numpy as np

    return np.where(np.isnan(values), _NEVER if one.kind == "recency" else _BELOW, values)


Side = Literal["gte", "lt"]
Path = list[tuple[int, Side, float]]


def _branches(filled: NDArray[Any], at_top: NDArray[Any]) -> list[Path]:
    """The ways down a small tree to leaves of mostly such people: as many as raise the F1 score."""
    from sklearn.tree import DecisionTreeClassifier

    least = max(FEWEST, int(at_top.sum()) // 50)
    weight = {True: min(10.0, (len(at_top) / max(1, at_top.sum())) ** 0.5), False: 1.0}
    tree = DecisionTreeClassifier(max_depth=_DEPTH, min_samples_leaf=least, random_state=0, class_weight=weight)
    tree.fit(filled, at_top)
    nodes, leaf_of = tree.tree_, tree.apply(filled)
    told = []
    for leaf in {int(one) for one in leaf_of}:
        inside = leaf_of == leaf
        told.append((float(at_top[inside].mean()), leaf, int(inside.sum()), int(at_top[inside].sum())))
    found: list[Path] = []
    size = right = 0
    best, total = 0.0, int(at_top.sum())
    for _, leaf, many, good in sorted(told, reverse=True)[:_BRANCHES]:
        score = 2 * (right + good) / (size + many + total)
        if score <= best:
            break
        best, size, right = score, size + many, right + good
        found.append(_way(nodes, leaf))
    return found


def _way(nodes: Any, leaf: int) -> Path:
    """The divisions from the root to a leaf."""
    above: dict[int, tuple[int, Side]] = {}
    for node in range(nodes.node_count):
        if nodes.children_left[node] >= 0:
            above[int(nodes.children_left[node])] = (node, "lt")
            above[int(nodes.children_right[node])] = (node, "gte")
    found: Path = []
    while leaf in above:
        leaf, side = above[leaf]
        found.append((int(nodes.feature[leaf]), side, float(nodes.threshold[leaf])))
    return found[::-1]


def _conditions(path: Path, features: Sequence[Feature], missing: Sequence[bool]) -> list[dict[str, Any]]:
    """The divisions as conditions; of several by one feature on one side the narrowest."""
    narrow: dict[tuple[int, Side], float] = {}
    for place, side, threshold in path:
        before = narrow.get((place, side))
        pick = max if side == "gte" else min
        narrow[place, side] = threshold if before is None else pick(before, threshold)
    found = []
    for (place, on), threshold in narrow.items():
        found.append(_condition(features[place], on, threshold, is_missing=missing[place]))
    return [one for one in found if one is not None]


def _condition(one: Feature, side: Side, threshold: float, *, is_missing: bool) -> dict[str, Any] | None:
    if one.kind == "recency" and threshold > YEAR:
        ever = {"did": one.source, "within": f"{YEAR}d"}
        return ever if side == "lt" else {"not": ever}
    whoever = {"trait": one.source, "is_set": side == "gte"}
    if threshold <= _BELOW / 2:
        return whoever
    found = one.condition(side, threshold)
    if found is None or side == "gte" or not is_missing or one.is_event or one.kind == "value":
        return found
    return {"any": [found, {**whoever, "is_set": False}]}
