"""Messages of the Segment protocol become rows: when it happened, who it was, what was said; nothing is dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.ingest.messages import ASIDE, Policy, Received, Row, rows_of

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
TRACK: dict[str, Any] = {"type": "track", "messageId": "m1", "userId": "u1", "event": "Order Completed"}


def rows(*messages: Any, sent: datetime | None = None) -> list[tuple[str | None, list[Row]]]:
    received = Received(AT, "web", messages, sent)
    assert Received.from_bytes(received.as_bytes()) == received
    return list(rows_of(received, Policy()))


def one(message: Any) -> Row:
    ((_, found),) = rows(message)
    return found[-1]


def test_a_track_is_a_row_of_its_own_table_and_one_of_all_tracks() -> None:
    ((identifier, found),) = rows(TRACK | {"properties": {"total": 12.5, "ship to": {"City": "Río"}, "ids": [1, 2]}})
    assert identifier == "m1"
    assert [row.table for row in found] == ["tracks", "order_completed"]
    assert found[0].values["event"] == "Order Completed"
    own = found[1].values
    assert (own["total"], own["ship_to_city"], own["ids"]) == (12.5, "Río", "[1, 2]")
    assert (own["user_id"], own["profile"], own["source"], own["ts"]) == ("u1", "u1", "web", AT)


@pytest.mark.parametrize(
    ("kind", "more", "table"),
    [
        ("identify", {"traits": {"plan": "pro"}}, "identifies"),
        ("page", {"name": "Home", "category": "Docs", "properties": {"plan": "pro"}}, "pages"),
        ("screen", {"name": "Home", "properties": {"plan": "pro"}}, "screens"),
        ("group", {"groupId": "g", "traits": {"plan": "pro"}}, "groups"),
        ("alias", {"previousId": "a1"}, "aliases"),
    ],
)
def test_every_type_has_its_table(kind: str, more: dict[str, Any], table: str) -> None:
    found = one({"type": kind, "messageId": "m", "anonymousId": "a"} | more)
    assert found.table == table
    assert found.values["profile"] == "a", "as long as the user is not known"
    assert found.values.get("plan", "pro") == "pro"
    assert kind != "alias" or found.values["previous_id"] == "a1"


def test_a_sender_whose_clock_is_wrong_is_set_right() -> None:
    fast = AT + timedelta(hours=3)
    message = TRACK | {"timestamp": (fast - timedelta(minutes=10)).isoformat(), "sentAt": fast.isoformat()}
    found = one(message).values
    assert found["ts"] == AT - timedelta(minutes=10)
    assert found["said_at"] == fast - timedelta(minutes=10)
    (told,) = rows({**message, "sentAt": None}, sent=fast)
    assert told[1][-1].values["ts"] == AT - timedelta(minutes=10), "the batch says when it was sent"


def test_what_cannot_have_happened_yet_happened_when_it_came_and_what_is_too_old_is_put_aside() -> None:
    ahead = one(TRACK | {"timestamp": (AT + timedelta(minutes=4)).isoformat()})
    assert ahead.values["ts"] == AT + timedelta(minutes=4), "clocks differ a little"
    assert one(TRACK | {"timestamp": (AT + timedelta(hours=1)).isoformat()}).values["ts"] == AT
    old = one(TRACK | {"timestamp": (AT - timedelta(days=91)).isoformat()})
    assert (old.table, old.values["reason"]) == (ASIDE, "older than 90 days")
    assert json.loads(old.values["message"])["event"] == "Order Completed"
    assert one(TRACK | {"timestamp": "0001-01-01T00:00:00Z", "sentAt": "9999-12-31T23:59:59Z"}).table == ASIDE
    assert one(TRACK | {"timestamp": "yesterday"}).values["ts"] == AT


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("text", "no object"),
        (None, "no object"),
        ({"type": "tracks", "userId": "u"}, "no type of message that there is"),
        ({"type": "track", "userId": "u"}, "a track without event"),
        ({"type": "track", "event": "x"}, "neither userId nor anonymousId"),
        ({"type": "track", "event": "x", "userId": {"a": 1}}, "neither userId nor anonymousId"),
        ({"type": "alias", "userId": "u"}, "no previousId"),
        ({"type": "group", "userId": "u"}, "no groupId"),
        ({"type": "track", "event": "x", "userId": "u" * 300}, "userId is longer than 255 characters"),
        (TRACK | {"properties": [1]}, "properties is no object"),
        (TRACK | {"properties": {"text": "x" * 40_000}}, "larger than 32 KB"),
    ],
)
def test_what_cannot_be_used_is_put_aside_with_why(message: Any, reason: str) -> None:
    found = one(message)
    assert (found.table, found.values["reason"]) == (ASIDE, reason)
    assert json.loads(found.values["message"]) == message


def test_properties_never_take_the_place_of_other_columns() -> None:
    found = one(
        TRACK | {"properties": {"ts": "now", "User ID": "evil", "Total": 1, "total": 2, "a": {"b": 1}, "a_b": 2}}
    )
    assert (found.values["ts"], found.values["user_id"]) == (AT, "u1")
    assert (found.values["ts_"], found.values["user_id_"]) == ("now", "evil")
    assert found.values["total"] == 1, "the first of two with one name"
    assert found.values["a_b"] == 1


def test_an_event_called_like_one_of_our_tables_has_another_name() -> None:
    assert one(TRACK | {"event": "Pages"}).table == "pages_event"
    assert one(TRACK | {"userId": 17}).values["user_id"] == "17"
