"""`convoke quality`: contracts checked over the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import progress, say, say_json, table

if TYPE_CHECKING:
    from engine.operations.contracting import CheckOutcome

quality = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Contracts (ODCS 3), checked over the warehouse."
)
TableName = Annotated[str, typer.Argument(metavar="TABLE", help="A table of the warehouse.")]


@quality.command()
def run(
    context: typer.Context,
    tables: Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="By default all.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check the contracts of the workspace's folder `contracts`; exit code 1 when something is red."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Checking", quiet=as_json) as job:
        found = operations.quality_run(opened, tuple(tables or ()), job)
        unchecked = operations.contracts_of(opened).unchecked
    _print(found, as_json)
    if unchecked and not as_json:
        say(f"Not checked by Convoke: {', '.join(unchecked)}")
    return 1 if any(one.state == "red" for one in found) else 0


@quality.command()
def show(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """What the checks came to last; exit code 1 when something is red."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.quality_show(opened)
    _print(found, as_json)
    return 1 if any(one.state == "red" for one in found) else 0


@quality.command()
def accept(
    context: typer.Context,
    name: TableName,
    check: Annotated[str, typer.Argument(metavar="CHECK", help="As show names it.")],
    reason: Annotated[str, typer.Option(help="Why it may be red.")] = "",
    days: Annotated[int, typer.Option(min=1, max=365, help="For so long.")] = 7,
    workspace: WorkspaceOption = None,
) -> int:
    """Let what depends on a table go on although a check is red."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.quality_accept(opened, name, check, reason, days)
    say(f"{found.table}, {found.check}: {found.state}, accepted for {days} days.")
    return 0


@quality.command()
def draft(
    context: typer.Context,
    name: TableName,
    out: Annotated[Path | None, typer.Option(help="A file; by default it is printed.")] = None,
    workspace: WorkspaceOption = None,
) -> int:
    """A contract for a table, from the values that it has: look at it, then put it into the folder `contracts`."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        text = operations.quality_draft(opened, name)
    if out is None:
        say(text.rstrip())
    else:
        out.write_text(text, encoding="utf-8")
        say(f"Wrote {out}.")
    return 0


def _print(found: list[CheckOutcome], as_json: bool) -> None:
    if as_json:
        for one in found:
            say_json(one.as_json())
        return
    rows = [[one.table, one.check, one.state, one.sentence + _why(one.accepted)] for one in found]
    table(["table", "check", "", "what"], rows)


def _why(accepted: str | None) -> str:
    return "" if accepted is None else f" (accepted: {accepted})"


def lineage(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="orders.total, a trait, event, audience…; or KIND:NAME.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What something is made of, and what depends on it: from columns to destinations, and back."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.lineage_of(opened, name)
    if as_json:
        say_json(found.as_json())
        return
    for title, nodes in (("made of", found.made_of), ("part of", found.part_of)):
        table([title, ""], [[one.kind, one.name] for one in nodes])
    for one in found.checks:
        say(f"check {one}")
