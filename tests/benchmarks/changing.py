"""`make proof`: worlds that change between runs, against the oracle. Arguments: worlds (600), first seed."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.benchmarks.report import write
from tests.support.changing import DOCUMENTS, ChangingCase

STATES = 5


def compare(seed: int) -> tuple[int, int, int, list[str]]:
    """Snapshots compared, windows moved and counted anew, and differences, over one world."""
    done, wrong = 0, []
    with TemporaryDirectory() as folder:
        case = ChangingCase(Random(seed), Path(folder))
        for number in range(STATES):
            try:
                case.change(number)
                case.run()
                done += DOCUMENTS
            except Exception as error:  # any failure is a difference worth reporting
                wrong.append(f"seed {seed}, state {number}: {type(error).__name__} {str(error)[:300]}")
                break
        case.close()
    return done, case.moved, case.recounted, wrong


def main() -> None:
    """Compare, write the figures, and fail when anything differs."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    total, moved, recounted, wrong = 0, 0, 0, []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, slid, anew, differences in pool.map(compare, range(first, first + worlds), chunksize=4):
            total, moved, recounted = total + done, moved + slid, recounted + anew
            wrong += differences
            for difference in differences:
                sys.stdout.write(difference + "\n")
    line = f"{total:,} snapshots over {worlds:,} worlds in {STATES} states each: {len(wrong)} differences"
    ours = {"snapshots": total, "worlds": worlds, "moved": moved, "recounted": recounted, "differences": len(wrong)}
    write("changing", ours, None, None, "snapshots", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
