"""`convoke secret`: passwords and keys of destinations."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import say, say_json, table
from engine.errors import EngineError

secret = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Passwords and keys of destinations.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What destinations call it: {secret: NAME}.")]


ForOption = Annotated[
    list[str] | None, typer.Option("--for", metavar="ID", help="The destination or ingest document that may use it.")
]
HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host", metavar="HOST", help="The host it may be sent to: HOST or HOST:PORT; by default the one ID names now."
    ),
]


@secret.command("set")
def set_(
    context: typer.Context,
    name: NameArgument,
    users: ForOption = None,
    hosts: HostOption = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Keep a secret: typed unseen, or the first line of standard input. Without --for it is bound to the first
    destination or ingest document that you use it with."""
    from engine import operations

    if hosts and not users:
        raise EngineError("usage", "a host is named, but no destination or ingest document", "--for", "Name the id.")
    with open_workspace(context, workspace) as opened:
        asked = sys.stdin.isatty()
        value = getpass.getpass(f"{name}: ") if asked else sys.stdin.readline().rstrip("\r\n")
        kept_in = operations.set_secret(opened, name, value, passphrase)
        for user in users or ():
            operations.allow_secret(opened, name, user, hosts or ())
    say(f"{name} is kept in the {kept_in}.")
    return 0


@secret.command()
def allow(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A secret, or env:VARIABLE.")],
    users: Annotated[list[str], typer.Option("--for", metavar="ID", help="The destination or ingest document.")],
    hosts: HostOption = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Let a destination or an ingest document use a secret, at the hosts it names now or at these."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        for user in users:
            found = operations.allow_secret(opened, name, user, hosts or ())
    table(["secret", "for", "host"], [[one.name, one.user, one.place] for one in found])
    return 0


@secret.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, json: JsonOption = False) -> int:
    """The names of the secrets, and what keeps them."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.secrets(opened)
        given = [one for one in operations.grants(opened) if one.what == "secret"]
    places = {
        one.name: [f"{grant.user} at {grant.place}" for grant in given if grant.name == one.name] for one in found
    }
    if json:
        for one in found:
            say_json(vars(one) | {"for": places[one.name]})
    else:
        rows = [[s.name, s.kept_in, s.saved_by, s.saved_at, ", ".join(places[s.name])] for s in found]
        table(["name", "kept in", "by", "at", "for"], rows)
    return 0


@secret.command()
def remove(context: typer.Context, name: NameArgument, workspace: WorkspaceOption = None) -> int:
    """Forget a secret; refused while a destination needs it."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.remove_secret(opened, name, passphrase)
    say(f"{name} is forgotten.")
    return 0


@secret.command("make-key")
def make_key(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where; best outside the workspace.")],
    workspace: WorkspaceOption = None,
) -> int:
    """Make the key of an encrypted vault, for machines without a keyring, and use it from now on."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.make_vault_key(opened, file)
    say(f"{file} is the vault's key. Whoever has it and the workspace can read the secrets: keep a copy elsewhere.")
    return 0


def passphrase() -> str | None:
    """Ask a person for the vault's passphrase; None where nobody sits."""
    return getpass.getpass("The vault's passphrase: ") if sys.stdin.isatty() else None
