"""Third-party parts by entry point; one that fails to import is listed as disabled with its reason, never a crash."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any


class Plugins:
    """The parts registered under one entry point group."""

    def __init__(self, group: str) -> None:
        self.disabled: dict[str, str] = {}
        self._points = {point.name: point for point in entry_points(group=group)}

    def names(self) -> list[str]:
        """The registered names, working or not."""
        return sorted(self._points)

    def get(self, name: str) -> Any | None:
        """The part of that name; None when there is none or it cannot be imported."""
        point = self._points.get(name)
        if point is None:
            return None
        try:
            return point.load()
        except Exception as error:
            missing = f": {error.name}" if isinstance(error, ImportError) and error.name else ""
            self.disabled[name] = f"{type(error).__name__}{missing}"
            return None
