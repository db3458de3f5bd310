"""`convoke lists …`: uploaded lists of profile keys, for {list: ID}."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, say, say_json, table
from engine.errors import EngineError

lists = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Lists of profile keys.")


@lists.command()
def add(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    report: Annotated[
        Path | None, typer.Option("--report", help="Write what became of every row to this CSV file.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a list, replacing the one of that id: a CSV or text file with the keys in its first column."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.upload_list(opened, identifier, file)
    if report is not None:
        _write(found.frame(), report)
    if as_json:
        say_json(found.as_json())
        return
    counts = ", ".join(f"{number(count)} {outcome}" for outcome, count in found.counts().items())
    say(f"The list {identifier} holds {number(found.size)} keys; of {number(len(found.rows))} rows: {counts}.")


def _write(frame: Any, path: Path) -> None:
    try:
        frame.to_csv(path, index=False)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError("file", f"{path} cannot be written: {reason}", "--report", "Choose another place.") from None


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
