"""`convoke collect`: events by the Segment protocol."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, say, say_json, table
from engine.cli.serving import until_stopped

collect = typer.Typer(rich_markup_mode=None, help="Events by the Segment protocol, into tables beside the warehouse.")


@collect.callback(invoke_without_command=True)
def collect_(
    context: typer.Context,
    address: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where events are taken.")] = "127.0.0.1:8813",
    certificate: Annotated[Path | None, typer.Option(help="A PEM file; beyond this machine it must be given.")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's private key, a PEM file.")] = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Take events by the Segment protocol until it is stopped."""
    if context.invoked_subcommand is not None:
        return 0
    from engine.api.hosting import HostedCollector

    with open_workspace(context, workspace) as opened:
        folder = opened.folder
    served = HostedCollector(folder, address, certificate, key)
    how = "write keys: convoke token add NAME --scope collect. Stop with Ctrl+C."
    until_stopped([f"Events are taken at {served.location}; {how}"], served.stop)
    return 0


@collect.command("status")
def collect_status(context: typer.Context, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Whether a collector runs, what waits, and the tables of what was collected."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.collect_state(opened)
    if json:
        say_json(asdict(found))
        return
    runs = "A collector runs" if found.running else "No collector runs"
    say(f"{runs}; {number(found.waiting)} bytes wait to be landed.")
    rows = [[f"collected.{one.name}", number(one.rows), number(one.columns), number(one.bytes)] for one in found.tables]
    table(["table", "rows", "columns", "bytes"], rows, right=(1, 2, 3))
