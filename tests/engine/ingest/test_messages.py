"""Messages of the Segment protocol become rows: when it happened, who it was, what was said; nothing is dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.ingest import exact
from engine.ingest.messages import ASIDE, Policy, Received, Row, rows_of, time_of

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
    unread = one(TRACK | {"timestamp": "yesterday"}).values
    assert (unread["ts"], unread["said_at"], unread["rest"]) == (AT, None, {"timestamp": "yesterday"})


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
        (TRACK | {"userId": "u\x00x"}, "a text with the character NUL"),
        (TRACK | {"messageId": "m\x00"}, "a text with the character NUL"),
        (TRACK | {"properties": {"a": [{"b\x00": 1}]}}, "a text with the character NUL"),
        (TRACK | {"properties": {"text": "\ud83d"}}, "a text with half a character (a lone surrogate)"),
        (TRACK | {"messageId": "\ud83d"}, "a text with half a character (a lone surrogate)"),
    ],
)
def test_what_cannot_be_used_is_put_aside_with_why(message: Any, reason: str) -> None:
    found = one(message)
    assert (found.table, found.values["reason"]) == (ASIDE, reason)
    assert json.loads(found.values["message"]) == message
    assert found.values["message"].encode().decode() == found.values["message"]


def test_properties_never_take_the_place_of_other_columns() -> None:
    found = one(
        TRACK | {"properties": {"ts": "now", "User ID": "evil", "Total": 1, "total": 2, "a": {"b": 1}, "a_b": 2}}
    )
    assert (found.values["ts"], found.values["user_id"]) == (AT, "u1")
    assert (found.values["ts_"], found.values["user_id_"]) == ("now", "evil")
    assert found.values["total"] == 2, "the one that is spelled so"
    assert found.values["a_b"] == 2
    assert {one for name, one in found.values.items() if name.startswith(("total_", "a_b_"))} == {1}
    assert "context_ip" not in found.values
    taken = one(TRACK | {"properties": {"Context IP": "mine", "rest": 1}, "context": {"ip": "10.0.0.1"}}).values
    assert (taken["context_ip"], taken["context_ip_"], taken["rest_"]) == ("10.0.0.1", "mine", 1)


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("form", [int, str, float])
def test_a_moment_may_be_a_number_since_1970(unit: int, form: Any) -> None:
    moment = AT - timedelta(hours=2)
    found = one(TRACK | {"timestamp": form(int(moment.timestamp()) * unit)}).values
    assert (found["ts"], found["said_at"]) == (moment, moment)


def test_numbers_that_are_no_moment_of_ours() -> None:
    assert time_of(1_767_225_600.25) == datetime(2026, 1, 1, 0, 0, 0, 250_000, UTC)
    assert time_of("1767225600123") == datetime(2026, 1, 1, 0, 0, 0, 123_000, UTC)
    assert time_of("20260101") == datetime(2026, 1, 1, tzinfo=UTC), "a date, as before"
    assert one(TRACK | {"timestamp": 5}).values["reason"] == "older than 90 days"
    others: list[object] = [True, 10**17, float("nan"), [], "12345"]
    assert not any(map(time_of, others))


def test_the_context_is_kept_in_columns_and_the_rest_of_it_as_it_came() -> None:
    context = {"page": {"url": "https://s.example/"}, "campaign": {"source": "google"}, "screen": {"width": 5}}
    ((_, (among_all, own)),) = rows(TRACK | {"properties": {"total": 1}, "context": context})
    for row in (among_all, own):
        assert row.values["context_page_url"] == "https://s.example/"
        assert row.values["context_campaign_source"] == "google"
    assert own.values["rest"] == {"context": {"screen": {"width": 5}}}
    assert "rest" not in among_all.values
    assert one(TRACK | {"context": "none"}).values["rest"] == {"context": "none"}


def test_traits_in_the_context_are_those_of_an_identify_and_stay_there_in_other_messages() -> None:
    said = {"context": {"traits": {"plan": "free", "city": "Rio"}}}
    found = one({"type": "identify", "messageId": "m", "userId": "u", "traits": {"plan": "pro"}} | said).values
    assert (found["plan"], found["city"]) == ("pro", "Rio")
    assert "rest" not in found
    assert one(TRACK | said).values["rest"] == said


def test_a_number_keeps_its_digits_from_the_wire_to_the_row() -> None:
    read = exact.read('{"a": 12345678901234.5678, "b": 0.1, "c": [0.12345678901234567890]}')
    found = one(TRACK | {"properties": read}).values
    assert (found["a"], found["b"], found["c"]) == (Decimal("12345678901234.5678"), 0.1, "[0.12345678901234567890]")


def test_an_event_called_like_one_of_our_tables_has_another_name() -> None:
    assert one(TRACK | {"event": "Pages"}).table == "pages_event"
    assert one(TRACK | {"userId": 17}).values["user_id"] == "17"
