"""Lookups of one identifier: the same answers as by the route, also when the map changes under those who ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import operations
from engine.api import quick
from engine.operations import Workspace
from tests.support.api import served
from tests.support.people import PEOPLE, make, persons

ANA = {"kind": "email", "value": "ana@mail.com"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path) as made:
        operations.run_identity(made)
        yield made


def test_what_is_wrong_is_said_by_the_route(workspace: Workspace) -> None:
    with served(workspace, "identity") as client:
        assert client.post("/v1/identity/resolve", json=ANA).status_code == 200
        for body, status in (
            ({"kind": "shoe", "value": "x"}, 422),
            ({"kind": "email", "value": "x" * 1_001}, 422),
            ({"kind": "email"}, 422),
            ({"kind": 5, "value": "x"}, 422),
            ([1], 422),
            ("text", 422),
        ):
            answer = client.post("/v1/identity/resolve", json=body)
            assert answer.status_code == status, body
            assert answer.headers["content-type"] == "application/problem+json"
        answer = client.post("/v1/identity/resolve", content=b"{", headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        for deep in (b"[" * 5_000, b'{"kind": "email", "value": ' + b"[" * 20_000):
            answer = client.post("/v1/identity/resolve", content=deep, headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 422), "as the route says it"
        more = client.post("/v1/identity/resolve", json=ANA | {"more": 1})
        assert more.json() == client.post("/v1/identity/resolve", json=ANA).json()
        assert client.get("/v1/identity/resolve").status_code == 405
        assert client.post("/v1/identity/resolve", json=ANA, headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_token_that_was_revoked_looks_up_a_second_longer_at_most(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(workspace, "identity") as client:
        assert client.post("/v1/identity/resolve", json=ANA).status_code == 200
        for token in operations.tokens(workspace):
            operations.revoke_token(workspace, token.id)
        monkeypatch.setattr(quick, "TRUSTED_FOR", -1.0)
        assert client.post("/v1/identity/resolve", json=ANA).status_code == 401


def test_many_at_once_while_other_maps_are_put_in_force(workspace: Workspace) -> None:
    who = persons(workspace, [row[0] for row in PEOPLE])
    with served(workspace, "identity") as client, ThreadPoolExecutor(8) as pool:

        def ask(_: int) -> str:
            return str(
                client.post("/v1/identity/resolve", json={"kind": "profile", "value": "carla-1"}).json()["person"]
            )

        for turn in range(4):
            asked = [pool.submit(ask, number) for number in range(60)]
            if turn % 2:
                operations.undo_decision(workspace, operations.identity_decisions(workspace)[-1].id)
            else:
                operations.cut_identifiers(workspace, "profile:ana-1", "profile:ana-2", "twins")
            assert {one.result() for one in asked} == {who["carla-1"]}
        ana = client.post("/v1/identity/resolve", json={"kind": "profile", "value": "ana-1"}).json()["person"]
    assert ana == persons(workspace, ["ana-1"])["ana-1"], "the map that is in force now"
    lines = (workspace.folder / "logs" / "identity.jsonl").read_text().splitlines()
    assert len(lines) == 241
    assert all(json.loads(line)["asked"] == 1 for line in lines)
