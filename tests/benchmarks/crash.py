"""`make proof-crash [KILLS=300]`: the daemon killed at random moments; nothing lost, run twice or out of order."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from tests.benchmarks.report import write
from tests.support.crashing import Outcome, killed_again_and_again

_A_ROUND = 30
"""Kills of one workspace; then another begins, so that every start is seen too."""


def main() -> None:
    """Kill as often as asked."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    started = perf_counter()
    rounds: list[Outcome] = []
    for seed in range(max(1, kills // _A_ROUND)):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(killed_again_and_again(Path(folder), min(kills, _A_ROUND), 20, seed))
            sys.stdout.write(f"seed {seed}: {rounds[-1]}\n")
            sys.stdout.flush()
    total = {key: sum(asdict(one)[key] for one in rounds) for key in asdict(rounds[0]) if key != "recovered"}
    recovered = sorted(seconds for one in rounds for seconds in one.recovered)
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
    write("crash", total | {"seconds": seconds, "in charge after, p99": p99}, None, None, "tasks", line)
    if bad or total["stood_down"] != total["frozen"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
