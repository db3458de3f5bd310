"""The gate: proxies that are trusted, failures that keep nobody else out, and settings that are followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.api.gate import caller_of
from engine.api.making import make_api
from engine.operations import Workspace
from engine.settings import write_settings
from tests.support.api import served, token_of
from tests.support.small import make_workspace

PROXIES = (ip_network("10.0.0.0/24"), ip_network("::1"))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make_workspace(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("client", "forwarded", "caller"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.4", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.4", "1.2.3.4, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("::1", "", "::1"),
        ("10.0.0.4", "10.0.0.5", "10.0.0.4"),
    ],
)
def test_only_trusted_proxies_say_whom_they_ask_for(client: str, forwarded: str, caller: str) -> None:
    scope: Any = {"type": "http", "client": (client, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert caller_of(scope, PROXIES) == caller


def test_who_guesses_is_slowed_down_and_nobody_else(workspace: Workspace) -> None:
    gate: Any = make_api(workspace.folder)
    token = token_of(workspace, "read")
    with TestClient(gate) as client:
        wrong = [client.get("/v1/lists", headers={"Authorization": f"Bearer cvk_{i:08x}_x"}) for i in range(30)]
        assert wrong[-1].status_code == 429
        assert [client.get("/v1/lists", headers=token).status_code for _ in range(5)] == [200] * 5


def test_the_settings_are_followed(workspace: Workspace) -> None:
    with served(workspace, "read") as client:
        assert client.get("/v1/lists").status_code == 200
        write_settings(workspace.folder, replace(workspace.settings, api_rate="2"))
        statuses = [client.get("/v1/lists").status_code for _ in range(5)]
        assert statuses[-1] == 429


ODD = (rb"\ud800", rb"\ude00", rb"\ud83dx", rb"\u0000", rb"\ude00\ud83d", b"\xed\xa0\x80", b"\xff")
PLACES = (
    ("POST", "/v1/size", b'{"audiences": ["%s"]}'),
    ("POST", "/v1/size", b'{"document": {"kind": "audience", "id": "a", "name": "%s", "rule": {"trait": "%s", "eq": "%s"}}}'),
    ("POST", "/v1/plan", b'{"documents": [{"%s": "%s"}]}'),
    ("POST", "/v1/apply", b'{"documents": [{"kind": "audience", "id": "a", "name": "%s"}]}'),
    ("PUT", "/v1/audiences/a", b'{"kind": "audience", "id": "a", "name": "%s"}'),
    ("PUT", "/v1/destinations/a", b'{"kind": "destination", "id": "a", "type": "%s"}'),
    ("PUT", "/v1/secrets/a", b'{"value": "%s"}'),
    ("POST", "/v1/tokens", b'{"name": "%s", "scopes": ["read"]}'),
    ("PUT", "/v1/model", b'{"kind": "%s"}'),
    ("POST", "/v1/identity/resolve", b'{"kind": "email", "value": "%s"}'),
    ("POST", "/v1/identity/decisions", b'{"what": "block", "one": "email:%s"}'),
    ("POST", "/v1/quality/accept", b'{"table": "%s", "check": "x", "reason": "%s"}'),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), PLACES, ids=[f"{one[1]}-{i}" for i, one in enumerate(PLACES)])
def test_half_characters_and_nul_are_one_sentence(workspace: Workspace, method: str, path: str, body: bytes) -> None:
    with served(workspace, raising=False) as client:
        for odd in ODD:
            content = body.replace(b"%s", odd)
            answer = client.request(method, path, content=content, headers={"content-type": "application/json"})
            assert 400 <= answer.status_code < 500, (odd, answer.text)
            assert answer.json()["error"]["message"]


def test_odd_paths_and_queries(workspace: Workspace) -> None:
    with served(workspace, raising=False) as client:
        for path in ("/v1/values/%00", "/v1/values/%ED%A0%80", "/v1/people/%00/syncs", "/v1/values/state?source=%00",
                     "/v1/audiences/a/members?as_of=%ff", "/v1/quality/%00/x", "/v1/quality/lineage/%C0%80"):  # fmt: skip
            answer = client.get(path)
            assert 400 <= answer.status_code < 500, (path, answer.text)


def test_characters_of_two_halves_and_literal_backslashes_pass(workspace: Workspace) -> None:
    with served(workspace, raising=False) as client:
        body = (
            rb'{"kind": "audience", "id": "a", "name": "\ud83d\ude00 \\ud800", "rule": {"trait": "state", "eq": "SP"}}'
        )
        answer = client.put("/v1/audiences/a", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 200, answer.text


def test_a_document_where_none_belongs(workspace: Workspace) -> None:
    """A body of one request sent to another is a sentence, never an answer of 500."""
    bodies: tuple[Any, ...] = (
        {"document": {}},
        {"document": {"document": {}}},
        {"document": None},
        [],
        [[]],
        "x",
        7,
        None,
    )
    with served(workspace, raising=False) as client:
        described = client.get("/openapi.json").json()["paths"]
        asked = 0
        for path, methods in described.items():
            for method, about in methods.items():
                if "requestBody" not in about:
                    continue
                where = path.format(**dict.fromkeys(("audience", "destination", "name", "task", "identifier"), "a"))
                for body in bodies:
                    answer = client.request(method, where.replace("{", "").replace("}", ""), json=body)
                    asked += 1
                    assert answer.status_code < 500, (path, body, answer.text)
    assert asked > 100
