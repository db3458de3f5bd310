"""`make proof`: worlds that change between runs, small and large, under many plans, against the oracle."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.benchmarks.report import write
from tests.support.changing import DOCUMENTS, ChangingCase
from tests.support.plans import drawn

STATES = 5


def compare(world: tuple[int, bool]) -> tuple[int, int, int, list[str]]:
    """Snapshots compared, windows moved, windows recounted, and differences, over one world (its seed, if large)."""
    warnings.simplefilter("ignore")
    seed, large = world
    done, wrong, plan = 0, [], drawn(Random(-seed - 1))
    label = f"{'large ' if large else ''}seed {seed} ({plan.name})"
    with TemporaryDirectory() as folder:
        case = ChangingCase(Random(seed), Path(folder), plan, large=large)
        for number in range(STATES):
            try:
                case.change(number)
                case.run()
                done += DOCUMENTS
            except Exception as error:  # any failure is a difference worth reporting
                wrong.append(f"{label}, state {number}: {type(error).__name__} {str(error)[:300]}")
                break
        case.close()
    return done, case.moved, case.recounted, wrong


def main() -> None:
    """Compare, write the figures, and fail when anything differs."""
    parser = argparse.ArgumentParser(description="Compares runs over worlds that change.")
    parser.add_argument("--worlds", type=int, default=540, help="small worlds")
    parser.add_argument("--large", type=int, default=30, help="large worlds")
    parser.add_argument("--first", type=int, default=10_000, help="the first seed of both")
    parser.add_argument("--name", default="changing", help="the name of the figures under build/")
    asked = parser.parse_args()
    worlds = [(asked.first + i, True) for i in range(asked.large)]
    worlds += [(asked.first + i, False) for i in range(asked.worlds)]
    total, moved, recounted = 0, 0, 0
    wrong: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, slid, counted, differences in pool.map(compare, worlds, chunksize=4):
            total, moved, recounted = total + done, moved + slid, recounted + counted
            wrong += differences
            for difference in differences:
                sys.stdout.write(difference + "\n")
                sys.stdout.flush()
    line = f"{total:,} snapshots over {len(worlds):,} worlds in {STATES} states each: {len(wrong)} differences"
    ours = {
        "snapshots": total,
        "worlds": len(worlds),
        "large_worlds": asked.large,
        "first_seed": asked.first,
        "moved": moved,
        "recounted": recounted,
        "differences": wrong,
    }
    write(asked.name, ours, None, None, "snapshots", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
