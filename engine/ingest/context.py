"""The context of a message (page, campaign, device, app, …): the usual parts as columns, the rest kept as it came.

The names are those of Segment's and RudderStack's warehouses, so that what was written for these reads ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.ingest import exact

_PARTS: dict[str, dict[str, str] | str] = {
    "page": {one: f"context_page_{one}" for one in ("url", "path", "title", "search", "referrer")},
    "campaign": {one: f"context_campaign_{one}" for one in ("name", "source", "medium", "term", "content", "id")},
    "device": {
        **{one: f"context_device_{one}" for one in ("type", "id", "model", "manufacturer", "name")},
        "advertisingId": "context_device_advertising_id",
    },
    "os": {"name": "context_os_name", "version": "context_os_version"},
    "app": {one: f"context_app_{one}" for one in ("name", "version", "build", "namespace")},
    "library": {"name": "context_library_name", "version": "context_library_version"},
    "location": {one: f"context_location_{one}" for one in ("country", "region", "city")},
    "locale": "context_locale",
    "timezone": "context_timezone",
    "userAgent": "context_user_agent",
    "ip": "context_ip",
    "groupId": "context_group_id",
}
CONTEXT = frozenset(name for part in _PARTS.values() for name in ([part] if isinstance(part, str) else part.values()))
"""The columns, all of them texts."""


def context_columns(context: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The columns that a context has something for, and everything else of it."""
    found: dict[str, str] = {}
    others: dict[str, Any] = {}
    for key, value in context.items():
        part = _PARTS.get(key)
        if isinstance(part, dict) and isinstance(value, dict):
            left = {one: inner for one, inner in value.items() if not _taken(found, part.get(one), inner)}
            if left:
                others[key] = left
        elif isinstance(part, dict) or not _taken(found, part, value):
            others[key] = value
    return found, others


def _taken(found: dict[str, str], name: str | None, value: Any) -> bool:
    """Put a plain value into its column; False when it has none, or is no plain value."""
    if value is None:
        return True
    if name is None or isinstance(value, dict | list):
        return False
    found[name] = value if isinstance(value, str) else exact.written(value)
    return True
