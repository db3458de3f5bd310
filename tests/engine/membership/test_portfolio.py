"""The third meaning: many audiences in shared scans over bitmaps give what the oracle gives, case by case."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.support.equivalence import Case
from tests.support.plans import AS_IT_IS, PLANS


def compare(case: Case, folder: Path) -> None:
    documents = []
    for number in range(8):
        documents.append(case.document(number))
        case.compare(documents[-1])
    case.compare_together(documents, folder)
    case.close()


@pytest.mark.parametrize("seed", range(40))
def test_bitmaps_mean_what_the_oracle_means(seed: int, tmp_path: Path) -> None:
    """Every other world is planned as DuckDB would not by itself."""
    plan = PLANS[seed // 2 % len(PLANS)] if seed % 2 else AS_IT_IS
    compare(Case(Random(7_000 + seed), plan), tmp_path)


@pytest.mark.parametrize(("seed", "plan"), [(7, "as it is"), (12, "eight threads")])
def test_large_worlds_mean_the_same(seed: int, plan: str, tmp_path: Path) -> None:
    """Chosen because DuckDB 1.5 took NULL for equal to NULL in them, in one table (7) and in several (12)."""
    chosen = next(one for one in PLANS if one.name == plan)
    case = Case(Random(seed), chosen, large=True)
    assert all(len(rows) > 3_000 for rows in case.made.plain.events.values())
    compare(case, tmp_path)
