"""`make bench-collect [FOR=600] [RATE=1000]`: so many events a second by Segment's SDK for Python, for so many seconds.

The collector is a process of its own, and so is the sender, which leaves the SDK as it is. Some messages are sent twice
on purpose. Lost or doubled are what the tables have less or more than was sent; the lag is from an event's own time to the
moment that its row can be read.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engine import operations
from engine.operations import Workspace
from engine.warehouses.collected import state
from tests.benchmarks.report import write

_SENDER = """
import sys, time, uuid
import segment.analytics.client as sdk
key, host, seconds, rate = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
failed = []
client = sdk.Client(key, host=host, on_error=lambda e, items: failed.append(str(e)), max_queue_size=10**6,
                    upload_interval=0.2, thread=2)
began, sent, again = time.monotonic(), 0, 0
while time.monotonic() - began < seconds:
    due = int((time.monotonic() - began) * rate)
    while sent < due:
        name = str(uuid.uuid4())
        properties = {"price": sent % 500 / 4, "sku": f"s{sent % 9999}", "site": "MLB"}
        for _ in range(2 if sent % 50 == 0 else 1):
            client.track(f"u{sent % 100000}", "Product Viewed", properties, message_id=name)
        again += sent % 50 == 0
        sent += 1
    time.sleep(0.005)
client.shutdown()
print(sent, again, len(failed))
"""


def main() -> int:
    """One run."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with tempfile.TemporaryDirectory() as name, operations.init(Path(name) / "ws") as workspace:
        key = operations.add_token(workspace, "shop", ("collect",), 1)
        command = [
            sys.executable,
            "-m",
            "engine.cli",
            "collect",
            "--address",
            "127.0.0.1:0",
            "-w",
            str(workspace.folder),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as collector:
            assert collector.stdout is not None
            url = collector.stdout.readline().split()[4].rstrip(";")
            given = [sys.executable, "-c", _SENDER, key, url, str(seconds), str(rate)]
            with subprocess.Popen(given, stdout=subprocess.PIPE, text=True) as sender:
                lags = _watched(workspace, sender)
                assert sender.stdout is not None
                sent, again, failed = map(int, sender.stdout.read().split())
            time.sleep(3)
            peak = _peak(collector.pid)
            collector.terminate()
        found = _counted(workspace)
    lags.sort()
    p50, p95 = lags[len(lags) // 2], lags[len(lags) * 95 // 100]
    ours: dict[str, Any] = {
        "sent": sent,
        "sent twice": again,
        "lost": sent - found["distinct"],
        "doubled": found["rows"] - found["distinct"],
        "failed": failed,
        "lag p50": round(p50, 2),
        "lag p95": round(p95, 2),
        "files": found["files"],
        "peak_mb": peak,
    }
    line = (
        f"{sent:,} events in {seconds} s by Segment's SDK ({again:,} of them twice): {ours['lost']} lost, "
        f"{ours['doubled']} doubled; readable {p50:.1f} s after they happened at p50, {p95:.1f} s at p95; "
        f"{found['files']} files, {peak} MB at most"
    )
    write("collect", ours, {}, None, "events", line)
    return 0 if not ours["lost"] and not ours["doubled"] and not failed else 1


def _watched(workspace: Workspace, sender: subprocess.Popen[str]) -> list[float]:
    """How old the newest row is each time that another state can be read; while the sender runs."""
    lags, version = [], 0
    folder = workspace.warehouse_folder
    while sender.poll() is None:
        found = state(folder)
        if found is not None and found.version != version:
            version = found.version
            workspace.reload()
            query = "SELECT quantile_cont(epoch(now()::TIMESTAMP) - epoch(ts), 0.5) FROM collected.tracks "
            query += "WHERE received_at > now()::TIMESTAMP - INTERVAL 3 SECOND AND ts > now()::TIMESTAMP - INTERVAL 10 SECOND"
            ((lag,),) = workspace.warehouse.rows(query)
            if lag is not None:
                lags.append(float(lag))
        time.sleep(0.05)
    return lags or [float("nan")]


def _counted(workspace: Workspace) -> dict[str, int]:
    deadline = time.monotonic() + 60
    workspace.reload()
    while time.monotonic() < deadline and operations.collect_state(workspace).waiting:
        time.sleep(0.2)
    workspace.reload()
    query = "SELECT count(*), count(DISTINCT message_id) FROM collected.product_viewed"
    ((rows, distinct),) = workspace.warehouse.rows(query)
    files = len(list((workspace.warehouse_folder / "collected").rglob("*.parquet")))
    return {"rows": int(rows), "distinct": int(distinct), "files": files}


def _peak(process: int) -> int:
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0
    line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    sys.exit(main())
