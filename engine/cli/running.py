"""`convoke run runs snapshots changes` and `convoke store …`: freezing audiences, and what was frozen."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.cli.options import AsOfOption, JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, progress, say, say_json, table

running = typer.Typer()
store = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The bitmaps and snapshots of the workspace.")

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID …]", help="Audiences; all of them by default.")]
Id = Annotated[str, typer.Argument(metavar="ID")]


@running.command()
def run(
    context: typer.Context,
    ids: Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="Every audience; the default without ids.")] = False,
    as_of: AsOfOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print what would be read; freeze nothing.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Evaluate audiences as one plan, freeze them as snapshots and say what changed."""
    from engine import operations
    from engine.errors import EngineError

    if everything and ids:
        raise EngineError("usage", "--all and ids were given together", "--all", "Give one of them.")
    with open_workspace(context, workspace) as opened, progress("Running", quiet=as_json) as job:
        if explain:
            _show_plan(operations.explain_run(opened, ids or (), as_of=as_of, job=job), as_json)
            return 0
        found = operations.run(opened, ids or (), as_of=as_of, job=job)
    failed = [one for one in found.audiences if one.error is not None]
    if as_json:
        for line in found.as_json():
            say_json(line)
        return 1 if failed else 0
    if len(found.audiences) <= _SHOWN:
        rows = [[a.id, number(a.size), number(a.added), number(a.removed)] for a in found.audiences if not a.error]
        table(["audience", "size", "added", "removed"], rows, right=(1, 2, 3))
    for one in failed:
        note(f"{one.id}: {one.error}")
    _summary(found, len(failed))
    return 1 if failed else 0


_SHOWN = 200


def _summary(found: Any, failed: int) -> None:
    scans = [scan for site in found.sites for scan in site["scans"]]
    conditions = sum(site["conditions"] for site in found.sites)
    reused = sum(site["reused"] for site in found.sites)
    corrupt = sum(site["corrupt"] for site in found.sites)
    head = "Continued run" if found.continued else "Run"
    say(
        f"{head} {found.id}: {number(len(found.audiences) - failed)} audiences frozen, {number(failed)} failed, "
        f"in {found.elapsed_ms / 1000:,.1f} s."
    )
    note(
        f"{number(conditions)} conditions, {number(reused)} reused; {number(len(scans))} scans of "
        f"{number(sum(scan['rows'] for scan in scans))} rows · as of {found.as_json()[0]['as_of']} · "
        f"data {found.data_version}"
    )
    for site in found.sites:
        if site["begun_anew"]:
            note(f"{site['site']}: the ordinals were lost and begun anew; older snapshots keep only their sizes.")
    if corrupt:
        note(f"{number(corrupt)} bitmaps were corrupt and were found anew.")


def _show_plan(sites: list[dict[str, Any]], as_json: bool) -> None:
    for site in sites:
        if as_json:
            say_json(site)
            continue
        say(
            f"{site['site']}: {number(site['audiences'])} audiences, {number(site['conditions'])} distinct conditions, "
            f"{number(site['reused'])} reused"
        )
        rows = [
            [
                scan["shape"],
                scan["source"],
                number(scan["conditions"]),
                number(scan["rows"]) if scan["rows"] else "–",
                _megabytes(scan["bytes"]),
                number(scan["slices"]),
                _megabytes(scan["memory"]),
            ]
            for scan in site["scans"]
        ]
        table(["scan", "of", "conditions", "rows", "read", "slices", "memory"], rows, right=(2, 3, 4, 5, 6))


def _megabytes(size: int) -> str:
    return "–" if not size else f"{size / 1e6:,.1f} MB"


@running.command()
def runs(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Every run: when, over which data, and what failed."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.runs(opened)
    if as_json:
        for one in found:
            say_json(one)
        return
    rows = [
        [str(r["run"]), r["state"], r["as_of"], r["data_version"], number(r["audiences"]), number(len(r["failed"]))]
        for r in found
    ]
    table(["run", "state", "as of", "data", "audiences", "failed"], rows, right=(0, 4, 5))


@running.command()
def freshness(
    context: typer.Context,
    ids: Ids = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """As of when audiences are, over which data, and what was received since."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.freshness_of(opened, ids or ())
    if as_json:
        for one in found:
            say_json(one.as_json())
        return
    rows = [
        [
            one.id,
            one.as_of or "never",
            "" if one.lag_seconds is None else f"{number(one.lag_seconds)} s",
            "" if not one.follows else one.received_at or "–",
            "" if one.waiting is None else number(one.waiting),
            one.data_version or "",
        ]
        for one in found
    ]
    table(["audience", "as of", "ago", "events until", "waiting", "data"], rows, right=(2, 4))


@running.command()
def snapshots(
    context: typer.Context, identifier: Id, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """The history of an audience's size, run by run."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.snapshots(opened, identifier)
    if as_json:
        for one in found:
            say_json(one.as_json())
        return
    rows = [[str(s.run), s.as_of, str(s.version), number(s.size), number(s.added), number(s.removed)] for s in found]
    table(["run", "as of", "version", "size", "added", "removed"], rows, right=(0, 2, 3, 4, 5))


@running.command()
def changes(
    context: typer.Context,
    identifier: Id,
    before: Annotated[int | None, typer.Argument(metavar="[FROM]", help="A run; the one before by default.")] = None,
    after: Annotated[int | None, typer.Argument(metavar="[TO]", help="A run; the last by default.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The keys that came into an audience (+) and left it (-) between two runs."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.changes(opened, identifier, before, after)
    if as_json:
        say_json(found.as_json())
        return
    for key in found.added:
        say(f"+{key}")
    for key in found.removed:
        say(f"-{key}")
    since = "nothing" if found.before is None else f"run {found.before}"
    note(f"{number(len(found.added))} added, {number(len(found.removed))} removed from {since} to run {found.after}.")


@store.command()
def check(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """Check the store and verify every bitmap; what rests on a corrupt one is found anew by the next run."""
    from dataclasses import asdict

    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.check_store(opened)
    if as_json:
        say_json(asdict(found))
    else:
        for one in found.corrupt:
            note(one)
        sound = "all sound" if not found.corrupt else f"{number(len(found.corrupt))} corrupt"
        say(f"{number(found.bitmaps)} bitmaps, {found.bytes / 1e6:,.1f} MB, {sound}.")
    return 1 if found.corrupt else 0


@store.command()
def clean(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Forget snapshots past the setting `keep` and remove bitmaps that nothing needs."""
    from dataclasses import asdict

    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.clean_store(opened)
    if as_json:
        say_json(asdict(found))
        return
    say(
        f"Removed {number(found.snapshots)} snapshots, {number(found.conditions)} conditions and "
        f"{number(found.bitmaps)} bitmaps: {found.bytes / 1e6:,.1f} MB."
    )
