"""`convoke alert`: what needs a person's look."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import say, say_json, table

alert = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What needs a person's look.")


@alert.command("list")
def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also those that have passed.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> int:
    """What is wrong now; 1 when anything is."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.watch(opened, operations.Seen())
        found = operations.alerts(opened, open_only=not every)
    if json:
        for one in found:
            say_json(one.as_json())
    elif found:
        rows = [[a.kind, a.subject, a.message, a.opened_at, a.closed_at or ""] for a in found]
        table(["what", "where", "message", "since", "passed"], rows)
    else:
        say("Nothing is wrong.")
    return 1 if any(one.closed_at is None for one in found) else 0


@alert.command()
def seen(context: typer.Context, workspace: WorkspaceOption = None) -> int:
    """Mark them as seen: the app's bell is quiet until something else goes wrong."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.see_alerts(opened)
    return 0


@alert.command("test")
def try_(context: typer.Context, workspace: WorkspaceOption = None) -> int:
    """Send a test message to every address of the setting alerts."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        took = operations.try_alerts(opened)
    say(f"{', '.join(took)} took a test message.")
    return 0
