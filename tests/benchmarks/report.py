"""Figures as JSON under build/ and one plain line."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

BUILD = Path(__file__).parents[2] / "build"


def machine() -> str:
    """The processor, its cores and the memory."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3 if hasattr(os, "sysconf") else 0
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB"


def times(work: Callable[[], object], repeats: int = 7) -> tuple[float, float]:
    """Median and spread (interquartile range) in seconds, after one run to warm up."""
    work()
    found = []
    for _ in range(repeats):
        started = perf_counter()
        work()
        found.append(perf_counter() - started)
    low, _, high = statistics.quantiles(found, n=4)
    return statistics.median(found), high - low


def write(
    name: str, ours: Any, peers: Any, ratio: float | None, unit: str, line: str, extra: tuple[str, ...] = ()
) -> None:
    """Write build/NAME.json and print the line."""
    BUILD.mkdir(exist_ok=True)
    versions = {
        "python": platform.python_version(),
        **{p: version(p) for p in ("duckdb", "sqlglot", "numpy", "apsw", "pyroaring", *extra)},
    }
    body = {
        "name": name,
        "ours": ours,
        "peers": peers,
        "ratio": ratio,
        "unit": unit,
        "machine": machine(),
        "versions": versions,
        "command": f"python -m tests.benchmarks.{Path(sys.argv[0]).stem}",
    }
    (BUILD / f"{name}.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(line + "\n")
