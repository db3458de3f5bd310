"""Durations (`90d`, `6mo`) and moments in a site's own time zone.

`min`, `h`, `d` and `w` are exact (a day is 24 hours). `mo` and `y` are calendar steps in the site's zone, clipped to
the month's end. Local times that a clock change skips move forward with it; of repeated ones the first counts
(PEP 495, fold 0).
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EXACT_SECONDS = {"min": 60, "h": 3600, "d": 86400, "w": 604800}
_MONTHS = {"mo": 1, "y": 12}
UNITS = (*_EXACT_SECONDS, *_MONTHS)
_PATTERN = re.compile(r"([0-9]{1,9})(min|h|d|w|mo|y)")
_LONGEST_YEARS = 1000


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: a count and one of :data:`UNITS`."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def months(self) -> int | None:
        """Calendar months, for `mo` and `y`; None for exact durations."""
        return self.count * _MONTHS[self.unit] if self.unit in _MONTHS else None

    @property
    def exact(self) -> timedelta | None:
        """The exact length, for `min h d w`; None for calendar steps."""
        return timedelta(seconds=self.count * _EXACT_SECONDS[self.unit]) if self.unit in _EXACT_SECONDS else None

    @property
    def seconds(self) -> int:
        """Exact seconds, or the calendar step at 30.44 days a month: for comparing lengths only."""
        return self.count * _EXACT_SECONDS[self.unit] if self.unit in _EXACT_SECONDS else (self.months or 0) * 2_630_016


def parse_duration(text: str) -> Duration | None:
    """`90d` → Duration(90, "d"); None when it is not a duration of at most a thousand years."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        return None
    duration = Duration(int(found[1]), found[2])
    return duration if duration.seconds <= _LONGEST_YEARS * 12 * 2_630_016 else None


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name (from the bundled tzdata when the system has none)."""
    return ZoneInfo(name)


def to_instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The instant (UTC) of a local wall-clock time without offset; kept within the years 1 to 9999."""
    try:
        return local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    except OverflowError:
        return local.replace(tzinfo=UTC)


def midnight(day: date, tz: ZoneInfo) -> datetime:
    """The instant (UTC) at which a local day begins."""
    return to_instant(datetime.combine(day, time()), tz)


def local_date(instant: datetime, tz: ZoneInfo) -> date:
    """The local day that holds an instant."""
    return instant.astimezone(tz).date()


def add_months(local: datetime, months: int) -> datetime:
    """Calendar steps on a wall-clock time, clipped to the month's end: 31 Jan + 1 month = 28 Feb."""
    index = local.year * 12 + local.month - 1 + months
    year, month = divmod(index, 12)
    if year < 1:
        return datetime.min
    if year > 9999:
        return datetime.max
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)


def shift(instant: datetime, duration: Duration, sign: int, tz: ZoneInfo) -> datetime:
    """``instant`` plus (sign 1) or minus (sign −1) a duration, as an instant; kept within the years 1 to 9999."""
    try:
        if duration.exact is not None:
            return instant + sign * duration.exact
        local = instant.astimezone(tz).replace(tzinfo=None)
        return to_instant(add_months(local, sign * (duration.months or 0)), tz)
    except OverflowError:
        edge = datetime.min if sign < 0 else datetime.max
        return edge.replace(tzinfo=UTC)


CALENDAR_UNITS = ("day", "week", "month", "quarter", "year")


def period_start(day: date, unit: str) -> date:
    """The first day of the calendar period (weeks start on Monday) that holds ``day``."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def periods_before(start: date, unit: str, count: int) -> date:
    """The first day of the period ``count`` periods before the one that starts at ``start``; not before year 1."""
    try:
        if unit in ("day", "week"):
            return start - timedelta(days=count * (7 if unit == "week" else 1))
        months = {"month": 1, "quarter": 3, "year": 12}[unit] * count
        return add_months(datetime.combine(start, time()), -months).date()
    except OverflowError:
        return date.min
