"""What is to be expected of a reach, by the card of a lookalike's model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

NEAR_CHANCE = 0.55
"""A model that tells the seed from others no better than this (area under the ROC curve) finds little."""
_Z = 1.96
"""Of a 95 % interval."""


@dataclass(frozen=True)
class Reach:
    """What is to be expected of the most similar ``share``: how many people, which part of people like the seed is
    among them (with its 95 % interval), and how much more often than by chance."""

    share: float
    people: int
    recall: float
    low: float
    high: float
    lift: float

    def as_json(self) -> dict[str, Any]:
        """As `convoke lookalike reach --json` prints it."""
        return asdict(self)


def recall_at(card: Mapping[str, Any], share: float) -> float:
    """The part of a seed kept apart that is among the most similar share of everybody else."""
    steps = card["recall"]
    return float(steps[max(0, min(len(steps), round(share * len(steps))) - 1)])


def reach_of(card: Mapping[str, Any], share: float) -> Reach:
    """A share above zero, up to 1; the interval is Wilson's (1927)."""
    recall, apart = recall_at(card, share), int(card["apart"])
    middle = (recall + _Z * _Z / 2 / apart) / (1 + _Z * _Z / apart)
    width = _Z / (1 + _Z * _Z / apart) * (recall * (1 - recall) / apart + _Z * _Z / 4 / apart / apart) ** 0.5
    people = round(share * int(card["candidates"]))
    return Reach(share, people, recall, max(0.0, middle - width), min(1.0, middle + width), recall / share)
