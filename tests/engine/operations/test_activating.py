"""What one asks of destinations and deliveries: pausing, resetting, trying, forgetting; what is wrong is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError
from engine.operations import (
    clean_store,
    delete,
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
)
from engine.store.activation import Destinations
from tests.support.delivering import (
    BY_MAIL,
    PEOPLE,
    Memory,
    add,
    expected,
    make,
    refresh,
    save_audience,
)


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


def test_a_moment_to_come_is_not_delivered_and_keeps_nothing_back(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        run(workspace, ["sp"], as_of="2090-01-01")
        assert syncs(workspace) == []
        with pytest.raises(EngineError, match="no snapshot that early"):
            sync(workspace, ["sp"])
        number = refresh(workspace)
        assert [(one.state, one.run_id) for one in syncs(workspace)] == [("queued", number)]
        assert [(one.state, one.run_id) for one in sync(workspace, ["sp"])] == [("done", number)]


def test_a_destination_that_is_not_there_is_said_and_others_go_on(tmp_path: Path, out: Memory) -> None:
    with make(tmp_path / "ws", PEOPLE, BY_MAIL) as workspace:
        add(workspace, "nowhere", BY_MAIL)
        save_audience(workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["nowhere", "out"])
        with workspace.database.transaction():
            Destinations(workspace.database).forget("nowhere")
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
        digests = {value for values in expected(PEOPLE).values() for _, value in values}
        masked = [value for row in shown["rows"] for _, value in row["values"]]
        assert masked
        assert all("••••" in value and value not in digests for value in masked)
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
