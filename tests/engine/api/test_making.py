"""The API asked as a client would: the same answers as the command line, tokens, errors, repeats, limits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine import operations
from engine.api.gate import Gate
from engine.api.making import make_api
from engine.errors import EngineError
from engine.operations import Workspace, size
from engine.settings import write_settings
from tests.support.api import served, token_of
from tests.support.small import AS_OF, make_workspace, write_audience

PHONES = {
    "kind": "audience",
    "id": "phones",
    "name": "Phones",
    "rule": {"did": "purchase", "where": [{"property": "category", "eq": "phones"}]},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make_workspace(tmp_path) as made:
        yield made


@pytest.fixture
def client(workspace: Workspace) -> Iterator[TestClient]:
    with served(workspace) as made:
        yield made


def good(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def test_an_audience_from_saving_to_deleting(workspace: Workspace, client: TestClient, tmp_path: Path) -> None:
    assert good(client.put("/v1/audiences/phones", json=PHONES)) == {"id": "phones", "version": 1}
    (found,) = good(client.post("/v1/size", json={"audiences": ["phones"], "as_of": AS_OF}))
    (ours,) = size(workspace, ["phones"], as_of=AS_OF)
    assert {**found, "elapsed_ms": 0} == {**ours.as_json(), "elapsed_ms": 0}
    (unsaved,) = good(client.post("/v1/size", json={"document": PHONES, "as_of": AS_OF}))
    assert unsaved["size"] == found["size"] == 2
    members = good(client.get("/v1/audiences/phones/members", params={"as_of": AS_OF, "first": 1, "most": 1}))
    assert members == {"id": "phones", "size": 2, "first": 1, "keys": [2]}
    why = good(client.get("/v1/audiences/phones/why/1", params={"as_of": AS_OF, "language": "es"}))
    assert why["member"] is True
    for view in ("insights", "reach", "overlap", "explain", "composition/state", "history", "diff", "snapshots"):
        answer = client.get(f"/v1/audiences/phones/{view}", params={"as_of": AS_OF})
        assert answer.status_code in (200, 404, 422), answer.text
    assert [one["id"] for one in good(client.get("/v1/audiences"))] == ["phones"]
    assert good(client.get("/v1/audiences/phones"))["id"] == "phones"
    assert client.delete("/v1/audiences/phones").status_code == 204
    assert client.get("/v1/audiences/phones").status_code == 404


def test_runs_tasks_and_schedules(client: TestClient, workspace: Workspace) -> None:
    good(client.put("/v1/audiences/phones", json={**PHONES, "refresh": {"every": "6h"}}))
    task = good(client.post("/v1/tasks", json={"audiences": ["phones"]}))["task"]
    assert [one["id"] for one in good(client.get("/v1/tasks"))] == [task]
    good(client.post(f"/v1/tasks/{task}/cancel"))
    assert client.post(f"/v1/tasks/{task}/cancel").status_code == 409
    good(client.post(f"/v1/tasks/{task}/retry"))
    assert good(client.get("/v1/schedules"))[0]["id"] == "phones"
    assert client.post("/v1/audiences/phones/pause").status_code in (204, 409)
    assert good(client.get("/v1/daemon"))["state"] in ("stopped", "never")
    operations.run(workspace, ["phones"], as_of=AS_OF)
    assert good(client.get("/v1/audiences/phones/members", params={"frozen": True}))["keys"] == [1, 2]
    assert len(good(client.get("/v1/runs"))) == 1
    assert good(client.get("/v1/audiences/phones/snapshots"))[0]["size"] == 2


def test_a_value_of_the_data_is_hinted_only_to_who_may_see_members(workspace: Workspace) -> None:
    document = {"kind": "audience", "id": "it", "name": "It", "rule": {"trait": "state", "eq": "sp"}}
    for scopes, said in ((("read",), False), (("read", "members"), True)):
        with served(workspace, *scopes) as client:
            size = good(client.post("/v1/size", json={"document": document, "as_of": AS_OF}))
            plan = good(client.post("/v1/plan", json={"documents": [document], "as_of": AS_OF}))
            for answer in (size, plan):
                assert ('"SP"' in json.dumps(answer)) is said


def test_folders_of_documents_lists_and_the_model(client: TestClient, workspace: Workspace) -> None:
    planned = good(client.post("/v1/plan", json={"documents": [PHONES], "as_of": AS_OF}))
    assert [(one["action"], one["size_after"]) for one in planned["steps"]] == [("add", 2)]
    assert good(client.get("/v1/audiences")) == []
    good(client.post("/v1/apply", json={"documents": [PHONES], "as_of": AS_OF}))
    assert client.post("/v1/apply", json={"documents": [PHONES, PHONES]}).status_code == 409
    uploaded = client.put("/v1/lists/vip", content=b"user_id\n1\n2\n2\n", headers={"content-type": "text/csv"})
    assert good(uploaded)["size"] == 2
    assert good(client.get("/v1/lists")) == {"vip": 2}

    def other(more: str) -> Any:
        body, kind = b"email;code\na@x.com;77\n", {"content-type": "text/csv"}
        return client.put(f"/v1/lists/vip{more}", content=body, headers=kind)

    assert other("").json()["error"]["path"] == "--key"
    assert other("?key=code").status_code == 409
    assert good(client.get("/v1/lists")) == {"vip": 2}
    assert good(other("?key=code&allow_shrink=true"))["size"] == 1
    text = client.get("/v1/model")
    assert text.headers["content-type"].startswith("application/yaml")
    from engine.domain.documents import load_documents

    (document,) = load_documents(text.content)
    assert good(client.put("/v1/model", json=document))["events"] == 3
    checked = good(client.post("/v1/model/check"))
    assert checked["sound"] is True
    assert "error" not in {one["severity"] for one in checked["findings"]}
    assert "users" in str(good(client.post("/v1/model/draft")))
    asked = {"name": "visit", "events": ["purchase"], "gap": "30min"}
    assert good(client.post("/v1/model/sessions", json=asked))["visit"]["time"] == "started"
    assert (
        good(client.get("/v1/traits"))
        == good(client.post("/v1/traits/run"))
        == good(client.get("/v1/traits/versions"))
        == []
    )
    assert all(one["follows"] is False for one in good(client.get("/v1/freshness")))


def test_destinations_and_tokens(client: TestClient, workspace: Workspace) -> None:
    out = {"kind": "destination", "id": "out", "type": "folder", "settings": {"path": "out"}}
    good(client.put("/v1/destinations/out", json=out))
    assert "can be written to" in good(client.post("/v1/destinations/out/test"))["found"]
    good(client.put("/v1/audiences/phones", json={**PHONES, "destinations": ["out"]}))
    operations.run(workspace, ["phones"], as_of=AS_OF)
    (preview,) = good(client.get("/v1/audiences/phones/delivery"))
    assert preview["add"] == 2
    (sent,) = good(client.post("/v1/syncs", json={"audiences": ["phones"]}))
    assert sent["state"] == "done"
    assert good(client.get("/v1/syncs"))[0]["state"] == "done"
    assert len(good(client.get("/v1/people/1/syncs"))) == 1
    assert client.delete("/v1/destinations/out").status_code == 409
    made = good(client.post("/v1/tokens", json={"name": "x", "scopes": ["read"]}))["token"]
    other = {"Authorization": f"Bearer {made}"}
    assert client.get("/v1/audiences", headers=other).status_code == 200
    refused = client.get("/v1/audiences/phones/members", headers=other)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "usage")
    identifier = made.split("_")[1]
    assert client.delete(f"/v1/tokens/{identifier}").status_code == 204
    assert client.get("/v1/audiences", headers=other).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/v1/audiences/phones", {**PHONES, "rule": {"trait": "aage", "gte": 1}}, 422, "unknown_name"),
        ("PUT", "/v1/audiences/phones", {**PHONES, "rule": {"nonsense": 1}}, 422, "structure"),
        ("PUT", "/v1/audiences/other", PHONES, 422, "usage"),
        ("PUT", "/v1/audiences/phones", [], 422, "structure"),
        ("GET", "/v1/audiences/..%2F..%2Fetc", None, 404, "usage"),
        ("GET", "/v1/audiences/UPPER", None, 422, "structure"),
        ("POST", "/v1/size", {"audiences": ["tests"]}, 404, "not_found"),
        ("POST", "/v1/size", {"audiences": ["/etc/passwd"]}, 422, "file"),
        ("POST", "/v1/size", {}, 422, "usage"),
        ("POST", "/v1/size", {"document": PHONES, "as_of": "0001-01-01T00:00:00+14:00"}, 422, "operand"),
        ("POST", "/v1/size", {"document": PHONES, "as_of": "9999-12-31T23:59:59-23:59"}, 422, "operand"),
        ("POST", "/v1/nothing", {}, 404, "usage"),
        ("PATCH", "/v1/audiences", {}, 405, "usage"),
        ("GET", "/v1/audiences/phones/members?as_of=soon", None, 404, "not_found"),
    ],
)
def test_bad_input_is_a_problem_with_path_and_hint(
    client: TestClient, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert answer.json()["status"] == status


def test_a_folder_named_as_an_id_is_not_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_audience(tmp_path / "here" / "phones", "phones", {"all": []})
    monkeypatch.chdir(tmp_path / "here")
    assert client.post("/v1/size", json={"audiences": ["phones"]}).status_code == 404
    assert client.get("/v1/audiences/phones/members").status_code == 404


# -- who may ask, and how often ----------------------------------------------------------------------------------------


def test_without_a_token_only_health_and_the_description(workspace: Workspace) -> None:
    gate: Any = make_api(workspace.folder)
    with TestClient(gate) as client:
        assert good(client.get("/health"))["status"] == "ok"
        assert client.get("/openapi.json").status_code == 200
        for headers in ({}, {"Authorization": "Bearer cvk_0000_nothing"}, {"Authorization": "Basic eDp5"}):
            answer = client.get("/v1/audiences", headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_guessing_tokens_and_asking_too_often_is_slowed_down(workspace: Workspace) -> None:
    gate: Any = make_api(workspace.folder)
    with TestClient(gate) as client:
        statuses = [
            client.get("/v1/lists", headers={"Authorization": f"Bearer cvk_{i:08x}_x"}).status_code for i in range(12)
        ]
        assert statuses[:9] == [401] * 9
        assert statuses[-1] == 429
        good(client.get("/v1/lists", headers=token_of(workspace)))  # who guesses keeps nobody else out
    write_settings(workspace.folder, replace(workspace.settings, api_rate="5"))
    with served(workspace) as client:
        answers = [client.get("/v1/lists") for _ in range(9)]
        assert [one.status_code for one in answers][:5] == [200] * 5
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1


# -- requests that come again ------------------------------------------------------------------------------------------


def test_a_write_with_a_key_is_done_once(client: TestClient, workspace: Workspace) -> None:
    good(client.put("/v1/audiences/phones", json=PHONES))
    headers = {"Idempotency-Key": "one"}
    first = client.post("/v1/tasks", json={"audiences": ["phones"]}, headers=headers)
    again = client.post("/v1/tasks", json={"audiences": ["phones"]}, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post("/v1/tasks", json={"audiences": ["phones"], "as_of": AS_OF}, headers=headers)
    assert other.status_code == 422
    assert len(good(client.get("/v1/tasks"))) == 1
    somebody = token_of(workspace, "write")
    third = client.post("/v1/tasks", json={"audiences": ["phones"]}, headers={**headers, **somebody})
    assert "idempotency-replayed" not in third.headers
    assert third.json() != first.json()


def test_at_the_same_time_only_one_is_done(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(client.put("/v1/audiences/phones", json=PHONES))
    entered, go_on = threading.Event(), threading.Event()
    real = operations.run_soon

    def slow(*arguments: Any, **more: Any) -> int:
        entered.set()
        assert go_on.wait(20)
        return real(*arguments, **more)

    monkeypatch.setattr(operations, "run_soon", slow)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(client.post("/v1/tasks", json={"audiences": ["phones"]}, headers={"Idempotency-Key": "k"}))

    thread = threading.Thread(target=ask)
    thread.start()
    assert entered.wait(20)
    ask()
    go_on.set()
    thread.join()
    assert sorted(one.status_code for one in answers) == [202, 409]


def test_what_failed_may_be_tried_again_and_what_a_dead_process_began_too(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(client.put("/v1/audiences/phones", json=PHONES))

    def broken(*arguments: Any, **more: Any) -> int:
        raise EngineError("store", "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(operations, "run_soon", broken)
        headers = {"Idempotency-Key": "again"}
        assert client.post("/v1/tasks", json={"audiences": ["phones"]}, headers=headers).status_code == 503
    assert client.post("/v1/tasks", json={"audiences": ["phones"]}, headers=headers).status_code == 202
    from engine.store.repeats import Repeats

    repeats = Repeats(workspace.database)
    assert repeats.begin("t", "k", b"x", "dead", "2026-01-01T00:00:00Z") is None
    assert repeats.begin("t", "k", b"x", "alive", "2026-01-01T00:00:00Z") is None
    assert repeats.begin("t", "k", b"x", "alive", "2026-01-01T00:00:00Z") is not None


def test_answers_with_secrets_are_not_kept(client: TestClient, workspace: Workspace) -> None:
    made = good(client.post("/v1/tokens", json={"name": "x", "scopes": ["read"]}, headers={"Idempotency-Key": "t"}))
    secret = made["token"].encode()
    workspace.database.rows("tokens")
    stored = list(workspace.folder.glob("store.sqlite*"))
    assert workspace.folder / "store.sqlite" in stored
    for path in stored:
        assert secret not in path.read_bytes()


def test_a_body_that_is_too_large_is_refused_before_it_is_read(workspace: Workspace) -> None:
    with served(workspace) as client:
        answer = client.put("/v1/lists/vip", content=b"", headers={"content-length": str(100 << 20)})
        assert answer.status_code == 413


def test_an_unexpected_error_says_nothing_of_people(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **more: Any) -> Any:
        raise ValueError("ana@example.com")

    monkeypatch.setattr(operations, "lists", broken)
    with served(workspace, raising=False) as client:
        answer = client.get("/v1/lists")
        assert answer.status_code == 500
        assert "ana" not in answer.text


def test_tokens_and_health_do_not_wait_for_those_that_count(client: TestClient, workspace: Workspace) -> None:
    gate: Any = client.app
    pool = gate._app.state.workspaces
    held = [pool.one() for _ in range(4)]
    for one in held:
        one.__enter__()
    try:
        assert client.get("/health").status_code == 200
        assert client.get("/v1/lists", headers={"Authorization": "Bearer x"}).status_code == 401
    finally:
        for one in held:
            one.__exit__(None, None, None)


def test_metrics(client: TestClient) -> None:
    good(client.get("/v1/lists"))
    text = client.get("/metrics").text
    assert 'convoke_requests_total{route="/v1/lists",status="200"} 1.0' in text
    assert "convoke_daemon_up 0.0" in text


_APPS = {
    "Workspace",
    "init",
    "connect",
    "prepare_demo",
    "prepare_sample",
    "audience_page",
    "overview",
}
"""The app's and the shell's."""
_FILES = {
    "mend_permissions",
    "approve_source",
    "apply_model",
    "export_members",
    "add_destination",
    "make_vault_key",
    "save_all",
    "Lookup",
    "Follower",
    "on_data_audiences",
    "trait_documents",
    "traits_due",
    "add_to_model",
    "resolve_identifiers",
    "apply_identity",
    "what_if_identity",
    "export_identity",
    "identity_due",
    "contracts_of",
    "ingest_draft",
    "quality_draft",
    "quality_due",
    "red_tables",
    "ingest_due",
    "onboard_list",
    "ingest_files",
    "ingest_load",
    "ingest_preview",
    "ingest_pull",
    "ingest_troubles",
    "ingest_watch",
    "read_ingest_file",
}
"""Files of this machine, or many at once."""
_SCHEDULED = {
    "run",
    "explain_run",
    "sync_due",
    "has_due_syncs",
    "Seen",
    "watch",
    "tell_alerts",
    "keep_layout",
    "layout_due",
    "scores_due",
    "scores_run",
    "score_troubles",
}
"""Heavy ones go through the scheduler."""
_CANVAS = {
    "past_size",
    "past_sizes",
    "thresholds",
    "sample_members",
    "activity",
    "keep_destination",
    "queue_ends",
    "lineage_names",
    "release_red",
    "contract_tables",
    "contract_text",
    "save_contract",
    "aside_rows",
    "aside_sources",
    "put_right",
    "lookalike_create",
    "lookalike_seed",
    "propensity_create",
    "propensity_targets",
    "propensity_use",
    "lookalike_use",
}
"""Steps of the canvas."""


def test_every_operation_has_a_route() -> None:
    """Those that are not for the network are named here."""
    source = "".join(path.read_text() for path in Path("engine/api").glob("*.py"))
    local = _APPS | _FILES | _SCHEDULED | _CANVAS
    missing = [name for name in operations.__all__ if f"operations.{name}(" not in source and name not in local]
    assert missing == []
    assert Gate.__doc__
