"""What the scheduler is asked and told: its state, coming times, and run now, retry, cancel, pause, backfill."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.domain.documents import iso
from engine.domain.schedule import read_schedule
from engine.errors import EngineError
from engine.locks import is_held
from engine.operations.targets import moment
from engine.operations.workspace import Workspace
from engine.store.schedules import Daemons, ScheduleRow, Schedules, Task, Tasks

DAEMON_LOCK = "daemon.lock"
_SILENT = timedelta(seconds=60)
_MOST_BACKFILL = 1000


@dataclass(frozen=True)
class DaemonState:
    """``state``: running, silent (it holds its lock but has not said anything for a minute), stopped, or never."""

    state: str
    pid: int | None
    host: str | None
    started_at: str | None
    beat_at: str | None
    queued: int
    running: int
    failed: int
    oldest_due: str | None
    next_at: str | None
    scheduled: int
    paused: int

    def as_json(self) -> dict[str, Any]:
        """As `convoke daemon status --json` prints it."""
        return asdict(self)


def daemon_state(workspace: Workspace, *, now: datetime | None = None) -> DaemonState:
    """Whether the daemon of a workspace runs, and what waits for it."""
    at = now or datetime.now(UTC)
    row = Daemons(workspace.database).current()
    schedules = Schedules(workspace.database)
    counts = Tasks(workspace.database).counts()
    rows = schedules.all().values()
    if row is None:
        state = "never"
    elif row.host == socket.gethostname() and not is_held(workspace.folder / DAEMON_LOCK):
        state = "stopped"
    else:
        state = "silent" if at - datetime.fromisoformat(row.beat_at) > _SILENT else "running"
    return DaemonState(
        state,
        None if row is None else row.pid,
        None if row is None else row.host,
        None if row is None else row.started_at,
        None if row is None else row.beat_at,
        counts.get("queued", (0, ""))[0],
        counts.get("running", (0, ""))[0],
        counts.get("failed", (0, ""))[0],
        counts.get("queued", (0, None))[1],
        schedules.first(),
        sum(1 for one in rows if one.kind in ("every", "cron", "on_data")),
        sum(1 for one in rows if one.paused),
    )


@dataclass(frozen=True)
class Coming:
    """When an audience comes next: its times in UTC, none when the clock does not make it due."""

    id: str
    kind: str
    paused: bool
    last_due: str | None
    times: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """A line of `convoke daemon next --json`."""
        return {**asdict(self), "times": list(self.times)}


def coming(
    workspace: Workspace, targets: Sequence[str] = (), *, count: int = 5, now: datetime | None = None
) -> list[Coming]:
    """The next due times of audiences (all that are scheduled, or those named)."""
    at = (now or datetime.now(UTC)).replace(microsecond=0)
    known = Schedules(workspace.database).all()
    chosen = [workspace.audiences.get(one) for one in targets] if targets else list(workspace.audiences.all().values())
    found = []
    for stored in chosen:
        schedule = read_schedule(stored.audience.settings.get("refresh"))
        row = known.get(stored.audience.id)
        if not targets and schedule.kind == "manual":
            continue
        times: list[datetime] = []
        if schedule.timed:
            last = _counted_from(row, at)
            times = schedule.coming(last, count) if row is not None or schedule.kind == "cron" else [at]
        found.append(
            Coming(
                stored.audience.id,
                schedule.kind,
                row is not None and row.paused,
                None if row is None else row.last_due,
                tuple(iso(one) for one in times),
            )
        )
    return found


def _counted_from(row: ScheduleRow | None, now: datetime) -> datetime:
    return now if row is None or row.fires_at is None else datetime.fromisoformat(row.last_due)


def run_soon(workspace: Workspace, targets: Sequence[str], *, as_of: str | datetime | None = None) -> int:
    """Queue audiences for the daemon to run as one plan; the task's number."""
    ids = [workspace.audiences.get(one).audience.id for one in targets]
    if not ids:
        raise EngineError("usage", "no audience was named", hint="Name the audiences to run.")
    now = _now()
    due = iso(moment(as_of).replace(microsecond=0)) if as_of is not None else next_second()
    with workspace.database.transaction():
        return Tasks(workspace.database).add(due, "asked", list(dict.fromkeys(ids)), now)


def backfill(workspace: Workspace, target: str, start: str | datetime, end: str | datetime) -> list[int]:
    """Queue a run for each time of an audience's schedule in [start, end]; the tasks' numbers, oldest first."""
    stored = workspace.audiences.get(target)
    schedule = read_schedule(stored.audience.settings.get("refresh"))
    if not schedule.timed:
        raise EngineError("usage", f'"{target}" has no times to fill', target, "Give it refresh: {every: …} or cron.")
    first, last = moment(start), moment(end)
    if first > last:
        raise EngineError("operand", "the backfill ends before it begins", "--from", "Swap --from and --to.")
    times = []
    for time in schedule.times(first - timedelta(seconds=1)):
        if time > last:
            break
        times.append(time)
        if len(times) > _MOST_BACKFILL:
            raise EngineError(
                "too_many", f"that is more than {_MOST_BACKFILL:,} runs", "--from", "Fill a shorter time at once."
            )
    now = _now()
    tasks = Tasks(workspace.database)
    with workspace.database.transaction():
        return [tasks.add(iso(time), "backfill", [stored.audience.id], now) for time in times]


def tasks(workspace: Workspace, *, most: int = 50) -> list[Task]:
    """What was and is to be run, newest first."""
    return Tasks(workspace.database).latest(most)


def retry_task(workspace: Workspace, task: int) -> None:
    """Queue a task again that failed or was cancelled."""
    if not Tasks(workspace.database).retry(task, _now()):
        raise _no_such(workspace, task, "failed or cancelled")


def cancel_task(workspace: Workspace, task: int) -> None:
    """Give up a task that is queued or running."""
    if not Tasks(workspace.database).cancel(task, _now()):
        raise _no_such(workspace, task, "queued or running")


def pause(workspace: Workspace, targets: Sequence[str], *, paused: bool) -> None:
    """Pause audiences' schedules, or resume them; all or none."""
    schedules = Schedules(workspace.database)
    with workspace.database.transaction():
        for one in targets:
            schedule = read_schedule(workspace.audiences.get(one).audience.settings.get("refresh"))
            if schedule.kind == "manual":
                raise EngineError("usage", f'"{one}" has no schedule to pause', one, "Give it a refresh first.")
            if not schedules.pause(one, paused=paused):
                schedules.save(ScheduleRow(one, 0, schedule.kind, _now(), None))  # the daemon reads it when it starts
                schedules.pause(one, paused=paused)


def _no_such(workspace: Workspace, task: int, states: str) -> EngineError:
    found = Tasks(workspace.database).get(task)
    if found is None:
        return EngineError("not_found", f"there is no task {task}", hint="See convoke daemon tasks.")
    return EngineError("refused", f"task {task} is {found.state}", hint=f"Only a task that is {states} can be.")


def next_second() -> str:
    """The moment of a run that is asked for: not before that of any step of the second that has begun."""
    return iso((datetime.now(UTC) + timedelta(seconds=1)).replace(microsecond=0))


def _now() -> str:
    return iso(datetime.now(UTC).replace(microsecond=0))
