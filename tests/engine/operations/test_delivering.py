"""Deliveries from the warehouse to a destination: exactly what changed, guards, faults, and every point of a crash."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.activation.sender import BREAK_AFTER, GIVE_UP_AFTER
from engine.destinations import opening
from engine.destinations.protocol import Batch, Capabilities, Later, Misconfigured, Refused
from engine.errors import EngineError
from engine.operations import (
    Workspace,
    activating,
    clean_store,
    delete,
    delivering,
    destinations,
    pause_destination,
    preview_sync,
    remove_destination,
    run,
    sent_to,
    sync,
    sync_due,
    syncs,
    try_destination,
    upload_list,
)
from engine.store.database import Database
from tests.support.delivering import Memory, Person, add, expected, make, person, publish, refresh, save_audience

PEOPLE = [person(i) for i in range(1, 8)]


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Memory:
    made = Memory()
    monkeypatch.setattr(opening, "BUILT_IN", {**opening.BUILT_IN, "memory": made})
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A clock that one may turn."""
    now = [datetime(2026, 11, 25, 12, tzinfo=UTC)]
    monkeypatch.setattr(delivering, "clock", lambda: now[0])
    monkeypatch.setattr(activating, "clock", lambda: now[0])
    monkeypatch.setattr(delivering.Delivering.__init__, "__defaults__", (None, lambda: now[0]))
    return now


BY_MAIL = {"type": "memory", "identifiers": ["email"]}


def test_exactly_what_changed_is_sent(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL, consent=["ads"]) as workspace:
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert out.state == expected(PEOPLE)
        out.effects.clear()
        changed = [
            replace(PEOPLE[0], email="other@example.com"),
            replace(PEOPLE[1], agreed=False),
            *PEOPLE[2:],
            person(20),
            Person(21),
        ]
        refresh(workspace, changed)
        (found,) = sync_due(workspace)
        assert out.state == expected(changed)
        assert out.effects == [("remove", "1"), ("remove", "2"), ("add", "1"), ("add", "20")]
        assert (found.summary["add"], found.summary["remove"], found.summary["change"]) == (1, 1, 1)
        assert found.summary["left_out"] == {"no_consent": 1, "no_identifier": 1}
        assert [s.as_json()["state"] for s in syncs(workspace)] == ["done", "done"]
        story = [(one["operation"], one["destination"], one["outcome"]) for one in sent_to(workspace, "1")]
        assert story == [("add", "out", "sent"), ("remove", "out", "sent"), ("add", "out", "sent")]


def test_nothing_raw_is_kept_or_sent(tmp_path: Path) -> None:
    people = [person(i, phone="+55 11 98765-4321") for i in range(1, 5)]
    folder = {"type": "folder", "settings": {"path": "exports"}, "identifiers": ["email", "phone"]}
    with make(tmp_path / "ws", people, folder) as workspace:
        refresh(workspace)
        assert [one.state for one in sync(workspace)] == ["done"]
    for path in (tmp_path / "ws").rglob("*"):
        if path.is_file() and "warehouse" not in path.parts and path.suffix != ".yaml":
            data = path.read_bytes().lower()
            assert b"@example.com" not in data, path
            assert b"98765" not in data, path
            assert b"987654321" not in data, path


def test_who_withdraws_consent_leaves_at_the_next_sync_without_a_run(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL, consent=["ads"]) as workspace:
        refresh(workspace)
        sync_due(workspace)
        publish(workspace.folder, [replace(PEOPLE[0], agreed=False), *PEOPLE[1:]])
        workspace.reload()
        sync(workspace, ["sp"])
        assert sorted(out.state) == ["2", "3", "4", "5", "6", "7"]


def test_suppressed_and_held_out_people_stay_away(tmp_path: Path, out: Memory) -> None:
    listed = tmp_path / "never.csv"
    listed.write_text("2\n3\n", encoding="utf-8")
    many = [person(i) for i in range(1, 201)]
    with make(tmp_path / "ws", many, BY_MAIL) as workspace:
        upload_list(workspace, "never", listed)
        save_audience(workspace, "first", {"sql": "SELECT id FROM people WHERE id = 5"})
        settings = {"suppress": [{"list": "never"}, "first"], "holdout": {"percent": 20, "seed": "x"}}
        save_audience(workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["out"], **settings)
        refresh(workspace)
        (found,) = sync_due(workspace)
        away = found.summary["left_out"]
        assert away["suppressed"] == 3
        assert 20 <= away["held_out"] <= 60
        assert len(out.state) == 197 - away["held_out"]
        assert not {"2", "3", "5"} & out.state.keys()
        before = set(out.state)
        sync(workspace, ["sp"])
        assert set(out.state) == before  # the same people are held out


def test_guards_hold_a_sync_until_a_person_decides(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"min_size": 3}) as workspace:
        refresh(workspace)
        sync_due(workspace)
        refresh(workspace, PEOPLE[:4])
        (held,) = sync_due(workspace)
        assert held.state == "held"
        assert "3 of 7 people would be removed, more than 30 %" in (held.reason or "")
        assert len(out.state) == 7
        (found,) = sync(workspace, ["sp"], allow_removals=True)
        assert (found.state, len(out.state)) == ("done", 4)
        refresh(workspace, PEOPLE[:2])
        (small,) = sync_due(workspace)
        assert "only 2 people would be there, fewer than 3" in (small.reason or "")
        refresh(workspace, PEOPLE)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert len(out.state) == 7


def test_two_audiences_that_tell_one_person_apart_do_not_both_go(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"min_size": 3}) as workspace:
        save_audience(workspace, "most", {"sql": "SELECT id FROM people WHERE id <> 7"}, destinations=["out"])
        refresh(workspace, None, "sp")
        sync_due(workspace)
        refresh(workspace, None, "most")
        (held,) = sync_due(workspace)
        assert held.state == "held"
        assert 'differs from "sp"' in (held.reason or "")
        preview = preview_sync(workspace, ["most"])[0]
        assert preview.held == held.reason


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


def test_what_waited_too_long_is_planned_anew(tmp_path: Path, out: Memory, clock: list[datetime]) -> None:
    faults: list[Exception] = [Later("down")]

    def fail(batch: Batch) -> None:
        if faults:
            raise faults.pop(0)

    with make(tmp_path / "ws", PEOPLE, BY_MAIL, consent=["ads"]) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        out.before = fail
        sync_due(workspace)
        publish(workspace.folder, [replace(p, agreed=p.id < 5) for p in PEOPLE])
        workspace.reload()
        clock[0] += timedelta(hours=3)
        (found,) = sync_due(workspace)
        assert found.state in ("done", "held")
        assert not {"5", "6", "7"} & out.state.keys()


def test_what_was_sent_before_it_was_held_is_made_whole(tmp_path: Path, out: Memory, clock: list[datetime]) -> None:
    """Two of seven were sent, then it waited; planned anew it is held back: a manifest tells of the two."""

    def third_fails(batch: Batch) -> None:
        if len(out.batches) == 1:
            raise Later("down")

    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"min_size": 5}, consent=["ads"]) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        out.before = third_fails
        assert [one.state for one in sync_due(workspace)] == ["planned"]
        out.before = lambda batch: None
        publish(workspace.folder, [replace(p, agreed=p.id < 4) for p in PEOPLE])
        workspace.reload()
        clock[0] += timedelta(hours=3)
        (held,) = sync_due(workspace)
        assert held.state == "held"
        assert "fewer than 5" in (held.reason or "")
        assert out.finished == [held.id]
        publish(workspace.folder, PEOPLE)
        workspace.reload()
        sync(workspace, ["sp"])
        assert out.state == expected(PEOPLE)


def test_a_warehouse_that_cannot_be_read_now_is_tried_again(tmp_path: Path, out: Memory, clock: list[datetime]) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        data = workspace.folder / "warehouse" / "warehouse.duckdb"
        workspace.reload()
        data.rename(data.with_suffix(".away"))
        (found,) = sync_due(workspace)
        assert (found.state, found.attempt) == ("queued", 1)
        assert "empty" in (found.reason or "")
        data.with_suffix(".away").rename(data)
        clock[0] += timedelta(minutes=2)
        assert [one.state for one in sync_due(workspace)] == ["done"]


def test_who_was_in_old_batches_is_forgotten_in_time(tmp_path: Path, out: Memory, clock: list[datetime]) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        clock[0] = datetime.now(UTC).replace(microsecond=0) - timedelta(days=100)
        workspace.database._connection.execute("UPDATE sync SET not_before = '2000-01-01T00:00:00Z'")
        sync_due(workspace)
        assert len(list(sent_to(workspace, "1"))) == 1
        clean_store(workspace)
        assert list(sent_to(workspace, "1")) == []
        sync(workspace, ["sp"])
        assert len(out.effects) == 7  # nobody is sent again


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
        assert (found.state, found.reason) == ("failed", "the account is closed Open it.")
        assert sync_due(workspace) == []


def test_paused_reset_and_removed(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        pause_destination(workspace, "out", paused=True)
        refresh(workspace)
        assert sync_due(workspace) == []
        pause_destination(workspace, "out", paused=False)
        assert len(sync_due(workspace)) == 1
        out.state.clear()
        sync(workspace, ["sp"])
        assert out.state == {}  # it was acknowledged
        sync(workspace, ["sp"], reset=True)
        assert out.state == expected(PEOPLE)
        with pytest.raises(EngineError, match="because sp goes there"):
            remove_destination(workspace, "out")
        delete(workspace, "sp")
        remove_destination(workspace, "out")
        assert destinations(workspace) == []
        with pytest.raises(EngineError, match='no destination "out"'):
            try_destination(workspace, "out")


def test_an_older_moment_filled_in_later_is_not_delivered(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of="2026-05-01")
        run(workspace, ["sp"], as_of="2026-04-01")
        assert [one.state for one in syncs(workspace)] == ["queued"]


def test_a_destination_that_is_not_there_is_said_and_others_go_on(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        save_audience(workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["nowhere", "out"])
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        states = {one.destination_id: (one.state, one.reason) for one in syncs(workspace)}
        assert states == {"out": ("done", None), "nowhere": ("failed", 'there is no destination "nowhere"')}
        assert out.state == expected(PEOPLE)


def test_only_the_newest_snapshot_of_those_that_wait_is_sent(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        refresh(workspace, PEOPLE[:6])
        assert [one.state for one in syncs(workspace)] == ["queued", "superseded"]
        sync_due(workspace)
        assert len(out.state) == 6


def test_a_dry_run_changes_nothing_and_masks(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        (found,) = preview_sync(workspace, ["sp"])
        shown = found.as_json()
        assert (shown["add"], shown["reachable"], out.batches) == (7, {"email": 7}, [])
        assert all("…" in value for row in shown["rows"] for _, value in row["values"])
        assert [one.state for one in syncs(workspace)] == ["queued"]


@pytest.mark.parametrize(
    ("destination", "match"),
    [
        ({"type": "nowhere"}, 'no destination of type "nowhere"'),
        ({"type": "memory", "identifiers": ["emial"]}, 'no identifier "emial" Did you mean "email"'),
        ({"type": "memory", "profile": "uid2"}, "does not take the profile uid2"),
        ({"type": "memory", "country": "Brasil"}, "is not a country"),
        ({"type": "memory", "max_removal": 101}, "no share of a hundred"),
        ({"type": "folder", "settings": {}}, "path is missing"),
        ({"type": "folder", "settings": {"path": "x", "fromat": "csv"}}, 'no setting "fromat"'),
        ({"type": "folder", "settings": {"path": "x", "format": "xls"}}, "no format"),
    ],
)
def test_a_wrong_document_is_refused(tmp_path: Path, out: Memory, destination: dict[str, Any], match: str) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        with pytest.raises(EngineError) as caught:
            add(workspace, "wrong", destination)
        assert match in str(caught.value)
        assert [one.id for one in destinations(workspace)] == ["out"]


class Crash(BaseException):
    """The process is gone."""


def test_a_crash_at_any_point_loses_and_doubles_nothing(
    tmp_path: Path, out: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every statement of the store and both sides of every call, one crash each; then the next process goes on."""
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
        at[0] += 1
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
    assert crashes > 40


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
            assert json.dumps([one.as_json() for one in syncs(workspace)])
