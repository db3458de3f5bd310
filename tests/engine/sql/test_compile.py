"""The meanings agree, case by case: oracle == SQL == the sizes of every node, over generated worlds and rules."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.equivalence import Case


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_generated_rules_mean_the_same_everywhere(rng: Random) -> None:
    case = Case(rng)
    try:
        for number in range(4):
            case.compare(case.document(number))
    finally:
        case.close()


@pytest.mark.parametrize("seed", range(30))
def test_rules_over_rich_worlds_mean_the_same_everywhere(seed: int) -> None:
    case = Case(Random(seed))
    try:
        for number in range(8):
            case.compare(case.document(number))
    finally:
        case.close()
