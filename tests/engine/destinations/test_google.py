"""Google Ads by Data Manager: the official client against a server of its own types; what Google works on by itself is
asked for until it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.ads import datamanager_v1 as api

from engine.activation.identifiers import PROFILES
from engine.destinations.google import GoogleDestination
from engine.destinations.protocol import Later, Misconfigured, Pending, Refused, Row, Sync, Undone
from engine.operations import syncs
from engine.operations.delivering import Delivering
from tests.support.datamanager import DataManager, data_manager
from tests.support.delivering import make, person, refresh
from tests.support.destining import SYNC, batch, host

KINDS = {"email": "email", "phone": "phone"}


def hashed(kind: str, raw: str) -> str:
    found = PROFILES["google"].prepared(kind, raw, "BR")
    assert found is not None
    return found


ROWS = [
    Row("1", (("email", hashed("email", "Ana.Maria+x@gmail.com")), ("phone", hashed("phone", "+55 11 98765-4321")))),
    Row("2", (("email", hashed("email", "jose@example.com")),)),
]


@pytest.fixture
def server() -> Iterator[DataManager]:
    with data_manager() as running:
        yield running


def destination(server: DataManager, folder: Path, **other: Any) -> GoogleDestination:
    settings = {"account": "123", "terms": "accepted", "endpoint": server.address, **other}
    return GoogleDestination(settings, ["email", "phone"], replace(host(folder), kinds=KINDS))


@pytest.fixture
def out(server: DataManager, tmp_path: Path) -> Iterator[GoogleDestination]:
    made = destination(server, tmp_path)
    yield made
    made.close()


def test_people_come_and_go_in_the_list_of_the_audience(server: DataManager, out: GoogleDestination) -> None:
    for number in range(5):
        server.names[str(number)], server.members[str(number)] = f"other {number}", set()
    assert "can be read" in out.check()
    first = out.send(batch(ROWS))
    out.send(batch(ROWS))
    assert first.reference == "request-1"
    out.send(batch(ROWS[1:], "b2", "remove", "00002"))
    out.send(batch(ROWS, sync=Sync(8, "rj", SYNC.as_of)))
    names = {name: identifier for identifier, name in server.names.items()}
    assert server.members[names["Convoke sp"]] == {
        ("email", hashed("email", "anamaria@gmail.com")),
        ("phone", hashed("phone", "+5511987654321")),
    }
    assert len(server.members[names["Convoke rj"]]) == 3
    (place,) = server.requests[0].destinations
    assert (place.operating_account.account_id, place.login_account.account_id) == ("123", "123")
    assert b"xample" not in api.IngestAudienceMembersRequest.serialize(server.requests[0])


def test_what_google_works_on_is_pending_until_it_is_done(server: DataManager, out: GoogleDestination) -> None:
    reference = out.send(batch(ROWS)).reference
    assert reference is not None
    about = replace(SYNC, references={"b1": reference})
    server.working = True
    waits = []
    for asked in range(5):
        with pytest.raises(Pending) as caught:
            out.finish(replace(about, asked=asked), [("b1", "00001", "add")])
        waits.append(round(caught.value.after))
    assert waits == [1800, 2340, 3042, 3600, 3600]
    server.working = False
    out.finish(about, [("b1", "00001", "add")])
    server.states[reference] = api.RequestStatusPerDestination.RequestStatus.FAILED
    with pytest.raises(Undone, match="did not do what it took") as undone:
        out.finish(about, [("b1", "00001", "add")])
    assert undone.value.references == (reference,)


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, Later),
        (grpc.StatusCode.UNAVAILABLE, Later),
        (grpc.StatusCode.INTERNAL, Later),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Later),
        (grpc.StatusCode.INVALID_ARGUMENT, Refused),
        (grpc.StatusCode.PERMISSION_DENIED, Misconfigured),
        (grpc.StatusCode.UNAUTHENTICATED, Misconfigured),
        (grpc.StatusCode.NOT_FOUND, Misconfigured),
    ],
)
def test_errors(server: DataManager, out: GoogleDestination, code: grpc.StatusCode, raised: type[Exception]) -> None:
    out.send(batch(ROWS))
    server.fails = (code, "no")
    with pytest.raises(raised):
        out.send(batch(ROWS, "b2"))


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    with data_manager() as gone:
        pass
    out = destination(gone, tmp_path)
    with pytest.raises(Later):
        out.check()
    out.close()


def test_settings(server: DataManager, tmp_path: Path) -> None:
    for change, said in (
        ({"terms": ""}, "terms are not accepted"),
        ({"endpoint": None}, "service_account is missing"),
        ({"endpoint": "example.org:443"}, "is not the vendor's endpoint"),
        ({"account": ""}, "account is missing"),
        ({"account_type": "OTHER"}, "is no account_type"),
        ({"service_account": "{}"}, "must not stand in the document"),
    ):
        with pytest.raises(Misconfigured, match=said):
            destination(server, tmp_path, **change)
    reveals = replace(host(tmp_path, {"k": "no json", "j": "{}"}), kinds=KINDS)
    for name in ("k", "j"):
        settings = {"account": "1", "terms": "accepted", "service_account": {"secret": name}}
        out = GoogleDestination(settings, ["email"], reveals)
        with pytest.raises(Misconfigured, match="no key of a service account"):
            out.check()


def test_from_the_warehouse_until_google_is_done(server: DataManager, tmp_path: Path) -> None:
    people = [person(i) for i in range(1, 131)]
    settings = {"account": "123", "terms": "accepted", "endpoint": server.address}
    document = {"type": "google", "settings": settings, "identifiers": ["email"], "profile": "google"}
    now = [datetime.fromisoformat("2026-11-25T12:00:00+00:00")]
    with make(tmp_path / "ws", people, document) as workspace:
        refresh(workspace)
        (queued,) = syncs(workspace)
        now[0] = datetime.fromisoformat(queued.created_at)
        delivering = Delivering(workspace, now=lambda: now[0])
        server.working = True
        server.refuses = hashed("email", str(people[7].email))
        first = delivering.deliver(queued.id)
        assert (first.state, first.attempt, first.reason) == ("planned", 0, "Google is still working on it")
        now[0] = datetime.fromisoformat(first.not_before) + timedelta(seconds=1)
        second = delivering.deliver(queued.id)
        assert (second.state, second.summary["asked"]) == ("planned", 2)
        sent = len(server.requests)
        server.working = False
        now[0] = datetime.fromisoformat(second.not_before) + timedelta(seconds=1)
        assert delivering.deliver(queued.id).state == "done"
        assert len(server.requests) == sent  # nothing is sent again
        (members,) = server.members.values()
        assert members == {("email", hashed("email", str(one.email))) for one in people if one.id != 8}
