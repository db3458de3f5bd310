"""`make bench-early`: sizes over the simulator's marketplace at ten million profiles through the real worker.

How long until the sample speaks and until the exact number comes, whether the interval held it, and how soon work stops
that is cancelled.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from engine.client import Reply, cancel_line, overview_request, size_request
from engine.operations import Workspace, prepare_demo, prepare_sample
from engine.operations.workspace import forget_sample
from tests.benchmarks.report import BUILD, write

PROFILES = 10_000_000
RULES = 60
CATEGORIES = ("phones", "fashion", "computers", "home", "beauty", "sports", "toys", "books", "pets", "tools")


def leaf(rng: random.Random) -> dict[str, Any]:
    """A condition that was hardly asked before."""
    where = {"property": "category", "in": rng.sample(CATEGORIES, 2)}
    days = f"{rng.randrange(5, 360)}d"
    return rng.choice(
        [
            {"did": "purchase", "where": where, "within": days},
            {"did": "view", "where": where, "within": days, "times": {"gte": rng.randrange(1, 6)}},
            {"not": {"did": "purchase", "within": days}},
            {"trait": "age", "between": sorted(rng.sample(range(18, 70), 2))},
            {"did": "ad_click", "within": days},
            {"trait": "registered_at", "within_last": days},
        ]
    )


class Worker:
    """The engine worker as the app starts it."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "engine.worker", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._token = 0

    def send(self, *lines: bytes) -> None:
        """Write requests or cancels."""
        assert self.process.stdin is not None
        self.process.stdin.writelines(lines)
        self.process.stdin.flush()

    def replies(self) -> Iterator[Reply]:
        """What comes back, without progress."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            reply = Reply.from_line(line)
            if reply.progress is None:
                yield reply

    def size(self, rule: dict[str, Any]) -> tuple[float | None, float, Any, Any]:
        """Milliseconds to the early answer (None: none came) and to the exact one, and both answers."""
        self._token += 1
        started = perf_counter()
        self.send(size_request(self._token, {"kind": "audience", "id": "bench", "rule": rule}).line())
        early: tuple[float | None, Any] = (None, None)
        for reply in self.replies():
            took = (perf_counter() - started) * 1000
            if reply.early is not None:
                early = (took, reply.early)
            else:
                return early[0], took, early[1], reply.result
        raise RuntimeError("the worker ended")

    def cancelled_after(self, rule: dict[str, Any], seconds: float) -> float | None:
        """Milliseconds from the cancel to the reply; None when the answer was there before."""
        self._token += 1
        self.send(size_request(self._token, {"kind": "audience", "id": "bench", "rule": rule}).line())
        sleep(seconds)
        started = perf_counter()
        self.send(cancel_line(self._token))
        reply = next(r for r in self.replies() if r.last)
        took = (perf_counter() - started) * 1000
        return took if reply.error is not None and reply.error.code == "cancelled" else None

    def memory_mb(self) -> int:
        """The worker's peak memory."""
        status = Path(f"/proc/{self.process.pid}/status")
        peak = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) // 1024


@contextmanager
def working(folder: Path) -> Iterator[Worker]:
    """A worker, ended afterwards."""
    worker = Worker(folder)
    try:
        yield worker
    finally:
        worker.process.communicate()


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and the largest."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * q))], 1) for name, q in at.items()}


def sampling_seconds(workspace: Workspace) -> float:
    """How long a sample takes when nobody asks anything."""
    forget_sample(workspace)
    started = perf_counter()
    while not prepare_sample(workspace):
        pass
    return round(perf_counter() - started, 1)


def main() -> None:
    """Measure."""
    rng = random.Random(5)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD / "bench-market"
    workspace = prepare_demo(folder, profiles=PROFILES)
    seconds = sampling_seconds(workspace)
    workspace.close()
    early, exact, held, widths = [], [], 0, []
    stopped = []
    with working(folder) as worker:
        worker.send(overview_request(0).line())
        next(worker.replies())
        worker.size({"all": []})
        sleep(seconds * 3 + 5)
        nodes = [leaf(rng) for _ in range(5)]
        for _ in range(RULES):
            nodes[rng.randrange(5)] = leaf(rng)
            first, whole, said, found = worker.size({"all": [*nodes]})
            exact.append(whole)
            if first is not None:
                early.append(first)
                low, high = said["interval"]
                held += low <= found["size"] <= high
                widths.append(100 * (high - low) / max(1, found["base"]))
        for _ in range(RULES):
            rule = {"any": [leaf(rng) for _ in range(40)]}
            took = worker.cancelled_after(rule, rng.uniform(0.0, 1.5))
            if took is not None:
                stopped.append(took)
        peak = worker.memory_mb()
    ours = {
        "early_ms": spread(early) if early else None,
        "exact_ms": spread(exact),
        "answered_early": len(early),
        "asked": RULES,
        "interval_held": held,
        "interval_width_percent_of_base": spread(widths) if widths else None,
        "cancel_ms": spread(stopped),
        "cancelled": len(stopped),
        "sample_seconds": seconds,
        "worker_peak_mb": peak,
    }
    line = (
        f"{len(early)} of {RULES} edits at {PROFILES / 1e6:.0f} M simulated profiles took over 100 ms; the sample spoke "
        f"after p50 {spread(early)['p50'] if early else 0:.0f} ms, the exact number came after p50 "
        f"{spread(exact)['p50']:.0f} / p95 {spread(exact)['p95']:.0f} ms; {held} of {len(early)} intervals held it; "
        f"cancelled work stopped within {spread(stopped)['max']:.0f} ms ({len(stopped)} times)"
    )
    write("early", ours, None, None, "ms", line)


if __name__ == "__main__":
    main()
