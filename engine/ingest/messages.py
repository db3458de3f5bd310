"""Messages of the Segment HTTP tracking protocol: what a source says, as rows of tables, and when it happened.

Segment's documentation describes the messages (its HTTP API source, and the common fields of its spec), and when one
happened: by the sender's clock, set right by how far that was off when it was sent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.ingest.files import plain_name

TYPES = ("track", "identify", "page", "screen", "group", "alias")
TABLES = {
    "identify": "identifies",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}
TRACKS, USERS, ASIDE = "tracks", "users", "aside"
RESERVED = {*TABLES.values(), TRACKS, USERS, ASIDE}
REST = "rest"
"""The column for what fits no other one, as JSON."""
_OURS = {REST, "first_seen", "last_seen"}
"""Columns that a property may not be called like, besides those of its row."""
LARGEST = 32 << 10
"""Bytes of a message; Segment's limit."""
_LONGEST_ID = 255
_DEEPEST = 4
_COMMON: dict[str, str] = {
    "message_id": "VARCHAR",
    "ts": "TIMESTAMP",
    "received_at": "TIMESTAMP",
    "said_at": "TIMESTAMP",
    "user_id": "VARCHAR",
    "anonymous_id": "VARCHAR",
    "profile": "VARCHAR",
    "source": "VARCHAR",
}
"""Columns of every table: ``ts`` is when it happened, ``said_at`` when by the sender's clock; ``profile`` is the
user, or whoever it is as long as that is not known."""


@dataclass(frozen=True)
class Policy:
    """What is done with a time that cannot be: an event of the ``future`` (more than that ahead of us) gets the moment
    it came, one older than ``late`` is put aside."""

    future: timedelta = timedelta(minutes=5)
    late: timedelta = timedelta(days=90)


@dataclass(frozen=True)
class Row:
    """A row of a table: its columns, each as it came."""

    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Received:
    """What came in one request: when, from which source, sent when by the sender's clock."""

    at: datetime
    source: str
    messages: tuple[Any, ...]
    sent: datetime | None = None

    def as_bytes(self) -> bytes:
        """As the journal keeps it."""
        sent = None if self.sent is None else self.sent.isoformat()
        told = {"at": self.at.isoformat(), "source": self.source, "sent": sent, "messages": self.messages}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Received:
        """As the journal gives it back."""
        told = json.loads(text)
        sent = None if told["sent"] is None else datetime.fromisoformat(told["sent"])
        return cls(datetime.fromisoformat(told["at"]), told["source"], tuple(told["messages"]), sent)


class _Aside(Exception):
    """Why a message becomes no row."""


def rows_of(received: Received, policy: Policy) -> Iterator[tuple[str | None, list[Row]]]:
    """(id, rows) of each message; one that cannot be used becomes a row of the table ``aside``, with why."""
    for message in received.messages:
        identifier = message.get("messageId") if isinstance(message, dict) else None
        named = identifier if isinstance(identifier, str) and 0 < len(identifier) <= _LONGEST_ID else None
        try:
            yield named, _rows(message, received, policy)
        except _Aside as reason:
            yield named, [_aside(message, received, named, str(reason))]
        except Exception as error:  # whatever it is: one message must not keep all others from being landed
            yield named, [_aside(message, received, named, f"not understood ({type(error).__name__})")]


def _aside(message: Any, received: Received, named: str | None, reason: str) -> Row:
    values = {"message_id": named, "received_at": received.at, "source": received.source, "reason": reason}
    return Row(ASIDE, {**values, "message": json.dumps(message, ensure_ascii=False)})


def put_aside(row: Row, reason: str) -> Row:
    """A row that its table's contract does not let in, with the check that keeps it out."""
    kept = {name: row.values.get(name) for name in ("message_id", "received_at", "source")}
    told = json.dumps(dict(row.values), ensure_ascii=False, default=str)
    return Row(ASIDE, {**kept, "reason": f"{row.table}: {reason}", "message": told, "for_table": row.table})


def moment_of(text: object) -> datetime | None:
    """A moment as ISO 8601 writes it, in UTC; None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def columns_of(table: str) -> dict[str, str]:
    """The columns with their types that a table has from the beginning."""
    if table == ASIDE:
        return {
            "message_id": "VARCHAR",
            "received_at": "TIMESTAMP",
            "source": "VARCHAR",
            "reason": "VARCHAR",
            "message": "VARCHAR",
            "for_table": "VARCHAR",
        }
    return dict(_COMMON)


def _rows(message: Any, received: Received, policy: Policy) -> list[Row]:
    if not isinstance(message, dict):
        raise _Aside("no object")
    if len(json.dumps(message, ensure_ascii=False).encode()) > LARGEST:
        raise _Aside(f"larger than {LARGEST >> 10} KB")
    kind = message.get("type")
    if kind not in TYPES:
        raise _Aside("no type of message that there is")
    common = _common(message, received, policy)
    if kind == "track":
        event = message.get("event")
        if not isinstance(event, str) or not event.strip() or len(event) > _LONGEST_ID:
            raise _Aside("a track without event")
        own = plain_name(event)
        own = f"{own}_event" if own in RESERVED else own
        properties = _mapping(message, "properties")
        return [
            Row(TRACKS, {**common, "event": event, "table_name": own}),
            Row(own, {**common, **_flat(properties, {*common, *_OURS})}),
        ]
    if kind == "alias":
        return [Row("aliases", {**common, "previous_id": _id(message, "previousId", must=True)})]
    values = dict(common)
    if kind == "group":
        values["group_id"] = _id(message, "groupId", must=True)
    elif kind in ("page", "screen"):
        values |= {"name": _text(message, "name"), "category": _text(message, "category")}
    what = _mapping(message, "traits" if kind in ("identify", "group") else "properties")
    return [Row(TABLES[kind], {**values, **_flat(what, {*values, *_OURS})})]


def _common(message: Mapping[str, Any], received: Received, policy: Policy) -> dict[str, Any]:
    user, anonymous = _id(message, "userId"), _id(message, "anonymousId")
    if user is None and anonymous is None:
        raise _Aside("neither userId nor anonymousId")
    said = moment_of(message.get("originalTimestamp")) or moment_of(message.get("timestamp"))
    sent = moment_of(message.get("sentAt")) or received.sent
    at = received.at
    if said is not None:
        try:
            at = said if sent is None else received.at - (sent - said)
        except OverflowError:
            raise _Aside("a time that cannot be") from None
    if at > received.at + policy.future:
        at = received.at
    if at < received.at - policy.late:
        raise _Aside(f"older than {policy.late.days} days")
    return {
        "message_id": message.get("messageId"),
        "ts": at,
        "received_at": received.at,
        "said_at": said,
        "user_id": user,
        "anonymous_id": anonymous,
        "profile": user or anonymous,
        "source": received.source,
    }


def _id(message: Mapping[str, Any], name: str, *, must: bool = False) -> str | None:
    found = message.get(name)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if isinstance(found, str) and found.strip():
        if len(found) > _LONGEST_ID:
            raise _Aside(f"{name} is longer than {_LONGEST_ID} characters")
        return found
    if must:
        raise _Aside(f"no {name}")
    return None


def _text(message: Mapping[str, Any], name: str) -> str | None:
    found = message.get(name)
    return found if isinstance(found, str) else None


def _mapping(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = message.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _Aside(f"{name} is no object")
    return found


def _flat(values: Mapping[str, Any], taken: set[str], prefix: str = "", depth: int = 1) -> dict[str, Any]:
    """Properties as columns: what is inside an object has both names in its own; a list is JSON. One whose name is
    taken by another column has an underscore behind it."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = plain_name(f"{prefix}_{key}" if prefix else str(key))
        if isinstance(value, dict) and depth < _DEEPEST:
            found |= {one: two for one, two in _flat(value, taken, name, depth + 1).items() if one not in found}
            continue
        if name in taken:
            name += "_"
        if isinstance(value, dict | list):
            value = json.dumps(value, ensure_ascii=False)
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        if value is not None and name not in found:
            found[name] = value
    return found
