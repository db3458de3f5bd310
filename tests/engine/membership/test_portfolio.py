"""The third meaning: many audiences in shared scans over bitmaps give what the oracle gives, case by case."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.support.equivalence import Case


@pytest.mark.parametrize("seed", range(40))
def test_bitmaps_mean_what_the_oracle_means(seed: int, tmp_path: Path) -> None:
    case = Case(Random(7_000 + seed))
    documents = []
    for number in range(8):
        documents.append(case.document(number))
        case.compare(documents[-1])
    case.compare_together(documents, tmp_path)
    case.close()
