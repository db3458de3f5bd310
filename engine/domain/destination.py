"""The destination document: where memberships go, which identifiers leave, and what holds them back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.domain import reading
from engine.domain.audience_codec import read_id

KEYS = (
    "kind",
    "id",
    "name",
    "type",
    "settings",
    "identifiers",
    "profile",
    "country",
    "min_size",
    "max_removal",
    "rate",
    "priority",
)
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class DestinationDocument:
    """A destination as it is written.

    ``type`` names the connector, ``settings`` are its own. ``identifiers`` are names of the model's identifiers;
    without any, the profile key alone is delivered. ``profile`` says how they are normalised and hashed, ``country``
    (ISO 3166) how phone numbers without a country code are read. An audience of fewer than ``min_size`` people does not
    leave; a sync that would remove more than ``max_removal`` percent of what is there waits for a person. At most
    ``rate`` batches are sent a minute, by all audiences together. Someone who is in several audiences of ``priority``
    is delivered in the first of them only.
    """

    id: str
    name: str
    type: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ()
    profile: str = "sha256"
    country: str | None = None
    min_size: int = 0
    max_removal: int = 30
    rate: int | None = None
    priority: tuple[str, ...] = ()

    def before(self, audience: str) -> tuple[str, ...]:
        """The audiences that go before one."""
        return self.priority[: self.priority.index(audience)] if audience in self.priority else ()


def read_destination(value: Any) -> DestinationDocument:
    """The destination in a plain value; raises EngineError with the path of what is wrong."""
    found = reading.mapping(value, "", "the document")
    if found.get("kind") != "destination":
        raise reading.fail("kind", f"this is not a destination: kind is {reading.shown(found.get('kind'))}")
    reading.known_keys(found, KEYS, "", "a destination")
    hint = "Use lower-case letters, digits, - and _, at most 63, such as crm-folder."
    identifier = read_id(found.get("id"), hint)
    country = reading.optional_text(found.get("country"), "country", "country")
    if country is not None and not _COUNTRY.fullmatch(country):
        raise reading.fail(
            "country", f"{reading.shown(country)} is not a country", "Write its two letters, such as BR."
        )
    names = reading.sequence(found.get("identifiers") or [], "identifiers", "identifiers")
    return DestinationDocument(
        identifier,
        reading.optional_text(found.get("name"), "name", "name") or identifier,
        reading.text(found.get("type"), "type", "type"),
        dict(reading.mapping(found.get("settings") or {}, "settings", "settings")),
        tuple(reading.text(name, f"identifiers[{i}]", "an identifier") for i, name in enumerate(names)),
        reading.optional_text(found.get("profile"), "profile", "profile") or "sha256",
        country,
        reading.whole(found.get("min_size", 0), "min_size", "min_size", 0),
        _percent(found.get("max_removal", 30)),
        None if found.get("rate") is None else reading.whole(found["rate"], "rate", "rate", 1),
        _priority(found.get("priority")),
    )


def _priority(value: Any) -> tuple[str, ...]:
    """Audiences in their order, each once."""
    names: list[str] = []
    for i, one in enumerate(reading.sequence(value or [], "priority", "priority")):
        name = reading.text(one, f"priority[{i}]", "an audience")
        if name in names:
            raise reading.fail(f"priority[{i}]", f'"{name}" is there twice', "Leave one of them out.")
        names.append(name)
    return tuple(names)


def _percent(value: Any) -> int:
    share = reading.whole(value, "max_removal", "max_removal", 0)
    if share > 100:
        raise reading.fail("max_removal", f"{share} is no share of a hundred", "Write 0 to 100.", code="operand")
    return share


def write_destination(destination: DestinationDocument) -> dict[str, Any]:
    """The destination as plain values, defaults left out."""
    result: dict[str, Any] = {"kind": "destination", "id": destination.id, "name": destination.name}
    result["type"] = destination.type
    defaults = DestinationDocument("", "", "")
    for key in ("settings", "identifiers", "profile", "country", "min_size", "max_removal", "rate", "priority"):
        value = getattr(destination, key)
        if value != getattr(defaults, key):
            result[key] = list(value) if isinstance(value, tuple) else value
    return result
