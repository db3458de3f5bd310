"""Audiences that new data makes due: queued when the warehouse changed, followed by a child while events come in."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine import operations
from engine.daemon.children import Child
from engine.daemon.queue import DueQueue
from engine.operations import Workspace
from engine.operations.workspace import follow_settings

_LOOK_EVERY = timedelta(seconds=10)
_AGAIN_AFTER = timedelta(seconds=10)


class FreshData:
    """Looks at the data for the daemon of a workspace."""

    def __init__(self, folder: Path, workspace: Workspace, queue: DueQueue, log: logging.Logger) -> None:
        self._folder, self._workspace, self._queue, self._log = folder, workspace, queue, log
        self._look_at = self._whole_at = self._follow_at = datetime.min.replace(tzinfo=UTC)
        self._child: Child | None = None

    def look(self, now: datetime, fence: int) -> None:
        """Queue what the data makes due: every audience when the warehouse is another one; when only more was
        collected, those that nobody can follow, and from time to time the others, for time passes for everybody."""
        if abs(now - self._look_at) < _LOOK_EVERY:
            return
        self._look_at = now
        follow_settings(self._workspace)
        if not self._queue.schedules.on_data():
            return
        if not self._workspace.warehouse.still_current():
            self._workspace.reload()
        following = operations.on_data_audiences(self._workspace)
        version = self._workspace.warehouse.data_version()
        apart = following.follow + following.untouched
        task = self._queue.new_data(fence, version, now, apart_from=apart, computed=following.computed)
        if task is not None:
            self._log.info("new data", extra={"fields": {"task": task, "data_version": version}})
        if following.follow and not now < self._whole_at <= now + self._workspace.settings.follow_whole_every:
            self._whole_at = now + self._workspace.settings.follow_whole_every
            task = self._queue.as_a_whole(following.follow, now)
            if task is not None:
                self._log.info("followed audiences as a whole", extra={"fields": {"task": task}})
        if following.follow and self._child is None and not now < self._follow_at <= now + _AGAIN_AFTER:
            self._child = Child(self._folder, {"op": "follow"})
            self._log.info("following events", extra={"fields": {"child": self._child.pid}})

    def hear(self, now: datetime) -> None:
        """Take the answer of the child that follows, if it ended: now and then by itself, else because of something."""
        if self._child is None or not self._child.ended:
            return
        answer = self._child.answer()
        self._child = None
        if "error" in answer:
            self._follow_at = now + _AGAIN_AFTER
            self._log.error("following events failed", extra={"fields": answer["error"]})
        else:
            self._look_at = datetime.min.replace(tzinfo=UTC)

    def stop(self) -> None:
        """End the child; what it did not do, the next one does."""
        if self._child is not None:
            self._child.end(10)
            self._child = None
