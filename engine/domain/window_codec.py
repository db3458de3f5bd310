"""Windows to and from plain values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, assert_never, cast

from engine.domain import reading
from engine.domain.documents import iso
from engine.domain.durations import CALENDAR_UNITS
from engine.domain.habits import window_hint
from engine.domain.values import parse_moment
from engine.domain.windows import Ago, CalendarCurrent, CalendarLast, CalendarUnit, Last, Span, Window
from engine.errors import nearest


def read_window(value: Any, path: str) -> Window:
    """`90d`, `{from, to}`, `{ago: [60d, 30d]}`, `{calendar: month, last: 2}` or `{calendar: month, current: true}`."""
    if not isinstance(value, dict):
        return Last(reading.duration(value, path, "within"))
    if "ago" in value:
        reading.known_keys(value, ("ago",), path, "within ago")
        return _ago(value["ago"], path)
    if "calendar" in value:
        reading.known_keys(value, ("calendar", "last", "current"), path, "within calendar")
        return _calendar(value, path)
    reading.known_keys(value, ("from", "to", "ago", "calendar"), path, "within", window_hint)
    if not value:
        raise reading.fail(path, "within is empty", "Write a duration such as 90d, or {from: …, to: …}.")
    start, end = (_moment(value[key], path, key) if key in value else None for key in ("from", "to"))
    if start is not None and end is not None and _naive(start) > _naive(end):
        raise reading.fail(
            path,
            f"within is reversed: {iso(start)} is after {iso(end)}",
            "Write the earlier one as from.",
            "operand",
        )
    return Span(start, end)


def _naive(moment: date | datetime) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None) - (moment.utcoffset() or datetime.min - datetime.min)
    return datetime(moment.year, moment.month, moment.day)


def _moment(value: Any, path: str, key: str) -> date | datetime:
    found = parse_moment(value) if isinstance(value, str | date) else None
    if found is None:
        raise reading.fail(
            path,
            f"within {key} is not a date or time: {reading.shown(value)}",
            "Write it as 2026-01-31 or 2026-01-31T09:00:00.",
            "operand",
        )
    return found


def _ago(value: Any, path: str) -> Ago:
    ends = reading.sequence(value, path, "within ago")
    if len(ends) != 2:
        raise reading.fail(path, f"within ago takes two durations, not {len(ends)}", "Write [60d, 30d].")
    older, newer = (reading.duration(end, path, "within ago") for end in ends)
    if older.seconds < newer.seconds:
        raise reading.fail(
            path,
            f"within ago is reversed: {older} is nearer than {newer}",
            "Write the longer one first.",
            "operand",
        )
    return Ago(older, newer)


def _calendar(value: dict[str, Any], path: str) -> Window:
    unit = value["calendar"]
    if unit not in CALENDAR_UNITS:
        raise reading.fail(
            path,
            f"within calendar is not a period: {reading.shown(unit)}",
            nearest(str(unit), CALENDAR_UNITS, "period"),
            "operand",
        )
    if ("last" in value) == ("current" in value):
        raise reading.fail(path, "within calendar takes either last or current", "Write last: 1 or current: true.")
    name = cast(CalendarUnit, unit)
    if "last" in value:
        return CalendarLast(name, reading.whole(value["last"], path, "within last", 1))
    if value["current"] is not True:
        raise reading.fail(path, "within current must be true", code="operand")
    return CalendarCurrent(name)


def write_window(window: Window) -> Any:
    """The window as a plain value."""
    match window:
        case Last(length):
            return str(length)
        case Span(start, end):
            return {k: v for k, v in (("from", start), ("to", end)) if v is not None}
        case Ago(older, newer):
            return {"ago": [str(older), str(newer)]}
        case CalendarLast(unit, count):
            return {"calendar": unit, "last": count}
        case CalendarCurrent(unit):
            return {"calendar": unit, "current": True}
        case _:
            assert_never(window)
