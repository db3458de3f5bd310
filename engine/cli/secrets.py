"""`convoke secret`: passwords and keys of destinations."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import say, say_json, table

secret = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Passwords and keys of destinations.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What destinations call it: {secret: NAME}.")]


@secret.command("set")
def set_(context: typer.Context, name: NameArgument, workspace: WorkspaceOption = None) -> int:
    """Keep a secret: typed unseen, or the first line of standard input."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        asked = sys.stdin.isatty()
        value = getpass.getpass(f"{name}: ") if asked else sys.stdin.readline().rstrip("\r\n")
        kept_in = operations.set_secret(opened, name, value, passphrase)
    say(f"{name} is kept in the {kept_in}.")
    return 0


@secret.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, json: JsonOption = False) -> int:
    """The names of the secrets, and what keeps them."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.secrets(opened)
    if json:
        for one in found:
            say_json(vars(one))
    else:
        table(["name", "kept in", "by", "at"], [[s.name, s.kept_in, s.saved_by, s.saved_at] for s in found])
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
