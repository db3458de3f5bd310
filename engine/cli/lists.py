"""`convoke lists …`: uploaded lists of profile keys, for {list: ID}."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, say, say_json, table

lists = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Lists of profile keys.")


@lists.command()
def add(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a list, replacing the one of that id: a CSV or text file with the keys in its first column."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        count = operations.upload_list(opened, identifier, file)
    if as_json:
        say_json({"id": identifier, "size": count})
    else:
        say(f"The list {identifier} holds {number(count)} keys.")


@lists.command("show")
def show(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Every list and its size."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.lists(opened)
    if as_json:
        say_json(found)
    else:
        table(["list", "keys"], [[name, number(count)] for name, count in found.items()], right=(1,))
