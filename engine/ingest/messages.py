"""Messages of the Segment HTTP tracking protocol: what a source says, as rows of tables, and when it happened.

Segment's documentation describes the messages (its HTTP API source, and the common fields of its spec), and when one
happened: by the sender's clock, set right by how far that was off when it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.ingest import exact
from engine.ingest.context import CONTEXT, context_columns
from engine.ingest.properties import columns, name_of

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
PAIRS = "_pairs"
"""Which anonymous ids came together with which users; no event's table is called so."""
REST = "rest"
"""The column for what fits no other one, as JSON."""
_OURS = {REST, "first_seen", "last_seen"}
"""Columns that a property may not be called like, besides those of its row."""
LARGEST = 32 << 10
"""Bytes of a message; Segment's limit."""
_LONGEST_ID = 255
_NUL = "\\u0000"
_SURROGATE = re.compile("[\ud800-\udfff]")
_EPOCH = re.compile(r"-?\d{10}(?:\.\d+)?|-?\d{12,16}")
"""A moment as a number: seconds, milliseconds or microseconds since 1970. Shorter ones are dates such as 20261201."""
_MILLISECONDS, _MICROSECONDS, _NO_MOMENT = 10**11, 10**14, 10**17
"""From so large a number on it is no longer one of seconds (they would be past the year 5138), and so on."""
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
    it came, one older than ``late`` is put aside. With ``stitch`` what an anonymous id did counts for its user."""

    future: timedelta = timedelta(minutes=5)
    late: timedelta = timedelta(days=90)
    stitch: bool = False


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
        try:
            return exact.written(told).encode()
        except UnicodeEncodeError:
            return exact.written(told, ascii_only=True).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Received:
        """As the journal gives it back."""
        told = exact.read(text)
        sent = None if told["sent"] is None else datetime.fromisoformat(told["sent"])
        return cls(datetime.fromisoformat(told["at"]), told["source"], tuple(told["messages"]), sent)


class _Aside(Exception):
    """Why a message becomes no row."""


def rows_of(received: Received, policy: Policy) -> Iterator[tuple[str | None, list[Row]]]:
    """(id, rows) of each message; one that cannot be used becomes a row of the table ``aside``, with why."""
    for message in received.messages:
        identifier = message.get("messageId") if isinstance(message, dict) else None
        named = identifier if isinstance(identifier, str) and _is_id(identifier) else None
        try:
            yield named, _rows(message, received, policy)
        except _Aside as reason:
            yield named, [_aside(message, received, named, str(reason))]
        except Exception as error:  # whatever it is: one message must not keep all others from being landed
            yield named, [_aside(message, received, named, f"not understood ({type(error).__name__})")]


def _is_id(text: str) -> bool:
    """Whether a message can be known again by it: what no place can hold is none."""
    return 0 < len(text) <= _LONGEST_ID and "\0" not in text and not _SURROGATE.search(text)


def _aside(message: Any, received: Received, named: str | None, reason: str) -> Row:
    values = {"message_id": named, "received_at": received.at, "source": received.source, "reason": reason}
    return Row(ASIDE, {**values, "message": exact.told(message)})


def put_aside(row: Row, reason: str) -> Row:
    """A row that its table's contract does not let in, with the check that keeps it out."""
    kept = {name: row.values.get(name) for name in ("message_id", "received_at", "source")}
    told = exact.written(dict(row.values), default=str)
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


def time_of(value: object) -> datetime | None:
    """A moment as a sender gives it: as ISO 8601 writes it, or as a number since 1970; None when it is none."""
    if isinstance(value, str):
        text = value.strip()
        return _since_1970(Decimal(text)) if _EPOCH.fullmatch(text) else moment_of(text)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal) and -_NO_MOMENT < value < _NO_MOMENT:
        return _since_1970(Decimal(value))
    return None


def _since_1970(value: Decimal) -> datetime | None:
    """The moment of seconds, milliseconds or microseconds, told apart by their size."""
    size = abs(value)
    unit = 1_000_000 if size < _MILLISECONDS else 1_000 if size < _MICROSECONDS else 1
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(value * unit))
    except OverflowError:
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
    if table == PAIRS:
        return {one: _COMMON[one] for one in ("message_id", "received_at", "user_id", "anonymous_id")}
    return dict(_COMMON)


def _rows(message: Any, received: Received, policy: Policy) -> list[Row]:
    if not isinstance(message, dict):
        raise _Aside("no object")
    _check_text(message)
    kind = message.get("type")
    if kind not in TYPES:
        raise _Aside("no type of message that there is")
    values, rest = _common(message, received, policy)
    context = message.get("context")
    known, others = context_columns(context) if isinstance(context, dict) else ({}, context)
    values |= known
    own = _own(kind, message)
    what = _mapping(message, "traits" if kind in ("identify", "group") else "properties")
    if kind == "identify" and isinstance(others, dict) and isinstance(others.get("traits"), dict):
        what = {**others.pop("traits"), **what}  # the only place where some SDKs have them
    if others:
        rest["context"] = others
    own |= columns(what, {*_COMMON, *own, *CONTEXT, *_OURS})
    if rest:
        own[REST] = rest
    if kind != "track":
        return [Row(TABLES[kind], values | own)]
    event = message.get("event")
    if not isinstance(event, str) or not event.strip() or len(event) > _LONGEST_ID:
        raise _Aside("a track without event")
    name = name_of(event)
    name = f"{name}_event" if name in RESERVED else name
    return [Row(TRACKS, {**values, "event": event, "table_name": name}), Row(name, values | own)]


def _check_text(message: Mapping[str, Any]) -> None:
    """Raise _Aside for a message that is too large, or has what no table and no destination can hold."""
    text = exact.written(message)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise _Aside("a text with half a character (a lone surrogate)") from None
    if size > LARGEST:
        raise _Aside(f"larger than {LARGEST >> 10} KB")
    if _NUL in text and _has_nul(message):
        raise _Aside("a text with the character NUL")


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any("\0" in key or _has_nul(one) for key, one in value.items())
        case list():
            return any(map(_has_nul, value))
    return False


def _own(kind: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of the row of a type of message besides those of every row and the properties."""
    match kind:
        case "alias":
            return {"previous_id": _id(message, "previousId", must=True)}
        case "group":
            return {"group_id": _id(message, "groupId", must=True)}
        case "page" | "screen":
            return {"name": _text(message, "name"), "category": _text(message, "category")}
    return {}


def _common(message: Mapping[str, Any], received: Received, policy: Policy) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of every row, and a time that is none."""
    user, anonymous = _id(message, "userId"), _id(message, "anonymousId")
    if user is None and anonymous is None:
        raise _Aside("neither userId nor anonymousId")
    given = {one: message[one] for one in ("originalTimestamp", "timestamp") if message.get(one) is not None}
    said = next((found for found in map(time_of, given.values()) if found is not None), None)
    sent = time_of(message.get("sentAt")) or received.sent
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
    columns = {
        "message_id": message.get("messageId"),
        "ts": at,
        "received_at": received.at,
        "said_at": said,
        "user_id": user,
        "anonymous_id": anonymous,
        "profile": user or anonymous,
        "source": received.source,
    }
    return columns, given if said is None else {}


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
