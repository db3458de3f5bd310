"""Persons asked for over HTTP: only with the scope, logged without what was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import operations
from engine.operations import Workspace
from tests.support.api import served
from tests.support.people import PEOPLE, make, persons


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path) as made:
        yield made


def test_resolve_batch_and_profile(workspace: Workspace) -> None:
    with served(workspace, "identity") as client:
        asked = {"kind": "email", "value": "ana@mail.com"}
        answer = client.post("/v1/identity/resolve", json=asked)
        assert (answer.status_code, answer.json()["detail"][:32]) == (404, "identity was never resolved here")
        operations.run_identity(workspace)
        found = client.post("/v1/identity/resolve", json=asked).json()
        who = persons(workspace, [row[0] for row in PEOPLE])
        assert found["person"] == who["ana-1"]
        wanted = [{"kind": "profile", "value": key} for key in who] + [{"kind": "email", "value": "who@mail.com"}]
        answers = client.post("/v1/identity/batch", json={"identifiers": wanted}).json()
        assert [one["person"] for one in answers] == [*who.values(), None]
        profile = client.get(f"/v1/identity/profiles/{found['person']}").json()
        assert profile["id"] == profile["asked"] == found["person"]
        assert found["identifier"] in profile["identifiers"]
        assert profile["consents"] == []
        before = found["person"]
        operations.cut_identifiers(workspace, "profile:ana-1", "profile:ana-2", "twins")
        after = client.post("/v1/identity/batch", json={"identifiers": wanted[:3]}).json()
        assert len({one["person"] for one in after}) == 2, "the map that is in force now"
        assert before in {one["person"] for one in after}
        for wrong in ({"kind": "shoe", "value": "x"}, {"kind": "email", "value": "x" * 1_001}, {"kind": "email"}):
            assert client.post("/v1/identity/resolve", json=wrong).status_code in (404, 422), wrong
        assert client.get("/v1/identity/profiles/p" + "0" * 20).status_code == 404
        assert client.get("/v1/identity/state").json()["in_force"]["run"] == 2
        assert client.post("/v1/identity/run").status_code == 403
    log = (workspace.folder / "logs" / "identity.jsonl").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"what": "resolve", "asked": 7, "found": 6}.items() <= lines[1].items()
    assert "mail" not in log
    assert before not in log


def test_scopes_and_forgetting(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    with served(workspace, "read") as client:
        assert client.post("/v1/identity/resolve", json={"kind": "email", "value": "x"}).status_code == 403
    with served(workspace, "admin", "identity") as client:
        assert client.post("/v1/identity/run").json()["state"] == "published"
        asked = {"kind": "email", "value": "bruno@mail.com"}
        person = client.post("/v1/identity/resolve", json=asked).json()["person"]
        assert client.post("/v1/identity/forget", json={"person": person}).json()["found"] == 0
        assert client.post("/v1/identity/resolve", json=asked).json()["person"] is None
