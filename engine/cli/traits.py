"""`convoke trait`: traits computed from what profiles did."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.options import AsOfOption, JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, progress, say, say_json, table

trait = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Traits computed by documents in the workspace's folder traits."
)


@trait.command()
def run(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="By default all.")] = None,
    as_of: AsOfOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Compute traits as of a moment, now by default; exit code 1 when one is not what its document expects, and keeps
    its former values."""
    from engine import operations
    from engine.operations.traits import plain

    with open_workspace(context, workspace) as opened, progress("Computing", quiet=as_json) as job:
        found = operations.trait_run(opened, tuple(ids or ()), job, as_of=as_of)
    for one in found:
        if as_json:
            say_json(one.as_json())
        elif one.state == "computed":
            edges = [plain(edge) for edge in (one.least, one.greatest) if edge is not None]
            between = f", {' to '.join(edges)}" if edges else ""
            say(f"{one.id}: {number(one.values)} profiles have a value ({one.share:.1%}){between}.")
        elif one.state == "held":
            say(f"{one.id} is held and keeps its former values: {one.reason}.")
        else:
            say(f"{one.id} is removed: its document is gone.")
    return 1 if any(one.state == "held" for one in found) else 0


@trait.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The traits in force: their versions, as of when they are, and over which data."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.trait_show(opened)
    if as_json:
        for name, one in found.items():
            say_json({"id": name, **vars(one)})
        return
    rows = [
        [name, one.type, str(one.version), number(one.values), one.as_of, one.data]
        for name, one in sorted(found.items())
    ]
    table(["trait", "type", "version", "values", "as of", "data"], rows, right=(2, 3))


@trait.command()
def history(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every version of a trait's document that was computed."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = [one for one in operations.trait_versions(opened) if one.id == identifier]
    for one in found:
        if as_json:
            say_json(vars(one))
        else:
            say(f"# version {one.version}, {one.at}, {one.who}\n{one.document}")


@trait.command()
def values(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="By default all with a value.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What profiles have of a computed trait, as of the moment it was computed; nothing for those without a value."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.trait_values(opened, identifier, tuple(keys or ()))
    for key, value in found.values:
        if as_json:
            say_json({"id": found.id, "key": key, "value": value, "as_of": found.as_of})
        else:
            say(f"{key}\t{'' if value is None else value}")
