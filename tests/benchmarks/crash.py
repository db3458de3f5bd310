"""`make proof-crash [KILLS=300]`: the daemon killed at random moments; nothing lost, run twice or out of order.

The daemon is forked from a process that has its imports (`COLD=1`: each starts from nothing), and several workspaces are
at work at once. build/crash.json is written after each round, so that a proof that is stopped still counts.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from tests.benchmarks.report import write
from tests.support.crashing import Outcome, Warm, daemon, killed_again_and_again

_A_ROUND = 30
"""Kills of one workspace; then another begins, so that every start is seen too."""


_AT_ONCE = 3
"""Rounds at once: most of a round is waiting."""


def one_round(seed: int, kills: int) -> Outcome:
    """One workspace."""
    start = daemon if os.environ.get("COLD") else Warm
    with tempfile.TemporaryDirectory() as folder:
        return killed_again_and_again(Path(folder), kills, 20, seed, daemon=start)


def main() -> None:
    """Kill as often as asked."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    started = perf_counter()
    rounds: list[Outcome] = []
    seeds = range(max(1, kills // _A_ROUND))
    with ProcessPoolExecutor(_AT_ONCE, multiprocessing.get_context("spawn"), max_tasks_per_child=20) as pool:
        waiting = {pool.submit(one_round, seed, min(kills, _A_ROUND)): seed for seed in seeds}
        for ended in as_completed(waiting):
            rounds.append(ended.result())
            sys.stdout.write(f"seed {waiting[ended]}: {rounds[-1]}\n")
            sys.stdout.flush()
            bad = told(rounds, started)
    if bad:
        sys.exit(1)


def told(rounds: Sequence[Outcome], started: float) -> bool:
    """Write what the rounds so far came to; whether anything was wrong."""
    total = {key: sum(asdict(one)[key] for one in rounds) for key in asdict(rounds[0]) if key != "recovered"}
    recovered = sorted(seconds for one in rounds for seconds in one.recovered)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    p99 = round(recovered[int(len(recovered) * 0.99)], 2)
    seconds = round(perf_counter() - started)
    bad = total["lost"] + total["twice"] + total["wrong"] + total["disorder"]
    line = (
        f"{total['kills']} kills of the daemon over {total['tasks']} tasks in {seconds} s: {total['lost']} lost, "
        f"{total['twice']} run twice, {total['wrong']} wrong, {total['disorder']} out of order; "
        f"{total['continued']} tasks were interrupted and done again; {total['frozen']} daemons slept while another took "
        f"over, {total['stood_down']} of them ended by themselves on waking up; a new one was in charge after "
        f"{recovered[len(recovered) // 2]:.2f} s (p50), {p99} s (p99)"
    )
    total |= {"seconds": seconds, "CPU seconds": round(used.ru_utime + used.ru_stime), "in charge after, p99": p99}
    write("crash", total, None, None, "tasks", line)
    return bool(bad or total["stood_down"] != total["frozen"])


if __name__ == "__main__":
    main()
