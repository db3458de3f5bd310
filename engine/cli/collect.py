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


@collect.command("aside")
def collect_aside(
    context: typer.Context,
    into: Annotated[Path | None, typer.Option(help="Write all of it there, to be corrected.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """What was put aside, by reason: messages that could not be used, and rows that a contract keeps out."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.collect_aside(opened, into)
    if json:
        say_json(found)
        return
    if not found:
        say("Nothing is aside.")
        return
    table(["reason", "aside"], [[reason, number(count)] for reason, count in found.items()], right=(1,))
    if into is not None:
        say(f"Written to {into}, which only you can read. It holds personal data: delete it when you are done.")


@collect.command("replay")
def collect_replay(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="What you corrected; without it, all that is aside.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> int:
    """Land what was put aside once more, because it was corrected, or a contract was. Exits with 1 if some is aside
    again."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.collect_replay(opened, file)
    if json:
        say_json(asdict(found))
    else:
        rows = [[f"collected.{name}", number(count), ""] for name, count in found.rows.items()]
        rows += [["aside", number(count), reason] for reason, count in found.aside.items()]
        if rows:
            table(["table", "rows", "why"], rows, right=(1,))
        elif not found.gone:
            say("Nothing is aside.")
        if found.gone:
            say(f"{number(found.gone)} of the file are not aside: they landed before.")
    return 1 if found.aside else 0


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
    if found.stitched is not None and found.shared is not None:
        say(f"Anonymous ids: {number(found.stitched)} belong to one user, {number(found.shared)} came with several.")
    rows = [[f"collected.{one.name}", number(one.rows), number(one.columns), number(one.bytes)] for one in found.tables]
    table(["table", "rows", "columns", "bytes"], rows, right=(1, 2, 3))
