"""Runs over a world that changes: every snapshot, and every difference between two, is the oracle's."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.support.changing import ChangingCase
from tests.support.plans import PLANS


@pytest.mark.parametrize("seed", range(15))
def test_snapshots_and_changes_are_the_oracles(seed: int, tmp_path: Path) -> None:
    case = ChangingCase(Random(9_000 + seed), tmp_path, PLANS[seed % len(PLANS)], large=seed == 14)
    for number in range(2 if seed == 14 else 4):
        case.change(number)
        case.run()
    case.close()


def test_a_run_over_the_same_data_and_moment_reads_nothing_again(tmp_path: Path) -> None:
    case = ChangingCase(Random(11), tmp_path)
    case.change(0)
    first = case.run()
    again = case.run()
    case.close()
    assert first == 0
    assert again > 0
