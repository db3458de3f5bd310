"""`convoke`: the commands for a workspace, sizes and members; those of other modules join them at the end.

Each command parses its arguments, calls one operation and prints what it gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import __version__
from engine.cli.activating import activating, destination
from engine.cli.alerts import alert
from engine.cli.authoring import authoring
from engine.cli.collect import collect
from engine.cli.daemon import daemon
from engine.cli.ingest import ingest
from engine.cli.insights import looking
from engine.cli.lists import lists
from engine.cli.lookalike import lookalike
from engine.cli.machine import machine
from engine.cli.modelling import model
from engine.cli.options import AsOfOption, JsonOption, LanguageOption, SiteOption, WorkspaceOption, open_workspace
from engine.cli.people import identity
from engine.cli.printing import note, number, progress, say, say_json, share, table, trouble
from engine.cli.propensity import propensity
from engine.cli.quality import lineage, quality
from engine.cli.running import running, store
from engine.cli.secrets import secret
from engine.cli.serving import serving, token
from engine.cli.traits import trait
from engine.cli.warehouse import warehouse
from engine.errors import EngineError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Convoke: audiences over your own warehouse. Every command takes --workspace and --json.",
)

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
) -> int:
    """The exact size of audiences, and of each of their conditions. Of several, those that are wrong are named on
    stderr."""
    from engine import operations

    wrong: list[EngineError] = []
    with open_workspace(context, workspace) as opened, progress("Counting", quiet=as_json) as job:
        found = operations.size(opened, targets, site=site, as_of=as_of, job=job, wrong=wrong, hints=True)
    if as_json:
        for one in found:
            say_json(one.as_json())
        return _named_wrong(wrong, as_json=True)
    rows = [[one.id, number(one.size), share(one.size, one.base), f"{one.elapsed_ms:.0f} ms"] for one in found]
    table(["audience", "size", "of base", "took"], rows, right=(1, 2, 3))
    if len(found) == 1:
        one = found[0]
        rows = [[c.path, number(c.size), number(c.without)] for c in one.conditions]
        table(["condition", "alone", "audience without it"], rows, right=(1, 2))
        rows = [[name, number(count)] for name, count in one.per_site.items()]
        if len(rows) > 1:
            table(["site", "size"], rows, right=(1,))
    for one in found:
        for hint in one.hints:
            note(f"{one.id}: {hint}.")
    if found:
        first = found[0].as_json()
        for one in found:
            for said in one.notes:
                note(f"{one.id}, {said}")
        note(f"exact · as of {first['as_of']} · base {number(found[0].base)} · data {first['data_version']}")
    return _named_wrong(wrong, as_json=False)


def _named_wrong(wrong: Sequence[EngineError], *, as_json: bool) -> int:
    """Say what is wrong with some of several audiences; the exit code."""
    for error in wrong:
        trouble(error, as_json=as_json)
    return max((error.exit_code for error in wrong), default=0)


@app.command()
def members(
    context: typer.Context,
    targets: Targets,
    site: SiteOption = None,
    as_of: AsOfOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="F.csv, F.parquet or a folder.")] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="In CSV, write keys that look like formulas as they are, for programs.")
    ] = False,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="As the last run froze them; with --as-of, the last run not after it.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """The member keys of audiences, sorted; with --frozen as they were in a run. Of several audiences, those that are
    wrong are named on stderr."""
    from engine import operations

    wrong: list[EngineError] = []
    with open_workspace(context, workspace) as opened, progress("Finding members", quiet=as_json) as job:
        if frozen:
            found = [operations.members_then(opened, target, as_of) for target in targets]
        else:
            found = operations.members(opened, targets, site=site, as_of=as_of, job=job, wrong=wrong)
    if out is not None and (found or not wrong):
        if wrong and out.suffix.lower() in (".csv", ".parquet"):
            count = len(found) + len(wrong)
            raise EngineError("usage", f"{count} audiences do not fit into one file", "--out", "Name a folder.")
        written = operations.export_members(found, out, raw=raw)
        for one, path in zip(found, written, strict=True):
            if as_json:
                say_json({"id": one.id, "file": str(path), "size": len(one.array)})
            else:
                say(f"{path}: {number(len(one.array))} members")
        return _named_wrong(wrong, as_json=as_json)
    for one in found:
        if as_json:
            say_json(one.as_json())
            continue
        for key in one.keys:
            say(str(key) if len(found) + len(wrong) == 1 else f"{one.id}\t{key}")
    return _named_wrong(wrong, as_json=as_json)


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


app.add_typer(authoring)
app.add_typer(looking)
app.add_typer(running)
app.add_typer(machine)
app.add_typer(serving)
app.add_typer(activating)
app.add_typer(model, name="model")
app.add_typer(lists, name="lists")
app.add_typer(store, name="store")
app.add_typer(daemon, name="daemon")
app.add_typer(collect, name="collect")
app.add_typer(token, name="token")
app.add_typer(secret, name="secret")
app.add_typer(alert, name="alert")
app.add_typer(destination, name="destination")
app.add_typer(identity, name="identity")
app.add_typer(ingest, name="ingest")
app.add_typer(quality, name="quality")
app.add_typer(trait, name="trait")
app.add_typer(lookalike, name="lookalike")
app.add_typer(propensity, name="propensity")
app.add_typer(warehouse, name="warehouse")
app.command()(lineage)
