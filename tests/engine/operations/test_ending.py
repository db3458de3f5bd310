"""An audience that goes nowhere any more, and destinations that take only so many batches a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.operations import Seen, alerts, delete, queue_ends, sync, sync_due, syncs, watch
from engine.operations.delivering import Delivering
from tests.support.delivering import BY_MAIL, PEOPLE, Memory, add, expected, make, refresh, save_audience

SP = {"trait": "city", "eq": "SP"}


def states(workspace: object) -> list[str]:
    return [one.state for one in syncs(workspace)]  # type: ignore[arg-type]


def test_who_was_delivered_is_removed_once_a_person_says_so(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        assert out.state == expected(PEOPLE)
        save_audience(workspace, "sp", SP)
        for _ in range(3):
            queue_ends(workspace)
            sync_due(workspace)
        assert states(workspace) == ["held", "done"]
        assert "does not go there any more: 7 people would be removed" in (syncs(workspace)[0].reason or "")
        assert out.state == expected(PEOPLE)
        (ended,) = sync(workspace, ["sp"], allow_removals=True)
        assert (ended.state, out.state) == ("done", {})
        queue_ends(workspace)
        sync_due(workspace)
        assert states(workspace)[0] == "done"


def test_a_deleted_audience_too(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        delete(workspace, "sp")
        queue_ends(workspace)
        sync_due(workspace)
        assert states(workspace)[0] == "held"
        watch(workspace, Seen())
        assert [(one.kind, one.subject) for one in alerts(workspace, open_only=True)] == [("held", "sp → out")]
        sync(workspace, ["sp"], allow_removals=True)
        watch(workspace, Seen())
        assert alerts(workspace, open_only=True) == []
        assert out.state == {}
        with pytest.raises(EngineError):
            sync(workspace, ["nobody"], allow_removals=True)


def test_an_end_looks_at_no_audience_that_goes_first(tmp_path: Path, out: Memory) -> None:
    """The one before it in the destination's priorities may be deleted long since."""
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        add(workspace, "out", BY_MAIL | {"priority": ["gone", "sp"]})
        delete(workspace, "sp")
        queue_ends(workspace)
        sync_due(workspace)
        (ended,) = sync(workspace, ["sp"], allow_removals=True)
        assert (ended.state, out.state) == ("done", {})


def test_one_that_goes_there_again_meanwhile_keeps_its_people(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        sync_due(workspace)
        save_audience(workspace, "sp", SP)
        queue_ends(workspace)
        sync_due(workspace)
        save_audience(workspace, "sp", SP, destinations=["out"])
        out.effects.clear()
        refresh(workspace, PEOPLE[:6])
        sync_due(workspace)
        assert out.effects == [("remove", "7")]
        assert states(workspace)[:2] == ["done", "superseded"]


def test_nobody_there_nothing_to_end(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        refresh(workspace)
        save_audience(workspace, "sp", SP)
        queue_ends(workspace)
        assert "held" not in states(workspace)
        assert out.effects == []


def test_only_so_many_batches_a_minute(tmp_path: Path, out: Memory) -> None:
    now = [datetime(2026, 11, 25, 12, tzinfo=UTC)]
    with make(tmp_path / "ws", PEOPLE, {**BY_MAIL, "rate": 2}) as workspace:
        refresh(workspace)
        delivering = Delivering(workspace, now=lambda: now[0])
        (first,) = [one.id for one in syncs(workspace)]
        waits = []
        for _ in range(10):
            found = delivering.deliver(first)
            if found.state == "done":
                break
            waits.append((len(out.batches), found.not_before, found.attempt, found.reason))
            now[0] = datetime.fromisoformat(found.not_before) + timedelta(seconds=1)
        assert out.state == expected(PEOPLE)
        assert [count for count, *_ in waits] == [2]  # of four batches of two
        assert waits[0][1:] == ("2026-11-25T12:01:00Z", 0, None)
