"""The requests of SDKs as they are: Segment's for browsers, phones and servers, and RudderStack's."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine import operations
from engine.api.collecting import make_collector
from engine.api.senders import KINDS, METRICS, messages_of, segment_settings, source_config, write_key
from engine.operations import Workspace
from engine.settings import Settings, write_settings

SITE = "https://shop.example"
PLAIN = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/json; charset=utf-8"}
CONTEXT: dict[str, dict[str, Any]] = {
    "browser": {
        "page": {"path": "/", "referrer": "", "search": "?utm_source=x", "title": "T", "url": f"{SITE}/?utm_source=x"},
        "userAgent": "Mozilla/5.0",
        "locale": "pt-BR",
        "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
        "campaign": {"source": "x"},
        "timezone": "America/Sao_Paulo",
    },
    "react native": {
        "app": {"build": "1", "name": "Shop", "namespace": "com.shop", "version": "1.2.0"},
        "device": {"id": "d1", "manufacturer": "Apple", "model": "x86_64", "name": "iPhone", "type": "ios"},
        "library": {"name": "@segment/analytics-react-native", "version": "2.21.4"},
        "locale": "pt-BR",
        "network": {"cellular": False, "wifi": True},
        "os": {"name": "iOS", "version": "17.5"},
        "screen": {"height": 852, "width": 393},
        "timezone": "America/Sao_Paulo",
        "traits": {},
        "instanceId": "i1",
    },
    "kotlin": {
        "library": {"name": "analytics-kotlin", "version": "1.19.2"},
        "app": {"name": "Shop", "version": "1.2.0", "namespace": "com.shop", "build": "12"},
        "device": {"id": "d1", "manufacturer": "Google", "model": "Pixel", "name": "p", "type": "android"},
        "os": {"name": "Android", "version": "14"},
        "screen": {"density": 2.75, "height": 2154, "width": 1080},
        "network": {"wifi": True, "bluetooth": False, "cellular": False},
        "locale": "pt-BR",
        "timezone": "America/Sao_Paulo",
        "userAgent": "Dalvik/2.1.0",
        "instanceId": "i1",
    },
    "swift": {
        "library": {"name": "analytics-swift", "version": "1.7.3"},
        "app": {"build": "1", "name": "Shop", "namespace": "com.shop", "version": "1.2.0"},
        "device": {"manufacturer": "Apple", "type": "ios", "model": "arm64", "name": "iPhone", "id": "d1"},
        "os": {"name": "iPadOS", "version": "17.5"},
        "screen": {"width": 820, "height": 1180},
        "locale": "pt-BR",
        "timezone": "America/Sao_Paulo",
        "network": {"cellular": False, "wifi": True, "bluetooth": False},
    },
}


def event(number: int, sender: str, **more: Any) -> dict[str, Any]:
    said = {"type": "track", "event": "Seen", "messageId": f"m{number}", "anonymousId": "a1"}
    return {**said, "context": CONTEXT[sender], "integrations": {}, "properties": {"n": number}, **more}


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with operations.init(tmp_path / "ws") as made:
        return made.folder


@pytest.fixture
def key(folder: Path) -> str:
    with Workspace(folder) as workspace:
        return operations.add_token(workspace, "shop", ("collect",), 1)


def rows(folder: Path, sql: str) -> list[Any]:
    with Workspace(folder) as workspace:
        return workspace.warehouse.rows(sql)


def test_every_sender_of_segments_is_taken_as_it_sends(folder: Path, key: str) -> None:
    sent = "2026-11-26T12:00:01.000Z"
    with TestClient(make_collector(folder)) as client:
        # @segment/analytics-next: one message, the key in the header and in the body, no preflight for text/plain
        one = {**event(1, "browser"), "writeKey": key, "sentAt": sent, "_metadata": {"bundled": ["Segment.io"]}}
        assert client.post("/v1/t", content=json.dumps(one), headers={**PLAIN, **basic(key)}).is_success
        # the same in batches, and while the page closes (keepalive, or by beacon without headers)
        many = {"writeKey": key, "batch": [event(2, "browser", writeKey=key)], "sentAt": sent}
        assert client.post("/v1/b", content=json.dumps(many), headers=PLAIN).is_success
        # React Native with a proxy of its own, and with Segment's paths
        many = {"batch": [event(3, "react native")], "sentAt": sent, "writeKey": key}
        assert client.post("/v1/b", json=many, headers=JSON).is_success
        # Kotlin: text/plain, packed, the key as the user of HTTP Basic
        packed = gzip.compress(json.dumps({"batch": [event(4, "kotlin")], "sentAt": sent, "writeKey": key}).encode())
        headers = {**PLAIN, **basic(key), "Content-Encoding": "gzip"}
        assert client.post("/v1/b", content=packed, headers=headers).is_success
        # Swift
        many = {"batch": [event(5, "swift")], "sentAt": sent, "writeKey": key}
        assert client.post("/b", json=many, headers={**JSON, **basic(key)}).is_success
        # RudderStack's for browsers while a page closes
        many = {"batch": [event(6, "browser")], "sentAt": sent}
        assert client.post(f"/beacon/v1/batch?writeKey={key}", content=json.dumps(many), headers=PLAIN).is_success
    columns = "message_id, context_library_name, context_device_type, context_app_version, context_page_path"
    assert rows(folder, f"SELECT {columns} FROM collected.seen ORDER BY 1") == [
        ("m1", "analytics.js", None, None, "/"),
        ("m2", "analytics.js", None, None, "/"),
        ("m3", "@segment/analytics-react-native", "ios", "1.2.0", None),
        ("m4", "analytics-kotlin", "android", "1.2.0", None),
        ("m5", "analytics-swift", "ios", "1.2.0", None),
        ("m6", "analytics.js", None, None, "/"),
    ]
    assert rows(folder, "SELECT DISTINCT context_locale, context_timezone FROM collected.tracks") == [
        ("pt-BR", "America/Sao_Paulo")
    ]
    files = [one for one in folder.rglob("*") if one.is_file()]
    assert not [one for one in files if key.encode() in one.read_bytes()], "the write key is nowhere"


def test_every_path_is_of_the_type_it_is_named_after(folder: Path, key: str) -> None:
    said = {"userId": "u", "event": "Seen", "name": "N", "groupId": "g", "previousId": "p"}
    with TestClient(make_collector(folder)) as client:
        for number, (path, kind) in enumerate(KINDS.items()):
            one = {**said, "messageId": f"m{number}"}
            body = {"batch": [{**one, "type": "track"}]} if kind == "batch" else one
            assert client.post(path, json=body, headers=basic(key)).is_success, path
        for path in METRICS:
            assert client.post(path, json={"series": [{"metric": "x"}]}).is_success
    kinds = list(KINDS.values())
    tables = {"track": "seen", "identify": "identifies", "page": "pages", "screen": "screens", "group": "groups"}
    for kind, table in {**tables, "alias": "aliases"}.items():
        wanted = kinds.count(kind) + (kinds.count("batch") if kind == "track" else 0)
        assert rows(folder, f"SELECT count(*) FROM collected.{table}") == [(wanted,)]
    assert {"/v1/t", "/v1/i", "/v1/p", "/v1/g", "/v1/s", "/v1/a", "/v1/b", "/b", "/v1/batch", "/v1/import"} <= set(
        KINDS
    )


def test_settings_are_for_who_has_a_write_key_and_say_where_to_send(folder: Path, key: str) -> None:
    write_settings(folder, Settings(collect_origins=SITE))
    with TestClient(make_collector(folder), base_url="https://events.shop.example") as client:
        for path in (f"/v1/projects/{key}/settings", f"/projects/{key}/settings"):
            answer = client.get(path, headers={"Origin": SITE})
            assert answer.json() == segment_settings(key, "https", "events.shop.example")
            assert answer.headers["Access-Control-Allow-Origin"] == SITE
            assert answer.headers["Cache-Control"] == "no-store"
        told = answer.json()["integrations"]["Segment.io"]
        assert (told["apiHost"], told["protocol"]) == ("events.shop.example/v1", "https")
        answer = client.get(f"/sourceConfig/?p=npm&writeKey={key}", headers={**basic(key), "Origin": SITE})
        assert answer.json() == source_config()
        assert client.options("/sourceConfig/", headers={"Origin": SITE}).status_code == 204
        codes = [client.get(f"/v1/projects/guess{n}/settings").status_code for n in range(25)]
        assert codes[0] == 401
        assert codes[-1] == 429, "guessing takes for ever"
        assert client.get("/sourceConfig/").status_code in (401, 429)
        assert client.get(f"/v1/projects/{key}/settings").is_success, "who guesses keeps nobody out"


def test_where_the_write_key_is() -> None:
    header = basic("k1")["Authorization"]
    assert write_key(header, {"writeKey": "k3"}, {"writeKey": "k2"}) == "k1"
    assert write_key("", {"writeKey": "k3"}, {"writeKey": "k2"}) == "k2"
    assert write_key("Basic !", {"writeKey": "k3"}, {"writeKey": 5}) == "k3"
    assert write_key("Bearer x", {}, {}) is None
    assert write_key("", {}, {"writeKey": "ключ"}) is None


def test_messages_of_a_body() -> None:
    assert messages_of("track", {"event": "x", "writeKey": "k"}) == [{"event": "x", "type": "track"}]
    assert messages_of("batch", {"batch": [{"event": "x", "writeKey": "k"}, 5]}) == [{"event": "x"}, 5]
    assert messages_of("batch", {"batch": []}) is None
    assert messages_of("batch", {"event": "x"}) is None
