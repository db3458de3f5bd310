"""A Graph API that keeps custom audiences: what the official client sends and what ours sends have the same effect."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "EAAB-token"  # noqa: S105


class Graph:
    """Custom audiences by id: their names, and their members by (schema, hashes)."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.members: dict[str, set[tuple[str, ...]]] = {}
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.addresses: list[str] = []
        self.fails: dict[str, Any] | None = None
        self.invalid: set[str] = set()
        self.url = ""

    def answer(self, method: str, path: str, given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What a call does."""
        self.calls.append((method, path, given))
        if self.fails is not None:
            return int(self.fails.get("http", 400)), {"error": self.fails}
        if given.get("access_token") != TOKEN:
            return 401, {"error": {"message": "Invalid OAuth access token", "code": 190}}
        parts = path.strip("/").split("/")[1:]
        match method, parts:
            case "GET", ["act_1"]:
                return 200, {"name": "Shop", "id": "act_1"}
            case "GET", ["act_1", "customaudiences"]:
                return self._page(given)
            case "POST", ["act_1", "customaudiences"]:
                identifier = str(1000 + len(self.names))
                self.names[identifier], self.members[identifier] = given["name"], set()
                return 200, {"id": identifier}
            case (("POST" | "DELETE"), [identifier, "users"]) if identifier in self.members:
                return 200, self._change(method, identifier, json.loads(given["payload"]))
            case _:
                return 404, {"error": {"message": f"unknown path {path}", "code": 803}}

    def _page(self, given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Two a page, to see that all are read."""
        ids = sorted(self.names)
        first = ids.index(given["after"]) + 1 if "after" in given else 0
        shown = ids[first : first + 2]
        paging: dict[str, Any] = {"cursors": {"after": shown[-1]}} if shown else {}
        if first + 2 < len(ids):
            paging["next"] = "more"
        return 200, {"data": [{"id": one, "name": self.names[one]} for one in shown], "paging": paging}

    def _change(self, method: str, identifier: str, payload: dict[str, Any]) -> dict[str, Any]:
        schema = payload["schema"]
        keys = schema if isinstance(schema, list) else [schema]
        wrong = []
        for row in payload["data"]:
            values = row if isinstance(row, list) else [row]
            if self.invalid & set(values):
                wrong.append(values)
                continue
            entry = tuple(f"{key}:{value}" for key, value in zip(keys, values, strict=True))
            (self.members[identifier].add if method == "POST" else self.members[identifier].discard)(entry)
        return {"num_received": len(payload["data"]), "num_invalid_entries": len(wrong), "invalid_entry_samples": wrong}


@contextmanager
def graph() -> Iterator[Graph]:
    """One that runs."""
    made = Graph()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            given = {name: values[0] for name, values in parse_qs(f"{parts.query}&{body}").items()}
            made.addresses.append(self.path)
            if given.get("access_token") is None and self.headers.get("authorization"):
                given["access_token"] = str(self.headers["authorization"]).removeprefix("Bearer ")
            status, answer = made.answer(self.command, parts.path, given)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
