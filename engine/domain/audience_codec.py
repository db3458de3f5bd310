"""The audience document to and from plain values."""

from __future__ import annotations

import re
from typing import Any

from engine.domain import reading
from engine.domain.audience import Audience, Top
from engine.domain.delivery import read_delivery
from engine.domain.rule import EVERYONE
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from engine.domain.schedule import read_schedule

ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SETTINGS = (
    "refresh",
    "expires",
    "suppress",
    "consent",
    "holdout",
    "splits",
    "destinations",
    "min_size",
)
KEYS = ("kind", "id", "name", "sites", "rule", "top", "description", "owner", "tags", "folder", *SETTINGS)


def read_id(value: Any, hint: str) -> str:
    """A document's id."""
    if not isinstance(value, str) or not ID_PATTERN.fullmatch(value):
        raise reading.fail("id", f"{reading.shown(value)} cannot be an id", hint)
    return value


def read_audience(value: Any) -> Audience:
    """The audience in a plain value; raises EngineError with the path of what is wrong."""
    found = reading.mapping(value, "", "the document")
    if found.get("kind") != "audience":
        raise reading.fail("kind", f"this is not an audience: kind is {reading.shown(found.get('kind'))}")
    reading.known_keys(found, KEYS, "", "an audience")
    hint = "Use lower-case letters, digits, - and _, at most 63, such as phones-sp."
    identifier = read_id(found.get("id"), hint)
    if "rule" not in found:
        raise reading.fail("rule", "the audience has no rule", "Write rule: {all: []} for everyone.")
    read_schedule(found.get("refresh"))
    read_delivery(found)
    return Audience(
        identifier,
        reading.optional_text(found.get("name"), "name", "name") or identifier,
        read_rule(found["rule"]),
        _sites(found.get("sites")),
        None if found.get("top") is None else _top(found["top"]),
        reading.optional_text(found.get("description"), "description", "description"),
        reading.optional_text(found.get("owner"), "owner", "owner"),
        _tags(found.get("tags")),
        reading.optional_text(found.get("folder"), "folder", "folder"),
        {key: found[key] for key in SETTINGS if key in found},
    )


def new_audience(identifier: str, name: str) -> Audience:
    """An audience of everyone, to start editing from."""
    return Audience(identifier, name, EVERYONE)


def _sites(value: Any) -> tuple[str, ...] | None:
    if value is None or value == "*":
        return None
    if isinstance(value, str):
        value = [value]
    names = [
        reading.text(str(v) if isinstance(v, int) else v, f"sites[{i}]", "a site")
        for i, v in enumerate(reading.sequence(value, "sites", "sites"))
    ]
    if not names:
        raise reading.fail("sites", "the list of sites is empty", 'Write "*" for every site.')
    return tuple(dict.fromkeys(names))


def _tags(value: Any) -> tuple[str, ...]:
    items = reading.sequence(value if value is not None else [], "tags", "tags")
    return tuple(reading.text(tag, f"tags[{i}]", "a tag") for i, tag in enumerate(items))


def _top(value: Any) -> Top:
    found = reading.mapping(value, "top", "top")
    reading.known_keys(found, ("n", "by", "order"), "top", "top")
    by = reading.mapping(found.get("by"), "top.by", "top by")
    reading.known_keys(by, ("trait",), "top.by", "top by")
    order = found.get("order", "desc")
    if order not in ("asc", "desc"):
        raise reading.fail("top.order", f"order is asc or desc, not {reading.shown(order)}", code="operand")
    count = reading.whole(found.get("n"), "top.n", "n", 0)
    return Top(count, reading.text(by.get("trait"), "top.by.trait", "trait"), order)


def write_audience(audience: Audience) -> dict[str, Any]:
    """The audience as plain values, defaults left out."""
    result: dict[str, Any] = {"kind": "audience", "id": audience.id, "name": audience.name}
    for key in ("description", "owner", "folder"):
        if getattr(audience, key) is not None:
            result[key] = getattr(audience, key)
    if audience.tags:
        result["tags"] = list(audience.tags)
    if audience.sites is not None:
        result["sites"] = list(audience.sites)
    result["rule"] = write_rule(audience.rule)
    if audience.top is not None:
        top = audience.top
        result["top"] = {"n": top.count, "by": {"trait": top.trait}, "order": top.order}
    return result | dict(audience.settings)
