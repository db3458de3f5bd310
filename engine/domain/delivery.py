"""What an audience says about its delivery: where to, with whose consent, and who is left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
        digest = hashlib.sha256(f"{self.seed}:{key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % _PARTS < self.percent * _PARTS / 100


@dataclass(frozen=True)
class Delivery:
    """``destinations`` by id; ``consent`` names that must all be given; ``suppress`` are ids of audiences
    (``audience``) and lists (``list``) whose profiles are left out; a name alone (``any``) is a list or an audience.
    """

    destinations: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    suppress: tuple[tuple[str, str], ...] = ()
    holdout: Holdout | None = None
    min_size: int | None = None


def read_delivery(settings: Mapping[str, Any]) -> Delivery:
    """The delivery part of an audience's settings; raises EngineError with the path of what is wrong."""
    size = settings.get("min_size")
    return Delivery(
        _names(settings.get("destinations"), "destinations", "a destination"),
        _names(settings.get("consent"), "consent", "a consent"),
        _suppress(settings.get("suppress")),
        _holdout(settings.get("holdout")),
        None if size is None else reading.whole(size, "min_size", "min_size", 0),
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


def _holdout(value: Any) -> Holdout | None:
    if value is None:
        return None
    item = reading.mapping(value if isinstance(value, dict) else {"percent": value}, "holdout", "the holdout")
    reading.known_keys(item, ("percent", "seed"), "holdout", "the holdout")
    percent = item.get("percent")
    if isinstance(percent, bool) or not isinstance(percent, int | float | Decimal) or not 0 <= percent <= 100:
        hint = "Write a number from 0 to 100."
        raise reading.fail("holdout.percent", f"{reading.shown(percent)} is no share", hint, code="operand")
    return Holdout(Decimal(str(percent)), reading.text(item.get("seed", "holdout"), "holdout.seed", "seed"))
