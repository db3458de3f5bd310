"""A process that dies at a step: a function of the engine does not return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


class Killed(BaseException):
    """The process dies here."""


def dies(monkeypatch: pytest.MonkeyPatch, what: Any, name: str, when: Callable[..., bool]) -> None:
    """The process dies when that function is called so, before it does anything."""
    real = getattr(what, name)

    def instead(*given: Any, **named: Any) -> Any:
        if when(*given):
            raise Killed
        return real(*given, **named)

    monkeypatch.setattr(what, name, instead)
