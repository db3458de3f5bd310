"""`make bench-served`: a warehouse over Arrow Flight with TLS and a token, beside the same warehouse in process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from engine.operations import Workspace, add_token, init
from engine.serving.hosting import Hosted
from engine.settings import Settings, write_settings
from engine.warehouses.flight import FlightWarehouse
from engine.warehouses.local import publishing
from engine.warehouses.opening import open_warehouse
from engine.warehouses.protocol import Warehouse
from tests.benchmarks.report import BUILD, write
from tests.engine.serving.test_warehouse import self_signed

ROWS = 10_000_000
SMALL_TIMES, LARGE_TIMES = 300, 9
PORT = 18815


def timed(warehouse: Warehouse, sql: str, times: int) -> dict[str, float]:
    """Milliseconds of a query: median and 95th percentile."""
    took = []
    for _ in range(times):
        began = perf_counter()
        warehouse.arrays(sql)
        took.append(1000 * (perf_counter() - began))
    took.sort()
    return {"p50": round(median(took), 2), "p95": round(took[int(len(took) * 0.95)], 2)}


def main() -> None:
    """Small queries and ten million integers, each way, in one run."""
    folder = Path(BUILD / "bench-served")
    if not (folder / "convoke.toml").exists():
        init(folder).close()
    write_settings(folder, Settings(warehouse="local:"))
    with publishing(folder / "warehouse", "bench") as connection:
        connection.execute(f"CREATE OR REPLACE TABLE t AS SELECT range AS x FROM range({ROWS})")
    certificate, key = self_signed(folder)
    with Workspace(folder) as workspace:
        os.environ["CONVOKE_TOKEN"] = add_token(workspace, "bench", ("warehouse",), 1)
    hosted = Hosted(folder, f"127.0.0.1:{PORT}", certificate, key)
    near = open_warehouse("local:", folder / "warehouse")
    far = FlightWarehouse(f"flight+tls://localhost:{PORT}?ca={folder / 'ca.pem'}")
    ours: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    for name, sql, times in (("small", "SELECT 1 AS x", SMALL_TIMES), ("ten million", "SELECT x FROM t", LARGE_TIMES)):
        timed(far, sql, 2)
        timed(near, sql, 2)
        ours[name], peers[name] = timed(far, sql, times), timed(near, sql, times)
        sys.stdout.write(f"{name}: served {ours[name]}, in process {peers[name]}\n")
    far.close()
    hosted.stop()
    line = (
        f"served with TLS and a token: a small query p50 {ours['small']['p50']} / p95 {ours['small']['p95']} ms, "
        f"{ROWS:,} integers p50 {ours['ten million']['p50']:.0f} ms (in process {peers['ten million']['p50']:.0f})"
    )
    write("served", ours, peers, round(ours["ten million"]["p50"] / peers["ten million"]["p50"], 2), "ms", line)


if __name__ == "__main__":
    main()
