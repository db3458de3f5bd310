"""What is due becomes a task once: whenever the clock is looked at, whatever was saved, paused or still running."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import operations
from engine.daemon.queue import DueQueue
from engine.domain.documents import iso
from engine.errors import EngineError
from engine.operations import Workspace
from tests.support.small import AS_OF, make_workspace, write_audience

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERYONE: dict[str, Any] = {"all": []}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path)


def keep(workspace: Workspace, **refresh: Any) -> None:
    """Save audiences with these refreshes."""
    folder = workspace.folder.parent / "audiences"
    for name, one in refresh.items():
        write_audience(folder, name, EVERYONE, **({} if one is None else {"refresh": one}))
    operations.apply(workspace, folder, as_of=AS_OF)


def queued(workspace: Workspace) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.due, one.audiences) for one in reversed(operations.tasks(workspace, most=1000))]


def look(queue: DueQueue, minutes: float) -> datetime:
    now = START + timedelta(minutes=minutes)
    queue.follow(now)
    queue.tick(now)
    return now


def test_all_due_at_one_time_are_one_task(workspace: Workspace) -> None:
    keep(workspace, a={"every": "1h"}, b={"every": "1h"}, c={"every": "2h"}, d=None, e="on_data")
    queue = DueQueue(workspace)
    look(queue, 0)
    look(queue, 0)
    assert queued(workspace) == [("2026-03-01T12:00:00Z", ("a", "b", "c"))]
    finish_all(queue)
    look(queue, 59)
    look(queue, 60)
    finish_all(queue)
    look(queue, 125)
    assert queued(workspace)[1:] == [("2026-03-01T13:00:00Z", ("a", "b")), ("2026-03-01T14:00:00Z", ("a", "b", "c"))]


def finish_all(queue: DueQueue) -> None:
    now = "2026-03-01T12:00:00Z"
    fence = queue.daemons.start(1, "here", now)
    while (task := queue.tasks.next("2030-01-01T00:00:00Z")) is not None:
        assert queue.tasks.claim(task, fence, now)
        assert queue.tasks.finish(task, fence, "done", now)


@pytest.mark.parametrize(("overlap", "count"), [("skip", 1), ("buffer", 2)])
def test_what_comes_while_a_run_is_not_done(workspace: Workspace, overlap: str, count: int) -> None:
    keep(workspace, a={"every": "1h", "overlap": overlap})
    queue = DueQueue(workspace)
    look(queue, 0)
    fence = queue.daemons.start(1, "here", "2026-03-01T12:00:00Z")
    assert queue.tasks.claim(1, fence, "2026-03-01T12:00:00Z")
    for hour in (1, 2, 3):
        look(queue, 60 * hour)
    assert len(queued(workspace)) == count


def test_what_a_saved_audience_changes(workspace: Workspace) -> None:
    keep(workspace, a={"every": "1h"})
    queue = DueQueue(workspace)
    look(queue, 0)
    finish_all(queue)
    keep(workspace, a={"every": "3h"})
    look(queue, 100)
    assert len(queued(workspace)) == 1  # three hours are counted from the last due time
    look(queue, 180)
    assert queued(workspace)[1:] == [("2026-03-01T15:00:00Z", ("a",))]
    finish_all(queue)
    keep(workspace, a=None)
    look(queue, 1000)
    keep(workspace, a={"cron": "0 9 * * *", "timezone": "America/Bogota"})
    look(queue, 1001)
    look(queue, 2000)
    assert [due for due, _ in queued(workspace)][2:] == ["2026-03-02T14:00:00Z"]
    operations.delete(workspace, "a")
    look(queue, 9000)
    assert len(queued(workspace)) == 3


def test_pausing_lets_times_pass(workspace: Workspace) -> None:
    keep(workspace, a={"every": "1h"}, m=None)
    operations.pause(workspace, ["a"], paused=True)  # before any daemon ever ran
    queue = DueQueue(workspace)
    look(queue, 0)
    look(queue, 300)
    assert queued(workspace) == []
    operations.pause(workspace, ["a"], paused=False)
    look(queue, 301)
    assert len(queued(workspace)) == 1
    with pytest.raises(EngineError, match="no schedule"):
        operations.pause(workspace, ["m"], paused=True)


def test_new_data_makes_some_due_once(workspace: Workspace) -> None:
    keep(workspace, a="on_data", b={"every": "1d"}, c="on_data")
    queue = DueQueue(workspace)
    queue.follow(START)
    fence = queue.daemons.start(1, "here", "2026-03-01T12:00:00Z")
    assert queue.new_data(fence, "one", START) is not None
    assert queue.new_data(fence, "one", START) is None
    assert queue.new_data(fence, "two", START) is None  # the queued one will see it
    finish_all(queue)
    assert queue.new_data(fence + 1, "three", START) is not None
    assert [ids for _, ids in queued(workspace)] == [("a", "c"), ("a", "c")]


def test_more_collected_or_computed_makes_due_whom_it_concerns(workspace: Workspace) -> None:
    keep(workspace, follows="on_data", whole="on_data", trait="on_data")
    queue = DueQueue(workspace)
    fence = queue.daemons.start(1, "here", iso(START))
    queue.follow(START)

    def due(version: str) -> set[str]:
        task = queue.new_data(fence, version, START, apart_from=["follows", "trait"], computed=["trait"])
        if task is None:
            return set()
        found = queue.tasks.get(task)
        assert found is not None
        queue.tasks.cancel(task, iso(START))
        return set(found.audiences) & {"follows", "whole", "trait"}

    assert due("a+1") == {"follows", "whole", "trait"}
    assert due("a+2") == {"whole"}
    assert due("a~1+2") == {"whole", "trait"}
    assert due("a~1+2") == set()
    assert due("b~1+2") == {"follows", "whole", "trait"}


def test_only_the_daemon_in_charge_may_write(workspace: Workspace) -> None:
    keep(workspace, a={"every": "1h"})
    queue = DueQueue(workspace)
    look(queue, 0)
    old = queue.daemons.start(1, "here", "2026-03-01T12:00:00Z")
    assert queue.tasks.claim(1, old, "2026-03-01T12:00:00Z")
    new = queue.daemons.start(2, "here", "2026-03-01T12:01:00Z")
    assert new > old
    assert not queue.tasks.finish(1, old, "done", "2026-03-01T12:01:00Z")
    assert not queue.daemons.beat(old, "2026-03-01T12:01:00Z")
    queue.tasks.requeue(1, "2026-03-01T12:01:00Z")
    assert not queue.tasks.claim(1, old, "2026-03-01T12:01:00Z")
    assert queue.tasks.claim(1, new, "2026-03-01T12:01:00Z")


def test_backfill_asks_for_each_time(workspace: Workspace) -> None:
    keep(workspace, a={"cron": "0 0 * * *", "timezone": "America/Santiago"}, m=None)
    made = operations.backfill(workspace, "a", "2026-04-03T00:00:00Z", "2026-04-06T23:00:00Z")
    assert len(made) == 4
    assert [due for due, _ in queued(workspace)] == [
        "2026-04-03T03:00:00Z",
        "2026-04-04T03:00:00Z",
        "2026-04-05T04:00:00Z",
        "2026-04-06T04:00:00Z",
    ]
    for start, end, target in (
        ("2026-04-06T00:00:00Z", "2026-04-03T00:00:00Z", "a"),
        ("2000-01-01T00:00:00Z", "2026-04-03T00:00:00Z", "a"),
        ("2026-04-03T00:00:00Z", "2026-04-04T00:00:00Z", "m"),
    ):
        with pytest.raises(EngineError):
            operations.backfill(workspace, target, start, end)
    assert len(operations.tasks(workspace)) == 4


@settings(max_examples=15)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=12), st.sampled_from(["once", "all"]))
def test_no_time_is_lost_or_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, waits: list[int], misfire: str
) -> None:
    """The daemon dies and looks again at any moment: with `all` each time comes once, with `once` the newest."""
    workspace = make_workspace(tmp_path_factory.mktemp("queue"))
    keep(workspace, a={"every": "1h", "misfire": misfire, "catch_up": "52w", "overlap": "buffer"})
    minutes, expected = 0.0, 1
    queue = DueQueue(workspace)
    look(queue, 0)
    finish_all(queue)
    for wait in waits:
        before = int(minutes // 60)
        minutes += wait
        queue = DueQueue(workspace)  # another daemon, which knows only what is in the store
        look(queue, minutes)
        look(queue, minutes)
        finish_all(queue)
        passed = int(minutes // 60) - before
        expected += passed if misfire == "all" else min(passed, 1)
    dues = [due for due, _ in queued(workspace)]
    assert len(dues) == len(set(dues)) == expected
    assert dues == sorted(dues)


def test_very_many_audiences_are_followed_a_part_at_a_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.daemon.queue.AT_ONCE", 2)
    keep(workspace, **{name: {"every": "1h"} for name in "abcde"})
    queue = DueQueue(workspace)
    seen = []
    for _ in range(4):
        queue.follow(START)
        seen.append((len(queue.schedules.all()), queue.behind))
    assert seen == [(2, True), (4, True), (5, False), (5, False)]


@settings(max_examples=20)
@given(st.lists(st.integers(-170, 400), min_size=1, max_size=25))
def test_a_clock_that_is_set_back_a_little_makes_no_time_come_twice(
    tmp_path_factory: pytest.TempPathFactory, jumps: list[int]
) -> None:
    """Time servers and people turn the clock: within three hours every hour still comes once."""
    workspace = make_workspace(tmp_path_factory.mktemp("queue"))
    keep(workspace, a={"every": "1h", "misfire": "all", "catch_up": "52w", "overlap": "buffer"})
    minutes = latest = 0
    queue = DueQueue(workspace)
    look(queue, 0)
    finish_all(queue)
    for jump in jumps:
        minutes = max(minutes + jump, latest - 179)
        latest = max(latest, minutes)
        queue = DueQueue(workspace)
        queue.set_back(START + timedelta(minutes=minutes))
        look(queue, minutes)
        finish_all(queue)
    dues = [due for due, _ in queued(workspace)]
    assert dues == sorted(set(dues))
    assert len(dues) == latest // 60 + 1


def test_a_clock_that_was_years_ahead_does_not_stop_anything(workspace: Workspace) -> None:
    keep(workspace, a={"every": "1h"}, b={"cron": "0 3 * * *", "timezone": "UTC"}, c=None)
    queue = DueQueue(workspace)
    look(queue, 0)
    finish_all(queue)
    look(queue, 9 * 365 * 24 * 60)  # the machine came up with a wrong clock …
    now = look(queue, 60)  # … that was set right
    waiting = len(queued(workspace))
    assert queue.tasks.next(iso(now)) is None, "what came of the wrong clock waits for its year"
    assert queue.set_back(now) == 2
    assert queue.tasks.next(iso(now)) is not None
    finish_all(queue)
    look(queue, 121)
    finish_all(queue)
    look(queue, 16 * 60)
    assert queued(workspace)[waiting:] == [
        ("2026-03-01T14:00:00Z", ("a",)),
        ("2026-03-02T03:00:00Z", ("b",)),
        ("2026-03-02T04:00:00Z", ("a",)),
    ]
    assert queue.set_back(START + timedelta(hours=16)) == 0


def test_an_audience_that_cannot_be_read_does_not_stop_the_others(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that an older Convoke saved with a refresh that means nothing any more."""
    keep(workspace, a={"every": "1h"}, b={"every": "1h"})
    readable = workspace.audiences.get

    def get(identifier: str) -> Any:
        if identifier == "a":
            raise EngineError("operand", "no cron time", "refresh.cron")
        return readable(identifier)

    monkeypatch.setattr(workspace.audiences, "get", get)
    queue = DueQueue(workspace)
    assert list(queue.follow(START)) == ["a"]
    assert queue.follow(START) == {}  # said once
    queue.tick(START)
    assert queued(workspace) == [("2026-03-01T12:00:00Z", ("b",))]
