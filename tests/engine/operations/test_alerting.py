"""Alerts: opened once, closed when it has passed, told when they open and when they pass, and never with people in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.domain.documents import iso
from engine.errors import EngineError
from engine.operations import (
    Seen,
    Workspace,
    alerts,
    make_vault_key,
    run,
    see_alerts,
    set_secret,
    sync_due,
    tell_alerts,
    try_alerts,
    watch,
)
from engine.settings import write_settings
from engine.store.alerts import Alerts
from engine.store.schedules import ScheduleRow, Schedules, Tasks
from tests.support.delivering import make, person, publish, refresh, save_audience
from tests.support.small import make_workspace
from tests.support.telling import Told, told

PEOPLE = [person(i) for i in range(1, 401)]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    settings = {"path": "out"}
    with make(tmp_path / "ws", PEOPLE, {"type": "folder", "settings": settings, "identifiers": ["email"]}) as made:
        yield made


def open_now(workspace: Workspace) -> dict[tuple[str, str], str]:
    return {(one.kind, one.subject): one.message for one in alerts(workspace, open_only=True)}


def test_nothing_is_wrong_at_first(workspace: Workspace) -> None:
    watch(workspace, Seen(), NOW)
    refresh(workspace)
    sync_due(workspace)
    watch(workspace, Seen(), NOW)
    assert alerts(workspace) == []


def test_an_audience_that_fails_and_recovers(workspace: Workspace) -> None:
    refresh(workspace)
    save_audience(workspace, "bad", {"all": []})
    workspace.database._connection.execute(
        "INSERT INTO run VALUES (900, '2026-11-25T00:00:00Z', 'd', '2026-11-25T00:00:00Z', '2026-11-25T00:00:01Z', 'done', '[\"bad\"]', NULL)"
    )
    error = json.dumps({"code": "bad_sql", "message": "the warehouse has no column", "path": None, "hint": "Look."})
    workspace.database._connection.execute("INSERT INTO run_failure VALUES (900, 'bad', ?)", (error,))
    for _ in range(3):
        watch(workspace, Seen(), NOW)
    assert open_now(workspace) == {("run", "bad"): "the warehouse has no column. Look."}
    assert len(alerts(workspace)) == 1
    run(workspace, ["bad"])
    watch(workspace, Seen(), NOW + timedelta(minutes=5))
    assert open_now(workspace) == {}
    assert alerts(workspace)[0].closed_at == "2026-11-25T12:05:00Z"


def test_a_run_that_failed_as_a_whole(workspace: Workspace) -> None:
    tasks = Tasks(workspace.database)
    with workspace.database.transaction():
        task = tasks.add(iso(NOW), "schedule", ["sp"], iso(NOW))
    connection = workspace.database._connection
    summary = json.dumps({"error": {"code": "warehouse_file", "message": "the warehouse is locked", "hint": None}})
    connection.execute("UPDATE task SET state = 'failed', summary = ? WHERE id = ?", (summary, task))
    watch(workspace, Seen(), NOW)
    assert open_now(workspace) == {("task", "scheduler"): "the warehouse is locked"}
    connection.execute("UPDATE task SET state = 'done', run_id = 1 WHERE id = ?", (task,))
    watch(workspace, Seen(), NOW)
    assert open_now(workspace) == {}


def test_deliveries_that_fail_or_are_held(workspace: Workspace, tmp_path: Path) -> None:
    refresh(workspace)
    sync_due(workspace)
    refresh(workspace, PEOPLE[:100])
    (held,) = sync_due(workspace)
    assert held.state == "held"
    watch(workspace, Seen(), NOW)
    ((problem, message),) = open_now(workspace).items()
    assert problem == ("held", "sp → out")
    assert "300 of 400 people would be removed" in message
    refresh(workspace, PEOPLE)
    sync_due(workspace)
    watch(workspace, Seen(), NOW)
    assert open_now(workspace) == {}
    (workspace.folder / "out").rename(workspace.folder / "moved")
    (workspace.folder / "out").write_text("a file where the folder was")
    refresh(workspace, PEOPLE[:390])
    sync_due(workspace)
    watch(workspace, Seen(), NOW)
    assert ("sync", "sp → out") in open_now(workspace)


def test_audiences_that_are_late_are_one_alert(workspace: Workspace) -> None:
    schedules = Schedules(workspace.database)
    due = iso(NOW - timedelta(hours=2))
    with workspace.database.transaction():
        schedules.save(ScheduleRow("sp", 1, "every", due, due))
    watch(workspace, Seen(), NOW)
    assert open_now(workspace) == {("late", "scheduler"): f"1 audiences are late, since {due}: sp"}
    watch(workspace, Seen(), NOW - timedelta(hours=1, minutes=30))
    assert open_now(workspace) == {}


def test_a_size_is_compared_with_its_weekday(workspace: Workspace) -> None:
    seen = Seen()
    for week in range(4, 0, -1):
        run(workspace, as_of=NOW - timedelta(weeks=week))
        run(workspace, as_of=NOW - timedelta(weeks=week, days=2))
    watch(workspace, seen, NOW)
    assert open_now(workspace) == {}
    publish(workspace.folder, PEOPLE[:150])
    workspace.reload()
    run(workspace, as_of=NOW)
    watch(workspace, seen, NOW)
    assert open_now(workspace) == {("size", "sp"): "150 people, where 400 are usual on this weekday"}
    watch(workspace, seen, NOW)
    assert len(open_now(workspace)) == 1  # it stays until the audience is run again
    publish(workspace.folder, PEOPLE[:390])
    workspace.reload()
    run(workspace, as_of=NOW + timedelta(minutes=1))
    watch(workspace, seen, NOW)
    assert open_now(workspace) == {}


def test_a_destination_that_rejects_many(workspace: Workspace) -> None:
    refresh(workspace)
    sync_due(workspace)
    connection = workspace.database._connection
    connection.execute("UPDATE batch_member SET outcome = 'no such address' WHERE place < 30")
    watch(workspace, Seen())
    assert open_now(workspace) == {("rejects", "sp → out"): "30 of 400 people were rejected, more than 5%"}
    assert "Person" not in str(alerts(workspace))


# -- telling -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Told]:
    with told() as running:
        yield running


def tells(workspace: Workspace, address: str, folder: Path) -> None:
    make_vault_key(workspace, folder / "key")
    set_secret(workspace, "ops", address)
    write_settings(workspace.folder, replace(workspace.settings, alerts="ops"))
    del workspace.settings


def test_opening_and_passing_are_told_once_each(workspace: Workspace, receiver: Told, tmp_path: Path) -> None:
    tells(workspace, receiver.address, tmp_path)
    assert try_alerts(workspace) == ["ops"]
    refresh(workspace)
    sync_due(workspace)
    refresh(workspace, PEOPLE[:100])
    sync_due(workspace)
    for _ in range(2):
        watch(workspace, Seen(), NOW)
        tell_alerts(workspace)
    refresh(workspace, PEOPLE)
    sync_due(workspace)
    for _ in range(2):
        watch(workspace, Seen(), NOW)
        tell_alerts(workspace)
    assert Alerts(workspace.database).untold() == []
    titles = [(one["title"], one["type"]) for one in receiver.messages]
    assert titles == [
        ("Convoke: a test", "success"),
        ("Convoke: A delivery waits for a person", "failure"),
        ("Convoke: It has passed", "success"),
    ]
    assert "sp → out" in receiver.messages[1]["message"]


def test_what_nobody_took_is_told_again(workspace: Workspace, receiver: Told, tmp_path: Path) -> None:
    tells(workspace, receiver.address, tmp_path)
    refresh(workspace)
    sync_due(workspace)
    refresh(workspace, PEOPLE[:100])
    sync_due(workspace)
    watch(workspace, Seen(), NOW)
    receiver.refuses = True
    with pytest.raises(EngineError, match="ops did not take the alert"):
        tell_alerts(workspace)
    assert Alerts(workspace.database).untold()
    receiver.refuses = False
    assert tell_alerts(workspace) == 1
    assert Alerts(workspace.database).untold() == []


def test_one_of_several_that_does_not_take_it_does_not_make_the_others_be_told_again(
    workspace: Workspace, receiver: Told, tmp_path: Path
) -> None:
    tells(workspace, receiver.address, tmp_path)
    set_secret(workspace, "broken", "nonsense")
    write_settings(workspace.folder, replace(workspace.settings, alerts="broken ops gone"))
    del workspace.settings
    refresh(workspace)
    sync_due(workspace)
    refresh(workspace, PEOPLE[:100])
    sync_due(workspace)
    watch(workspace, Seen(), NOW)
    with pytest.raises(EngineError, match="broken, gone did not take the alert"):
        tell_alerts(workspace)
    assert tell_alerts(workspace) == 0
    assert len(receiver.messages) == 1


def test_an_address_that_is_none_is_said(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="nobody to be told"):
        try_alerts(workspace)
    tells(workspace, "nonsense", tmp_path)
    with pytest.raises(EngineError, match="did not take"):
        try_alerts(workspace)


def test_seen(workspace: Workspace) -> None:
    refresh(workspace)
    sync_due(workspace)
    refresh(workspace, PEOPLE[:100])
    sync_due(workspace)
    watch(workspace, Seen(), NOW)
    assert alerts(workspace)[0].seen_at is None
    see_alerts(workspace)
    assert alerts(workspace)[0].seen_at is not None


def test_an_empty_workspace_has_none(tmp_path: Path) -> None:
    with make_workspace(tmp_path) as made:
        watch(made, Seen(), NOW)
        found: list[Any] = alerts(made)
        assert found == []
