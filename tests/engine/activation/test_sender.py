"""Sending against faults: rows and batches that are refused, waits, and every point of a crash."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.activation.sender import BREAK_AFTER, BREAK_FOR, GIVE_UP_AFTER
from engine.destinations.protocol import Batch, Capabilities, Later, Misconfigured, Refused
from engine.errors import EngineError
from engine.operations import (
    Workspace,
    allow_secret,
    destinations,
    grants,
    run,
    sent_to,
    sync_due,
    syncs,
)
from engine.store.database import Database
from tests.support.delivering import (
    BY_MAIL,
    PEOPLE,
    Memory,
    add,
    expected,
    make,
    person,
    refresh,
)


def test_rejected_rows_come_again_only_when_they_are_others(tmp_path: Path, out: Memory) -> None:
    out.refuses = lambda key: "too_young" if key == "3" else None
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        assert "3" not in out.state
        assert [one["outcome"] for one in sent_to(workspace, "3")] == ["too_young"]
        sent = len(out.batches)
        refresh(workspace)
        (found,) = sync_due(workspace)
        assert (len(out.batches), found.summary["refused_before"]) == (sent, 1)
        out.refuses = lambda key: None
        refresh(workspace, [replace(p, email="new@example.com") if p.id == 3 else p for p in PEOPLE])
        sync_due(workspace)
        assert "3" in out.state


def test_one_poisonous_row_is_found_by_halving(tmp_path: Path, out: Memory) -> None:
    def refuse(batch: Batch) -> None:
        if any(row.key == "5" for row in batch.rows) and batch.operation == "add":
            raise Refused("a row cannot be read")

    out.capabilities = Capabilities(100, "set", "protocol")
    out.before = refuse
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        (found,) = sync_due(workspace)
        assert found.state == "done"
        assert sorted(out.state) == ["1", "2", "3", "4", "6", "7"]
        assert [one["outcome"] for one in sent_to(workspace, "5")] == ["a row cannot be read"]
        assert found.reason == "1 of the people are set aside until their values change: a row cannot be read"


def test_waits_are_kept_and_a_failing_destination_is_left_alone(
    tmp_path: Path, out: Memory, clock: list[datetime]
) -> None:
    faults: list[Exception] = [Later("busy", 120.0), *(Later("down") for _ in range(BREAK_AFTER - 1))]

    def fail(batch: Batch) -> None:
        if faults:
            raise faults.pop(0)

    out.before = fail
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        (first,) = sync_due(workspace)
        assert (first.state, first.reason, first.attempt) == ("planned", "busy", 1)
        assert datetime.fromisoformat(first.not_before) == clock[0] + timedelta(seconds=120)
        assert sync_due(workspace) == []
        for _ in range(BREAK_AFTER - 1):
            clock[0] += timedelta(hours=1)
            sync_due(workspace)
        (row,) = destinations(workspace)
        assert row.open_until is not None
        assert sync_due(workspace) == []
        clock[0] += timedelta(hours=7)
        (last,) = sync_due(workspace)
        assert last.state == "done"
        assert out.state == expected(PEOPLE)
        assert destinations(workspace)[0].failures == 0


def test_who_arrived_unnoticed_and_was_refused_then_still_leaves_with_the_audience(
    tmp_path: Path, out: Memory, clock: list[datetime]
) -> None:
    """The answer to the first try is lost and the second one refuses a row: that person may be there all the same."""
    lost = [True]

    def lose(batch: Batch) -> None:
        if lost and lost.pop():
            out.refuses = lambda key: "too_young" if key == "3" else None
            raise Later("the answer was lost", 0.0)

    out.capabilities, out.after = Capabilities(100, "set", "protocol"), lose
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"max_removal": 100}) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        assert [one.state for one in sync_due(workspace)] == ["planned"]
        assert "3" in out.state
        clock[0] += timedelta(hours=1)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert "3" in [key for (key,) in workspace.database._connection.execute("SELECT key FROM delivered")]
        out.refuses = lambda key: None
        refresh(workspace, [one for one in PEOPLE if one.id != 3])
        clock[0] += timedelta(hours=1)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert sorted(out.state) == ["1", "2", "4", "5", "6", "7"]


def test_who_was_refused_at_the_first_try_was_never_there(tmp_path: Path, out: Memory) -> None:
    out.capabilities = Capabilities(100, "set", "protocol")
    out.refuses = lambda key: "too_young" if key == "3" else None
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"max_removal": 100}) as workspace:
        refresh(workspace)
        sync_due(workspace)
        assert "3" not in [key for (key,) in workspace.database._connection.execute("SELECT key FROM delivered")]
        refresh(workspace, [one for one in PEOPLE if one.id != 3])
        (found,) = sync_due(workspace)
        assert found.summary["remove"] == 0


@pytest.mark.parametrize(("code", "state", "attempt"), [("warehouse", "planned", 1), ("operand", "failed", 0)])
def test_an_error_of_ones_own_is_not_the_destinations(
    tmp_path: Path, out: Memory, clock: list[datetime], code: str, state: str, attempt: int
) -> None:
    """What may pass is tried again, what a person must mend ends the sync; no breaker opens."""
    errors = [EngineError(code, "it went wrong here")]

    def fail(batch: Batch) -> None:
        if errors:
            raise errors.pop()

    out.before = fail
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        (found,) = sync_due(workspace)
        assert (found.state, found.attempt, destinations(workspace)[0].failures) == (state, attempt, 0)
        assert out.state == {}


def test_each_wait_is_the_next_one_and_the_last_try_gives_up(
    tmp_path: Path, out: Memory, clock: list[datetime]
) -> None:
    """1, 5, 15, 60, 180 minutes, then 360 each time; the breaker holds from the fifth failure on; the twelfth ends it."""

    def down(batch: Batch) -> None:
        raise Later("down")

    out.before = down
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        waits, opens = [], []
        for attempt in range(1, GIVE_UP_AFTER + 1):
            (found,) = sync_due(workspace)
            assert (found.state, found.attempt) == ("failed" if attempt == GIVE_UP_AFTER else "planned", attempt)
            opened = destinations(workspace)[0].open_until
            opens.append(opened is not None)
            if opened is not None:
                assert datetime.fromisoformat(opened) == clock[0] + BREAK_FOR
            if found.state == "failed":
                break
            again = datetime.fromisoformat(found.not_before)
            waits.append(int((again - clock[0]).total_seconds()) // 60)
            clock[0] = max(again, clock[0] if opened is None else datetime.fromisoformat(opened))
            clock[0] -= timedelta(seconds=1)
            assert sync_due(workspace) == [], "a second before its time"
            clock[0] += timedelta(seconds=1)
        assert waits == [1, 5, 15, 60, 180, 360, 360, 360, 360, 360, 360]
        assert opens == [number >= BREAK_AFTER for number in range(1, GIVE_UP_AFTER + 1)]
        assert out.state == {}


def test_a_wait_that_a_destination_asks_for_is_a_second_at_least(
    tmp_path: Path, out: Memory, clock: list[datetime]
) -> None:
    after = [0.0, 1.0, 2.5]

    def busy(batch: Batch) -> None:
        if after:
            raise Later("busy", after.pop(0))

    out.before = busy
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        for seconds in (1, 1, 2):
            (found,) = sync_due(workspace)
            waited = datetime.fromisoformat(found.not_before) - clock[0]
            assert int(waited.total_seconds()) == seconds
            clock[0] += timedelta(seconds=3)
        assert [one.state for one in sync_due(workspace)] == ["done"]


def test_what_never_gets_through_ends_and_is_taken_up_again(tmp_path: Path, out: Memory, clock: list[datetime]) -> None:
    def down(batch: Batch) -> None:
        raise Later("down")

    out.before = down
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        for _ in range(GIVE_UP_AFTER):
            sync_due(workspace)
            clock[0] += timedelta(hours=8)
        assert [one.state for one in syncs(workspace)] == ["failed"]
        out.before = lambda batch: None
        run(workspace, ["sp"], as_of=clock[0])
        clock[0] += timedelta(hours=1)
        assert [one.state for one in sync_due(workspace)] == ["done", "done"]
        assert out.state == expected(PEOPLE)


def test_a_destination_that_is_wrongly_set_up_waits_for_a_person(tmp_path: Path, out: Memory) -> None:
    def closed(batch: Batch) -> None:
        raise Misconfigured("the account is closed", "Open it.")

    out.before = closed
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        (found,) = sync_due(workspace)
        assert (found.state, found.reason) == ("failed", "the account is closed. Open it.")
        assert sync_due(workspace) == []


STEP = int(os.environ.get("CONVOKE_STEP", "11"))
"""`make proof-points` has all of them, this is a sample."""


class Crash(BaseException):
    """The process is gone."""


def test_a_crash_at_any_point_loses_and_doubles_nothing(
    tmp_path: Path, out: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every STEP-th statement of the store and side of a call; then the next process goes on."""
    changed = [replace(PEOPLE[0], email="other@example.com"), *PEOPLE[2:], person(20)]
    steps, at = [0], [0]

    def step() -> None:
        steps[0] += 1
        if steps[0] == at[0]:
            raise Crash

    rows, control = Database.rows, Database._control

    def counted_rows(self: Database, *arguments: Any) -> Any:
        step()
        return rows(self, *arguments)

    def counted_control(self: Database, statement: str) -> None:
        step()
        control(self, statement)
        step()

    def countedly(call: Callable[[], object]) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Database, "rows", counted_rows)
            patched.setattr(Database, "_control", counted_control)
            out.before = out.after = lambda batch: step()
            try:
                call()
            finally:
                out.before = out.after = lambda batch: None

    reached = False
    crashes = 0
    while not reached:
        at[0] += STEP
        folder = tmp_path / f"ws{at[0]}"
        out.state.clear()
        out.effects.clear()
        with make(folder, PEOPLE, BY_MAIL) as workspace:
            refresh(workspace)
            sync_due(workspace)
            refresh(workspace, changed)
            out.effects.clear()
        workspace = Workspace(folder)
        steps[0] = 0
        try:
            countedly(lambda workspace=workspace: sync_due(workspace))  # type: ignore[misc]
            reached = True
        except Crash:
            crashes += 1
        workspace.database._connection.close()
        with Workspace(folder) as after:
            sync_due(after)
            assert [one.state for one in syncs(after)] == ["done", "done"]
            assert out.state == expected(changed), at[0]
            assert out.effects == [("remove", "1"), ("remove", "2"), ("add", "1"), ("add", "20")], at[0]
            assert sync_due(after) == []
    assert crashes * STEP > 40


def test_anything_that_happens_ends_in_what_should_be_there(tmp_path: Path, out: Memory, clock: list[datetime]) -> None:
    """People, consents and addresses at random, faults at random: after the last sync the state is the wanted one."""
    rng = random.Random(5)
    for world in range(8):
        people = [person(i, agreed=rng.random() < 0.8) for i in range(1, 30)]
        out.state.clear()
        fault = [0.0]

        def trouble(batch: Batch, fault: list[float] = fault) -> None:
            if rng.random() < fault[0]:
                raise rng.choice([Later("busy", 0.0), Later("busy", 0.0), Refused("something")])

        def lost(batch: Batch, fault: list[float] = fault) -> None:
            if rng.random() < fault[0]:
                raise Later("the answer was lost", 0.0)

        out.before, out.after = trouble, lost
        settings = BY_MAIL | {"max_removal": 100}
        with make(tmp_path / f"ws{world}", people, settings, consent=["ads"]) as workspace:
            for _ in range(5):
                fault[0] = rng.choice([0.0, 0.3])
                people = [
                    replace(
                        one,
                        city=rng.choice(["SP", "SP", "RJ"]),
                        agreed=rng.random() < 0.8,
                        email=rng.choice([one.email, f"new{rng.randrange(99)}@example.com", None]),
                    )
                    for one in people
                ]
                refresh(workspace, people)
                for _ in range(8):
                    sync_due(workspace)
                    clock[0] += timedelta(minutes=rng.choice([5, 90]))
            clock[0] += timedelta(days=1)
            fault[0] = 0.0
            people = [replace(one, email=f"last{one.id}@example.com") for one in people]  # none that was refused
            refresh(workspace, people)
            while sync_due(workspace):
                pass
            assert out.state == expected(people), world
            told = json.loads(json.dumps([one.as_json() for one in syncs(workspace)]))
            assert {one["audience"] for one in told} == {"sp"}
            assert {one["state"] for one in told} <= {"done", "superseded"}, "nothing is left to be sent"


def test_destinations_with_the_same_credentials_are_left_alone_together(
    tmp_path: Path, out: Memory, clock: list[datetime]
) -> None:
    def fail(batch: Batch) -> None:
        raise Later("locked")

    def state(workspace: Workspace) -> dict[str, bool]:
        return {row.id: row.open_until is not None for row in destinations(workspace)}

    same = {"settings": {"token": {"secret": "shared"}}}
    out.before = fail
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | same) as workspace:
        (given,) = grants(workspace)
        allow_secret(workspace, "shared", "same", [given.place])
        add(workspace, "same", BY_MAIL | same)
        add(workspace, "other", BY_MAIL | {"settings": {"token": {"secret": "own"}}})
        add(workspace, "bare", BY_MAIL)
        run(workspace, ["sp"], as_of=clock[0])
        for _ in range(BREAK_AFTER):
            sync_due(workspace)
            clock[0] += timedelta(hours=1)
        assert state(workspace) == {"out": True, "same": True, "other": False, "bare": False}
        out.before = lambda batch: None
        clock[0] += timedelta(hours=7)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert state(workspace) == dict.fromkeys(("out", "same", "other", "bare"), False)
