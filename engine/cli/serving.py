"""`convoke serve` and `convoke token`: what other machines may ask of this workspace."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import say, say_json, table

serving = typer.Typer(rich_markup_mode=None)
token = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may ask this workspace's services.")


@serving.command()
def serve(
    context: typer.Context,
    warehouse: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The warehouse: unix (this machine), or HOST:PORT with tokens."),
    ] = None,
    api: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The REST API, at HOST:PORT with tokens.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="A PEM file; beyond this machine it must be given.")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's private key, a PEM file.")] = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Serve the REST API, or the warehouse to other Convokes over Arrow Flight, until it is stopped."""
    with open_workspace(context, workspace) as opened:
        folder = opened.folder
    said: list[str] = []
    with ExitStack() as stack:
        if api is not None:
            from engine.api.hosting import HostedApi

            served = HostedApi(folder, api, certificate, key)
            stack.callback(served.stop)
            said.append(f"The API is served at {served.location}; /openapi.json describes it. Stop with Ctrl+C.")
        if warehouse is not None or api is None:
            from engine.serving.hosting import Hosted

            hosted = Hosted(folder, warehouse or "unix", certificate, key)
            stack.callback(hosted.stop)
            location = hosted.location.replace("grpc", "flight", 1)
            said.append(f"The warehouse is served at {location}. Stop with Ctrl+C.")
        until_stopped(said)
    return 0


def until_stopped(said: Sequence[str], stop: Callable[[], None] = lambda: None) -> None:
    """Say what is served, wait for Ctrl+C or the system's wish to end, then stop."""
    try:
        with suppress(KeyboardInterrupt):
            for one in (signal.SIGTERM, signal.SIGINT):
                signal.signal(one, _stop)
            for line in said:  # whoever started this through a pipe waits for the address, and may then end it
                say(line)
            sys.stdout.flush()
            while True:
                signal.pause() if hasattr(signal, "pause") else _wait()
    finally:
        stop()


def _stop(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def _wait() -> None:
    import time

    time.sleep(1)


@token.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, for the list.")],
    scope: Annotated[
        list[str],
        typer.Option(help="What it may: warehouse, read, members, write, deliver, identity, collect, admin, metrics."),
    ],
    days: Annotated[int, typer.Option(min=1, max=3650, help="Until when it is valid.")] = 90,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> int:
    """Make a token and print it for the only time; its hash is kept."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        made = operations.add_token(opened, name, tuple(scope), days)
    if json:
        say_json({"token": made})
    else:
        say(made)
    return 0


@token.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, json: JsonOption = False) -> int:
    """Every token, without its secret."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.tokens(opened)
    if json:
        for one in found:
            say_json(one.as_json())
    else:
        rows = [
            [t.id, t.name, ", ".join(t.scopes), t.created_at, t.expires_at or "", t.revoked_at or ""] for t in found
        ]
        table(["id", "name", "may", "made", "until", "revoked"], rows)
    return 0


@token.command()
def revoke(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As `convoke token list` prints it.")],
    workspace: WorkspaceOption = None,
) -> int:
    """End a token at once."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.revoke_token(opened, identifier)
    say(f"The token {identifier} is over.")
    return 0
