"""Due times: nothing drifts, nothing fires twice, nothing owed is forgotten; across clock changes of twelve zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.schedule import MANUAL, Schedule, read_schedule
from engine.errors import EngineError

ZONES = (
    "America/Santiago", "America/Sao_Paulo", "America/Mexico_City", "America/Bogota", "America/Argentina/Buenos_Aires",
    "America/Havana", "America/Tijuana", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu",
    "UTC",
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", ["0 0 * * *", "30 0 * * *", "30 2 * * *", "30 23 * * *"])
def test_a_daily_time_comes_once_a_day_for_three_years(zone: str, cron: str) -> None:
    """Chile has no midnight on one day a year and 23:30 twice on another; each nominal day still fires once."""
    schedule = read_schedule({"cron": cron, "timezone": zone})
    time, days = at("2025-12-31T12:00"), []
    while time < at("2028-12-31T00:00"):
        after = schedule.after(time)
        assert after > time
        local = after.astimezone(ZoneInfo(zone))
        days.append(local.date())
        time = after
    assert len(set(days)) == len(days)
    assert {(b - a).days for a, b in pairwise(days)} == {1}


def test_an_interval_counts_from_the_last_due_time() -> None:
    schedule = read_schedule({"every": "6h"})
    last = at("2026-01-01T01:30")
    assert schedule.coming(last, 3) == [at("2026-01-01T07:30"), at("2026-01-01T13:30"), at("2026-01-01T19:30")]
    assert schedule.missed(last, at("2026-01-01T07:29")) == ([], last)
    assert schedule.missed(last, at("2026-01-01T07:30")) == ([at("2026-01-01T07:30")], at("2026-01-01T07:30"))


def test_months_keep_their_day_where_there_is_one() -> None:
    schedule = read_schedule({"every": "1mo", "timezone": "America/Sao_Paulo"})
    assert [t.day for t in schedule.coming(at("2026-01-31T12:00"), 4)] == [28, 31, 30, 31]


@pytest.mark.parametrize(
    ("misfire", "run"),
    [("once", ["2026-01-03T00:00"]), ("all", ["2026-01-02T12:00", "2026-01-03T00:00"]), ("skip", [])],
)
@pytest.mark.parametrize("refresh", [{"every": "12h"}, {"cron": "0 0,12 * * *"}])
def test_what_was_missed(refresh: dict[str, str], misfire: str, run: list[str]) -> None:
    """Asleep from the first of January to the third at nine: two of four times lie within the last day."""
    schedule = read_schedule(refresh | {"misfire": misfire})
    found, newest = schedule.missed(at("2026-01-01T00:00"), at("2026-01-03T09:00"))
    assert found == [at(one) for one in run]
    assert newest == at("2026-01-03T00:00")


def test_a_long_absence_is_bounded() -> None:
    for refresh in ({"every": "1min"}, {"cron": "* * * * *"}):
        schedule = read_schedule(refresh | {"misfire": "all", "catch_up": "2h"})
        found, newest = schedule.missed(at("2000-01-01T00:00"), at("2026-01-01T00:00"))
        assert (len(found), newest) == (121, at("2026-01-01T00:00"))


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda m: m.replace(tzinfo=UTC))
SCHEDULES = st.one_of(
    st.builds(lambda n, u: {"every": f"{n}{u}"}, st.integers(1, 90), st.sampled_from(["h", "d", "w", "mo"])),
    st.builds(
        lambda m, h, z: {"cron": f"{m} {h} * * *", "timezone": z},
        st.integers(0, 59), st.integers(0, 23), st.sampled_from(ZONES),
    ),
)  # fmt: skip


@given(SCHEDULES, MOMENTS, st.lists(st.integers(0, 200_000), max_size=20))
def test_however_the_clock_is_looked_at_the_same_times_come(
    refresh: dict[str, str], start: datetime, waits: list[int]
) -> None:
    """Waking at any moments, with policy `all` and no limit, gives each time once and in order."""
    schedule = read_schedule(refresh | {"misfire": "all", "catch_up": "100y"})
    now, last, found = start, start, []
    for wait in waits:
        now += timedelta(seconds=wait)
        due, last = schedule.missed(last, now)
        found += due
    expected = []
    for time in schedule.times(start):
        if time > now:
            break
        expected.append(time)
    if "mo" not in refresh.get("every", ""):
        assert found == expected
    assert found == sorted(set(found))


def test_jitter_is_always_the_same() -> None:
    schedule = read_schedule({"every": "1d", "jitter": "10min"})
    delays = {schedule.delay(f"a{n}") for n in range(300)}
    assert len(delays) > 150
    assert max(delays) <= timedelta(minutes=10)
    assert schedule.delay("a1") == schedule.delay("a1")
    assert MANUAL.delay("a1") == timedelta(0)


@pytest.mark.parametrize(
    ("refresh", "path"),
    [
        ("hourly", "refresh"),
        ({"every": "6h", "cron": "0 0 * * *"}, "refresh"),
        ({}, "refresh"),
        ({"every": "6 hours"}, "refresh.every"),
        ({"cron": "0 25 * * *"}, "refresh.cron"),
        ({"cron": "0 0 30 2 *"}, "refresh.cron"),
        ({"cron": "0 0 * * *", "timezone": "America/Sao_Paolo"}, "refresh.timezone"),
        ({"every": "6h", "misfire": "never"}, "refresh.misfire"),
        ({"every": "6h", "each": 1}, "refresh"),
    ],
)
def test_what_means_nothing_is_refused(refresh: object, path: str) -> None:
    with pytest.raises(EngineError) as raised:
        read_schedule(refresh)
    assert raised.value.path == path


def test_what_has_no_times() -> None:
    assert read_schedule(None) == read_schedule("manual") == Schedule()
    assert read_schedule("on_data").kind == "on_data"
    assert read_schedule("on_data").coming(at("2026-01-01")) == []
