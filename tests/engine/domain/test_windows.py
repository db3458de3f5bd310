"""Windows as instants: which side each bound lies on, in the site's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.domain.durations import Duration, zone
from engine.domain.values import parse_moment
from engine.domain.windows import Ago, CalendarCurrent, CalendarLast, Last, Span, Window, bounds, moment_to_instant

AS_OF = datetime(2026, 6, 17, 12, 30, tzinfo=UTC)
"""A Wednesday, 09:30 in São Paulo."""
LOCAL = zone("America/Sao_Paulo")


def at(*parts: int) -> datetime:
    """A local time, three hours behind UTC."""
    return datetime(*parts, tzinfo=UTC) + timedelta(hours=3)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (None, None, AS_OF),
        (Last(Duration(2, "d")), AS_OF - timedelta(days=2), AS_OF),
        (Last(Duration(1, "mo")), datetime(2026, 5, 17, 12, 30, tzinfo=UTC), AS_OF),
        (Ago(Duration(60, "d"), Duration(30, "d")), AS_OF - timedelta(days=60), AS_OF - timedelta(days=30)),
        (Span(date(2026, 6, 1), date(2026, 6, 3)), at(2026, 6, 1), at(2026, 6, 3)),
        (Span(None, date(2026, 6, 3)), None, at(2026, 6, 3)),
        (Span(date(2026, 6, 1), None), at(2026, 6, 1), AS_OF),
        (Span(date(2026, 6, 1), date(2027, 1, 1)), at(2026, 6, 1), AS_OF),
        (Span(datetime(2026, 6, 1, 8), AS_OF), at(2026, 6, 1, 8), AS_OF),
        (CalendarLast("day", 1), at(2026, 6, 16), at(2026, 6, 17)),
        (CalendarLast("week", 2), at(2026, 6, 1), at(2026, 6, 15)),
        (CalendarLast("month", 1), at(2026, 5, 1), at(2026, 6, 1)),
        (CalendarLast("quarter", 1), at(2026, 1, 1), at(2026, 4, 1)),
        (CalendarCurrent("week"), at(2026, 6, 15), AS_OF),
        (CalendarCurrent("year"), at(2026, 1, 1), AS_OF),
    ],
)
def test_the_bounds_of_every_window(window: Window | None, start: datetime | None, end: datetime) -> None:
    assert bounds(window, AS_OF, LOCAL) == (start, end)


def test_a_moment_with_a_zone_is_itself_and_one_without_is_local() -> None:
    assert moment_to_instant(date(2026, 6, 1), LOCAL) == at(2026, 6, 1)
    assert moment_to_instant(datetime(2026, 6, 1, 8), LOCAL) == at(2026, 6, 1, 8)
    assert moment_to_instant(datetime(2026, 6, 1, 8, tzinfo=UTC), LOCAL) == datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59"])
def test_a_moment_that_is_outside_the_calendar_in_utc_is_none(text: str) -> None:
    assert parse_moment(text) is None
    assert parse_moment(datetime.fromisoformat(text)) is None
    assert parse_moment(text[:19]) == datetime.fromisoformat(text[:19])
