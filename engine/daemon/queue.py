"""What is due: schedules follow the audiences' documents, and times that came become tasks.

All audiences due at one time are one task, so that they are run as one plan. A time becomes a task and its schedule
moves on in one transaction: none is lost and none comes twice, whenever the daemon dies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from engine.domain.documents import iso
from engine.domain.schedule import MANUAL, Schedule, read_schedule
from engine.errors import EngineError
from engine.operations import Workspace
from engine.store.database import Database
from engine.store.schedules import Daemons, ScheduleRow, Schedules, Tasks

AHEAD = timedelta(hours=3)
"""A clock that goes back by more was wrong before (cron(8) takes the same three hours)."""
AT_ONCE = 5_000
"""Schedules that are read in one transaction: less than half a second."""
LONGEST_WAIT = timedelta(days=2)
"""No delivery waits for longer."""


class DueQueue:
    """Turns schedules into tasks. Moments are in whole seconds, for the store compares them as text."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._database: Database = workspace.database
        self.schedules, self.tasks = Schedules(self._database), Tasks(self._database)
        self.daemons = Daemons(self._database)
        self._read: dict[str, tuple[int, Schedule]] = {}
        self.behind = False

    def follow(self, now: datetime) -> dict[str, EngineError]:
        """Read the schedules of audiences that were saved or deleted since; those that cannot be read, by id.

        Such an audience is not scheduled until it is saved again; the others are. Of very many only the first are read,
        so that nobody waits for the store; ``behind`` says that there are more.
        """
        changes = self.schedules.changes()
        self.behind = len(changes) > AT_ONCE
        changes = changes[:AT_ONCE]
        troubles: dict[str, EngineError] = {}
        if not changes:
            return troubles
        known = self.schedules.all()
        with self._database.transaction():
            for identifier, version, _ in changes:
                if version is None:
                    self.schedules.forget(identifier)
                    continue
                try:
                    schedule = self._schedule(identifier, version)
                except EngineError as error:
                    troubles[identifier], schedule = error, MANUAL
                self.schedules.save(_row(identifier, version, schedule, known.get(identifier), now))
        return troubles

    def tick(self, now: datetime) -> list[int]:
        """Queue what is due; the new tasks' numbers."""
        rows = self.schedules.due(iso(now))
        if not rows:
            return []
        wanted: dict[datetime, list[str]] = defaultdict(list)
        moved: list[ScheduleRow] = []
        with self._database.transaction():
            for row in rows:
                schedule = self._schedule(row.audience_id, row.version)
                delay = schedule.delay(row.audience_id)
                last = datetime.fromisoformat(row.last_due)
                times, newest = schedule.missed(last, now - delay)
                for time in self._after_overlap(row.audience_id, schedule, times):
                    wanted[time].append(row.audience_id)
                moved.append(_at(row, schedule, newest))
            for row in moved:
                self.schedules.save(row)
            return [self.tasks.add(iso(time), "schedule", wanted[time], iso(now)) for time in sorted(wanted)]

    def set_back(self, now: datetime) -> int:
        """After the clock was ahead and was set right: what was kept of times to come counts on from now; how many
        schedules that were.

        By less than :data:`AHEAD` the old times are waited for, so that none comes twice, as cron does.
        """
        soon, later = iso(now + AHEAD), iso(now + LONGEST_WAIT)
        with self._database.transaction():
            rows = self.schedules.ahead(soon)
            for row in rows:
                schedule = self._schedule(row.audience_id, row.version)
                self.schedules.save(_at(row, schedule, now.replace(microsecond=0)))
            self.schedules.wait_no_longer(iso(now), {"tasks": soon, "syncs": later, "breakers": soon})
        return len(rows)

    def new_data(
        self,
        fence: int,
        data_version: str,
        now: datetime,
        apart_from: Collection[str] = (),
        computed: Collection[str] = (),
    ) -> int | None:
        """Queue the audiences that new data makes due, once for each state of the data; the task's number. Where the
        warehouse is the same, ``apart_from`` some, unless they use traits that were ``computed`` since."""
        current = self.daemons.current()
        if current is None or current.data_version == data_version:
            return None
        (before, traits), (now_, fresh) = (_parts(one or "") for one in (current.data_version, data_version))
        again = computed if traits != fresh else ()
        ids = [one for one in self.schedules.on_data() if before != now_ or one not in apart_from or one in again]
        with self._database.transaction():
            self.daemons.saw_data(fence, data_version)
            return self.as_a_whole(ids, now)

    def as_a_whole(self, ids: Sequence[str], now: datetime) -> int | None:
        """Queue audiences because of the data, unless they are already; the task's number. They are run as of the next
        second, so that no step of a follower is of a later moment."""
        wanted = [one for one in ids if not self._queued(one)]
        if not wanted:
            return None
        with self._database.transaction():
            return self.tasks.add(iso(now + timedelta(seconds=1)), "data", wanted, iso(now))

    def _after_overlap(self, identifier: str, schedule: Schedule, times: list[datetime]) -> list[datetime]:
        """The times that may be queued: none while a run is not done (`skip`), one more (`buffer`)."""
        if len(times) > 1:  # what `all` catches up on comes one after another
            return times
        unfinished = self.tasks.open_of(identifier)
        if not unfinished:
            return times
        if schedule.overlap == "buffer" and not any(state == "queued" for _, state in unfinished):
            return times
        return []

    def _queued(self, identifier: str) -> bool:
        return any(state == "queued" for _, state in self.tasks.open_of(identifier))

    def _schedule(self, identifier: str, version: int) -> Schedule:
        known = self._read.get(identifier)
        if known is None or known[0] != version:
            audience = self._workspace.audiences.get(identifier).audience
            known = (version, schedule_of(audience.settings))
            self._read[identifier] = known
        return known[1]


def _parts(data_version: str) -> tuple[str, str]:
    """The state of the warehouse, and that of the computed traits, without that of what was collected."""
    warehouse, _, traits = data_version.partition("+")[0].partition("~")
    return warehouse, traits


def schedule_of(settings: Mapping[str, object]) -> Schedule:
    """An audience's schedule from its settings."""
    return read_schedule(settings.get("refresh"))


def _row(identifier: str, version: int, schedule: Schedule, before: ScheduleRow | None, now: datetime) -> ScheduleRow:
    """A schedule as it is kept after its audience was saved: the last due time stays while it still has times."""
    if not schedule.timed:
        return ScheduleRow(identifier, version, schedule.kind, iso(now), None)
    if before is not None and before.fires_at is not None:
        return _at(ScheduleRow(identifier, version, schedule.kind, before.last_due, None), schedule, None)
    whole = now.replace(microsecond=0)
    if schedule.kind == "cron":
        return _at(ScheduleRow(identifier, version, schedule.kind, iso(whole), None), schedule, None)
    # An interval is due at once: it counts from one step before now, whatever the length of that month.
    last = whole - (schedule.after(whole) - whole)
    last -= max(timedelta(0), schedule.after(last) - whole)
    return _at(ScheduleRow(identifier, version, schedule.kind, iso(last), None), schedule, None)


def _at(row: ScheduleRow, schedule: Schedule, last: datetime | None) -> ScheduleRow:
    """The same schedule counted on from ``last``."""
    last = last or datetime.fromisoformat(row.last_due)
    fires = schedule.after(last) + schedule.delay(row.audience_id)
    return ScheduleRow(row.audience_id, row.version, row.kind, iso(last), iso(fires.astimezone(UTC)))
