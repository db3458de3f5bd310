"""Time windows of events, all half-open: [from, to)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias, assert_never
from zoneinfo import ZoneInfo

from engine.domain.durations import (
    Duration,
    local_date,
    midnight,
    period_start,
    periods_before,
    shift,
    to_instant,
)

CalendarUnit: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Last:
    """`within: 90d` → [as_of − 90d, as_of)."""

    duration: Duration


@dataclass(frozen=True, slots=True)
class Span:
    """`within: {from: X, to: Y}` → X ≤ t < Y; either may be absent."""

    start: date | datetime | None
    end: date | datetime | None


@dataclass(frozen=True, slots=True)
class Ago:
    """`within: {ago: [60d, 30d]}` → [as_of − 60d, as_of − 30d)."""

    older: Duration
    newer: Duration


@dataclass(frozen=True, slots=True)
class CalendarLast:
    """The N complete local periods before the one that holds as_of."""

    unit: CalendarUnit
    count: int


@dataclass(frozen=True, slots=True)
class CalendarCurrent:
    """From the start of the local period that holds as_of, to as_of."""

    unit: CalendarUnit


Window: TypeAlias = Last | Span | Ago | CalendarLast | CalendarCurrent


def moment_to_instant(moment: date | datetime, tz: ZoneInfo) -> datetime:
    """A date's local midnight, a naive time in the zone, or an instant as it is."""
    if not isinstance(moment, datetime):
        return midnight(moment, tz)
    return to_instant(moment, tz) if moment.tzinfo is None else moment.astimezone(UTC)


def bounds(window: Window | None, as_of: datetime, tz: ZoneInfo) -> tuple[datetime | None, datetime]:
    """The window as instants [start, end); start None means from the beginning, end is never after as_of."""
    match window:
        case None:
            return None, as_of
        case Last(duration):
            return shift(as_of, duration, -1, tz), as_of
        case Span(start, end):
            first = None if start is None else moment_to_instant(start, tz)
            return first, as_of if end is None else min(as_of, moment_to_instant(end, tz))
        case Ago(older, newer):
            return shift(as_of, older, -1, tz), shift(as_of, newer, -1, tz)
        case CalendarLast(unit, count):
            current = period_start(local_date(as_of, tz), unit)
            return midnight(periods_before(current, unit, count), tz), midnight(current, tz)
        case CalendarCurrent(unit):
            return midnight(period_start(local_date(as_of, tz), unit), tz), as_of
        case _:
            assert_never(window)
