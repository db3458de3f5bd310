"""Calendar arithmetic in zones whose clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.domain.durations import midnight, parse_duration, shift, zone
from engine.domain.windows import CalendarLast, bounds


def test_durations_are_read_strictly() -> None:
    assert str(parse_duration("90d")) == "90d"
    for text in ("90", "d", "90 d", "-1d", "1.5h", "1m", "99999999999d", "2000y", "９0d"):
        assert parse_duration(text) is None


def test_a_month_back_is_clipped_and_keeps_the_local_hour() -> None:
    month = parse_duration("1mo")
    assert month is not None
    tz = zone("America/Santiago")
    assert shift(datetime(2024, 3, 31, 12, tzinfo=UTC), month, -1, zone("UTC")) == datetime(2024, 2, 29, 12, tzinfo=UTC)
    before, after = datetime(2024, 5, 1, 4, tzinfo=UTC), datetime(2024, 4, 1, 3, tzinfo=UTC)
    assert shift(before, month, -1, tz) == after  # midnight stays midnight although the clock changed on 7 April


def test_a_midnight_that_does_not_exist_is_the_moment_the_clock_changes() -> None:
    assert midnight(date(2024, 9, 8), zone("America/Santiago")) == datetime(2024, 9, 8, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        ("day", date(2024, 2, 28), date(2024, 3, 1)),
        ("week", date(2024, 2, 12), date(2024, 2, 26)),
        ("month", date(2024, 1, 1), date(2024, 3, 1)),
        ("quarter", date(2023, 7, 1), date(2024, 1, 1)),
        ("year", date(2022, 1, 1), date(2024, 1, 1)),
    ],
)
def test_complete_periods_before(unit: str, start: date, end: date) -> None:
    tz = zone("America/Sao_Paulo")
    window = CalendarLast(unit, 2)  # type: ignore[arg-type]
    assert bounds(window, datetime(2024, 3, 1, 12, tzinfo=UTC), tz) == (midnight(start, tz), midnight(end, tz))
