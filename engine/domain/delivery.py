"""What an audience says about its delivery: where to, with whose consent, and who is left out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.domain import reading

_PARTS = 1_000_000


@dataclass(frozen=True)
class Holdout:
    """A share of the members, always the same ones for a seed, that is never delivered."""

    percent: Decimal
    seed: str

    def holds(self, key: str) -> bool:
        """Whether a profile is in it: SHA-256 of seed and key, as a share of one."""
        return _place(f"{self.seed}:{key}") < self.percent * _PARTS / 100


@dataclass(frozen=True)
class Part:
    """A share of the members for some destinations: those whose place is from ``first`` to ``last`` (in millionths,
    the last not included)."""

    name: str
    percent: Decimal
    destinations: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True)
class Splits:
    """Members in parts that have nobody in common, always the same ones for a seed."""

    seed: str
    parts: tuple[Part, ...]

    def share(self, destination: str) -> Callable[[str], bool] | None:
        """Whether a profile's key is in a part that goes to a destination; None when everyone goes there."""
        ranges = [(part.first, part.last) for part in self.parts if destination in part.destinations]
        if not ranges:
            return None

        def is_in(key: str) -> bool:
            place = _place(f"split:{self.seed}:{key}")
            return any(first <= place < last for first, last in ranges)

        return is_in


def _place(text: str) -> int:
    """A text's place among a million, the same for ever."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % _PARTS


@dataclass(frozen=True)
class Delivery:
    """``destinations`` by id; ``consent`` names that must all be given; ``suppress`` are ids of audiences
    (``audience``) and lists (``list``) whose profiles are left out; a name alone (``any``) is a list or an audience.
    Destinations that ``splits`` name get their part of the members, the others everyone.
    """

    destinations: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    suppress: tuple[tuple[str, str], ...] = ()
    holdout: Holdout | None = None
    min_size: int | None = None
    splits: Splits | None = None


def read_delivery(settings: Mapping[str, Any]) -> Delivery:
    """The delivery part of an audience's settings; raises EngineError with the path of what is wrong."""
    size = settings.get("min_size")
    destinations = _names(settings.get("destinations"), "destinations", "a destination")
    return Delivery(
        destinations,
        _names(settings.get("consent"), "consent", "a consent"),
        _suppress(settings.get("suppress")),
        _holdout(settings.get("holdout")),
        None if size is None else reading.whole(size, "min_size", "min_size", 0),
        _splits(settings.get("splits"), destinations),
    )


def _names(value: Any, path: str, what: str) -> tuple[str, ...]:
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else reading.sequence(value, path, path)
    return tuple(dict.fromkeys(reading.text(one, f"{path}[{i}]", what) for i, one in enumerate(items)))


def _suppress(value: Any) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for i, one in enumerate(reading.sequence(value or [], "suppress", "suppress")):
        path = f"suppress[{i}]"
        if isinstance(one, str):
            found.append(("any", reading.text(one, path, "what is suppressed")))
            continue
        item = reading.mapping(one, path, "what is suppressed")
        reading.known_keys(item, ("audience", "list"), path, "what is suppressed")
        if len(item) != 1:
            raise reading.fail(path, "it names neither one audience nor one list", "Write {list: do-not-contact}.")
        ((kind, name),) = item.items()
        found.append((kind, reading.text(name, f"{path}.{kind}", kind)))
    return tuple(found)


def _splits(value: Any, destinations: Sequence[str]) -> Splits | None:
    if not value:
        return None
    item = reading.mapping(value if isinstance(value, dict) else {"parts": value}, "splits", "splits")
    reading.known_keys(item, ("seed", "parts"), "splits", "splits")
    inside = "splits.parts" if isinstance(value, dict) else "splits"
    parts: list[Part] = []
    for i, one in enumerate(reading.sequence(item.get("parts") or [], inside, "the parts")):
        parts.append(_part(one, f"{inside}[{i}]", parts, destinations))
    if not parts:
        raise reading.fail(inside, "there is no part", "Write - {name: a, percent: 50, destinations: [crm]}.")
    return Splits(reading.text(item.get("seed", "splits"), "splits.seed", "seed"), tuple(parts))


def _part(value: Any, path: str, before: Sequence[Part], destinations: Sequence[str]) -> Part:
    item = reading.mapping(value, path, "a part")
    reading.known_keys(item, ("name", "percent", "destinations"), path, "a part")
    name = reading.text(item.get("name"), f"{path}.name", "the name of a part")
    if name in [part.name for part in before]:
        raise reading.fail(f"{path}.name", f'there are two parts "{name}"', "Rename one of them.")
    percent = _share(item.get("percent"), f"{path}.percent")
    first = before[-1].last if before else 0
    last = first + int(percent * _PARTS / 100)
    if last > _PARTS:
        raise reading.fail(f"{path}.percent", "the parts are more than a hundred per cent", code="operand")
    goes = _names(item.get("destinations"), f"{path}.destinations", "a destination")
    for place, one in enumerate(goes):
        if one not in destinations:
            hint = f"Add {one} to destinations."
            raise reading.fail(f"{path}.destinations[{place}]", f'the audience does not go to "{one}"', hint)
    return Part(name, percent, goes, first, last)


def _share(value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 100:
        hint = "Write a number from 0 to 100."
        raise reading.fail(path, f"{reading.shown(value)} is no share", hint, code="operand")
    return Decimal(str(value))


def _holdout(value: Any) -> Holdout | None:
    if value is None:
        return None
    item = reading.mapping(value if isinstance(value, dict) else {"percent": value}, "holdout", "the holdout")
    reading.known_keys(item, ("percent", "seed"), "holdout", "the holdout")
    percent = _share(item.get("percent"), "holdout.percent")
    return Holdout(percent, reading.text(item.get("seed", "holdout"), "holdout.seed", "seed"))
