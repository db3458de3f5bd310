"""Damaged files of a workspace: an answer is right, or one sentence; `make proof-damage` does it many times over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.benchmarks.damage import target_figures
from tests.support.damaged_worlds import WORLDS, World
from tests.support.damaging import GOOD
from tests.support.warm import warm

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world of few people, made once."""
    warm("operations", "membership", "bitmap", "sql", "store", "warehouses", "activation", "destinations", "domain")
    folder = tmp_path_factory.mktemp("few")
    _few().prepare(folder, between=False)
    return folder


def _few() -> World:
    return next(one for one in WORLDS if one.name == "few")


@pytest.mark.parametrize("target", ["store", "packs", "local warehouse"])
def test_no_damage_is_answered_with_a_wrong_number_a_traceback_or_a_death(base: Path, target: str) -> None:
    found = target_figures(_few(), base, target, 8, base / "at", seed=1)
    assert found["damages"] == 8
    assert set(found["answers"]) <= GOOD, found["faults"]
