"""Ad Manager by PPID: Google's own SOAP client against a local server of its services."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.activation.identifiers import PROFILES
from engine.destinations.admanager import AdManagerDestination
from engine.destinations.protocol import Later, Misconfigured, Pending, Refused, Row, Sync, Undone
from engine.operations import syncs
from engine.operations.delivering import Delivering
from tests.support.admanager import AdManager, ad_manager
from tests.support.delivering import MODEL, make, person, refresh
from tests.support.destining import SYNC, batch, host

ONE, TWO, THREE = (hashlib.sha256(name).hexdigest() for name in (b"1", b"2", b"3"))
ROWS = [Row("1", (("ppid", ONE), ("ppid", TWO))), Row("2", (("ppid", THREE),))]


@pytest.fixture
def server() -> Iterator[AdManager]:
    with ad_manager() as running:
        yield running


def destination(server: AdManager, folder: Path, **other: Any) -> AdManagerDestination:
    settings = {"network": "4242", "version": "v202608", "endpoint": server.address, "consent": "granted", **other}
    return AdManagerDestination(settings, ["ppid"], host(folder))


@pytest.fixture
def out(server: AdManager, tmp_path: Path) -> AdManagerDestination:
    return destination(server, tmp_path)


def test_people_come_and_go_in_the_segment_of_the_audience(server: AdManager, out: AdManagerDestination) -> None:
    assert "4242 can be read" in out.check()
    first = out.send(batch(ROWS))
    out.send(batch(ROWS))
    out.send(batch(ROWS[1:], "b2", "remove", "00002"))
    out.send(batch(ROWS, sync=Sync(8, "rj", SYNC.as_of)))
    assert server.names == {700: "Convoke sp", 701: "Convoke rj"}
    assert server.members == {700: {ONE, TWO}, 701: {ONE, TWO, THREE}}
    assert first.reference == "9000"
    assert {one["consent"] for one in server.uploads.values()} == {"GRANTED"}
    assert out.send(batch([Row("9")])).reference is None, "nobody with a PPID: nothing is uploaded"


def test_more_identifiers_than_a_call_takes_share_an_upload(server: AdManager, out: AdManagerDestination) -> None:
    rows = [Row(str(i), tuple(("ppid", hashlib.md5(f"{i}.{j}".encode()).hexdigest()) for j in range(3))) for i in range(40_000)]  # fmt: skip  # noqa: S324
    assert out.send(batch(rows)).reference == "9000"
    assert len(server.members[700]) == 120_000
    assert sum(b"updateSegmentMemberships" in call for call in server.calls) == 2


def test_an_upload_is_pending_until_it_is_done(server: AdManager, out: AdManagerDestination) -> None:
    reference = out.send(batch(ROWS)).reference
    assert reference is not None
    server.state = "PROCESSING"
    waits = []
    for asked in (0, 1, 50):
        with pytest.raises(Pending) as pending:
            out.finish(Sync(7, "sp", SYNC.as_of, {"b1": reference}, asked), [("b1", "00001", "add")])
        waits.append(pending.value.after)
    assert waits == [300.0, 450.0, 3_600.0]
    server.state = "SUCCESS"
    out.finish(Sync(7, "sp", SYNC.as_of, {"b1": reference}), [("b1", "00001", "add")])
    server.state = "FAILED"
    with pytest.raises(Undone) as undone:
        out.finish(Sync(7, "sp", SYNC.as_of, {"b1": reference}), [("b1", "00001", "add")])
    assert undone.value.references == (reference,)


def test_identifiers_that_it_does_not_know_are_rejected(server: AdManager, out: AdManagerDestination) -> None:
    server.unknown = {ONE, THREE}
    assert out.send(batch(ROWS)).rejected == {1: "Ad Manager: SegmentPopulationError.INVALID_IDENTIFIER"}
    assert server.members[700] == {TWO}
    assert out.send(batch(ROWS, "b2", "remove")).rejected == {}, "what it does not know is not there"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("QuotaError.EXCEEDED_QUOTA", Later),
        ("ServerError.SERVER_BUSY", Later),
        ("AuthenticationError.NETWORK_NOT_FOUND", Misconfigured),
        ("SegmentPopulationError.NO_CONSENT", Misconfigured),
        ("SegmentPopulationError.INVALID_SEGMENT", Refused),
    ],
)
def test_errors_are_told_apart(server: AdManager, out: AdManagerDestination, error: str, kind: type) -> None:
    server.fails = error
    with pytest.raises(kind, match=error):
        out.send(batch(ROWS))


def test_a_line_that_breaks_after_the_effect_counts_once(server: AdManager, out: AdManagerDestination) -> None:
    out.send(batch(ROWS))
    server.breaks = 1
    with pytest.raises(Later):
        out.send(batch(ROWS, "b2"))
    out.send(batch(ROWS, "b2"))
    assert server.members[700] == {ONE, TWO, THREE}


def test_nobody_answers(tmp_path: Path) -> None:
    given = {"network": "4242", "endpoint": "http://127.0.0.1:9"}
    with pytest.raises(Later, match="does not answer"):
        AdManagerDestination(given, ["ppid"], host(tmp_path)).check()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "network is missing"),
        ({"network": "1"}, "service_account is missing"),
        ({"network": "1", "endpoint": "https://example.org"}, "is not the vendor's"),
        ({"network": "1", "service_account": "{}"}, "must not stand"),
        ({"network": "1", "consent": "yes"}, "is no consent"),
    ],
)
def test_what_is_wrong_is_said(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=message):
        AdManagerDestination(settings, [], host(tmp_path))


def test_a_ppid_goes_as_it_is_and_nothing_else_does() -> None:
    profile = PROFILES["ppid"]
    assert profile.prepared("ppid", f" {ONE} ", None) == ONE
    assert profile.prepared("ppid", "0b1c2d3e-1111-2222-3333-444455556666", None) is not None
    assert profile.prepared("ppid", "ana@example.com", None) is None
    assert profile.prepared("ppid", "5511987654321", None) is None
    assert profile.prepared("account", " 77 ", None) == hashlib.sha256(b"77").hexdigest()


def test_what_ad_manager_did_not_do_is_sent_again_with_the_next_sync(server: AdManager, tmp_path: Path) -> None:
    settings = {"network": "4242", "version": "v202608", "endpoint": server.address}
    given = {"type": "admanager", "settings": settings, "identifiers": ["email"], "profile": "ppid"}
    model = MODEL.replace("kind: email", "kind: account")
    now = [datetime.fromisoformat("2026-11-25T00:00:00+00:00")]

    def deliver(workspace: Any) -> str:
        open_ones = sorted(one.id for one in syncs(workspace) if one.state not in ("done", "superseded"))
        ended = [Delivering(workspace, now=lambda: now[0]).deliver(number) for number in open_ones]
        return ", ".join(f"{one.state}: {one.reason}" for one in ended)

    with make(tmp_path, [person(i) for i in range(1, 5)], given, model) as workspace:
        refresh(workspace, [person(i) for i in range(1, 5)])
        assert deliver(workspace) == "done: None"
        assert len(server.members[700]) == 4
        server.state = "FAILED"
        refresh(workspace, [person(i) for i in range(2, 6)])
        assert "did not do what it took" in deliver(workspace)
        assert len(server.members[700]) == 4, "nobody came, nobody went"
        server.state = "SUCCESS"
        now[0] += timedelta(hours=1)
        refresh(workspace, [person(i) for i in range(2, 6)])
        assert deliver(workspace) == "done: None, done: None"
        assert server.members[700] == {
            hashlib.sha256(f"Person{i}@Example.com".encode()).hexdigest() for i in range(2, 6)
        }
