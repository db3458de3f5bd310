"""Deliveries from the warehouse to a destination: exactly what changed, consent, guards, plans that grew old."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.destinations.protocol import Batch, Later, Misconfigured
from engine.operations import (
    Workspace,
    destinations,
    preview_sync,
    run,
    sent_to,
    sync,
    sync_due,
    syncs,
    trait_run,
    upload_list,
)
from engine.operations.delivering import Delivering, Some
from engine.store.activation import Batches, Outbox
from engine.warehouses.local import publishing
from tests.support.delivering import (
    BY_MAIL,
    PEOPLE,
    Memory,
    Person,
    add,
    expected,
    hashed,
    make,
    person,
    publish,
    refresh,
    save_audience,
)


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


def test_who_was_suppressed_a_moment_ago_waits_for_a_person(tmp_path: Path, out: Memory) -> None:
    listed = tmp_path / "never.csv"
    listed.write_text("id\n2\n3\n", encoding="utf-8")
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        upload_list(workspace, "never", listed)
        save_audience(
            workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["out"], suppress=[{"list": "never"}]
        )
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert sorted(out.state) == ["1", "4", "5", "6", "7"]
        listed.write_text("id\n77\n", encoding="utf-8")
        upload_list(workspace, "never", listed, allow_shrink=True)
        assert 'the list "never", which keeps people away, lost 2 of 2 keys' in (preview_sync(workspace)[0].held or "")
        for _ in range(2):  # the run after it waits too
            refresh(workspace)
            (held,) = sync_due(workspace)
            assert (held.state, len(out.state)) == ("held", 5)
        listed.write_text("id\n2\n3\n8\n", encoding="utf-8")
        upload_list(workspace, "never", listed)
        assert [one.state for one in sync(workspace, ["sp"])] == ["done"]  # it is as it was, and more
        listed.write_text("id\n8\n", encoding="utf-8")
        upload_list(workspace, "never", listed, allow_shrink=True)
        assert [one.state for one in sync(workspace, ["sp"])] == ["held"]
        assert [one.state for one in sync(workspace, ["sp"], allow_removals=True)] == ["done"]
        assert len(out.state) == 7
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == ["done"]  # a person's word is remembered


def test_what_a_rule_excludes_by_a_list_is_suppressed_too(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        workspace.lists.save("never", ["2", "3"], "me")
        save_audience(workspace, "blocked", {"any": [{"list": "never"}, {"trait": "city", "eq": "RJ"}]})
        rule = {"all": [{"trait": "city", "eq": "SP"}, {"not": {"audience": "blocked"}}]}
        save_audience(workspace, "sp", rule, destinations=["out"])
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        workspace.lists.save("never", ["3"], "me")
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == ["held"]
        assert sorted(out.state) == ["1", "4", "5", "6", "7"]


@pytest.mark.parametrize("way", ["suppressed", "excluded", "trait"])
def test_a_table_that_a_suppression_reads_and_that_is_emptied_holds(tmp_path: Path, out: Memory, way: str) -> None:
    everyone, gone = {"trait": "city", "eq": "SP"}, {"sql": "SELECT id FROM people WHERE phone = 'complained'"}
    upset = [replace(one, phone="complained" if one.id < 3 else None) for one in PEOPLE]
    with make(tmp_path / "ws", upset, BY_MAIL) as workspace:
        save_audience(workspace, "upset", gone)
        if way == "suppressed":
            save_audience(workspace, "sp", everyone, destinations=["out"], suppress=["upset"])
        elif way == "excluded":
            rule = {"all": [everyone, {"not": {"audience": "upset"}}]}
            save_audience(workspace, "sp", rule, destinations=["out"])
        else:
            workspace.lists.save("never", ["1", "2"], "me")
            (workspace.folder / "traits").mkdir()
            (workspace.folder / "traits" / "dnc.yaml").write_text("{kind: trait, id: dnc, list: never}")
            trait_run(workspace)
            rule = {"all": [everyone, {"not": {"trait": "dnc", "eq": True}}]}
            save_audience(workspace, "sp", rule, destinations=["out"])
        refresh(workspace)
        assert ([one.state for one in sync_due(workspace)], len(out.state)) == (["done"], 5)
        if way == "trait":
            workspace.lists.save("never", ["9"], "me")
            trait_run(workspace)
        refresh(workspace, PEOPLE)
        (held,) = sync_due(workspace)
        assert (held.state, len(out.state)) == ("held", 5)
        assert [one.state for one in sync(workspace, ["sp"], allow_removals=True)] == ["done"]
        assert len(out.state) == 7


def test_a_suppressed_audience_that_falls_holds_and_a_list_that_is_gone_fails(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        save_audience(workspace, "staff", {"sql": "SELECT id FROM people WHERE id < 3"})
        save_audience(workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["out"], suppress=["staff"])
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        save_audience(workspace, "staff", {"sql": "SELECT id FROM people WHERE id < 0"})
        refresh(workspace)
        (held,) = sync_due(workspace)
        assert (held.state, len(out.state)) == ("held", 5)
        assert 'the audience "staff", which is suppressed, fell from 2 to 0 people' in (held.reason or "")
        save_audience(workspace, "staff", {"sql": "SELECT id FROM people WHERE id < 3"})
        workspace.lists.save("never", ["4"], "me")
        save_audience(
            workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["out"], suppress=[{"list": "never"}]
        )
        with workspace.database.transaction():
            workspace.database.run("forget_list", {"id": "never"})
        refresh(workspace)
        (failed,) = sync_due(workspace)
        assert (failed.state, len(out.state)) == ("failed", 5)
        assert 'there is no list "never"' in (failed.reason or "")


def test_a_consent_that_nobody_has_any_more_removes_nobody_unasked(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL, consent=["ads"]) as workspace:
        refresh(workspace)
        sync_due(workspace)
        refresh(workspace, [replace(one, agreed=None) for one in PEOPLE])  # type: ignore[arg-type]
        (held,) = sync_due(workspace)
        assert (held.state, len(out.state)) == ("held", 7)
        with publishing(workspace.folder / "warehouse", "test", keep=True) as connection:
            connection.execute(
                "CREATE OR REPLACE TABLE people AS SELECT * REPLACE (DATE '2026-01-01' AS agreed) FROM people"
            )
        workspace.reload()
        (failed,) = sync(workspace, ["sp"], allow_removals=True)
        assert (failed.state, len(out.state)) == ("failed", 7)
        assert 'the consent "ads" is the column "agreed", which holds DATE' in (failed.reason or "")


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


@pytest.mark.parametrize(("left", "state"), [(7, "done"), (6, "held")])
def test_removals_of_just_the_share_that_is_allowed_pass(tmp_path: Path, out: Memory, left: int, state: str) -> None:
    """Of ten people three are 30 %, which is the most by itself."""
    ten = [person(i) for i in range(1, 11)]
    with make(tmp_path / "ws", ten, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        refresh(workspace, ten[:left])
        (found,) = sync_due(workspace)
        assert (found.state, len(out.state)) == (state, left if state == "done" else 10)


@pytest.mark.parametrize(("share", "state"), [(0, "held"), (9, "held"), (10, "done"), (100, "done")])
def test_a_destination_says_which_share_may_be_removed(tmp_path: Path, out: Memory, share: int, state: str) -> None:
    ten = [person(i) for i in range(1, 11)]
    with make(tmp_path / "ws", ten, BY_MAIL | {"max_removal": share}) as workspace:
        refresh(workspace)
        sync_due(workspace)
        refresh(workspace, ten[:9])
        (found,) = sync_due(workspace)
        assert (found.state, len(out.state)) == (state, 9 if state == "done" else 10)
        refresh(workspace, [*ten[:9], person(11), person(12)] if state == "done" else [*ten, person(11)])
        assert [one.state for one in sync_due(workspace)] == ["done"], "nobody is removed"


@pytest.mark.parametrize(("people", "state"), [(4, "done"), (3, "done"), (2, "held"), (1, "held"), (0, "done")])
def test_just_as_many_as_are_wanted_at_least_go(tmp_path: Path, out: Memory, people: int, state: str) -> None:
    """Nobody at all is no small audience: everyone may leave."""
    with make(tmp_path / "ws", PEOPLE[:people], BY_MAIL | {"min_size": 3}) as workspace:
        refresh(workspace)
        (found,) = sync_due(workspace)
        assert (found.state, len(out.state)) == (state, people if state == "done" else 0)


@pytest.mark.parametrize(("least_of", "state"), [("audience", "held"), ("destination", "held"), ("connector", "held")])
def test_the_greatest_of_the_least_sizes_counts(tmp_path: Path, out: Memory, least_of: str, state: str) -> None:
    sizes = {"audience": 3, "destination": 3, "connector": 3} | {least_of: 8}
    out.capabilities = replace(out.capabilities, smallest_audience=sizes["connector"])
    destination = BY_MAIL | {"min_size": sizes["destination"]}
    with make(tmp_path / "ws", PEOPLE, destination, min_size=sizes["audience"]) as workspace:
        refresh(workspace)
        assert [one.state for one in sync_due(workspace)] == [state]
        refresh(workspace, [*PEOPLE, person(8)])
        assert [one.state for one in sync_due(workspace)] == ["done"]


@pytest.mark.parametrize(("other", "state"), [(7, "done"), (6, "held"), (5, "held"), (4, "done")])
def test_audiences_at_one_destination_differ_by_enough_or_not_at_all(
    tmp_path: Path, out: Memory, other: int, state: str
) -> None:
    """Three people apart are enough where three are the least; the same people tell of nobody."""
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"min_size": 3}) as workspace:
        save_audience(workspace, "most", {"sql": f"SELECT id FROM people WHERE id <= {other}"}, destinations=["out"])
        refresh(workspace, None, "sp")
        sync_due(workspace)
        refresh(workspace, None, "most")
        assert [one.state for one in sync_due(workspace)] == [state]


def test_as_many_people_but_others_are_compared_one_by_one(tmp_path: Path, out: Memory) -> None:
    """Five and five with one other on either side are two apart."""
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"min_size": 3}) as workspace:
        for name, where in (("a", "id <= 5"), ("b", "id BETWEEN 2 AND 6"), ("c", "id BETWEEN 3 AND 7")):
            save_audience(workspace, name, {"sql": f"SELECT id FROM people WHERE {where}"}, destinations=["out"])
        refresh(workspace, None, "a")
        sync_due(workspace)
        refresh(workspace, None, "b")
        assert [one.state for one in sync_due(workspace)] == ["held"]
        refresh(workspace, None, "c")
        assert [one.state for one in sync_due(workspace)] == ["done"], "four are apart"


def _some(*runs: int) -> Some:
    return Some(frozenset(runs), np.array([1]), np.array([2]))


def test_a_short_step_follows_only_what_was_delivered_to_its_end(tmp_path: Path, out: Memory) -> None:
    """After a sync that was held, or failed with a batch sent, everybody is looked at."""

    def fail(batch: Batch) -> None:
        if out.batches:
            raise Misconfigured("the account is closed", "Open it.")

    def step(workspace: Workspace) -> bool:
        first, last = sorted(syncs(workspace), key=lambda one: one.id)[-2:]
        return Delivering(workspace).follows(last, _some(first.run_id))

    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        (only,) = syncs(workspace)
        assert not Delivering(workspace).follows(only, _some(only.run_id)), "there is none before it"
        sync_due(workspace)
        refresh(workspace)
        assert step(workspace), "the one before it is done"
        last = max(syncs(workspace), key=lambda one: one.id)
        assert not Delivering(workspace).follows(last, _some(last.run_id)), "it is of another run"
        sync_due(workspace)
        refresh(workspace, PEOPLE[:2])
        assert [one.state for one in sync_due(workspace)] == ["held"]
        refresh(workspace, PEOPLE[:6])
        held = Outbox(workspace.database).newest("sp")[1]
        assert held.state == "superseded", "of one that was held before anything was sent nothing is there"
        assert Delivering(workspace).follows(Outbox(workspace.database).newest("sp")[0], _some(last.run_id))
        sync_due(workspace)
        out.batches.clear()
        out.before = fail
        refresh(workspace, [*PEOPLE[:6], *(person(i) for i in range(20, 26))])
        assert [one.state for one in sync_due(workspace)] == ["failed"]
        refresh(workspace, PEOPLE[:6])
        newest, before = Outbox(workspace.database).newest("sp")[:2]
        assert before.state == "planned", "what was begun is ended first"
        assert not Delivering(workspace).follows(newest, _some(before.run_id))


def test_a_short_step_does_not_follow_what_is_held_with_a_part_sent(
    tmp_path: Path, out: Memory, clock: list[datetime]
) -> None:
    def third_fails(batch: Batch) -> None:
        if len(out.batches) == 1:
            raise Later("down")

    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"min_size": 5}, consent=["ads"]) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        out.before = third_fails
        sync_due(workspace)
        out.before = lambda batch: None
        publish(workspace.folder, [replace(p, agreed=p.id < 4) for p in PEOPLE])
        workspace.reload()
        clock[0] += timedelta(hours=3)
        (held,) = sync_due(workspace)
        assert held.state == "held"
        refresh(workspace)
        newest = Outbox(workspace.database).newest("sp")[0]
        assert not Delivering(workspace).follows(newest, _some(held.run_id))


@pytest.mark.parametrize(("minutes", "planned_again"), [(59, False), (60, False), (61, True)])
def test_a_plan_of_just_an_hour_is_still_sent(
    tmp_path: Path, out: Memory, clock: list[datetime], minutes: int, planned_again: bool
) -> None:
    faults = [Later("busy", minutes * 60.0)]

    def fail(batch: Batch) -> None:
        if faults:
            raise faults.pop()

    out.capabilities, out.before = replace(out.capabilities, batch_rows=2), fail
    with make(tmp_path / "ws", PEOPLE, BY_MAIL, consent=["ads"]) as workspace:
        run(workspace, ["sp"], as_of=clock[0])
        sync_due(workspace)
        publish(workspace.folder, [replace(p, agreed=p.id != 7) for p in PEOPLE])
        workspace.reload()
        clock[0] += timedelta(minutes=minutes)
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert ("7" in out.state) is not planned_again


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
        assert destinations(workspace)[0].failures == 0  # it is not to blame
        data.with_suffix(".away").rename(data)
        clock[0] += timedelta(minutes=2)
        assert [one.state for one in sync_due(workspace)] == ["done"]


def test_memberships_that_would_expire_are_sent_again_before(tmp_path: Path, out: Memory) -> None:
    out.capabilities = replace(out.capabilities, longest_days=540)
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        out.batches.clear()
        connection = workspace.database._connection
        refresh(workspace)
        (found,) = sync_due(workspace)
        assert (found.summary["refresh"], found.summary["same"], out.batches) == (0, 7, [])
        old = (datetime.fromisoformat(found.created_at) - timedelta(days=271)).isoformat().replace("+00:00", "Z")
        connection.execute("UPDATE delivered SET at = ? WHERE key IN ('1', '2', '3')", (old,))
        refresh(workspace, PEOPLE[1:])
        (found,) = sync_due(workspace)
        assert [found.summary[name] for name in ("add", "remove", "refresh", "same")] == [0, 1, 2, 4]
        assert out.state == expected(PEOPLE[1:])
        sent = [one["operation"] for one in sent_to(workspace, "2")]
        assert sent == ["add", "add"]
        refresh(workspace, PEOPLE[1:])
        (found,) = sync_due(workspace)
        assert found.summary["refresh"] == 0


def test_the_parts_of_a_split_have_nobody_in_common_and_stay(tmp_path: Path, out: Memory) -> None:
    many = [person(i) for i in range(1, 401)]
    parts = [
        {"name": "a", "percent": 25, "destinations": ["out"]},
        {"name": "b", "percent": 25, "destinations": ["other"]},
    ]
    with make(tmp_path / "ws", many, BY_MAIL) as workspace:
        add(workspace, "other", BY_MAIL)
        add(workspace, "all", BY_MAIL)
        more = {"destinations": ["out", "other", "all"], "splits": {"seed": "x", "parts": parts}}
        save_audience(workspace, "sp", {"trait": "city", "eq": "SP"}, **more)
        refresh(workspace)
        found = {one.destination_id: one.summary for one in sync_due(workspace)}
        there = {name: dict(_at(workspace, name)) for name in ("out", "other", "all")}
        assert len(there["all"]) == 400
        assert not there["out"].keys() & there["other"].keys()
        for name in ("out", "other"):
            assert 70 <= len(there[name]) <= 130
            assert found[name]["left_out"]["other_part"] == 400 - len(there[name])
        refresh(workspace, [*many, person(999)])
        sync_due(workspace)
        assert there["out"].keys() <= dict(_at(workspace, "out")).keys(), "who is in a part stays in it"


def test_someone_in_several_audiences_goes_with_the_first_only(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL | {"priority": ["vip", "sp"]}) as workspace:
        save_audience(workspace, "vip", {"sql": "SELECT id FROM people WHERE id <= 3"}, destinations=["out"])
        refresh(workspace, None, "sp", "vip")
        found = {one.audience_id: one for one in sync_due(workspace)}
        assert {one.state for one in found.values()} == {"done"}
        assert found["sp"].summary["left_out"]["elsewhere"] == 3
        assert "elsewhere" not in found["vip"].summary["left_out"]
        assert set(dict(_at(workspace, "out", "sp"))) == {"4", "5", "6", "7"}
        assert set(dict(_at(workspace, "out", "vip"))) == {"1", "2", "3"}


def test_an_address_that_somebody_else_has_too_stays(tmp_path: Path, out: Memory) -> None:
    """Two people of one household share an address; where members are addresses, one must not take it from the other."""
    shared = "home@example.com"
    people = [replace(person(1), email=shared), replace(person(2), email=shared), *(person(i) for i in range(3, 12))]
    with make(tmp_path / "ws", people, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        out.state.clear()
        sent: list[tuple[str, list[str]]] = []
        out.before = lambda batch: sent.extend((batch.operation, [v for _, v in row.values]) for row in batch.rows)
        refresh(workspace, [replace(people[0], agreed=True, city="RJ"), *people[1:2], *people[3:], person(20)])
        assert [one.state for one in sync_due(workspace)] == ["done"]
        assert sent == [
            ("remove", []),
            ("remove", [hashed("person3@example.com")]),
            ("add", [hashed("person20@example.com")]),
        ]
        assert set(dict(_at(workspace, "out"))) == {"2", "20", *(str(i) for i in range(4, 12))}


def _at(workspace: Workspace, destination: str, audience: str = "sp") -> list[tuple[str, str]]:
    """What is on record as delivered."""
    found = {pair: number for number, pair in Outbox(workspace.database).streams().items()}
    delivered = Batches(workspace.database).delivered(found[audience, destination])
    return [(key, payload) for key, payload, _ in delivered]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the work is forked to its fault")
def test_a_fault_at_any_point_of_a_run_and_its_delivery_loses_and_doubles_nothing() -> None:
    """Every eleventh to forty-fifth write, sync, rename and side of an effect: some 35 deaths (all of them: `make
    proof-points`). In a process that has no threads to fork."""
    faults = ["kill/11", "power/13", "full/45", "broken/45"]
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.points", "1", *faults]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
