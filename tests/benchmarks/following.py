"""`make bench-follow [FOR=600] [RATE=1000]`: from an event to the membership that a destination gets, a daemon at work.

A million people, ten audiences with `refresh: on_data`; each event makes somebody a member whom the destination has not
got yet. Events are sent by Segment's SDK for Python. The lag is from an event's own time to the moment that the file with
the member is there. Beside it: how long one run of everybody takes, which is what following saves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine import operations
from engine.domain.documents import dump_yaml
from engine.ingest.messages import Received
from engine.operations import Workspace
from engine.operations.collecting import collecting_into
from engine.settings import write_settings
from engine.warehouses.local import publishing
from tests.benchmarks.report import write

_SENDER = """
import sys, time
import segment.analytics.client as sdk
key, host, seconds, rate = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
failed = []
client = sdk.Client(key, host=host, on_error=lambda e, items: failed.append(str(e)), max_queue_size=10**6,
                    upload_interval=0.2, thread=2)
began, sent = time.monotonic(), 0
while time.monotonic() - began < seconds:
    due = int((time.monotonic() - began) * rate)
    while sent < due:
        client.track(f"u{sent}", "Bought", {"amount": sent % 500 / 4, "category": f"c{sent % 40}"})
        sent += 1
    time.sleep(0.005)
client.shutdown()
print(sent, len(failed))
"""
_EVENT = {"table": "collected.bought", "profile": "user_id", "time": "ts"}
_MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {"table": "people", "key": "id", "traits": {"city": {"type": "string"}, "age": {"type": "integer"}}},
    "events": {
        "bought": _EVENT | {"properties": {"amount": {"type": "decimal"}, "category": {"type": "string"}}},
        "visited": {"table": "visits", "profile": "id", "time": "ts"},
    },
}
_RULES: dict[str, Any] = {
    "buyers": {"did": "bought", "within": "1d"},
    "buyers-sp": {"all": [{"did": "bought"}, {"trait": "city", "eq": "SP"}]},
    "dear": {"did": "bought", "measure": {"sum": "amount"}, "gte": 100},
    "cheap": {"all": [{"did": "bought"}, {"not": {"audience": "dear"}}]},
    "visitors": {"all": [{"did": "visited"}, {"did": "bought", "times": 0}]},
    "young": {"all": [{"trait": "age", "lt": 30}, {"did": "bought", "within": "1h"}]},
} | {f"category-{i}": {"did": "bought", "where": {"property": "category", "eq": f"c{i}"}} for i in range(4)}


def main() -> int:
    """One run."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out"
        with operations.init(Path(name) / "ws") as workspace:
            _made(workspace, out)
            key = operations.add_token(workspace, "shop", ("collect",), 1)
            began = time.perf_counter()
            operations.run(workspace, list(_RULES))
            whole = time.perf_counter() - began
            operations.sync(workspace, [])
        daemon = [sys.executable, "-m", "engine.cli", "daemon", "run", "-w", str(workspace.folder)]
        with subprocess.Popen(daemon, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            address = _address(workspace.folder)
            given = [sys.executable, "-c", _SENDER, key, address, str(seconds), str(rate)]
            sent, failed = map(int, subprocess.run(given, capture_output=True, text=True, check=True).stdout.split())
            time.sleep(15)
            running.terminate()
        with Workspace(workspace.folder) as after:
            lags, doubled = _lags(after, out)
        steps = [one for one in _log(workspace.folder) if one["what"] == "followed" and one.get("touched")]
    return _told(sent, failed, lags, doubled, steps, whole, seconds)


def _told(sent: int, failed: int, lags: list[float], doubled: int, steps: list[Any], whole: float, seconds: int) -> int:
    lags.sort()
    p50, p95, worst = (lags[int((len(lags) - 1) * share)] for share in (0.5, 0.95, 1))
    took = sorted(one["seconds"] for one in steps)
    ours: dict[str, Any] = {
        "sent": sent,
        "failed": failed,
        "lost": sent - len(lags),
        "doubled": doubled,
        "lag p50": round(p50, 2),
        "lag p95": round(p95, 2),
        "lag worst": round(worst, 2),
        "steps": len(steps),
        "step p50": took[len(took) // 2],
        "touched": sum(one["touched"] for one in steps),
        "bytes": sum(one.get("bytes", 0) for one in steps),
    }
    line = (
        f"{sent:,} events in {seconds} s, ten audiences of a million people: {ours['lost']} lost, {doubled} doubled; "
        f"member at the destination {p50:.1f} s after the event at p50, {p95:.1f} s at p95, {worst:.1f} s at most; "
        f"{len(steps)} steps of {ours['step p50']:.2f} s (p50); a run of everybody {whole:.1f} s"
    )
    write("follow", ours, {"run of everybody, seconds": round(whole, 2)}, None, "events", line)
    return 0 if not ours["lost"] and not doubled and not failed and p95 <= 5 else 1


def _made(workspace: Workspace, out: Path) -> None:
    settings = replace(workspace.settings, warehouse="local:", collect="127.0.0.1:8816", follow_whole="1d")
    write_settings(workspace.folder, settings)
    vars(workspace).pop("settings")
    with publishing(workspace.warehouse_folder, "bench") as connection:
        connection.execute(
            "CREATE TABLE people AS SELECT 'u' || i AS id, ['SP', 'RJ', 'MG'][i % 3 + 1] AS city, "
            "(18 + i % 60)::INTEGER AS age FROM range(1000000) AS t(i)"
        )
        connection.execute(
            "CREATE TABLE visits AS SELECT 'u' || i AS id, TIMESTAMP '2026-01-01' + INTERVAL (i % 1000) HOUR AS ts "
            "FROM range(1000000) AS t(i), range(5) ORDER BY 1"
        )
    with collecting_into(workspace.folder) as collecting:
        first = {"messageId": "first", "userId": "nobody", "type": "track", "event": "Bought"}
        first["properties"] = {"amount": 1.5, "category": "none"}  # type: ignore[assignment]
        collecting.journal.write([Received(datetime.now(UTC), "bench", (first,)).as_bytes()])
        collecting.journal.close()
        collecting.lander.land(collecting.journal.landed)
    operations.apply_model_text(workspace, dump_yaml(_MODEL))
    settings_ = {"path": str(out), "format": "jsonl"}
    operations.save_destination(
        workspace, {"kind": "destination", "id": "out", "type": "folder", "settings": settings_}
    )
    for name, rule in _RULES.items():
        document = {"kind": "audience", "id": name, "name": name, "rule": rule, "refresh": "on_data"}
        operations.save(workspace, document | ({"destinations": ["out"]} if name == "buyers" else {}))


def _address(folder: Path) -> str:
    """Where events are taken, once audiences are followed: the first run of everybody is over then."""
    log = folder / "logs" / "daemon.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        lines = [json.loads(one) for one in log.read_text().splitlines()] if log.exists() else []
        said = {one["what"] for one in lines}
        if {"the collector is served", "done"} <= said:
            return "http://127.0.0.1:8816"
        time.sleep(0.2)
    raise SystemExit("the daemon did not start")


def _log(folder: Path) -> list[dict[str, Any]]:
    path = folder / "logs" / "following.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def _lags(workspace: Workspace, out: Path) -> tuple[list[float], int]:
    """Seconds from each event to its member's file, and how many members came twice."""
    rows = workspace.warehouse.rows("SELECT user_id, epoch(ts) FROM collected.bought")
    happened = {str(key): float(at) for key, at in rows}
    came: dict[str, float] = {}
    doubled = 0
    for path in out.rglob("*add*.jsonl"):
        for line in path.read_text().splitlines():
            key = json.loads(line)["key"]
            doubled += key in came
            came[key] = path.stat().st_mtime
    return [at - happened[key] for key, at in came.items() if key.startswith("u")], doubled


if __name__ == "__main__":
    sys.exit(main())
