"""What senders differ in: the paths that they send to, where the write key is, and what they ask for beforehand.

Segment's SDKs for servers send `/v1/batch`, those in browsers `/v1/t` and its like or `/v1/b`, those of phones `/v1/b`
or `/b`; RudderStack's send the whole names, and `/beacon/v1/batch` while a page closes. Before they send, SDKs of
browsers and phones ask for their settings: here these name no destination on the device, and where to send.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from engine.ingest.messages import TYPES

BATCH = "batch"
_NAMES = {
    **{one: one for one in (BATCH, *TYPES)},
    "import": BATCH,
    "b": BATCH,
    **{one[0]: one for one in TYPES},
}
KINDS = {
    **{f"{before}/{name}": kind for before in ("/v1", "") for name, kind in _NAMES.items()},
    "/beacon/v1/batch": BATCH,
}
"""By path the type of message that comes there, or that it is a batch of them."""
METRICS = ("/v1/m", "/m")
"""Where SDKs send how they are doing themselves, which nobody here wants to know."""
SETTINGS = ("/v1/projects/{key}/settings", "/projects/{key}/settings")
SOURCE_CONFIG = ("/sourceConfig", "/sourceConfig/")
_HEADERS = "authorization, content-type, content-encoding, x-retry-count, anonymousid"
"""Headers that SDKs send, for a browser that does not say which."""
_HEADER_LIST = re.compile(r"[A-Za-z0-9-]{1,64}(?:\s*,\s*[A-Za-z0-9-]{1,64}){0,31}")


def write_key(authorization: str, query: Mapping[str, str], told: Mapping[str, Any]) -> str | None:
    """The write key of a request: the user of HTTP Basic, in the body, or in the address."""
    for key in (_basic(authorization), told.get("writeKey"), query.get("writeKey")):
        if isinstance(key, str) and key:
            return key if key.isascii() else None
    return None


def messages_of(kind: str, told: Mapping[str, Any]) -> list[Any] | None:
    """The messages of a body without the write key, which pages send along; None where there is no batch."""
    found = told.get("batch") if kind == BATCH else [{**told, "type": kind}]
    if not isinstance(found, list) or not found:
        return None
    return [{k: v for k, v in one.items() if k != "writeKey"} if isinstance(one, dict) else one for one in found]


def preflight(asked: str) -> dict[str, str]:
    """What a page of an allowed site may send: the headers that its browser ``asked`` for. No cookie counts here, so a
    page that sends them along may do that."""
    return {
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": asked if _HEADER_LIST.fullmatch(asked) else _HEADERS,
        "Access-Control-Max-Age": "600",
    }


def segment_settings(key: str, scheme: str, host: str) -> dict[str, Any]:
    """The settings that Segment's SDKs ask for: one destination, which is this collector as it was reached."""
    everything = {"__default": {"enabled": True, "integrations": {}}}
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": f"{host}/v1",
                "protocol": scheme,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": dict.fromkeys(("track", "identify", "group"), everything),
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {"routingRules": []},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def source_config() -> dict[str, Any]:
    """What RudderStack's SDKs ask for: a source without destinations."""
    never = {"enabled": False}
    collection = {"errors": never, "metrics": never}
    return {
        "source": {
            "id": "convoke",
            "name": "convoke",
            "workspaceId": "convoke",
            "enabled": True,
            "config": {"statsCollection": collection},
            "destinations": [],
            "dataplanes": {},
            "updatedAt": "2026-01-01T00:00:00.000Z",
        }
    }


def _basic(header: str) -> str | None:
    """The user of HTTP Basic."""
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None
