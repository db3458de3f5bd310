"""A destination in memory, and a clock that one may turn, for whatever delivers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.destinations import opening
from engine.operations import activating, delivering
from tests.support.delivering import Memory


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The destination of type ``memory``."""
    made = Memory()
    monkeypatch.setattr(opening, "BUILT_IN", {**opening.BUILT_IN, "memory": made})
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A clock that one may turn."""
    now = [datetime(2026, 11, 25, 12, tzinfo=UTC)]
    monkeypatch.setattr(delivering, "clock", lambda: now[0])
    monkeypatch.setattr(activating, "clock", lambda: now[0])
    monkeypatch.setattr(delivering.Delivering.__init__, "__defaults__", (None, lambda: now[0]))
    return now
