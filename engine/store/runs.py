"""Runs and the snapshots they froze: which set of profiles an audience was, when, over which data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError
from engine.store.audiences import now
from engine.store.database import Database


@dataclass(frozen=True)
class RunRow:
    """A run: ``state`` is running, done or abandoned; only what a done run froze counts."""

    id: int
    as_of: str
    data_version: str
    started_at: str
    finished_at: str | None
    state: str
    wanted: tuple[str, ...]
    report: dict[str, Any]


@dataclass(frozen=True)
class SnapshotRow:
    """One audience in one site as a run found it; ``members`` is JSON: a bitmap's id or algebra over several."""

    audience_id: str
    site: str
    version: int
    rule_hash: str
    epoch: int
    size: int
    added: int | None
    removed: int | None
    base: int
    members: str


@dataclass(frozen=True)
class Before:
    """The snapshot before: what a new one is compared with."""

    run_id: int
    rule_hash: str
    epoch: int
    size: int
    base: int
    members: str


@dataclass(frozen=True)
class PastSnapshot:
    """A snapshot with the run it belongs to."""

    run_id: int
    as_of: str
    data_version: str
    started_at: str
    row: SnapshotRow


class Runs:
    """The repository of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[RunRow]:
        """Every run, oldest first."""
        return [_run(row) for row in self._database.rows("runs")]

    def as_of(self, run: int) -> str | None:
        """The moment a run is of."""
        return next((row[0] for row in self._database.rows("as_of_run", {"id": run})), None)

    def report(self, run: int) -> dict[str, Any]:
        """What a run read and reused."""
        rows = self._database.rows("report_of_run", {"id": run})
        found: dict[str, Any] = json.loads(rows[0][0] or "{}") if rows else {}
        return found

    def get(self, run: int) -> RunRow | None:
        """One run."""
        rows = self._database.rows("run", {"id": run})
        return _run(rows[0]) if rows else None

    def forget_run(self, run: int) -> None:
        """Forget a run of which no snapshot is left (within the caller's transaction)."""
        self._database.run("forget_run", {"id": run})

    def start(self, as_of: str, data_version: str, wanted: Sequence[str]) -> int:
        """Begin a run; its number."""
        values = {"as_of": as_of, "data_version": data_version, "started_at": now(), "wanted": json.dumps(list(wanted))}
        with self._database.transaction():
            return int(self._database.rows("start_run", values)[0][0])

    def finish(
        self,
        run: int,
        report: dict[str, Any],
        failures: dict[str, EngineError],
        also: Callable[[], None] = lambda: None,
    ) -> None:
        """Make everything a run froze visible, in one transaction; ``also`` is done within it."""
        with self._database.transaction():
            also()
            for audience, error in failures.items():
                self._database.run("forget_snapshots_of_run", {"run_id": run, "audience_id": audience})
                values = {"run_id": run, "audience_id": audience, "error": json.dumps(error.as_json()["error"])}
                self._database.run("save_run_failure", values)
            self._end(run, "done", json.dumps(report))

    def abandon(self, run: int) -> None:
        """Give up a run that was interrupted, with all it froze."""
        with self._database.transaction():
            self._database.run("forget_snapshots_of_abandoned", {"run_id": run})
            self._end(run, "abandoned", None)

    def _end(self, run: int, state: str, report: str | None) -> None:
        self._database.run("finish_run", {"id": run, "finished_at": now(), "state": state, "report": report})

    def failures(self, run: int) -> dict[str, dict[str, Any]]:
        """What went wrong in a run, by audience."""
        return {row[0]: json.loads(row[1]) for row in self._database.rows("run_failures", {"run_id": run})}

    # -- snapshots -------------------------------------------------------------------------------------------------

    def save(self, run: int, rows: Iterable[SnapshotRow]) -> None:
        """Keep snapshots; they count once the run is done."""
        with self._database.transaction():
            self._database.run_many("save_snapshot", (vars(row) | {"run_id": run} for row in rows))

    def of_run(self, run: int) -> list[tuple[str, str, int, int | None, int | None]]:
        """(audience, site, size, added, removed) of a run, running or done."""
        return [
            (row[0], row[1], row[2], row[3], row[4]) for row in self._database.rows("snapshots_of_run", {"run_id": run})
        ]

    def before(self, run: int, site: str) -> dict[str, Before]:
        """The newest snapshot of each audience in a site, of runs done before this one."""
        rows = self._database.rows("latest_snapshots", {"site": site, "before": run})
        return {row[0]: Before(*row[1:]) for row in rows}

    def of_audience(self, audience: str) -> list[PastSnapshot]:
        """Every snapshot of an audience in done runs, oldest first."""
        return [
            PastSnapshot(
                row[0],
                row[1],
                row[2],
                row[12],
                SnapshotRow(audience, row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11]),
            )
            for row in self._database.rows("snapshots_of_audience", {"audience_id": audience})
        ]

    def referenced(self) -> Iterable[tuple[int, str]]:
        """(base, members) of every snapshot there is."""
        return [(row[0], row[1]) for row in self._database.rows("referenced_snapshots")]

    def ages(self) -> list[tuple[str, int, str]]:
        """(audience, run, when it started) of every snapshot of done runs; of each audience by as_of."""
        return [(row[0], row[1], row[2]) for row in self._database.rows("snapshot_runs")]

    def forget(self, snapshots: Iterable[tuple[str, int]]) -> None:
        """Drop snapshots (audience, run), within the caller's transaction."""
        self._database.run_many(
            "forget_snapshots_of_run", ({"audience_id": audience, "run_id": run} for audience, run in snapshots)
        )


def _run(row: tuple[Any, ...]) -> RunRow:
    return RunRow(row[0], row[1], row[2], row[3], row[4], row[5], tuple(json.loads(row[6])), json.loads(row[7] or "{}"))
