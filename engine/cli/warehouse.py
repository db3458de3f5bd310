"""`convoke warehouse`: how the workspace's own warehouse lies."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, say_json, table

warehouse = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The workspace's own warehouse.")


@warehouse.callback()
def group() -> None:
    """Commands of their own."""


@warehouse.command()
def layout(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Divide and sort the tables so that less is read.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the audiences' conditions read of the tables against what they need."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.warehouse_layout(opened, apply=apply)
    if as_json:
        for one in found:
            say_json(one.as_json())
        return
    rows = [
        [
            one.table,
            number(one.rows),
            ", ".join(one.parts) or "–",
            ", ".join(one.order),
            number(one.runs),
            number(one.needed),
            number(one.read),
            number(one.expected),
            "" if one.after is None else number(one.after),
            number(one.bytes_needed),
            number(one.bytes_read),
            "" if one.bytes_after is None else number(one.bytes_after),
        ]
        for one in found
    ]
    heads = ["table", "rows", "parts", "sorted by", "runs", "needed", "read", "if laid", "read now"]
    heads += ["bytes needed", "bytes read", "bytes now"]
    table(heads, rows, right=(1, 4, 5, 6, 7, 8, 9, 10, 11))
