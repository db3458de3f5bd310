"""Signed webhooks, against a real HTTP server that verifies them with the specification's own library."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.destinations.http import retry_after
from engine.destinations.protocol import Later, Misconfigured, Refused
from engine.destinations.webhook import WebhookDestination
from tests.support.destining import ROWS, SYNC, batch, conforms, host
from tests.support.receiver import KEY, Receiver, receiver

SECRETS = {
    "key": KEY,
    "short": "whsec_" + base64.b64encode(b"short").decode(),
    "other": "whsec_" + base64.b64encode(b"x" * 32).decode(),
}


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver(KEY) as running:
        yield running


def made(server: Receiver, folder: Path, **other: Any) -> WebhookDestination:
    settings = {"url": server.url, "secret": {"secret": "key"}, **other}
    return WebhookDestination(settings, ["email", "phone"], host(folder, SECRETS))


def test_a_receiver_that_knows_ids_ends_with_the_members(server: Receiver, tmp_path: Path) -> None:
    out = made(server, tmp_path)
    conforms(out, server.members)
    assert server.types[0] == "convoke.test"
    assert server.types[-1] == "audience.sync.finished"
    assert server.refused == 0
    out.close()


def test_who_has_another_secret_cannot_forge(server: Receiver, tmp_path: Path) -> None:
    forger = closing(made(server, tmp_path, secret={"secret": "other"}))
    with forger as out, pytest.raises(Misconfigured, match="answers 401"):
        out.send(batch(ROWS))
    assert server.members() == {}


@pytest.mark.parametrize(
    ("status", "raised", "after"),
    [
        (429, Later, 7.0),
        (503, Later, 7.0),
        (500, Later, 7.0),
        (400, Refused, None),
        (422, Refused, None),
        (404, Misconfigured, None),
        (302, Misconfigured, None),
    ],
)
def test_answers(server: Receiver, tmp_path: Path, status: int, raised: type[Exception], after: float | None) -> None:
    server.answer_with(status, {"retry-after": "7", "location": "https://example.org/"})
    with closing(made(server, tmp_path)) as out, pytest.raises(raised) as caught:
        out.send(batch(ROWS))
    if isinstance(caught.value, Later):
        assert caught.value.after == after


def test_an_answer_that_never_comes_is_not_taken_for_a_yes(server: Receiver, tmp_path: Path) -> None:
    out = made(server, tmp_path)
    server.hang_up_after(1)  # takes it, then cuts the line before it answers
    with pytest.raises(Later):
        out.send(batch(ROWS))
    out.send(batch(ROWS))
    assert server.members() == {row.key: row.values for row in ROWS}
    assert server.seen.count("b1") == 2
    out.close()


def test_settings_that_are_wrong_are_said(server: Receiver, tmp_path: Path) -> None:
    for change, said in (
        ({"url": "http://example.org/x"}, "is not encrypted"),
        ({"url": "nowhere"}, "is not an address"),
        ({"secret": None}, "secret is missing"),
        ({"secret": "whsec_x"}, "must not stand in the document"),
        ({"sekret": "x"}, 'no setting "sekret"'),
    ):
        with pytest.raises(Misconfigured, match=said):
            made(server, tmp_path, **change)
    with pytest.raises(Misconfigured, match="no signing key"):
        made(server, tmp_path, secret={"secret": "short"}).check()


def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path) -> None:
    with receiver(KEY, tls=tmp_path) as server:
        with closing(made(server, tmp_path)) as out, pytest.raises(Misconfigured, match="certificate"):
            out.check()
        out = made(server, tmp_path, ca="ca.pem")
        assert "took a signed test message" in out.check()
        out.close()


def test_retry_after_is_a_number_or_a_date() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    assert retry_after("120", now) == 120
    assert retry_after("Wed, 25 Nov 2026 00:01:30 GMT", now) == 90
    assert retry_after("Wed, 25 Nov 2020 00:01:30 GMT", now) == 0
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


def test_the_body_says_what_it_is(server: Receiver, tmp_path: Path) -> None:
    with closing(made(server, tmp_path)) as out:
        out.send(batch(ROWS[:1]))
    body = json.loads(server.bodies[-1])
    assert body["data"]["members"] == [{"key": "1", "email": ["aa", "bb"], "phone": ["cc"]}]
    assert (body["type"], body["data"]["audience"], body["data"]["sync"]) == (
        "audience.members.added",
        SYNC.audience,
        SYNC.id,
    )
