"""`make proof`: the meanings compared over many worlds, on all cores. Arguments: worlds (default 2600), first seed."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.report import write
from tests.support.equivalence import Case

CASES_A_WORLD = 8


def compare(seed: int) -> tuple[int, int, list[str]]:
    """Cases compared, node sizes compared, and differences, over one world."""
    case, done, nodes, wrong = Case(Random(seed)), 0, 0, []
    documents: list[dict[str, Any]] = []
    for number in range(CASES_A_WORLD):
        documents.append(case.document(number))
        try:
            case.compare(documents[-1])
        except Exception as error:  # any failure is a difference worth reporting
            wrong.append(f"seed {seed}, case {number}: {type(error).__name__} {str(error)[:300]}")
            break
        done += 1
        nodes += str(documents[-1]).count("{")
    if not wrong:
        with TemporaryDirectory() as folder:
            try:
                case.compare_together(documents, Path(folder))
            except Exception as error:
                wrong.append(f"seed {seed}, together: {type(error).__name__} {str(error)[:600]}")
    case.close()
    return done, nodes, wrong


def main() -> None:
    """Compare, write the figures, and fail when anything differs."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 2600
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    cases, wrong = 0, []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, _, differences in pool.map(compare, range(first, first + worlds), chunksize=4):
            cases += done
            wrong += differences
            for difference in differences:
                sys.stdout.write(difference + "\n")
    line = f"{cases:,} rule × world pairs over {worlds:,} worlds: {len(wrong)} differences"
    write("equivalence", {"pairs": cases, "worlds": worlds, "differences": len(wrong)}, None, None, "pairs", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
