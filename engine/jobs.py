"""Cancelling and progress for work that takes a while."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from engine.errors import Cancelled

Progress = Callable[[float, str], None]
_AGAIN = 0.2
"""Seconds between two looks, and between two interrupts: one that falls between two queries is lost."""
_IDLE_LOOKS = 50
"""After so many looks with nothing to watch the thread ends."""


class Job:
    """A cancel flag, what to do when it is raised, and a way to tell how far the work is.

    ``report`` takes a share from 0 to 1 and a word for the step. Safe to cancel from another thread.
    """

    def __init__(self, on_progress: Progress | None = None) -> None:
        self._cancelled = threading.Event()
        self._on_progress = on_progress
        self._interrupts: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Ask the work to stop; interrupts whatever registered with :meth:`interrupting`."""
        self._cancelled.set()
        for interrupt in list(self._interrupts):
            interrupt()

    @property
    def cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise :class:`Cancelled` when the job was cancelled."""
        if self.cancelled:
            raise Cancelled

    def wait_cancelled(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for a cancel; says whether it came."""
        return self._cancelled.wait(seconds)

    def report(self, share: float, step: str) -> None:
        """Tell how far the work is (0 to 1) and what it does now."""
        self.check()
        if self._on_progress is not None:
            self._on_progress(share, step)

    def interrupting(self, interrupt: Callable[[], None]) -> Callable[[], None]:
        """Register what a cancel must interrupt; returns the call that forgets it again."""
        self._interrupts.append(interrupt)

        def forget() -> None:
            self._interrupts.remove(interrupt)

        return forget


class Aside:
    """Work on a thread of its own beside the work inside a ``with`` block, begun when that has taken ``after`` seconds.

    What it has to say goes through :meth:`tell`; once the block has ended nothing is told. The block does not wait for
    the thread, which ends as soon as it notices that it was cancelled.
    """

    def __init__(self, work: Callable[[Aside], None], after: float) -> None:
        self.job = Job()
        self._work, self._after = work, after
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def tell(self, say: Callable[[], None]) -> None:
        """Say it unless the block has ended."""
        with self._turn:
            if not self.job.cancelled:
                say()

    def _run(self) -> None:
        if self.job.wait_cancelled(self._after):
            return
        try:
            self._work(self)
        except Exception:
            if not self.job.cancelled:  # what it works with may be gone by then
                raise

    def __enter__(self) -> Aside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self.job.cancel()


@contextmanager
def limited(interrupt: Callable[[], None], seconds: float, job: Job | None = None) -> Iterator[None]:
    """Work that is interrupted, again and again, when it takes longer than some seconds or its job is cancelled."""

    def end(aside: Aside) -> None:
        interrupt()
        while not aside.job.wait_cancelled(_AGAIN):
            interrupt()

    forget = job.interrupting(interrupt) if job is not None else None
    try:
        with Aside(end, seconds):
            yield
    finally:
        if forget is not None:
            forget()


@dataclass
class Watched:
    """A query that is watched: since when (monotonic seconds), what interrupts it, and the reason it was for."""

    since: float
    interrupt: Callable[[], None]
    reason: Literal["", "time", "memory"] = ""


class Watch:
    """Interrupts queries that take longer than ``seconds``, and all of them while this process is larger than
    ``most`` bytes. One thread looks after them, only while there are any."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self.most: int | None = None
        self._lock = threading.Lock()
        self._queries: dict[int, Watched] = {}
        self._looking = False
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """End the thread; queries that still run are not watched any longer."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._closed.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    @contextmanager
    def over(self, interrupt: Callable[[], None]) -> Iterator[Watched]:
        """Watch a query for as long as the block lasts."""
        query = Watched(time.monotonic(), interrupt)
        with self._lock:
            self._queries[id(query)] = query
            limited = self.seconds is not None or self.most is not None
            if limited and not self._looking and not self._closed.is_set():
                self._looking = True
                self._thread = threading.Thread(target=self._look, daemon=True)
                self._thread.start()
        try:
            yield query
        finally:
            with self._lock:
                del self._queries[id(query)]

    def _look(self) -> None:
        idle = 0
        while idle < _IDLE_LOOKS and not self._closed.wait(_AGAIN):
            with self._lock:
                queries = list(self._queries.values())
                idle = 0 if queries else idle + 1
                if idle >= _IDLE_LOOKS:
                    self._looking = False
            if queries:
                self._end(queries)

    def _end(self, queries: list[Watched]) -> None:
        now, large = time.monotonic(), self.most is not None and process_bytes() > self.most
        for query in queries:
            if large:
                query.reason = query.reason or "memory"
            elif self.seconds is not None and now - query.since > self.seconds:
                query.reason = query.reason or "time"
            if query.reason:
                query.interrupt()


def process_bytes() -> int:
    """How much memory this process has now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0
