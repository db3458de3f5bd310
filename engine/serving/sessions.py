"""The reading sessions of a served warehouse: each keeps the state of the data it began with, until it is let go."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.errors import EngineError
from engine.jobs import Job
from engine.warehouses.duck import DuckScratch, DuckSession

IDLE_SECONDS = 900.0
"""A session that nobody asked for so long is given up; who comes back is told."""
MOST_SESSIONS = 64
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass
class Session:
    """One client's session, and the queries it runs."""

    warehouse: DuckSession
    used: float
    scratches: dict[str, DuckScratch] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)


class Sessions:
    """Sessions by number; clients that read the same state of the data share what is open."""

    def __init__(self, open_warehouse: Callable[[], DuckSession], clock: Callable[[], float] = time.monotonic) -> None:
        self._open_warehouse, self._clock = open_warehouse, clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._newest: DuckSession | None = None

    def open(self) -> tuple[str, DuckSession]:
        """A new session over the data as it is now: its number, and what it reads."""
        with self._lock:
            self._give_up_idle()
            if len(self._sessions) >= MOST_SESSIONS:
                raise EngineError(
                    "refused", "the served warehouse has no session left", hint="Try again in a quarter of an hour."
                )
            if self._newest is None or not self._newest.still_current():
                before, self._newest = self._newest, self._open_warehouse()
                self._close_unused(before)
            number = secrets.token_hex(16)
            self._sessions[number] = Session(self._newest, self._clock())
            return number, self._newest

    def get(self, number: str) -> Session:
        """A session; raises EngineError("changed") for one that is over."""
        with self._lock:
            found = self._sessions.get(number)
            if found is None:
                raise EngineError(
                    "changed", "the session with the served warehouse is over", hint="Run the command again."
                )
            found.used = self._clock()
            return found

    def scratch(self, session: Session, identifier: str) -> DuckScratch:
        """A session's room for temporary tables."""
        found = session.scratches.get(identifier)
        if found is None:
            raise EngineError("changed", "the staged tables are gone", hint="Run the command again.")
        return found

    def close(self, number: str) -> None:
        """Let go of a session; its queries are cancelled."""
        with self._lock:
            found = self._sessions.pop(number, None)
            if found is not None:
                self._end(found)

    def close_all(self) -> None:
        """Let go of everything."""
        with self._lock:
            for session in self._sessions.values():
                self._end(session)
            self._sessions.clear()
            newest, self._newest = self._newest, None
            self._close_unused(newest)

    def _give_up_idle(self) -> None:
        now = self._clock()
        for number, session in list(self._sessions.items()):
            if not session.jobs and now - session.used > IDLE_SECONDS:
                del self._sessions[number]
                self._end(session)

    def _end(self, session: Session) -> None:
        for job in list(session.jobs.values()):
            job.cancel()
        for scratch in session.scratches.values():
            scratch.close()
        self._close_unused(session.warehouse)

    def _close_unused(self, warehouse: DuckSession | None) -> None:
        if warehouse is None or warehouse is self._newest:
            return
        if all(other.warehouse is not warehouse for other in self._sessions.values()):
            warehouse.close()


def table_name(text: Any) -> str:
    """A staged table's name; nothing else may stand in its place."""
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise EngineError("usage", "this is no name for a staged table")
    return text
