"""`run` and what it froze, over real files and real processes: failures stay alone, nothing is half written."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.membership.running import Runner, RunReport
from engine.membership.snapshots import Snapshots
from engine.operations import Workspace
from tests.support.small import AS_OF, make_workspace, write_audience

BOUGHT = {"did": "purchase", "where": [{"property": "category", "eq": "phones"}]}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path)
    folder = tmp_path / "audiences"
    write_audience(folder, "buyers", BOUGHT)
    write_audience(folder, "others", {"not": {"audience": "buyers"}})
    write_audience(folder, "richest", {"all": []}, top={"n": 1, "by": {"trait": "ltv"}})
    write_audience(folder, "grown", {"trait": "age", "gte": 30}, sites=["MLB"])
    operations.apply(workspace, folder, as_of=AS_OF)
    return workspace


def change_data(workspace: Workspace, *statements: str) -> None:
    workspace.reload()
    connection = duckdb.connect(str(workspace.folder.parent / "data.duckdb"))
    for statement in statements:
        connection.execute(statement)
    connection.close()


def outcome(run: Any) -> dict[str, tuple[int | None, int | None, int | None]]:
    return {one.id: (one.size, one.added, one.removed) for one in run.audiences}


def test_sizes_changes_and_members(workspace: Workspace) -> None:
    first = operations.run(workspace, as_of=AS_OF)
    assert outcome(first) == {"buyers": (2, 2, 0), "others": (3, 3, 0), "richest": (2, 2, 0), "grown": (2, 2, 0)}
    change_data(
        workspace,
        "DELETE FROM users WHERE user_id = 2",
        "INSERT INTO users VALUES (11, 'MLC', 33, 'RM', NULL, NULL, NULL, 999)",
        "INSERT INTO events VALUES (11, 'purchase', TIMESTAMP '2026-06-01 00:00:00', 'phones', 'p1', 1)",
    )
    second = operations.run(workspace, as_of=AS_OF)
    assert outcome(second) == {"buyers": (2, 1, 1), "others": (3, 0, 0), "richest": (2, 1, 1), "grown": (1, 0, 1)}
    assert operations.members_then(workspace, "buyers").keys == [1, 11]
    found = operations.changes(workspace, "buyers")
    assert (found.added, found.removed) == ([11], [2])
    for one in second.audiences:
        now = operations.members(workspace, [one.id], as_of=AS_OF)[0].keys
        assert operations.members_then(workspace, one.id).keys == now


def test_who_was_in_on_a_day(workspace: Workspace) -> None:
    for day in ("2026-05-15", "2026-06-15"):
        operations.run(workspace, ["buyers"], as_of=day)
    assert [s.size for s in operations.snapshots(workspace, "buyers")] == [1, 2]
    assert operations.members_then(workspace, "buyers", "2026-06-01").keys == [1]
    assert operations.members_then(workspace, "buyers").keys == [1, 2]
    with pytest.raises(EngineError, match="no snapshot that early"):
        operations.members_then(workspace, "buyers", "2026-01-01")
    with pytest.raises(EngineError, match="no snapshot yet"):
        operations.members_then(workspace, "others")


def test_one_failing_audience_never_fails_the_others(workspace: Workspace, tmp_path: Path) -> None:
    operations.run(workspace, as_of=AS_OF)
    broken = (
        (tmp_path / "model.yaml").read_text().replace("age: {type: integer}", "years: {type: integer, column: age}")
    )
    if "years" not in broken:
        broken = broken.replace(
            "    age:\n      type: integer\n", "    years:\n      type: integer\n      column: age\n"
        )
    (tmp_path / "model.yaml").write_text(broken)
    operations.apply_model(workspace, tmp_path / "model.yaml")
    found = operations.run(workspace, as_of=AS_OF)
    errors = {one.id: one.error for one in found.audiences if one.error is not None}
    assert list(errors) == ["grown"]
    assert "age" in str(errors["grown"])
    assert outcome(found)["buyers"] == (2, 0, 0)
    assert operations.members_then(workspace, "grown").keys == [1, 2]  # its last snapshot stays
    assert operations.runs(workspace)[-1]["failed"]["grown"]["code"] == "unknown_name"


def test_a_condition_that_fails_in_the_warehouse_fails_only_its_audience(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    sql = "SELECT user_id FROM users WHERE (age / (user_id - user_id))::TINYINT = 1 AND error('no') IS NULL"
    write_audience(folder, "bad", {"sql": sql})
    write_audience(folder, "good", {"trait": "age", "gte": 30})
    for file in (tmp_path / "audiences").iterdir():
        (folder / file.name).write_text(file.read_text())
    for path in sorted(folder.iterdir()):
        from engine.operations.targets import read_audience_files

        for one in read_audience_files(path):
            with workspace.database.transaction():
                workspace.audiences.save(one.audience, one.document, "test", "files")
    found = operations.run(workspace, as_of=AS_OF)
    assert [one.id for one in found.audiences if one.error is not None] == ["bad"]
    assert outcome(found)["good"] == (3, 3, 0)


def test_a_corrupt_bitmap_is_found_anew_and_told(workspace: Workspace) -> None:
    operations.run(workspace, as_of=AS_OF)
    workspace.close()
    fresh = Workspace(workspace.folder)
    for pack in (fresh.folder / "bitmaps" / "packs").iterdir():
        data = bytearray(pack.read_bytes())
        data[-1] ^= 1
        pack.write_bytes(bytes(data))
    assert len(operations.check_store(fresh).corrupt) > 0
    found = operations.run(fresh, as_of=AS_OF)
    assert {i: sizes[0] for i, sizes in outcome(found).items()} == {"buyers": 2, "others": 3, "richest": 2, "grown": 2}
    for one in found.audiences:
        assert len(operations.members_then(fresh, one.id).keys) == one.size
        first = operations.snapshots(fresh, one.id)[0]
        assert len(operations.members_then(fresh, one.id, first.as_of).keys) == first.size  # healed, too
    assert operations.check_store(fresh).corrupt == ()


def test_lost_ordinals_begin_anew_and_old_snapshots_keep_their_sizes(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    far = "UPDATE users SET user_id = 1000000000000 WHERE user_id = 10"
    change_data(workspace, "ALTER TABLE users ALTER user_id TYPE BIGINT", far)
    write_audience(tmp_path / "audiences", "everyone", {"all": []})
    operations.apply(workspace, tmp_path / "audiences")
    operations.run(workspace, as_of=AS_OF)
    workspace.close()
    for file in (workspace.folder / "bitmaps" / "ordinals").iterdir():
        file.unlink()
    fresh = Workspace(workspace.folder)
    found = operations.run(fresh, as_of=AS_OF)
    assert outcome(found) == {"everyone": (5, None, None)}
    assert any(site["begun_anew"] for site in found.sites)
    assert len(operations.members_then(fresh, "everyone").keys) == 5
    assert [s.size for s in operations.snapshots(fresh, "everyone")] == [5, 5]
    with pytest.raises(EngineError, match="begun anew"):
        operations.changes(fresh, "everyone")


def test_data_that_changes_during_a_run_refuses_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    operations.run(workspace, as_of=AS_OF)
    file = workspace.folder.parent / "data.duckdb"
    workspace.reload()
    _ = workspace.warehouse
    os.utime(file, ns=(0, 0))
    with pytest.raises(EngineError, match="changed while the run was reading"):
        operations.run(workspace, as_of=AS_OF)
    assert [run["state"] for run in operations.runs(workspace)] == ["done", "abandoned"]
    assert len(operations.snapshots(workspace, "buyers")) == 1


class CancelAt(Job):
    """A job that cancels itself at its n-th report."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def report(self, share: float, step: str) -> None:
        self.left -= 1
        if self.left < 0:
            self.cancel()
        super().report(share, step)


def test_cancelled_anywhere_nothing_is_half_written_and_the_next_run_continues(workspace: Workspace) -> None:
    at = 0
    while True:
        before = len(operations.snapshots(workspace, "buyers"))
        try:
            run = operations.run(
                workspace, as_of=datetime(2026, 6, 15, tzinfo=UTC) + timedelta(days=at), job=CancelAt(at)
            )
            break
        except Cancelled:
            assert len(operations.snapshots(workspace, "buyers")) == before
        continued = operations.run(workspace)
        assert continued.continued
        assert continued.as_of == datetime(2026, 6, 15, tzinfo=UTC) + timedelta(days=at)
        assert {one.id for one in continued.audiences if one.size is not None} == {
            "buyers",
            "others",
            "richest",
            "grown",
        }
        at += 1
    assert at > 3
    assert not run.continued


def test_killed_for_real_at_many_moments(workspace: Workspace) -> None:
    workspace.close()
    expected = {"buyers": 2, "others": 3, "richest": 2, "grown": 2}
    command = [sys.executable, "-m", "engine.cli", "run", "--as-of", AS_OF, "-w", str(workspace.folder)]
    root = Path(__file__).parents[3]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=root)
    whole = time.perf_counter() - started
    for step in range(6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=root)
        try:
            process.wait(whole * (0.45 + 0.1 * step))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        with Workspace(workspace.folder) as fresh:
            for identifier, size in expected.items():
                assert len(operations.members_then(fresh, identifier).keys) == size
            assert operations.check_store(fresh).corrupt == ()
    with Workspace(workspace.folder) as fresh:
        operations.run(fresh, as_of=AS_OF)
        operations.clean_store(fresh)
        known = {name for name, _ in fresh.library.index.packs().values()}
        assert {path.name for path in fresh.library.packs.iterdir()} == known
        for identifier, size in expected.items():
            assert len(operations.members_then(fresh, identifier).keys) == size


def test_two_runs_at_once_are_refused(workspace: Workspace) -> None:
    from engine.locks import holding

    with (
        holding(workspace.folder / "run.lock", "convoke run", "bitmaps", "audiences are being run"),
        pytest.raises(EngineError, match=rf"being run by convoke run \(process {os.getpid()}\)"),
    ):
        operations.run(workspace)


def test_keeping_house_drops_what_nothing_needs(workspace: Workspace, tmp_path: Path) -> None:
    write_audience(
        tmp_path / "audiences", "readers", {"did": "view", "where": [{"property": "category", "eq": "books"}]}
    )
    operations.apply(workspace, tmp_path / "audiences", as_of=AS_OF)
    operations.run(workspace, as_of="2026-06-05")
    change_data(workspace, "INSERT INTO users VALUES (12, 'MLB', 33, 'SP', NULL, NULL, NULL, NULL)")
    operations.run(workspace, as_of="2026-06-15")  # the "others" of the first day are nobody's now
    before = operations.check_store(workspace).bitmaps
    workspace.__dict__["settings"] = type(workspace.settings)(warehouse=workspace.settings.warehouse, keep="0d")
    with workspace.database.transaction():  # as if all runs were long ago
        workspace.database._connection.execute("UPDATE run SET started_at = '2020-01-01T00:00:00Z'")
    cleaned = operations.clean_store(workspace)
    assert cleaned.snapshots == 5
    assert cleaned.conditions > 0
    assert cleaned.bitmaps > 0
    assert operations.check_store(workspace).bitmaps == before - cleaned.bitmaps
    for name in ("readers", "buyers"):
        assert [s.as_of for s in operations.snapshots(workspace, name)] == ["2026-06-15T00:00:00Z"]
        then = operations.members(workspace, [name], as_of="2026-06-15")[0].keys
        assert operations.members_then(workspace, name).keys == then
    assert operations.check_store(workspace).corrupt == ()


def test_the_plan_of_a_run_says_what_it_would_read(workspace: Workspace, tmp_path: Path) -> None:
    (site, other) = operations.explain_run(workspace, as_of=AS_OF)
    assert (site["site"], other["site"]) == ("MLB", "MLC")
    assert (site["conditions"], site["reused"]) == (2, 0)
    assert operations.runs(workspace) == []
    operations.run(workspace, as_of=AS_OF)
    assert operations.explain_run(workspace, as_of=AS_OF)[0]["reused"] == 2


def test_changes_are_those_of_moments_and_not_of_the_order_of_running(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    write_audience(tmp_path / "f", "new", {"trait": "registered_at", "within_last": "30d"})
    operations.apply(workspace, tmp_path / "f", as_of=AS_OF)
    now = operations.run(workspace, ["new"], as_of=AS_OF).id
    then = operations.run(workspace, ["new"], as_of="2020-01-15").id
    found = operations.changes(workspace, "new")
    assert (found.before, found.after, found.added, found.removed) == (then, now, [1, 4], [2])
    assert operations.changes(workspace, "new", after=then).before is None
    assert operations.changes(workspace, "new", then, now).added == [1, 4]
    with pytest.raises(EngineError, match="no snapshot of run 77"):
        operations.changes(workspace, "new", after=77)
    far = datetime(2060, 1, 1, tzinfo=UTC)
    reader = Snapshots(workspace.runs, workspace.segments, workspace.library)
    assert reader.expired(1, far) == [("new", then)]  # of the latest moment, not of what was run last
    first = operations.run(workspace, ["new"], as_of="2019-01-15").id
    assert reader.expired(1, far) == [("new", first), ("new", then)]


@pytest.mark.parametrize("set_aside", [False, True])
def test_the_collector_looks_through_what_is_loaded_again_only_after_a_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, set_aside: bool
) -> None:
    """What the program itself has set aside stays so: Python gives all of it back or nothing."""
    during: list[int] = []
    plain = Runner.all

    def watched(runner: Runner, *given: Any) -> RunReport:
        during.append(gc.get_freeze_count())
        return plain(runner, *given)

    monkeypatch.setattr(Runner, "all", watched)
    gc.unfreeze()
    try:
        if set_aside:
            gc.freeze()
        before = gc.get_freeze_count()
        operations.run(workspace, as_of=AS_OF)
        after = gc.get_freeze_count()
    finally:
        gc.freeze()
    assert during[0] > 1000
    assert (before > 1000, after > 1000) == (set_aside, set_aside)
