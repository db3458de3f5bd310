"""The due queue: when audiences are due, the tasks that are to be run, and the daemon that runs them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.store.database import Database

Cause = Literal["schedule", "data", "asked", "backfill"]
State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class ScheduleRow:
    """When an audience is due; ``fires_at`` None for one that the clock does not make due. Times are ISO in UTC."""

    audience_id: str
    version: int
    kind: str
    last_due: str
    fires_at: str | None
    paused: bool = False


@dataclass(frozen=True)
class Task:
    """Audiences to run as of one due time, and what became of it."""

    id: int
    due: str
    cause: Cause
    audiences: tuple[str, ...]
    state: State
    attempt: int
    not_before: str
    run_id: int | None
    summary: dict[str, Any]
    created_at: str
    started_at: str | None
    finished_at: str | None


@dataclass(frozen=True)
class DaemonRow:
    """The daemon that runs, or ran last."""

    fence: int
    pid: int
    host: str
    started_at: str
    beat_at: str
    stopped_at: str | None
    data_version: str | None


class Schedules:
    """When audiences are due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, ScheduleRow]:
        """Every schedule by audience."""
        return {row[0]: _schedule(row) for row in self._database.rows("schedules")}

    def due(self, now: str) -> list[ScheduleRow]:
        """Those to look at now, the longest waiting first."""
        return [_schedule(row) for row in self._database.rows("schedules_due", {"now": now})]

    def ahead(self, limit: str) -> list[ScheduleRow]:
        """Those whose last time is after a moment."""
        return [_schedule(row) for row in self._database.rows("schedules_ahead", {"limit": limit})]

    def wait_no_longer(self, now: str, limits: Mapping[str, str]) -> None:
        """Tasks, syncs and breakers that wait for longer than their limit wait until now (within the caller's
        transaction)."""
        for what in ("tasks", "syncs", "breakers"):
            self._database.run(f"{what}_ahead", {"now": now, "limit": limits[what]})

    def first(self) -> str | None:
        """When the next one is to be looked at."""
        found: str | None = self._database.rows("first_schedule")[0][0]
        return found

    def on_data(self) -> list[str]:
        """The audiences that new data makes due."""
        return [row[0] for row in self._database.rows("schedules_on_data")]

    def save(self, row: ScheduleRow) -> None:
        """Keep a schedule; whether it is paused stays."""
        values = {k: v for k, v in vars(row).items() if k != "paused"}
        self._database.run("save_schedule", values)

    def forget(self, audience_id: str) -> None:
        """An audience is not scheduled any more."""
        self._database.run("forget_schedule", {"audience_id": audience_id})

    def pause(self, audience_id: str, *, paused: bool) -> bool:
        """Pause or resume; whether there is such a schedule."""
        return bool(self._database.rows("pause_schedule", {"audience_id": audience_id, "paused": int(paused)}))

    def changes(self) -> list[tuple[str, int | None, int | None]]:
        """(audience, its version, the version its schedule was read from) where these differ; None: there is none."""
        return [(row[0], row[1], row[2]) for row in self._database.rows("schedule_changes")]


class Tasks:
    """The queue of what is to be run, and its history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, due: str, cause: Cause, audiences: Sequence[str], now: str, not_before: str | None = None) -> int:
        """Queue audiences (within the caller's transaction); the task's number."""
        values = {"due": due, "cause": cause, "audiences": json.dumps(list(audiences)), "created_at": now}
        task = int(self._database.rows("add_task", values | {"not_before": not_before or now})[0][0])
        self._database.run_many("add_task_audience", ({"audience_id": a, "task_id": task} for a in audiences))
        return task

    def open_of(self, audience_id: str) -> list[tuple[int, State]]:
        """The unfinished tasks of an audience."""
        rows = self._database.rows("open_tasks_of_audience", {"audience_id": audience_id})
        return [(row[0], row[1]) for row in rows]

    def next(self, now: str) -> int | None:
        """The oldest task that may begin."""
        rows = self._database.rows("next_task", {"now": now})
        return int(rows[0][0]) if rows else None

    def claim(self, task: int, fence: int, now: str) -> bool:
        """Begin a task; False when it is no longer queued, or another daemon has taken over."""
        with self._database.transaction():
            return bool(self._database.rows("claim_task", {"id": task, "fence": fence, "now": now}))

    def finish(
        self,
        task: int,
        fence: int,
        state: State,
        now: str,
        *,
        run_id: int | None = None,
        summary: dict[str, Any] | None = None,
        again_at: str | None = None,
    ) -> bool:
        """End a task, or queue it again for ``again_at``; False when it was cancelled or taken over meanwhile."""
        values = {
            "id": task,
            "fence": fence,
            "state": "queued" if again_at is not None else state,
            "run_id": run_id,
            "summary": json.dumps(summary or {}),
            "now": now,
            "not_before": again_at or now,
        }
        with self._database.transaction():
            done = bool(self._database.rows("finish_task", values))
            if done and again_at is None:
                self._database.run("forget_task_audiences", {"task_id": task})
        return done

    def cancel(self, task: int, now: str) -> bool:
        """Give up a task that is not finished; its daemon stops the work when it sees that."""
        with self._database.transaction():
            done = bool(self._database.rows("cancel_task", {"id": task, "now": now}))
            if done:
                self._database.run("forget_task_audiences", {"task_id": task})
        return done

    def retry(self, task: int, now: str) -> bool:
        """Queue a failed or cancelled task again."""
        with self._database.transaction():
            done = bool(self._database.rows("retry_task", {"id": task, "now": now}))
            found = self.get(task) if done else None
            if found is not None:
                rows = ({"audience_id": a, "task_id": task} for a in found.audiences)
                self._database.run_many("add_task_audience", rows)
        return done

    def left_running(self) -> list[Task]:
        """Tasks that a daemon before this one began and did not end."""
        found = [self.get(int(row[0])) for row in self._database.rows("tasks_left_running")]
        return [one for one in found if one is not None]

    def requeue(self, task: int, now: str) -> None:
        """Queue a task again that was interrupted."""
        with self._database.transaction():
            self._database.run("requeue_task", {"id": task, "now": now})

    def get(self, task: int) -> Task | None:
        """One task."""
        rows = self._database.rows("task", {"id": task})
        return _task(rows[0]) if rows else None

    def latest(self, most: int = 50) -> list[Task]:
        """The newest tasks, newest first."""
        return [_task(row) for row in self._database.rows("tasks", {"most": most})]

    def counts(self) -> dict[str, tuple[int, str]]:
        """How many tasks are in each state, and the oldest due time among them."""
        return {row[0]: (row[1], row[2]) for row in self._database.rows("task_counts")}

    def clean(self, before: str) -> None:
        """Forget finished tasks that ended before a time."""
        with self._database.transaction():
            self._database.run("forget_tasks", {"before": before})


class Daemons:
    """The daemon of this workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> DaemonRow | None:
        """The one that runs, or ran last."""
        rows = self._database.rows("daemon")
        return DaemonRow(*rows[0]) if rows else None

    def start(self, pid: int, host: str, now: str) -> int:
        """A new daemon; its fence, greater than any before."""
        with self._database.transaction():
            return int(self._database.rows("start_daemon", {"pid": pid, "host": host, "now": now})[0][0])

    def beat(self, fence: int, now: str) -> bool:
        """Say that it lives; False when another has taken over."""
        return bool(self._database.rows("beat_daemon", {"fence": fence, "now": now}))

    def stop(self, fence: int, now: str) -> None:
        """It ended as it should."""
        self._database.run("stop_daemon", {"fence": fence, "now": now})

    def saw_data(self, fence: int, data_version: str) -> None:
        """The data that on_data audiences were run for (within the caller's transaction)."""
        self._database.run("daemon_data", {"fence": fence, "data_version": data_version})


def _schedule(row: tuple[Any, ...]) -> ScheduleRow:
    return ScheduleRow(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def _task(row: tuple[Any, ...]) -> Task:
    number, due, cause, audiences, state, attempt, not_before, run_id, summary, created, started, finished = row
    return Task(
        number,
        due,
        cause,
        tuple(json.loads(audiences)),
        state,
        attempt,
        not_before,
        run_id,
        json.loads(summary or "{}"),
        created,
        started,
        finished,
    )
