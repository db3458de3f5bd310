"""When an audience is due: `refresh` as a value, the times it names, and what to do about those that were missed.

Times are computed from the last due time, never from the clock: a schedule neither drifts nor forgets what it owed
while nothing ran. Cron is read in its own zone by cronsim, which gives every nominal time once across clock changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Literal

from engine.domain import reading
from engine.domain.durations import Duration, shift, zone

KEYS = ("every", "cron", "timezone", "misfire", "overlap", "jitter", "catch_up")
MISFIRES = ("once", "all", "skip")
OVERLAPS = ("skip", "buffer")
CATCH_UP = Duration(24, "h")
_HINT = "Write {every: 6h}, {cron: …, timezone: …}, on_data or manual."
_SHORTEST_SECONDS = 60
_MOST_MISSED = 1000
_LATE = timedelta(minutes=1)
"""Up to this late a time is not yet missed."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often an audience is refreshed.

    ``misfire`` says what happens to times that passed while nothing ran: run the newest `once` (default), `all`, or
    `skip` them; only those of the last ``catch_up``. ``overlap`` says what happens to a time that comes while the run
    before it is not done: `skip` it (default), or `buffer` one. ``jitter`` delays each run by a part of it that is
    always the same for the same audience.
    """

    kind: Literal["every", "cron", "on_data", "manual"] = "manual"
    every: Duration | None = None
    cron: str | None = None
    timezone: str = "UTC"
    misfire: Literal["once", "all", "skip"] = "once"
    overlap: Literal["skip", "buffer"] = "skip"
    jitter: Duration | None = None
    catch_up: Duration = CATCH_UP

    @property
    def timed(self) -> bool:
        """Whether the clock makes it due."""
        return self.kind in ("every", "cron")

    def first(self, seen: datetime) -> datetime:
        """The first time it is due when it was first seen then (UTC): an interval at once, cron at its next time."""
        return seen if self.kind == "every" else self.after(seen)

    def after(self, due: datetime) -> datetime:
        """The time after a due time (both UTC)."""
        return next(self.times(due))

    def times(self, due: datetime) -> Iterator[datetime]:
        """The times after a due time, in UTC; ends only with the calendar."""
        if self.kind == "cron":
            from cronsim import CronSim

            for local in CronSim(self.cron or "", due.astimezone(zone(self.timezone))):
                yield local.astimezone(UTC)
            return
        assert self.every is not None  # noqa: S101 — only timed schedules have times
        step = self.every.exact
        number = 0
        while True:
            number += 1
            if step is not None:
                yield due + number * step
            else:  # from the same day, so that the 31st comes back after a shorter month
                yield shift(due, Duration(number * self.every.count, self.every.unit), 1, zone(self.timezone))

    def missed(self, last: datetime, now: datetime) -> tuple[list[datetime], datetime]:
        """What to run now of the times after ``last`` up to ``now``, and the due time to count on from.

        Nothing to run gives an empty list and ``last``, or the newest time when all that passed was skipped.
        """
        span = self.catch_up.exact or timedelta(seconds=self.catch_up.seconds)
        passed = self._passed(max(last, now - span - timedelta(seconds=1)) if self.kind == "cron" else last, now)
        if not passed:
            return [], last
        newest = passed[-1]
        match self.misfire:
            case "all":
                return [time for time in passed if now - time <= span], newest
            case "skip":
                return [time for time in passed[-1:] if now - time <= _LATE], newest
            case _:
                return [time for time in passed[-1:] if now - time <= span], newest

    def _passed(self, last: datetime, now: datetime) -> list[datetime]:
        """The times in (last, now], oldest first; of very many only the newest."""
        step = None if self.every is None else self.every.exact
        if step is not None:
            whole = int((now - last) / step)
            return [last + number * step for number in range(max(1, whole - _MOST_MISSED + 1), whole + 1)]
        found: list[datetime] = []
        for time in self.times(last):
            if time > now:
                return found
            found.append(time)
            if len(found) > 2 * _MOST_MISSED:
                del found[:_MOST_MISSED]
        return found

    def delay(self, identifier: str) -> timedelta:
        """The part of ``jitter`` that an audience always waits."""
        if self.jitter is None:
            return timedelta(0)
        digest = hashlib.sha256(identifier.encode()).digest()
        return timedelta(seconds=int.from_bytes(digest[:8], "big") % (self.jitter.seconds + 1))

    def coming(self, last: datetime, count: int = 5) -> list[datetime]:
        """The next times after a due time."""
        return list(islice(self.times(last), count)) if self.timed else []


MANUAL = Schedule()


def read_schedule(value: Any) -> Schedule:
    """A document's `refresh`; raises EngineError for what it cannot mean."""
    if value is None or value == "manual":
        return MANUAL
    if value == "on_data":
        return Schedule("on_data")
    if isinstance(value, str):
        raise reading.fail("refresh", f"{reading.shown(value)} is not a refresh", _HINT, "operand")
    found = reading.mapping(value, "refresh", "refresh")
    reading.known_keys(found, KEYS, "refresh", "refresh")
    if ("every" in found) == ("cron" in found):
        raise reading.fail("refresh", "a refresh has either every or cron", _HINT)
    if "timezone" in found:
        reading.time_zone(found["timezone"], "refresh.timezone")
    every = reading.duration(found["every"], "refresh.every", "every") if "every" in found else None
    if every is not None and every.seconds < _SHORTEST_SECONDS:
        raise reading.fail("refresh.every", "every is at least one minute", "Write 1min or longer.", "operand")
    cron = _cron(found["cron"]) if "cron" in found else None
    return Schedule(
        "every" if every is not None else "cron",
        every,
        cron,
        found.get("timezone", "UTC"),
        _one_of(found, "misfire", MISFIRES),
        _one_of(found, "overlap", OVERLAPS),
        reading.duration(found["jitter"], "refresh.jitter", "jitter") if "jitter" in found else None,
        reading.duration(found["catch_up"], "refresh.catch_up", "catch_up") if "catch_up" in found else CATCH_UP,
    )


def write_schedule(schedule: Schedule) -> dict[str, Any] | str | None:
    """The schedule as plain values, defaults left out; None for the usual one (by hand)."""
    if schedule.kind in ("manual", "on_data"):
        return None if schedule.kind == "manual" else schedule.kind
    result: dict[str, Any] = {"every": str(schedule.every)} if schedule.kind == "every" else {"cron": schedule.cron}
    usual = Schedule()
    for name in ("timezone", "misfire", "overlap", "jitter", "catch_up"):
        value = getattr(schedule, name)
        if value != getattr(usual, name):
            result[name] = str(value)
    return result


def _one_of(found: dict[str, Any], key: str, known: tuple[str, ...]) -> Any:
    value = found.get(key, known[0])
    if value not in known:
        raise reading.fail(f"refresh.{key}", f"{key} is one of {', '.join(known)}", None, "operand")
    return value


def _cron(value: Any) -> str:
    from cronsim import CronSim, CronSimError

    text = reading.text(value, "refresh.cron", "cron")
    try:
        next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        hint = "Write five fields: minute hour day month weekday, such as 30 8 * * 1-5."
        raise reading.fail("refresh.cron", f"{reading.shown(text)} is no cron time", hint, "operand") from None
    return text
