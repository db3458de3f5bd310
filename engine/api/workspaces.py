"""Open workspaces for the requests: as many as are worked on at once, each used by one request at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import EngineError
from engine.jobs import Job
from engine.operations import Workspace

_PATIENCE = 30.0
"""Seconds that a request waits for a workspace that others use."""


class Workspaces:
    """A workspace is opened when all others are in use, up to ``most``; it keeps its caches between requests."""

    def __init__(self, folder: Path, most: int = 4) -> None:
        self.folder, self._most = folder, most
        self._free: queue.LifoQueue[Workspace] = queue.LifoQueue()
        self._lock, self._opened = threading.Lock(), 0

    @contextmanager
    def one(self) -> Iterator[Workspace]:
        """A workspace with the data and settings there are now; EngineError("cancelled") when all stay in use."""
        workspace = self._taken()
        workspace.owner, workspace.least = False, 1
        vars(workspace).pop("settings", None)  # they may have been changed since
        try:
            if "warehouse" in vars(workspace) and not workspace.warehouse.still_current():
                workspace.reload()
            yield workspace
        except EngineError as error:
            if error.code in ("store", "warehouse", "internal"):  # it may be broken: the next one gets a new one
                self._drop(workspace)
                raise
            self._free.put(workspace)
            raise
        except BaseException:
            self._drop(workspace)
            raise
        else:
            self._free.put(workspace)

    def _taken(self) -> Workspace:
        try:
            return self._free.get_nowait()
        except queue.Empty:
            pass
        with self._lock:
            if self._opened < self._most:
                made = Workspace(self.folder)
                self._opened += 1
                return made
        try:
            return self._free.get(timeout=_PATIENCE)
        except queue.Empty:
            raise EngineError("cancelled", "everything is busy", hint="Try again in a moment.") from None

    def _drop(self, workspace: Workspace) -> None:
        with self._lock:
            self._opened -= 1
        workspace.close()

    def close(self) -> None:
        """Close those that nobody uses."""
        while True:
            try:
                self._drop(self._free.get_nowait())
            except queue.Empty:
                return


@contextmanager
def deadline(seconds: float) -> Iterator[Job]:
    """A job that is cancelled after so many seconds."""
    job = Job()
    timer = threading.Timer(seconds, job.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield job
    finally:
        timer.cancel()
