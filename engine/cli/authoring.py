"""`convoke plan apply list show history diff delete`: audiences as files, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import AsOfOption, JsonOption, LanguageOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, progress, say, say_json, table

authoring = typer.Typer()

FolderOption = Annotated[Path, typer.Option("-f", "--folder", help="The folder of audience documents.")]


def _show_plan(found: Any, done: bool) -> None:
    for step in found.steps:
        sign = {"add": "+", "change": "~", "delete": "-"}[step.action]
        sizes = f"{number(step.size_before)} → {number(step.size_after)}"
        say(f"{sign} {step.id}  ({sizes})  {step.name}")
        for change in step.changes:
            say(f"    {change}")
        for hint in step.hints:
            note(f"{step.id}: {hint}.")
    counts = {action: sum(s.action == action for s in found.steps) for action in ("add", "change", "delete")}
    verb = "Applied" if done else "Plan"
    say(
        f"{verb}: {counts['add']} to add, {counts['change']} to change, {counts['delete']} to delete, "
        f"{found.unchanged} unchanged."
    )
    for skipped in found.skipped:
        note(f"{skipped} is not an audience and was left out.")


@authoring.command()
def plan(
    context: typer.Context,
    folder: FolderOption,
    as_of: AsOfOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What applying a folder would add, change and delete, with sizes; changes nothing."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Planning", quiet=as_json) as job:
        found = operations.plan(opened, folder, as_of=as_of, job=job, hints=True)
    if as_json:
        say_json(found.as_json())
    else:
        _show_plan(found, done=False)


@authoring.command("apply")
def apply_(
    context: typer.Context,
    folder: FolderOption,
    as_of: AsOfOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the workspace's audiences what a folder says, all at once."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Applying", quiet=as_json) as job:
        found = operations.apply(opened, folder, as_of=as_of, job=job)
    if as_json:
        say_json(found.as_json())
    else:
        _show_plan(found, done=True)


@authoring.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The audiences of the workspace."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.list_audiences(opened)
    if as_json:
        for one in found.as_json():
            say_json(one)
        return
    rows = [[s.audience.id, s.audience.name, str(s.version), s.saved_at, s.saved_by] for s in found.stored]
    table(["id", "name", "version", "saved", "by"], rows, right=(2,))


@authoring.command()
def show(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    language: LanguageOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """An audience's document and its rule in words."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.show(opened, identifier, language)
    if as_json:
        say_json(found.as_json())
        return
    say(f"# {found.sentence}")
    say(f"# version {found.stored.version}, saved {found.stored.saved_at} by {found.stored.saved_by}")
    say(found.stored.document.rstrip())


@authoring.command()
def history(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every version of an audience: who, when, what changed."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.history(opened, identifier)
    for version in found:
        if as_json:
            say_json(
                {
                    "version": version.version,
                    "saved_at": version.saved_at,
                    "saved_by": version.saved_by,
                    "changes": list(version.changes),
                    "deleted": version.audience is None,
                }
            )
            continue
        gone = "  deleted" if version.audience is None else ""
        say(f"{version.version}  {version.saved_at}  {version.saved_by}{gone}")
        for change in version.changes:
            say(f"    {change}")


@authoring.command()
def diff(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    before: Annotated[int | None, typer.Argument(metavar="[FROM]")] = None,
    after: Annotated[int | None, typer.Argument(metavar="[TO]")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed between two versions; by default the last two."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.diff(opened, identifier, before, after)
    if as_json:
        say_json([{"kind": c.kind, "path": c.path, "before": c.before, "after": c.after} for c in found])
        return
    for change in found:
        say(str(change))
    if not found:
        say("Nothing changed.")


@authoring.command()
def delete(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete an audience; its history stays."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.delete(opened, identifier)
    if as_json:
        say_json({"deleted": identifier})
    else:
        say(f"Deleted {identifier}.")
