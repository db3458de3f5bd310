"""A run is forgotten only when nothing of it is left."""

from __future__ import annotations

from pathlib import Path

from engine.errors import EngineError
from engine.store.database import Database
from engine.store.runs import Runs, SnapshotRow


def test_a_run_that_something_refers_to_is_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    runs = Runs(database)
    frozen, failed, empty = (runs.start("2026-01-01T00:00:00", "1", ["a"]) for _ in range(3))
    runs.save(frozen, [SnapshotRow("a", "main", 1, "hash", 1, 1, None, None, 1, "{}")])
    runs.finish(frozen, {}, {})
    runs.finish(failed, {}, {"a": EngineError("memory", "too little")})
    runs.finish(empty, {}, {})
    for run in (frozen, failed, empty):
        with database.transaction():
            runs.forget_run(run)
    assert [row[0] for row in database.ask("SELECT id FROM run ORDER BY id")] == [frozen, failed]
    with database.transaction():
        runs.forget([("a", frozen)])
        runs.forget_run(frozen)
    assert [row[0] for row in database.ask("SELECT id FROM run")] == [failed]
    assert list(runs.failures(failed)) == ["a"]
    database.close()
