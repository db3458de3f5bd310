"""How many per cent of an audience each destination gets: the simple splits, which a form can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.domain.delivery import Splits

EVERYONE = 100


def shares(splits: Splits | None, destinations: Sequence[str]) -> dict[str, int] | None:
    """Per cent by destination; None when a form cannot show the splits: a part for several destinations, several parts
    for one, a part for none, or no whole per cent."""
    found = dict.fromkeys(destinations, EVERYONE)
    for part in () if splits is None else splits.parts:
        if len(part.destinations) != 1 or part.percent % 1 or found.get(part.destinations[0]) != EVERYONE:
            return None
        found[part.destinations[0]] = int(part.percent)
    return found


def too_much(chosen: Mapping[str, int]) -> bool:
    """Whether parts that have nobody in common are more than everyone."""
    return sum(share for share in chosen.values() if share < EVERYONE) > EVERYONE


def as_splits(chosen: Mapping[str, int], before: Splits | None, seed: str) -> dict[str, Any] | None:
    """The document's splits: a part for each destination that does not get everyone, in the order they had; None when
    there is none."""
    order = [part.destinations[0] for part in before.parts if part.destinations] if before is not None else []
    parted = {name: share for name, share in chosen.items() if share < EVERYONE}
    names = [name for name in order if name in parted] + sorted(set(parted) - set(order))
    parts = [{"name": _name(one, before), "percent": parted[one], "destinations": [one]} for one in names]
    return {"seed": seed if before is None else before.seed, "parts": parts} if parts else None


def _name(destination: str, before: Splits | None) -> str:
    """The part's name, which stays."""
    known = {} if before is None else {part.destinations[0]: part.name for part in before.parts if part.destinations}
    return known.get(destination, destination)
