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
MOST_OF_ONE = 16
"""Sessions that one token may have, so that it leaves some to others."""
MOST_QUERIES_OF_ONE = 8
"""Queries that run at a time for one token."""
MOST_SCRATCHES = 64
"""Rooms for temporary tables in one session."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass
class Session:
    """One client's session, and the queries it runs."""

    warehouse: DuckSession
    used: float
    owner: str | None = None
    """Who opened it: a token's number; None for the one who owns the machine's socket."""
    scratches: dict[str, DuckScratch] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    opened: int = 0
    """Rooms for temporary tables that were opened so far."""


class Sessions:
    """Sessions by number; clients that read the same state of the data share what is open."""

    def __init__(self, open_warehouse: Callable[[], DuckSession], clock: Callable[[], float] = time.monotonic) -> None:
        self._open_warehouse, self._clock = open_warehouse, clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._newest: DuckSession | None = None

    def open(self, owner: str | None = None) -> tuple[str, DuckSession]:
        """A new session over the data as it is now: its number, and what it reads."""
        with self._lock:
            self._give_up_idle()
            mine = sum(one.owner == owner for one in self._sessions.values())
            if owner is not None and mine >= MOST_OF_ONE:
                message = f"this token has {mine} sessions with the served warehouse, and no more"
                raise EngineError("refused", message, hint="Close one, or try again in a quarter of an hour.")
            if len(self._sessions) >= MOST_SESSIONS:
                raise EngineError(
                    "refused", "the served warehouse has no session left", hint="Try again in a quarter of an hour."
                )
            if self._newest is None or not self._newest.still_current():
                before, self._newest = self._newest, self._open_warehouse()
                self._close_unused(before)
            number = secrets.token_hex(16)
            self._sessions[number] = Session(self._newest, self._clock(), owner)
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

    def begin(self, session: Session, query: str, job: Job) -> None:
        """Note a query that runs in a session; raises EngineError("refused") for one too many of a token's."""
        with self._lock:
            mine = [one for one in self._sessions.values() if one.owner == session.owner]
            running = sum(len(one.jobs) for one in mine)
            if session.owner is not None and running >= MOST_QUERIES_OF_ONE:
                message = f"this token has {running} queries running in the served warehouse, and no more"
                raise EngineError("refused", message, hint="Wait until one of them has ended.")
            session.jobs[query] = job

    def add_scratch(self, session: Session) -> str:
        """Room for temporary tables in a session; its number."""
        with self._lock:
            if len(session.scratches) >= MOST_SCRATCHES:
                raise EngineError("refused", "the session has no room for more temporary tables")
            session.opened += 1
            session.scratches[str(session.opened)] = session.warehouse.scratch()
            return str(session.opened)

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
