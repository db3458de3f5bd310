"""`make proof-sdks`: SDKs for browsers as they are, from a page in Chromium to the collector, and to an audience.

A page of another origin loads each SDK's own bundle and does what a shop's page does: it sends one by one, in batches,
and while it closes. What must be there afterwards is counted in the tables and by a rule. Without Chromium, or without
npm to install the SDKs with, it is left out and says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading  # noqa: TID251 - a site of a test
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from engine import operations
from engine.api.hosting import HostedCollector
from engine.operations import Workspace
from engine.settings import Settings, read_settings, write_settings
from tests.benchmarks.report import write

MODULES = Path(__file__).parents[2] / ".tools" / "sdks" / "node_modules"
PAGES = Path(__file__).parent / "pages"
BUNDLES = {
    "segment.js": "@segment/analytics-next/dist/umd/index.js",
    "rudder.js": "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 90
_QUERY = "?utm_source=google&utm_medium=cpc&utm_campaign=black-friday"


class Shop:
    """The web site: its pages and the SDKs' bundles, and what its pages say when they are done."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.config: dict[str, str] = {}
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.split("?")[0].lstrip("/")
                if name == "config.js":
                    self._answer(f"window.CONVOKE = {json.dumps(shop.config)};".encode(), "text/javascript")
                elif name in BUNDLES:
                    self._answer((MODULES / BUNDLES[name]).read_bytes(), "text/javascript")
                elif (PAGES / name).is_file():
                    self._answer((PAGES / name).read_bytes(), "text/html; charset=utf-8")
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                shop.said.append(json.loads(body))
                self._answer(b"{}", "application/json")

            def _answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, page: str) -> dict[str, Any]:
        """What a page said at its end; raises where it did not come to it."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            for one in self.said:
                if one["page"] == page:
                    assert not one.get("error"), one
                    return one
            time.sleep(0.1)
        raise AssertionError(f"{page} did not come to its end; pages said {self.said}")

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def browser(url: str) -> Iterator[None]:
    """A page in a browser without a window."""
    program = next(one for one in map(shutil.which, BROWSERS) if one)
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"]
        with subprocess.Popen([program, *flags, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:
                yield
            finally:
                running.terminate()
                with suppress(subprocess.TimeoutExpired):
                    running.wait(15)
                running.kill()


MODEL = """
kind: model
profile: {table: collected.users, key: user_id, traits: {plan: {type: string}}}
events:
  bought:
    table: collected.order_completed
    profile: user_id
    time: ts
    properties:
      total: {type: decimal}
      campaign: {type: string, column: context_campaign_source}
"""
AUDIENCE = """
kind: audience
id: buyers
name: Buyers whom Google brought
sites: "*"
rule: {all: [{trait: plan, eq: pro}, {did: bought, where: {all: [{property: campaign, eq: google}]}, within: 7d}]}
"""


def in_browser(folder: Path, key: str) -> dict[str, int]:
    """The pages of a shop, and what came of them."""
    shop = Shop()
    write_settings(folder, Settings(collect_origins=shop.origin, warehouse=read_settings(folder).warehouse))
    served = HostedCollector(folder, "127.0.0.1:0")
    shop.config = {"key": key, "collector": served.location}
    try:
        for page in ("segment.html", "segment-batch.html", "rudder.html"):
            with browser(f"{shop.origin}/{page}{_QUERY}"):
                shop.wait_for(page)
                time.sleep(3)  # a page that closes sends what it has left
    finally:
        served.stop()
        shop.close()
    with Workspace(folder) as workspace:
        return _found(workspace)


def _found(workspace: Workspace) -> dict[str, int]:
    def count(sql: str) -> int:
        return int(workspace.warehouse.rows(f"SELECT count(*) FROM collected.{sql}")[0][0])

    google = "context_campaign_source = 'google' AND context_campaign_name = 'black-friday'"
    found = {
        "segment: pages with their context": count(f"pages WHERE {google} AND context_page_path = '/segment.html'"),
        "segment: events one by one": count("order_completed WHERE user_id = 'u1' AND total = 99.5"),
        "segment: names that fall together": count("order_completed WHERE total = 99.5 AND total_34349e71 = 2"),
        "segment: identify, group and alias": count("identifies WHERE user_id = 'u1' AND plan = 'pro'")
        + count("groups WHERE group_id = 'g1'")
        + count("aliases WHERE user_id = 'u1' AND previous_id = anonymous_id"),
        "segment: in batches, and while the page closed": count("batched"),
        "rudder: events with their context": count("rudder_event WHERE context_page_path = '/rudder.html'"),
        "rudder: identify with traits in the context": count("users WHERE user_id = 'r1' AND plan = 'pro'"),
        "aside": int("aside" in {one.name for one in operations.collect_state(workspace).tables}),
    }
    operations.apply_model_text(workspace, MODEL)
    file = workspace.folder / "buyers.yaml"
    file.write_text(AUDIENCE)
    found["an audience over the page's events"] = operations.size(workspace, [str(file)])[0].size
    return found


WANTED = {
    "segment: pages with their context": 1,
    "segment: events one by one": 1,
    "segment: names that fall together": 1,
    "segment: identify, group and alias": 3,
    "segment: in batches, and while the page closed": 25,
    "rudder: events with their context": 5,
    "rudder: identify with traits in the context": 1,
    "aside": 0,
    "an audience over the page's events": 1,
}


def main() -> int:
    """All of them."""
    if not MODULES.is_dir() or not any(map(shutil.which, BROWSERS)):
        sys.stdout.write("left out: there is no Chromium, or no Node.js to install the SDKs with\n")
        return 0
    with tempfile.TemporaryDirectory() as name, operations.init(Path(name) / "ws") as workspace:
        key = operations.add_token(workspace, "shop", ("collect",), 1)
        found = in_browser(workspace.folder, key)
    wrong = {what: count for what, count in found.items() if count != WANTED[what]}
    for what, count in found.items():
        sys.stdout.write(f"{count:>4} of {WANTED[what]:>4}  {what}\n")
    line = f"{len(found) - len(wrong)} of {len(found)} things that pages sent by SDKs are there as they were meant"
    write("sdks", dict(found), {}, None, "things", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
