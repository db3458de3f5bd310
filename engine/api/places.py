"""Places and times of tokens: how many requests of one token are worked on at once, for how long, and that nobody works
for a client that is gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

from engine.jobs import Job

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
PATIENCE = 30.0
"""Seconds that a request waits for a place of its own token."""


class Places:
    """Places by token. A request without one waits here, where it holds neither a thread nor a workspace."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def of(self, token: str, most: int) -> AsyncIterator[bool]:
        """A place while it is used; False where none became free in time."""
        if not await self._take(token, most):
            yield False
            return
        try:
            yield True
        finally:
            self._leave(token)

    async def _take(self, token: str, most: int) -> bool:
        if self._taken.get(token, 0) < most:
            self._taken[token] = self._taken.get(token, 0) + 1
            return True
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(token, []).append(place)
        try:
            await asyncio.wait_for(place, PATIENCE)
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was handed over at this very moment
                self._leave(token)
            raise
        finally:
            waiting = self._waiting.get(token, [])
            with suppress(ValueError):
                waiting.remove(place)
            if not waiting:
                self._waiting.pop(token, None)
        return True

    def _leave(self, token: str) -> None:
        """Hand the place to whoever has waited longest, or free it."""
        for place in self._waiting.get(token, ()):
            if not place.done():
                place.set_result(None)
                return
        self._taken[token] -= 1
        if not self._taken[token]:
            del self._taken[token]


class Line:
    """A client's line: when it is cut, the work for it is cancelled."""

    def __init__(self) -> None:
        self._lock, self._jobs, self._cut = threading.Lock(), list[Job](), False

    def carries(self, job: Job) -> None:
        """A job is for this client."""
        with self._lock:
            self._jobs.append(job)
            cut = self._cut
        if cut:
            job.cancel()

    def cut(self) -> None:
        """The client is gone."""
        with self._lock:
            self._cut, jobs = True, list(self._jobs)
        for job in jobs:
            job.cancel()


async def heeding(line: Line, receive: Receive, work: Awaitable[None]) -> None:
    """Do some work, and cut the line when the client goes meanwhile. The body was received before."""

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        line.cut()

    listening = asyncio.ensure_future(listen())
    try:
        await work
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
