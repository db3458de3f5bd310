"""The daemon: one process a workspace that reads the clock, queues what is due and runs it in children.

What was decided is in the store before anything is done, so it may be killed at any moment. A lock file, free at once
when its holder dies, lets one run; a fence that grows with each start keeps an older one from writing what it
did too late.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine import operations
from engine.daemon.children import Child
from engine.daemon.fresh import FreshData
from engine.daemon.notify import notify
from engine.daemon.queue import AHEAD, DueQueue
from engine.daemon.saying import say
from engine.daemon.services import serving
from engine.domain.documents import iso
from engine.errors import EngineError
from engine.locks import holding
from engine.operations import Workspace
from engine.operations.scheduling import DAEMON_LOCK
from engine.store.schedules import Task

TICK_SECONDS = 0.25
_BEAT = timedelta(seconds=5)
_PREPARE_EVERY = timedelta(seconds=10)
_CHECK_AGAIN = timedelta(minutes=10)
_LOOK_AT_SYNCS = timedelta(seconds=1)
_WATCH_EVERY = timedelta(seconds=30)
_WATCH_AT_LEAST = timedelta(minutes=5)
_CLEAN_EVERY = timedelta(hours=24)
_DRAIN_SECONDS = 20
_RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_WORTH_RETRYING = ("warehouse", "warehouse_file", "changed", "store", "bitmaps", "memory", "internal")
_BUSY = "the daemon of this workspace is run"

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


class Daemon:
    """The scheduler of one workspace."""

    def __init__(self, folder: Path, log: logging.Logger, clock: Clock = wall_clock) -> None:
        self._folder = folder
        self._log = log
        self._clock = clock
        self._workspace = Workspace(folder)
        self._queue = DueQueue(self._workspace)
        self._fresh = FreshData(folder, self._workspace, self._queue, log)
        self._fence = 0
        self._stopping = False
        self._child: Child | None = None
        self._watcher: Child | None = None
        self._task: Task | None = None
        self._answer: dict[str, Any] | None = None
        self._work = "keeping house"
        self._prepare_at: dict[str, datetime] = {}
        self._syncs_at = datetime.min.replace(tzinfo=UTC)
        self._changes = -1
        self._beat_at = datetime.min.replace(tzinfo=UTC)
        self._looked_at = datetime.max.replace(tzinfo=UTC)
        self._clean_at = clock() + timedelta(hours=1)
        self._watch_at, self._watched = datetime.min.replace(tzinfo=UTC), -1
        self._seen: dict[str, Any] = {}

    # -- life ------------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Run until told to stop; raises EngineError("refused") when a daemon runs already."""
        with self._alone():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._on_signal)
            self._start()
            hosted = serving(self._folder, self._workspace.settings, self._log)
            notify("READY=1")
            try:
                while not self._stopping:
                    if not self.step():
                        return 3
                    time.sleep(TICK_SECONDS)
            finally:
                self._drain()
                for one in hosted:
                    one.stop()
                self._workspace.close()
        return 0

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock; who only looks whether it is held has it for a moment, so it is tried again."""
        for last in (False, False, True):
            with ExitStack() as stack:
                try:
                    stack.enter_context(holding(self._folder / DAEMON_LOCK, "convoke daemon", "refused", _BUSY))
                except EngineError:
                    if last:
                        raise
                    time.sleep(0.2)
                    continue
                yield
                return

    def _start(self) -> None:
        now = self._clock()
        self._fence = self._queue.daemons.start(os.getpid(), socket.gethostname(), iso(now))
        self._log.info("started", extra={"fields": {"pid": os.getpid(), "fence": self._fence}})
        for task in self._queue.tasks.left_running():
            self._queue.tasks.requeue(task.id, iso(now))
            self._log.warning("a task was interrupted and is queued again", extra={"fields": {"task": task.id}})

    def _on_signal(self, number: int, frame: Any) -> None:
        if self._stopping and self._child is not None:  # the second time means at once
            self._child.end(0)
        self._stopping = True

    def step(self) -> bool:
        """Look at the clock, the store and the child once; False when another daemon has taken over."""
        now = self._clock()
        if abs(now - self._beat_at) >= _BEAT:
            if not self._queue.daemons.beat(self._fence, iso(now)):
                self._log.error("another daemon has taken over")
                return False
            notify("WATCHDOG=1")
            self._beat_at = now
        for part in (self._look, self._hear, self._begin, self._watch):
            try:
                part(now)
            except EngineError as error:  # such as a full disk: said, and tried again at the next look
                self._log.error(f"{part.__name__.strip('_')} failed", extra={"fields": error.as_json()["error"]})
        return True

    def _look(self, now: datetime) -> None:
        """Queue what is due."""
        if now < self._looked_at - AHEAD:
            self._set_back(now)
        self._looked_at = now
        changes = self._workspace.database.changed()
        if changes != self._changes:
            for identifier, error in self._queue.follow(now).items():
                fields = {"audience": identifier, **error.as_json()["error"]}
                self._log.error("an audience cannot be read and is not scheduled", extra={"fields": fields})
            if not self._queue.behind:
                self._changes = changes
        for task in self._queue.tick(now):
            self._log.info("due", extra={"fields": {"task": task}})
        self._fresh.hear(now)
        self._fresh.look(now, self._fence)

    def _set_back(self, now: datetime) -> None:
        """The clock was ahead, now or when another daemon ran: nothing waits for the time that was wrong."""
        moved = self._queue.set_back(now)
        self._clean_at = min(self._clean_at, now + timedelta(hours=1))
        self._syncs_at = self._watch_at = datetime.min.replace(tzinfo=UTC)
        self._prepare_at.clear()
        if moved:
            self._log.warning("the clock was set back", extra={"fields": {"schedules": moved}})

    def _watch(self, now: datetime) -> None:
        """Look for what needs a person, when the store changed or after a while, and tell it: by a child of its own,
        for either may take long, also while a run does."""
        if self._watcher is not None and self._watcher.ended:
            answer = self._watcher.answer()
            self._watcher = None
            if "error" in answer:
                self._log.error("looking for alerts failed", extra={"fields": answer["error"]})
            self._seen = answer.get("seen", self._seen)
        if now < self._watch_at or self._watcher is not None or self._stopping:
            return
        if self._changes == self._watched and now < self._watch_at + _WATCH_AT_LEAST:
            return
        self._watch_at, self._watched = now + _WATCH_EVERY, self._changes
        self._watcher = Child(self._folder, {"op": "watch", "seen": self._seen})

    # -- tasks -----------------------------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        """Start the oldest task, or keep house when there is none."""
        if self._child is not None or self._stopping:
            return
        tasks = self._queue.tasks
        if self._prepares(now):
            return
        number = tasks.next(iso(now))
        if number is not None and tasks.claim(number, self._fence, iso(now)):
            self._task = tasks.get(number)
            assert self._task is not None  # noqa: S101 — it was claimed
            request = {"op": "run", "audiences": list(self._task.audiences), "as_of": self._task.due}
            request["since"] = self._task.created_at
            self._child = Child(self._folder, request)
            self._tell("begun", self._task, child=self._child.pid, attempt=self._task.attempt)
        elif self._has_syncs(now):
            self._child = Child(self._folder, {"op": "sync"})
            self._work = "delivering"
            self._log.info("delivering", extra={"fields": {"child": self._child.pid}})
        elif now >= self._clean_at:
            self._clean_at = now + _CLEAN_EVERY
            tasks.clean(iso(now - timedelta(days=self._workspace.settings.keep_days)))
            self._child = Child(self._folder, {"op": "clean"})
            self._log.info("keeping house")

    def _has_syncs(self, now: datetime) -> bool:
        """Whether anything is due at a destination; not looked at again at once after a child that could do nothing."""
        if now < self._syncs_at:
            return False
        self._syncs_at = now + _LOOK_AT_SYNCS
        return operations.has_due_syncs(self._workspace)

    def _prepares(self, now: datetime) -> bool:
        """Whether something is done before audiences, which read what it makes: files are loaded, contracts checked,
        persons found. What failed is not tried again at once."""
        due: tuple[tuple[str, str, Callable[[], bool]], ...] = (
            ("ingest", "loading files", lambda: operations.ingest_due(self._workspace)),
            ("quality", "checking contracts", lambda: operations.quality_due(self._workspace, now)),
            ("identity", "resolving identity", lambda: operations.identity_due(self._workspace, now)),
            ("layout", "looking how tables lie", lambda: operations.layout_due(self._workspace, now)),
            ("traits", "computing traits", lambda: bool(operations.traits_due(self._workspace, now))),
            ("scores", "training and using models", lambda: operations.scores_due(self._workspace, now)),
        )
        for work, said, is_due in due:
            if now >= self._prepare_at.get(work, now):
                self._prepare_at[work] = now + _PREPARE_EVERY
                if is_due():
                    self._child, self._work = Child(self._folder, {"op": work}), work
                    self._log.info(said, extra={"fields": {"child": self._child.pid}})
                    return True
        return False

    def _hear(self, now: datetime) -> None:
        """Take the child's answer when it has ended; cancel it when its task was given up."""
        if self._child is None:
            return
        if not self._child.ended:
            if self._task is not None:
                current = self._queue.tasks.get(self._task.id)
                if current is None or current.state != "running":
                    self._child.cancel()
            return
        if self._answer is None:  # kept until the store has it
            self._answer = self._child.answer()
        if self._task is not None:
            self._settle(self._task, self._answer, now)
        elif "error" in self._answer:
            if self._work == "quality":
                self._prepare_at["quality"] = now + _CHECK_AGAIN
            self._log.error(f"{self._work} failed", extra={"fields": self._answer["error"]})
        else:
            say(self._log, self._work, self._answer)
        self._child, self._task, self._answer, self._work = None, None, None, "keeping house"

    def _settle(self, task: Task, answer: dict[str, Any], now: datetime) -> None:
        """Write what became of a task: done, to be tried again, or failed."""
        error = answer.get("error")
        if error is None:
            self._end(task, "done" if not answer["failed"] else "failed", now, answer)
        elif error["code"] in _WORTH_RETRYING and task.attempt <= len(_RETRIES):
            again = now + _RETRIES[task.attempt - 1]
            if self._queue.tasks.finish(task.id, self._fence, "queued", iso(now), summary=answer, again_at=iso(again)):
                self._tell("failed, will be tried again", task, logging.WARNING, again_at=iso(again), **error)
        else:
            self._end(task, "failed", now, answer)

    def _end(self, task: Task, state: Any, now: datetime, answer: dict[str, Any]) -> None:
        if self._queue.tasks.finish(task.id, self._fence, state, iso(now), run_id=answer.get("run"), summary=answer):
            level = logging.INFO if state == "done" else logging.ERROR
            self._tell(state, task, level, run=answer.get("run"), **answer.get("error", {}))

    def _drain(self) -> None:
        """Let the child finish, at most 20 seconds; what it did not finish is queued again."""
        notify("STOPPING=1")
        now = self._clock()
        if self._child is not None:
            if self._child.wait(_DRAIN_SECONDS):
                self._hear(self._clock())
            else:
                self._child.end(5)
                self._child = None
            if self._task is not None:
                at = iso(now)
                if self._queue.tasks.finish(self._task.id, self._fence, "queued", at, again_at=at):
                    self._tell("stopped and queued again", self._task)
        self._fresh.stop()
        if self._watcher is not None and not self._watcher.wait(5):
            self._watcher.end(0)
        self._queue.daemons.stop(self._fence, iso(self._clock()))
        self._log.info("stopped")

    def _tell(self, what: str, task: Task, level: int = logging.INFO, **more: Any) -> None:
        fields = {"task": task.id, "due": task.due, "cause": task.cause, "audiences": len(task.audiences)} | more
        self._log.log(level, what, extra={"fields": fields})
