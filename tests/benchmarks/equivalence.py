"""`make proof`: the meanings compared over many worlds, small and large, under many plans, on all cores.

Every pair of a rule and a world is found three times: by the oracle, by SQL, and by shared scans over bitmaps. Six of
ten worlds are planned otherwise than DuckDB would by itself (see ``tests/support/plans.py``).
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.report import write
from tests.support.equivalence import Case
from tests.support.plans import drawn

CASES_A_WORLD = 8


@dataclass
class Compared:
    """Pairs compared over one world, under the plan of this name, and differences."""

    plan: str
    large: bool
    pairs: int
    wrong: list[str]
    unplanned: int = 0
    """Worlds that DuckDB could not plan a query of under such settings; what came before it was compared."""


def compare(world: tuple[int, bool]) -> Compared:
    """One world: its seed, and whether it is large."""
    warnings.simplefilter("ignore")
    seed, large = world
    plan = drawn(Random(-seed - 1))
    found = Compared(plan.name, large, 0, [])
    label = f"{'large ' if large else ''}seed {seed} ({plan.name})"
    case = Case(Random(seed), plan, large=large)
    documents: list[dict[str, Any]] = []
    for number in range(CASES_A_WORLD):
        documents.append(case.document(number))
        try:
            case.compare(documents[-1])
        except Exception as error:  # any failure is a difference worth reporting
            if plan.cannot_ask(error):
                found.unplanned = 1
            else:
                found.wrong.append(f"{label}, case {number}: {type(error).__name__} {str(error)[:300]}")
            break
        found.pairs += 1
    if not found.wrong and not found.unplanned:
        with TemporaryDirectory() as folder:
            try:
                case.compare_together(documents, Path(folder))
            except Exception as error:
                if plan.cannot_ask(error):
                    found.unplanned = 1
                else:
                    found.wrong.append(f"{label}, together: {type(error).__name__} {str(error)[:600]}")
    case.close()
    return found


def main() -> None:
    """Compare, write the figures, and fail when anything differs."""
    parser = argparse.ArgumentParser(description="Compares the meanings over generated worlds.")
    parser.add_argument("--worlds", type=int, default=2350, help="small worlds")
    parser.add_argument("--large", type=int, default=260, help="large worlds")
    parser.add_argument("--first", type=int, default=10_000, help="the first seed of both")
    parser.add_argument("--name", default="equivalence", help="the name of the figures under build/")
    asked = parser.parse_args()
    worlds = [(asked.first + i, True) for i in range(asked.large)]
    worlds += [(asked.first + i, False) for i in range(asked.worlds)]
    pairs: Counter[str] = Counter()
    plans: Counter[str] = Counter()
    wrong: list[str] = []
    unplanned = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(compare, worlds, chunksize=4):
            pairs["large" if found.large else "small"] += found.pairs
            plans[found.plan] += found.pairs
            wrong += found.wrong
            unplanned += found.unplanned
            for difference in found.wrong:
                sys.stdout.write(difference + "\n")
                sys.stdout.flush()
    total = pairs["small"] + pairs["large"]
    ours = {
        "pairs": total,
        "over_large_worlds": pairs["large"],
        "worlds": len(worlds),
        "first_seed": asked.first,
        "worlds_not_planned": unplanned,
        "pairs_by_plan": dict(plans.most_common()),
        "differences": wrong,
    }
    line = f"{total:,} rule × world pairs over {len(worlds):,} worlds ({pairs['large']:,} over large ones, {len(plans)} plans): {len(wrong)} differences"
    write(asked.name, ours, None, None, "pairs", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
