"""Time zone arithmetic in SQL that agrees with Python's (PEP 495, fold 0).

DuckDB's ICU takes the second of two repeated local times; Convoke takes the first. Skipped local times agree already.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlglot import exp

from engine.domain.durations import Duration, zone
from engine.sql.build import Expr, call, number, word


@lru_cache(maxsize=256)
def repeated_lengths(zone_name: str) -> tuple[int, ...]:
    """The lengths in seconds of the local times the zone's clock repeats, between 1970 and 2037."""
    tz = zone(zone_name)
    found: set[int] = set()
    day = datetime(1970, 1, 1, tzinfo=UTC)
    before = day.astimezone(tz).utcoffset() or timedelta()
    while day.year < 2038:
        day += timedelta(days=1)
        after = day.astimezone(tz).utcoffset() or timedelta()
        if after < before:
            found.add(int((before - after).total_seconds()))
        before = after
    return tuple(sorted(found))


def local_to_instant(local: Expr, tz: ZoneInfo) -> Expr:
    """A timestamp without zone, read as wall-clock time of ``tz``, as an instant; of repeated times the first."""
    instant = call("timezone", word(tz.key), local)
    lengths = repeated_lengths(tz.key)
    if not lengths:
        return instant
    choices = []
    for length in reversed(lengths):
        earlier = exp.Sub(this=instant.copy(), expression=seconds(length))
        same_wall = exp.EQ(this=call("timezone", word(tz.key), earlier), expression=local.copy())
        choices.append(exp.If(this=same_wall, true=earlier.copy()))
    return exp.Case(ifs=choices, default=instant)


def seconds(count: int) -> Expr:
    """An exact interval."""
    return call("to_seconds", number(count))


def shifted(instant: Expr, duration: Duration, sign: int, tz: ZoneInfo) -> Expr:
    """An instant plus or minus a duration; calendar steps are taken on the local clock of ``tz``."""
    kind = exp.Add if sign > 0 else exp.Sub
    if duration.exact is not None:
        return kind(this=instant, expression=seconds(duration.seconds))
    local = call("timezone", word(tz.key), instant)
    moved = exp.Paren(this=kind(this=local, expression=call("to_months", number(duration.months or 0))))
    return local_to_instant(moved, tz)
