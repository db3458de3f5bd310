"""The commands of `convoke`. Each parses its arguments, calls one operation and prints what it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine import __version__
from engine.cli.lists import lists
from engine.cli.modelling import model
from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, progress, say, say_json, share, table
from engine.errors import EngineError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Convoke: audiences over your own warehouse. Every command takes --workspace and --json.",
)

AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="The moment, such as 2026-01-31T09:00:00Z; now by default.")
]
SiteOption = Annotated[str | None, typer.Option("--site", help="Only this site.")]
LanguageOption = Annotated[str | None, typer.Option("--language", help="en, es or pt_BR.")]
Targets = Annotated[list[str], typer.Argument(help="Files, folders or ids of audiences.", metavar="FILE|DIR|ID …")]


@app.callback(invoke_without_command=False)
def _root(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    version: Annotated[bool, typer.Option("--version", "-V", is_eager=True, help="Print the version.")] = False,
) -> None:
    if version:
        say(f"convoke {__version__}")
        raise typer.Exit
    context.obj = workspace


# -- workspace ---------------------------------------------------------------------------------------------------------


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace in DIR (by default: here)."""
    from engine import operations

    path = folder or workspace or context.obj or Path.cwd()
    with operations.init(path) as made:
        if as_json:
            say_json({"workspace": str(made.folder.resolve())})
        else:
            say(f"Workspace ready in {made.folder}. Next: convoke connect URL.")


@app.command()
def connect(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="duckdb:///file.duckdb, a file, or a folder of Parquet, CSV or JSON.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point the workspace at a warehouse; it is only ever read."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.connect(opened, url)
    if as_json:
        say_json(found)
        return
    tables = found["tables"]
    assert isinstance(tables, list)  # noqa: S101 — as connect gives it
    say(f"Connected to {found['warehouse']}: {len(tables)} tables ({', '.join(tables[:12])}).")
    say("Next: convoke model infer --out model.yaml.")


# -- sizes and members -------------------------------------------------------------------------------------------------


@app.command()
def size(
    context: typer.Context,
    targets: Targets,
    site: SiteOption = None,
    as_of: AsOfOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The exact size of audiences, and of each of their conditions."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Counting", quiet=as_json) as job:
        found = operations.size(opened, targets, site=site, as_of=as_of, job=job)
    if as_json:
        for one in found:
            say_json(one.as_json())
        return
    rows = [[one.id, number(one.size), share(one.size, one.base), f"{one.elapsed_ms:.0f} ms"] for one in found]
    table(["audience", "size", "of base", "took"], rows, right=(1, 2, 3))
    if len(found) == 1:
        one = found[0]
        rows = [[c.path, number(c.size), number(c.without)] for c in one.conditions]
        table(["condition", "alone", "audience without it"], rows, right=(1, 2))
        rows = [[name, number(count)] for name, count in one.per_site.items()]
        if len(rows) > 1:
            table(["site", "size"], rows, right=(1,))
    if found:
        first = found[0].as_json()
        note(f"exact · as of {first['as_of']} · base {number(found[0].base)} · data {first['data_version']}")


@app.command()
def members(
    context: typer.Context,
    targets: Targets,
    site: SiteOption = None,
    as_of: AsOfOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="F.csv, F.parquet or a folder.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The member keys of audiences, sorted."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Finding members", quiet=as_json) as job:
        found = operations.members(opened, targets, site=site, as_of=as_of, job=job)
    if out is not None:
        written = operations.export_members(found, out)
        for one, path in zip(found, written, strict=True):
            if as_json:
                say_json({"id": one.id, "file": str(path), "size": len(one.keys)})
            else:
                say(f"{path}: {number(len(one.keys))} members")
        return
    for one in found:
        if as_json:
            say_json(one.as_json())
            continue
        for key in one.keys:
            say(str(key) if len(found) == 1 else f"{one.id}\t{key}")


@app.command()
def explain(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|ID")],
    dialect: Annotated[str, typer.Option("--dialect")] = "duckdb",
    as_of: AsOfOption = None,
    language: LanguageOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The SQL that finds an audience's members."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.explain(opened, target, dialect=dialect, as_of=as_of, language=language)
    for one in found:
        if as_json:
            say_json(one.as_json())
            continue
        say(f"-- {one.id}: {one.sentence}")
        for sql, values in zip(one.sql, one.parameters, strict=True):
            say(f"{sql};")
            for i, value in enumerate(values, 1):
                shown = repr(value) if len(repr(value)) < 200 else f"{repr(value)[:200]}…"
                say(f"-- ${i} = {shown}")


@app.command()
def why(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|ID")],
    key: Annotated[str, typer.Argument(metavar="KEY")],
    as_of: AsOfOption = None,
    language: LanguageOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why one profile is in an audience or out of it, condition by condition."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.why(opened, target, key, as_of=as_of, language=language)
    if as_json:
        say_json(found.as_json())
        return
    say(f"{found.key} ({found.site}) is {'in' if found.member else 'not in'} {found.id}.")
    rows = [[r.path, "yes" if r.holds else "no", r.sentence, _value(r)] for r in found.reasons]
    table(["condition", "holds", "what it asks", "this profile"], rows)


def _value(reason: Any) -> str:
    return "" if reason.value is None else str(reason.value)


# -- audiences as files ------------------------------------------------------------------------------------------------

FolderOption = Annotated[Path, typer.Option("-f", "--folder", help="The folder of audience documents.")]


def _show_plan(found: Any, done: bool) -> None:
    for step in found.steps:
        sign = {"add": "+", "change": "~", "delete": "-"}[step.action]
        sizes = f"{number(step.size_before)} → {number(step.size_after)}"
        say(f"{sign} {step.id}  ({sizes})  {step.name}")
        for change in step.changes:
            say(f"    {change}")
    counts = {action: sum(s.action == action for s in found.steps) for action in ("add", "change", "delete")}
    verb = "Applied" if done else "Plan"
    say(
        f"{verb}: {counts['add']} to add, {counts['change']} to change, {counts['delete']} to delete, "
        f"{found.unchanged} unchanged."
    )
    for skipped in found.skipped:
        note(f"{skipped} is not an audience and was left out.")


@app.command()
def plan(
    context: typer.Context,
    folder: FolderOption,
    as_of: AsOfOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What applying a folder would add, change and delete, with sizes; changes nothing."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Planning", quiet=as_json) as job:
        found = operations.plan(opened, folder, as_of=as_of, job=job)
    if as_json:
        say_json(found.as_json())
    else:
        _show_plan(found, done=False)


@app.command("apply")
def apply_(
    context: typer.Context,
    folder: FolderOption,
    as_of: AsOfOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the workspace's audiences what a folder says, all at once."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Applying", quiet=as_json) as job:
        found = operations.apply(opened, folder, as_of=as_of, job=job)
    if as_json:
        say_json(found.as_json())
    else:
        _show_plan(found, done=True)


@app.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The audiences of the workspace."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.list_audiences(opened)
    if as_json:
        for one in found.as_json():
            say_json(one)
        return
    rows = [[s.audience.id, s.audience.name, str(s.version), s.saved_at, s.saved_by] for s in found.stored]
    table(["id", "name", "version", "saved", "by"], rows, right=(2,))


@app.command()
def show(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    language: LanguageOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """An audience's document and its rule in words."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.show(opened, identifier, language)
    if as_json:
        say_json(found.as_json())
        return
    say(f"# {found.sentence}")
    say(f"# version {found.stored.version}, saved {found.stored.saved_at} by {found.stored.saved_by}")
    say(found.stored.document.rstrip())


@app.command()
def history(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every version of an audience: who, when, what changed."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.history(opened, identifier)
    for version in found:
        if as_json:
            say_json(
                {
                    "version": version.version,
                    "saved_at": version.saved_at,
                    "saved_by": version.saved_by,
                    "changes": list(version.changes),
                    "deleted": version.audience is None,
                }
            )
            continue
        gone = "  deleted" if version.audience is None else ""
        say(f"{version.version}  {version.saved_at}  {version.saved_by}{gone}")
        for change in version.changes:
            say(f"    {change}")


@app.command()
def diff(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    before: Annotated[int | None, typer.Argument(metavar="[FROM]")] = None,
    after: Annotated[int | None, typer.Argument(metavar="[TO]")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed between two versions; by default the last two."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.diff(opened, identifier, before, after)
    if as_json:
        say_json([{"kind": c.kind, "path": c.path, "before": c.before, "after": c.after} for c in found])
        return
    for change in found:
        say(str(change))
    if not found:
        say("Nothing changed.")


@app.command()
def delete(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete an audience; its history stays."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.delete(opened, identifier)
    if as_json:
        say_json({"deleted": identifier})
    else:
        say(f"Deleted {identifier}.")


# -- the machine -------------------------------------------------------------------------------------------------------


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="model|audience")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """The JSON Schema of a document kind, for editors."""
    import json

    from engine import operations

    found = operations.schema(kind)
    say(json.dumps(found) if as_json else json.dumps(found, indent=2))


@app.command()
def doctor(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """What this machine lacks."""
    from dataclasses import asdict

    from engine import operations

    opened = None
    try:
        opened = open_workspace(context, workspace)
    except EngineError:
        if workspace is not None or context.obj is not None:
            raise
    found = operations.doctor(opened)
    if opened is not None:
        opened.close()
    sound = all(d.ok for d in found)
    if as_json:
        say_json({"ok": sound, "found": [asdict(d) for d in found]})
    else:
        table(
            ["", "what", "found", "needed for"], [["✓" if d.ok else "✗", d.what, d.detail, d.needed_for] for d in found]
        )
    return 0 if sound else 1


@app.command()
def demo(
    context: typer.Context,
    headless: Annotated[bool, typer.Option("--headless", help="Print the result instead of opening the app.")] = False,
    profiles: Annotated[int, typer.Option("--profiles", min=1_000, help="How many profiles to simulate.")] = 200_000,
    language: Annotated[str, typer.Option("--language", help="en, es or pt_BR.")] = "en",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """A marketplace's sample data, twenty audiences and their live sizes; opens the app where there is a display."""
    from engine.cli.starting import run_demo

    return run_demo(workspace or context.obj, headless=headless, profiles=profiles, language=language, as_json=as_json)


@app.command("app")
def app_(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """Open the desktop app."""
    from engine.cli.starting import open_app

    with open_workspace(context, workspace) as opened:
        folder = opened.folder
    return open_app(folder)


app.add_typer(model, name="model")
app.add_typer(lists, name="lists")
