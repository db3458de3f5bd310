"""Ranks everybody: a linear score for all, then the whole model for those at the top (two stages)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Feature
from engine.jobs import Job
from engine.lookalike.candidates import Fitted
from engine.lookalike.table import FeatureTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOP = 0.10
"""The share that the second stage ranks anew: half as much again as the widest lookalike anybody offers needs less."""
_LEAST_TOP = 300_000
_DECIMALS = 9


@dataclass(frozen=True)
class Ranking:
    """The percentile of everybody who is ranked (100 is the most similar), by place in the table; NaN for who is not.
    ``scores`` are quantiles of the linear score, to tell how people change."""

    percentile: NDArray[Any]
    ranked: int
    scores: NDArray[Any]


def rank(
    table: FeatureTable, fitted: Fitted, features: tuple[Feature, ...], without: NDArray[Any], job: Job | None = None
) -> Ranking:
    """Rank everybody but those ``without`` (places). Equal scores are in the order of keys: the same data and model
    give the same ranks, always."""
    import numpy as np

    linear = np.empty(table.people)
    for block in table.blocks(features):
        if job is not None:
            job.report(0.1 + 0.6 * block.first / table.people, "scoring everybody")
        linear[block.first : block.first + len(block.values)] = fitted.linear(block.values)
    is_in = np.ones(table.people, dtype=bool)
    is_in[without] = False
    who = np.flatnonzero(is_in)
    order = who[np.argsort(-linear[who], kind="stable")]
    if fitted.trees is not None and len(order):
        top = min(len(order), max(_LEAST_TOP, round(_TOP * len(order))))
        places = np.sort(order[:top])
        if job is not None:
            job.report(0.75, "ranking those at the top")
        scores = fitted.score(table.take(places, features))
        order = np.concatenate([places[np.argsort(-scores, kind="stable")], order[top:]])
    percentile = np.full(table.people, np.nan)
    percentile[order] = np.round(100 * (1 - np.arange(len(order)) / max(1, len(order))), _DECIMALS)
    quantiles = np.quantile(linear[who], np.linspace(0, 1, 11)) if len(who) else np.zeros(11)
    return Ranking(percentile, len(order), quantiles)


def drift(before: NDArray[Any], now: NDArray[Any]) -> float:
    """The population stability index between two distributions, each by its deciles: below .1 little changed, above .25
    much did (the usual reading in credit scoring; Siddiqi 2006)."""
    import numpy as np

    inner = before[1:-1]
    share = np.interp(inner, now, np.linspace(0, 1, len(now)))
    new = np.maximum(np.diff(np.concatenate([[0], share, [1]])), 1e-4)
    old = 1 / len(new)
    return float(((new - old) * np.log(new / old)).sum())
