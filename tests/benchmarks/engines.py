"""`make bench-engines`: the reference engine and the oldest allowed one, side by side: making the marketplace, and sizes.

Each round is a process of its own, the engines by turns. Arguments: the interpreter of the other engine, rounds (3),
profiles (200,000).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import duckdb

from engine import operations
from engine.domain.audience_codec import read_audience
from engine.operations.context import prepare
from engine.operations.sizing import one_size
from engine.operations.targets import Named
from sample_data import marketplace
from tests.benchmarks.report import times, write
from tests.benchmarks.sizes import rule

ROUND = "--one-round"
COUNTS = (1, 5, 20)


def one_round(profiles: int) -> dict[str, float]:
    """Seconds to make the marketplace, and milliseconds for an exact size of 1, 5 and 20 conditions."""
    with TemporaryDirectory() as folder:
        connection = duckdb.connect(str(Path(folder) / "simulator.duckdb"))
        started = perf_counter()
        marketplace.generate(connection, profiles, until=date(2026, 6, 1))
        found = {"making the marketplace, s": perf_counter() - started}
        connection.close()
        with operations.prepare_demo(Path(folder) / "demo", profiles=profiles) as workspace:
            for count in COUNTS:
                named = Named(read_audience({"kind": "audience", "id": "bench", "rule": rule(count)}), "", None)
                context = prepare(workspace, [named], datetime.now(UTC).replace(microsecond=0))
                middle, _ = times(lambda context=context, named=named: one_size(context, named, None), 5)  # type: ignore[misc]
                found[f"exact size, {count} conditions, ms"] = middle * 1000
    return found


def main() -> None:
    """Both engines by turns; the figures side by side."""
    if sys.argv[1] == ROUND:
        sys.stdout.write(json.dumps({"version": duckdb.__version__, "found": one_round(int(sys.argv[2]))}) + "\n")
        return
    other, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    profiles = sys.argv[3] if len(sys.argv) > 3 else "200000"
    told: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds):
        pair = [sys.executable, other]
        for python in pair if number % 2 == 0 else reversed(pair):
            command = [python, "-W", "ignore", "-m", "tests.benchmarks.engines", ROUND, profiles]
            line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
            answer = json.loads(line)
            for what, value in answer["found"].items():
                told.setdefault(what, {}).setdefault(answer["version"], []).append(value)
    rows: list[dict[str, Any]] = []
    for what, by_version in told.items():
        row: dict[str, Any] = {"what": what}
        for version, values in by_version.items():
            row[version] = {"median": round(statistics.median(values), 2), "least": min(values), "most": max(values)}
        rows.append(row)
        shown = ", ".join(
            f"{version}: {statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"
            for version, values in sorted(by_version.items())
        )
        sys.stdout.write(f"{what}: {shown}\n")
    versions = " and ".join(sorted(next(iter(told.values()))))
    write("engines", rows, None, None, "s, ms", f"DuckDB {versions} by turns, {rounds} rounds each")


if __name__ == "__main__":
    main()
