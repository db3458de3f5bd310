"""Shared fixtures: an isolated environment, a small demo workspace, quick Hypothesis settings."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from engine.operations import Workspace, prepare_demo

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores already: training is four times faster so
os.environ.pop("CONVOKE_WORKSPACE", None)
gc.disable()  # until everything is collected: the collector would look through what stays again and again
settings.register_profile("convoke", deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
settings.load_profile("convoke")

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a marketplace of three thousand profiles and the ready audiences; do not change it."""
    folder = tmp_path_factory.mktemp("demo")
    with prepare_demo(folder, profiles=3_000):
        pass
    return folder


@pytest.fixture
def demo(demo_folder: Path) -> Iterator[Workspace]:
    """The demo workspace, open."""
    with Workspace(demo_folder) as workspace:
        yield workspace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with it at the end."""
    long = ("fault_at_any_point", "breaks_anywhere_or_drips")
    items.sort(key=lambda item: not any(name in item.name for name in long))


def pytest_collection_finish() -> None:
    """What was collected and imported stays: a run and the closing of a workspace call Python's collector, and looking
    through half a million objects of the tests themselves takes longer than most tests."""
    gc.enable()
    gc.collect()
    gc.freeze()
