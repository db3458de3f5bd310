"""`run`, and what runs froze: history of sizes, members then, changes, and keeping house."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING, Any

from engine.domain.delivery import read_delivery
from engine.domain.documents import iso
from engine.errors import EngineError
from engine.jobs import Job
from engine.locks import holding
from engine.membership.cleaning import Checked, Cleaned
from engine.membership.cleaning import check as check_bitmaps
from engine.membership.cleaning import clean as clean_bitmaps
from engine.membership.running import Due, Runner, RunReport
from engine.membership.snapshots import Snapshots
from engine.operations.catalogue import with_referred
from engine.operations.context import audience_problem, bitmap_setting, lists_for, verify
from engine.operations.membering import Members
from engine.operations.targets import moment
from engine.operations.workspace import Workspace, store_as_it_is
from engine.sql.compile import World
from engine.sql.sources import Sources
from engine.store.activation import Batches, Outbox
from engine.store.audiences import Stored
from engine.store.checking import problems
from engine.store.runs import PastSnapshot, RunRow

if TYPE_CHECKING:
    import pandas as pd

LOCK = "run.lock"
_PATIENCE = 3.0
"""Seconds."""


@dataclass(frozen=True)
class AudienceRun:
    """One audience in a run: its new size and what changed since its snapshot before, or why it failed.

    ``added`` and ``removed`` are None when the snapshot before cannot be compared.
    """

    id: str
    size: int | None
    added: int | None
    removed: int | None
    error: EngineError | None = None

    def as_json(self) -> dict[str, Any]:
        """The line `convoke run --json` prints."""
        body: dict[str, Any] = {
            "id": self.id,
            "state": "done" if self.error is None else "failed",
            "size": self.size,
            "added": self.added,
            "removed": self.removed,
        }
        return body if self.error is None else body | self.error.as_json()


@dataclass(frozen=True)
class Run:
    """A finished run."""

    id: int
    as_of: datetime
    data_version: str
    continued: bool
    audiences: tuple[AudienceRun, ...]
    sites: tuple[dict[str, Any], ...]
    elapsed_ms: float

    def as_json(self) -> list[dict[str, Any]]:
        """The lines `convoke run --json` prints, each with the run's number, moment and data."""
        head = {"run": self.id, "as_of": iso(self.as_of), "data_version": self.data_version}
        return [one.as_json() | head for one in self.audiences]

    def frame(self) -> pd.DataFrame:
        """One row an audience."""
        import pandas as pd

        return pd.DataFrame(self.as_json())


def run(
    workspace: Workspace,
    targets: Sequence[str] = (),
    *,
    as_of: str | datetime | None = None,
    job: Job | None = None,
) -> Run:
    """Evaluate stored audiences (all, or those named by id) as one plan, freeze and compare them.

    A run that was interrupted over the same data is continued when no other moment is asked for. One audience that
    fails never fails the others. Raises EngineError("changed") when the warehouse changed meanwhile; then nothing of
    the run counts.
    """
    started = perf_counter()
    with _running(workspace):
        stored = _chosen(workspace, targets)
        wanted = sorted(stored)
        row, continued = _begin(workspace, wanted, as_of)
        at = datetime.fromisoformat(row.as_of)
        runner, due, failures, sites = _prepare(workspace, stored, at, row.id, job)
        going = _going(stored)
        del stored  # the texts of very many audiences are not needed any more
        with _settled():
            report = runner.all(due, sites)
        report.failures |= failures
        _end(workspace, row, report, going)
        found = _outcome(workspace, row.id, wanted, report)
    elapsed = (perf_counter() - started) * 1000
    return Run(row.id, at, row.data_version, continued, tuple(found), tuple(report.sites), elapsed)


@contextmanager
def _running(workspace: Workspace) -> Iterator[None]:
    """One run at a time in a workspace; a step that follows events takes less than a second, and is waited for."""
    end = monotonic() + _PATIENCE
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(
                    holding(workspace.folder / LOCK, "convoke run", "bitmaps", "audiences are being run")
                )
                break
            except EngineError:
                if monotonic() > end:
                    raise
                sleep(0.05)
        yield


@contextmanager
def _settled() -> Iterator[None]:
    """What is loaded stays: the collector need not look through hundreds of thousands of audiences again and again.
    A program that has set objects aside itself keeps them so: Python can only give all of them back at once."""
    if gc.get_freeze_count():
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _chosen(workspace: Workspace, targets: Sequence[str]) -> dict[str, Stored]:
    """The audiences to run; each named one must be there."""
    if targets:
        return {identifier: workspace.audiences.get(identifier) for identifier in targets}
    found = workspace.audiences.all()
    if not found:
        raise EngineError(
            "not_found", "the workspace has no audiences yet", hint="Save one in the app, or: convoke apply -f DIR."
        )
    return found


def _begin(workspace: Workspace, wanted: list[str], as_of: str | datetime | None) -> tuple[RunRow, bool]:
    """Continue the run that was interrupted, if it still fits; else begin one."""
    version = workspace.warehouse.data_version()
    for row in workspace.runs.all():
        if row.state != "running":
            continue
        same = as_of is None or moment(as_of) == datetime.fromisoformat(row.as_of)
        if same and row.data_version == version and list(row.wanted) == wanted:
            return row, True
        workspace.runs.abandon(row.id)
    workspace.runs.start(iso(moment(as_of)), version, wanted)
    return workspace.runs.all()[-1], False


def _prepare(
    workspace: Workspace, stored: Mapping[str, Stored], as_of: datetime, run_id: int, job: Job | None
) -> tuple[Runner, list[Due], dict[str, EngineError], list[Any]]:
    """Check every audience by itself; those that fail are told, the others run."""
    model, warehouse = workspace.model, workspace.warehouse
    catalogue = with_referred(workspace, {(i, None): one.audience for i, one in stored.items()}, strict=False)
    failures: dict[str, EngineError] = {}
    problem = audience_problem(workspace, model, catalogue)
    for identifier, one in stored.items():
        error = problem(one.audience)
        if error is not None:
            failures[identifier] = error
    sources = Sources(model, warehouse)
    verify(workspace, model, sources, warehouse, job)
    world = World(model, warehouse, warehouse.describe, lists_for(workspace, catalogue, sources), as_of)
    runner = Runner(bitmap_setting(workspace, world, job), catalogue, workspace.runs, run_id)
    due = [Due(one.audience, one.version, one.rule_hash) for i, one in stored.items() if i not in failures]
    return runner, due, failures, list(model.sites.values())


def _going(stored: Mapping[str, Stored]) -> dict[str, tuple[str, ...]]:
    """Where audiences go; a document that cannot be read so goes nowhere, and syncing it says why."""
    found = {}
    for identifier, one in stored.items():
        if "destinations" in one.audience.settings:
            with suppress(EngineError):
                found[identifier] = read_delivery(one.audience.settings).destinations
    return found


def _end(workspace: Workspace, row: RunRow, report: RunReport, going: Mapping[str, tuple[str, ...]]) -> None:
    """Make the run count, unless the data changed while it was read; what was collected meanwhile was not."""
    if not workspace.warehouse.same_data():
        workspace.runs.abandon(row.id)
        raise EngineError(
            "changed",
            "the warehouse changed while the run was reading it; nothing of the run counts",
            hint="Run again.",
        )
    wanted = {identifier: places for identifier, places in going.items() if identifier not in report.failures}

    def queue() -> None:
        if wanted:
            from engine.operations.activating import queue_syncs

            queue_syncs(workspace, wanted, row)

    told = {"sites": report.sites, "landed": workspace.warehouse.landed}
    workspace.runs.finish(row.id, told, report.failures, queue)


def _outcome(workspace: Workspace, run_id: int, wanted: Sequence[str], report: RunReport) -> list[AudienceRun]:
    totals: dict[str, list[Any]] = {}
    for audience, _, size, added, removed in workspace.runs.of_run(run_id):
        total = totals.setdefault(audience, [0, 0, 0])
        total[0] += size
        total[1] = None if added is None or total[1] is None else total[1] + added
        total[2] = None if removed is None or total[2] is None else total[2] + removed
    return [
        AudienceRun(identifier, None, None, None, report.failures[identifier])
        if identifier in report.failures
        else AudienceRun(identifier, *totals.get(identifier, [0, 0, 0]))
        for identifier in wanted
    ]


# -- what a run would read ---------------------------------------------------------------------------------------------


def explain_run(
    workspace: Workspace, targets: Sequence[str] = (), *, as_of: str | datetime | None = None, job: Job | None = None
) -> list[dict[str, Any]]:
    """The plan of a run, site by site: scans with their rows, bytes, slices and memory, and what is reused.

    Reads counts only; records nothing.
    """
    with _running(workspace):
        stored = _chosen(workspace, targets)
        runner, due, _, sites = _prepare(workspace, stored, moment(as_of), 0, job)
        here = {site.id: [d for d in due if d.audience.sites is None or site.id in d.audience.sites] for site in sites}
        return [
            asdict(runner.explain(site, here[site.id])) | {"audiences": len(here[site.id])}
            for site in sites
            if here[site.id]
        ]


# -- what runs froze ---------------------------------------------------------------------------------------------------


def _snapshots(workspace: Workspace) -> Snapshots:
    return Snapshots(workspace.runs, workspace.segments, workspace.library)


@dataclass(frozen=True)
class SnapshotSize:
    """The size an audience had in a run, and what had changed."""

    run: int
    as_of: str
    data_version: str
    version: int
    size: int
    added: int | None
    removed: int | None
    per_site: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """The line `convoke snapshots --json` prints."""
        return asdict(self)


def snapshots(workspace: Workspace, identifier: str) -> list[SnapshotSize]:
    """The history of an audience's size, one row a run, oldest first."""
    found = _snapshots(workspace).history(identifier)
    if not found:
        workspace.audiences.get(identifier)
    return [_sized(one) for one in found]


def _sized(rows: Sequence[PastSnapshot]) -> SnapshotSize:
    first = rows[0]
    added = [one.row.added for one in rows]
    removed = [one.row.removed for one in rows]
    return SnapshotSize(
        first.run_id,
        first.as_of,
        first.data_version,
        first.row.version,
        sum(one.row.size for one in rows),
        None if None in added else sum(a or 0 for a in added),
        None if None in removed else sum(r or 0 for r in removed),
        {one.row.site: one.row.size for one in rows},
    )


def members_then(workspace: Workspace, identifier: str, at: str | datetime | None = None) -> Members:
    """Who was in an audience when it was last run, or as of the newest run not after a moment."""
    reader = _snapshots(workspace)
    if not reader.history(identifier):
        workspace.audiences.get(identifier)  # says so when there is no such audience
    rows = reader.at(identifier, None if at is None else moment(at))
    return Members(identifier, workspace.model.profile.key, reader.members(rows))


@dataclass(frozen=True)
class Changes:
    """Who came into an audience and who left it between two runs."""

    id: str
    before: int | None
    after: int
    added: list[Any]
    removed: list[Any]

    def as_json(self) -> dict[str, Any]:
        """The line `convoke changes --json` prints."""
        return asdict(self)

    def frame(self) -> pd.DataFrame:
        """One row a profile: key and change (added or removed)."""
        import pandas as pd

        rows = [(key, "added") for key in self.added] + [(key, "removed") for key in self.removed]
        return pd.DataFrame(rows, columns=["key", "change"])


def changes(workspace: Workspace, identifier: str, before: int | None = None, after: int | None = None) -> Changes:
    """The keys that came and went between two runs of an audience; by default those of the last two moments (as_of),
    whenever they were run."""
    reader = _snapshots(workspace)
    history = {rows[0].run_id: rows for rows in reader.history(identifier)}
    if not history:
        workspace.audiences.get(identifier)
        reader.at(identifier, None)
    order = list(history)  # by as_of: a moment that was filled in later is no later moment
    newest = after if after is not None else order[-1]
    earlier = order[: order.index(newest)] if newest in history else []
    oldest = before if before is not None else next(reversed(earlier), None)
    for number in (newest, oldest):
        if number is not None and number not in history:
            known = ", ".join(str(n) for n in list(history)[-8:])
            raise EngineError(
                "not_found", f'audience "{identifier}" has no snapshot of run {number}', hint=f"There are {known}."
            )
    added, removed = reader.changes(history[oldest] if oldest is not None else [], history[newest])
    return Changes(identifier, oldest, newest, added.tolist(), removed.tolist())


def runs(workspace: Workspace) -> list[dict[str, Any]]:
    """Every run: when, over which data, in which state, and how many audiences it froze and failed."""
    result = []
    for row in workspace.runs.all():
        failed = workspace.runs.failures(row.id)
        body = {"run": row.id, "as_of": row.as_of, "data_version": row.data_version, "state": row.state}
        body |= {"started_at": row.started_at, "finished_at": row.finished_at}
        result.append(body | {"audiences": len(row.wanted), "failed": failed, "sites": row.report.get("sites", [])})
    return result


# -- keeping house -----------------------------------------------------------------------------------------------------


def check_store(workspace: Workspace) -> Checked:
    """Check the store's file, then read and verify every bitmap; what rests on a corrupt one is found anew by the next
    run."""
    faults = problems(store_as_it_is(workspace))
    found = check_bitmaps(workspace.library)
    return replace(found, corrupt=(*faults, *found.corrupt))


def clean_store(workspace: Workspace) -> Cleaned:
    """Forget snapshots and rows of deliveries past the setting `keep`, and bitmaps that nothing needs any more."""
    with _running(workspace):
        before = datetime.now(UTC) - timedelta(days=workspace.settings.keep_days)
        with workspace.database.transaction():
            Batches(workspace.database).clean(iso(before.replace(microsecond=0)))
            Outbox(workspace.database).clean(iso(before.replace(microsecond=0)))
        # A step that follows events uses no conditions; what the last run of everybody used is used still.
        done = [row.id for row in workspace.runs.all() if row.state == "done" and not row.report.get("followed")]
        expired = _snapshots(workspace).expired(workspace.settings.keep_days)
        return clean_bitmaps(
            workspace.library, workspace.runs, workspace.database.transaction, expired, max(done, default=0)
        )
