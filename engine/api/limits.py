"""How often one caller may ask: a token bucket each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

RATE, BURST = 50.0, 200.0
"""Requests a second that a token gets back, and how many it may save up."""
LOOKUP_RATE, LOOKUP_BURST = 5_000.0, 10_000.0
"""The same for looking persons up, which shops do at every page."""
FAILURE_RATE, FAILURE_BURST = 0.2, 10.0
"""The same for requests without a valid token, by address: guessing one takes forever."""
_MOST = 10_000


class Buckets:
    """Buckets by caller; those that are full again are forgotten."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, caller: str) -> float:
        """Take one; 0 when there was one, otherwise the seconds until there is."""
        with self._lock:
            now = self._clock()
            level = self._level(caller, now)
            if level < 1:
                return (1 - level) / self._rate
            if len(self._levels) >= _MOST:
                self._levels = {one: kept for one, kept in self._levels.items() if self._level(one, now) < self._burst}
            self._levels[caller] = level - 1, now
            return 0.0

    def wait(self, caller: str) -> float:
        """The seconds until there is one; takes none."""
        with self._lock:
            return max(0.0, (1 - self._level(caller, self._clock())) / self._rate)

    def refit(self, rate: float, burst: float) -> None:
        """Other limits from now on; what was saved up stays, up to the new burst."""
        with self._lock:
            self._rate, self._burst = rate, burst

    def _level(self, caller: str, now: float) -> float:
        level, at = self._levels.get(caller, (self._burst, now))
        return min(self._burst, level + (now - at) * self._rate)
