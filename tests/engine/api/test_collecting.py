"""The collector over HTTP: who may send, how much, from which pages; what is answered with success is there afterwards."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import segment.analytics.client
from starlette.testclient import TestClient

from engine import operations
from engine.api.collecting import LARGEST, MOST_MESSAGES, make_collector
from engine.api.hosting import HostedCollector
from engine.errors import EngineError
from engine.ingest.journal import Full, Journal
from engine.operations import Workspace
from engine.settings import Settings, write_settings


def message(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": f"m{number}", "userId": "u1", "event": "Seen", **more}


def as_user(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with operations.init(tmp_path / "ws") as made:
        return made.folder


@pytest.fixture
def key(folder: Path) -> str:
    with Workspace(folder) as workspace:
        return operations.add_token(workspace, "shop", ("collect",), 1)


@contextmanager
def collecting(folder: Path) -> Iterator[TestClient]:
    with TestClient(make_collector(folder)) as client:
        yield client


def landed(folder: Path, sql: str = "SELECT message_id FROM collected.tracks ORDER BY 1") -> list[Any]:
    """What is there when the collector has ended."""
    with Workspace(folder) as workspace:
        return [row[0] if len(row) == 1 else row for row in workspace.warehouse.rows(sql)]


def test_what_is_acknowledged_is_there_afterwards(folder: Path, key: str) -> None:
    with collecting(folder) as client:
        assert client.get("/health").json()["status"] == "ok"
        for path, body in (
            ("/v1/batch", {"batch": [message(1), message(2)]}),
            ("/v1/import", {"batch": [message(3)]}),
            ("/v1/track", message(4)),
            ("/v1/page", {"messageId": "p1", "anonymousId": "a", "name": "Home"}),
        ):
            answer = client.post(path, json=body, headers=as_user(key))
            assert (answer.status_code, answer.json()) == (200, {"success": True})
        packed = gzip.compress(json.dumps({"batch": [message(5)]}).encode())
        assert client.post("/v1/batch", content=packed, headers={**as_user(key), "Content-Encoding": "gzip"}).is_success
        beacon = json.dumps({"batch": [{**message(6), "writeKey": key}], "writeKey": key})
        assert client.post("/v1/batch", content=beacon, headers={"Content-Type": "text/plain"}).is_success
    assert landed(folder) == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert landed(folder, "SELECT name, source FROM collected.pages") == [("Home", "shop")]
    files = [one for one in folder.rglob("*") if one.is_file()]
    assert not [one for one in files if key.encode() in one.read_bytes()], "the write key is nowhere"


def test_who_has_no_write_key_may_not_send(folder: Path, key: str) -> None:
    with Workspace(folder) as workspace:
        other = operations.add_token(workspace, "reader", ("read",), 1)
    body = {"batch": [message(1)]}
    with collecting(folder) as client:
        bad = [{}, as_user("x"), as_user(other), {"Authorization": "Basic !"}, {"Authorization": f"Bearer {other}"}]
        for headers in bad:
            answer = client.post("/v1/batch", json=body, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["detail"].startswith("no valid write key was sent")
        for _ in range(20):
            answer = client.post("/v1/batch", json=body, headers=as_user("guess"))
        assert answer.status_code == 429, "guessing takes for ever"
        assert int(answer.headers["Retry-After"]) >= 1
    with collecting(folder) as client, Workspace(folder) as workspace:
        operations.revoke_token(workspace, key.split("_")[1])
        assert client.post("/v1/batch", json=body, headers=as_user(key)).status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 400, "the body is no JSON object"),
        (b"[1]", 400, "the body is no JSON object"),
        (b"\xff\xfe{", 400, "the body is no JSON object"),
        (b"[" * 100_000, 400, "the body is no JSON object"),
        (b'{"batch": {}}', 400, "there is no batch of messages"),
        (b'{"batch": []}', 400, "there is no batch of messages"),
        (b'{"batch": [' + b"1," * MOST_MESSAGES + b"1]}", 413, "a batch has at most 5,000 messages"),
        (b" " * (LARGEST + 1), 413, "a request has at most 1024 KB"),
    ],
)
def test_what_is_no_request_is_told(folder: Path, key: str, content: bytes, status: int, said: str) -> None:
    with collecting(folder) as client:
        answer = client.post("/v1/batch", content=content, headers=as_user(key))
    assert (answer.status_code, answer.json()["detail"]) == (status, said)


def test_a_text_that_no_place_can_hold_puts_its_message_aside_and_no_other(folder: Path, key: str) -> None:
    body = {"batch": [message(1), message(2, userId="u\x00x"), message(3, event="\ud800"), message(4)]}
    with collecting(folder) as client:
        assert client.post("/v1/batch", content=json.dumps(body), headers=as_user(key)).is_success
        assert client.post("/v1/batch", content=json.dumps({**body, "writeKey": "\ud800"})).status_code == 401
    assert landed(folder) == ["m1", "m4"]
    assert landed(folder, "SELECT reason FROM collected.aside ORDER BY 1") == [
        "a text with half a character (a lone surrogate)",
        "a text with the character NUL",
    ]
    with Workspace(folder) as workspace:
        into = folder / "aside.jsonl"
        operations.collect_aside(workspace, into)
        into.write_text(into.read_text().replace("\\ud800", "Seen").replace("\\u0000", ""))
        assert operations.collect_replay(workspace, into).aside == {}
    assert landed(folder) == ["m1", "m2", "m3", "m4"]


def test_a_number_keeps_its_digits(folder: Path, key: str) -> None:
    body = '{"userId": "u", "event": "Paid", "properties": {"due": 0.5, "total": 12345678901234.5678}}'
    with collecting(folder) as client:
        assert client.post("/v1/track", content=body, headers=as_user(key)).is_success
    assert landed(folder, "SELECT due, total, rest FROM collected.paid") == [
        (0.5, None, '{"total": 12345678901234.5678}')
    ]


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(folder: Path, key: str) -> None:
    with collecting(folder) as client:
        headers = {**as_user(key), "Content-Encoding": "gzip"}
        answer = client.post("/v1/batch", content=gzip.compress(b" " * (100 << 20)), headers=headers)
        assert answer.status_code == 413
        assert client.post("/v1/batch", content=b"no gzip", headers=headers).status_code == 400
        unsaid = gzip.compress(b" " * (100 << 20))
        assert client.post("/v1/batch", content=unsaid, headers=as_user(key)).status_code == 413


def test_pages_of_named_sites_may_send(folder: Path, key: str) -> None:
    write_settings(folder, Settings(collect_origins="https://shop.example https://other.example"))
    asked = {"Access-Control-Request-Method": "POST"}
    with collecting(folder) as client:
        shop, evil = {"Origin": "https://shop.example"}, {"Origin": "https://evil.example"}
        allowed = client.options("/v1/batch", headers=shop | asked)
        assert allowed.status_code == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "authorization" in allowed.headers["Access-Control-Allow-Headers"]
        wanted = {"Access-Control-Request-Headers": "authorization,content-type,x-retry-count"}
        again = client.options("/v1/t", headers=shop | asked | wanted)
        assert again.headers["Access-Control-Allow-Headers"] == "authorization,content-type,x-retry-count"
        odd = {"Access-Control-Request-Headers": "a\tb; c"}
        assert (
            "x-retry-count"
            in client.options("/v1/t", headers=shop | asked | odd).headers["Access-Control-Allow-Headers"]
        )
        assert client.options("/v1/batch", headers=evil | asked).status_code == 403
        answer = client.post("/v1/batch", json={"batch": [message(1)]}, headers=as_user(key) | shop)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        answer = client.post("/v1/batch", json={"batch": [message(2)]}, headers=as_user(key) | evil)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_room_nothing_is_acknowledged_and_it_is_said_when_to_try_again(
    folder: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Journal, texts: Any) -> None:
        raise Full

    with collecting(folder) as client:
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "write", full)
            answer = client.post("/v1/batch", json={"batch": [message(1)]}, headers=as_user(key))
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
        assert client.post("/v1/batch", json={"batch": [message(2)]}, headers=as_user(key)).is_success
    assert landed(folder) == ["m2"]


def test_a_disk_that_fails_answers_at_once_and_landing_goes_on_when_it_is_well_again(
    folder: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise OSError(5, "input/output error")

    with collecting(folder) as client:
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "write", fails)
            patched.setattr(Journal, "close_older_than", fails)
            assert client.post("/v1/batch", json={"batch": [message(1)]}, headers=as_user(key)).status_code == 429
            deadline = time.monotonic() + 10
            while client.get("/health").json()["landing_fails"] != "OSError" and time.monotonic() < deadline:
                time.sleep(0.05)
            assert client.get("/health").json()["landing_fails"] == "OSError"
        assert client.post("/v1/batch", json={"batch": [message(2)]}, headers=as_user(key)).is_success
    assert landed(folder) == ["m2"]


def test_one_collector_at_a_time(folder: Path) -> None:
    served = HostedCollector(folder, "127.0.0.1:0")
    try:
        with pytest.raises(EngineError, match=r"events are being collected by convoke collect \(process \d+\)"):
            HostedCollector(folder, "127.0.0.1:0")
    finally:
        served.stop()
    HostedCollector(folder, "127.0.0.1:0").stop()


@pytest.mark.parametrize("packed", [False, True])
def test_the_sdk_for_python_as_it_is(folder: Path, key: str, packed: bool) -> None:
    served = HostedCollector(folder, "127.0.0.1:0")
    failed: list[Any] = []
    client = segment.analytics.client.Client(
        key, host=served.location, gzip=packed, on_error=lambda error, items: failed.append(error), upload_interval=0.05
    )
    try:
        client.identify("u1", {"plan": "pro", "age": 33})
        client.alias("a1", "u1")
        client.group("u1", "g1", {"name": "Acme"})
        client.page("u1", "Docs", "Home", {"url": "https://shop.example"})
        client.screen("u1", "Docs", "Home")
        for number in range(500):
            client.track("u1", "Product Viewed", {"price": number / 4, "sku": f"s{number}"})
        client.shutdown()
    finally:
        served.stop()
    assert not failed
    assert landed(folder, "SELECT count(*), sum(price), min(sku) FROM collected.product_viewed") == [
        (500, 31187.5, "s0")
    ]
    assert landed(folder, "SELECT plan, age FROM collected.users") == [("pro", 33)]
    with Workspace(folder) as workspace:
        state = operations.collect_state(workspace)
    assert not state.running
    assert {one.name: one.rows for one in state.tables} == {
        "aliases": 1,
        "groups": 1,
        "identifies": 1,
        "pages": 1,
        "product_viewed": 500,
        "screens": 1,
        "tracks": 500,
    }


NODE = Path(__file__).parents[3] / ".tools" / "segment" / "node_modules" / "@segment" / "analytics-node"
SCRIPT = """
const { Analytics } = require(process.argv[2]);
const analytics = new Analytics({ writeKey: process.argv[3], host: process.argv[4], flushInterval: 50 });
analytics.on("error", (error) => { console.error(error); process.exitCode = 1; });
analytics.identify({ userId: "u1", traits: { plan: "pro" } });
analytics.page({ anonymousId: "a1", name: "Home" });
for (let number = 0; number < 500; number++) {
  analytics.track({ userId: "u1", event: "Product Viewed", properties: { price: number / 4 } });
}
analytics.closeAndFlush().then(() => console.log("sent"));
"""


@pytest.mark.skipif(not NODE.exists(), reason="needs the SDK for Node.js: make segment")
def test_the_sdk_for_node_as_it_is(folder: Path, key: str, tmp_path: Path) -> None:
    script = tmp_path / "send.cjs"
    script.write_text(SCRIPT)
    served = HostedCollector(folder, "127.0.0.1:0")
    try:
        command = ["node", str(script), str(NODE), key, served.location]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    finally:
        served.stop()
    assert (done.returncode, done.stdout.strip()) == (0, "sent"), done.stderr
    assert landed(folder, "SELECT count(*), sum(price) FROM collected.product_viewed") == [(500, 31187.5)]
    assert landed(folder, "SELECT user_id, plan FROM collected.users") == [("u1", "pro")]
