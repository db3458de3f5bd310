"""`convoke destination …` and `convoke sync`: where audiences go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, say, say_json, table

activating = typer.Typer(rich_markup_mode=None)
destination = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Where audiences go.")
Id = Annotated[str, typer.Argument(metavar="ID", help="A destination.")]


@destination.command("add")
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A document of kind destination.")],
    workspace: WorkspaceOption = None,
) -> int:
    """Add a destination, or change it."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        identifier = operations.add_destination(opened, file)
    say(f"{identifier} is kept. Try it: convoke destination test {identifier}")
    return 0


@destination.command("test")
def try_it(context: typer.Context, identifier: Id, workspace: WorkspaceOption = None) -> int:
    """Try whether it can be used; nothing is changed there."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        say(operations.try_destination(opened, identifier))
    return 0


@destination.command("types")
def types(json: JsonOption = False) -> int:
    """The kinds of destinations, their settings, and what each was tested against."""
    from engine import operations

    found = operations.destination_types()
    if json:
        say_json(found)
    else:
        table(["type", "tested", "settings"], [[k, v["proof"], _settings(v["settings"])] for k, v in found.items()])
    return 0


def _settings(fields: list[dict[str, Any]]) -> str:
    """Their names; a star at those that must be given."""
    return ", ".join(f"{one['name']}{'*' if one['needed'] else ''}" for one in fields)


@destination.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, json: JsonOption = False) -> int:
    """Every destination and its state."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.destinations(opened)
    if json:
        for one in found:
            say_json(vars(one))
        return 0
    rows = [[d.id, str(d.document["type"]), str(d.document["name"]), _state(d), d.saved_at, d.saved_by] for d in found]
    table(["id", "type", "name", "state", "saved", "by"], rows)
    return 0


def _state(row: Any) -> str:
    if row.paused:
        return "paused"
    return "ready" if row.open_until is None else f"failed {row.failures} times, tried again at {row.open_until}"


@destination.command()
def pause(context: typer.Context, identifier: Id, workspace: WorkspaceOption = None) -> int:
    """Hold back everything that would go there."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.pause_destination(opened, identifier, paused=True)
    say(f"Nothing goes to {identifier} until: convoke destination resume {identifier}")
    return 0


@destination.command()
def resume(context: typer.Context, identifier: Id, workspace: WorkspaceOption = None) -> int:
    """Let what was held back go."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.pause_destination(opened, identifier, paused=False)
    say(f"{identifier} gets what is due again.")
    return 0


@destination.command()
def remove(context: typer.Context, identifier: Id, workspace: WorkspaceOption = None) -> int:
    """Forget a destination; refused while an audience goes there."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.remove_destination(opened, identifier)
    say(f"{identifier} is forgotten.")
    return 0


@activating.command()
def sync(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID …]", help="Audiences; all that go anywhere.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    allow_removals: Annotated[
        bool,
        typer.Option("--allow-removals", help="Send what is held: removals, and people who are no longer suppressed."),
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what was delivered and send everyone.")] = False,
    who: Annotated[str | None, typer.Option(metavar="KEY", help="When this person was sent where.")] = None,
    history: Annotated[bool, typer.Option("--history", help="What was delivered lately.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> int:
    """Deliver what changed since it was last acknowledged to the audiences' destinations."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        if who is not None:
            return _print(list(operations.sent_to(opened, who)), json)
        if history:
            return _print([one.as_json() for one in operations.syncs(opened)], json)
        if dry_run:
            previews = operations.preview_sync(opened, ids or [])
            _print([one.as_json() for one in previews], json)
            return 1 if any(one.held for one in previews) else 0
        found = operations.sync(opened, ids or [], allow_removals=allow_removals, reset=reset)
    _print([one.as_json() for one in found], json)
    return 0 if all(one.state == "done" for one in found) else 1


_HIDDEN = ("rows", "planned_at", "suppressing")


def _print(found: list[dict[str, Any]], json: bool) -> int:
    if json:
        for one in found:
            say_json(one)
    else:
        names = list(dict.fromkeys(name for one in found for name in one if name not in _HIDDEN))
        table(names, [[_cell(one.get(name)) for name in names] for one in found])
    return 0


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool() | str():
            return str(value)
        case int():
            return number(value)
        case dict():
            return ", ".join(f"{name} {_cell(one)}" for name, one in value.items())
        case _:
            return str(value)
