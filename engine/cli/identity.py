"""`convoke identity …`: who is one person."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, progress, say, say_json, table, write_out
from engine.cli.secrets import passphrase

identity = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who is one person: rules, runs, lookups.")
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A document of kind identity.")]


# -- the document and its runs ----------------------------------------------------------------------------------------


@identity.command()
def draft(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", help="Write the draft to this file.")] = None,
    country: Annotated[
        str | None, typer.Option("--country", help="Read phones and documents by this country, such as BR.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft a document from the model's identifiers; tell what it leaves open, and which values name nobody."""
    from engine import operations
    from engine.domain.documents import load_one

    with open_workspace(context, workspace) as opened, progress("Reading", quiet=as_json or out is None) as job:
        found = operations.identity_draft(opened, country, job)
    remarks = "".join(f"# {one}\n" for one in found.notes)
    if out is not None:
        write_out(out, remarks + found.text)
    if as_json:
        say_json({"document": load_one(found.text), "notes": list(found.notes), "unusable": found.unusable})
    elif out is None:
        say((remarks + found.text).rstrip())
    else:
        for one in found.notes:
            say(one)
        say(f"The draft is in {out}. Read it, then: convoke identity apply {out}")


@identity.command("apply")
def apply_(context: typer.Context, file: FileArgument, workspace: WorkspaceOption = None) -> None:
    """Make a file the workspace's identity document; its tables and columns must be there."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.apply_identity(opened, file)
    say(f"Applied {file}: {', '.join(one.name for one in found.kinds)}. Next: convoke identity run")


@identity.command()
def show(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The document as it was written."""
    from engine import operations
    from engine.domain.documents import load_one

    with open_workspace(context, workspace) as opened:
        found = operations.show_identity(opened)
    if as_json:
        say_json(load_one(found))
    else:
        say(found.rstrip())


@identity.command()
def run(
    context: typer.Context,
    even_if_red: Annotated[
        bool, typer.Option("--even-if-red", help="Put the map in force whatever it is like.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--everything", help="Put everybody together anew, not only whom new rows touch.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Find persons from the warehouse as it is now; put them in force unless a check is red."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Resolving", quiet=as_json) as job:
        found = operations.run_identity(opened, passphrase, job, even_if_red=even_if_red, everything=everything)
    return _print_outcome(found, as_json)


@identity.command()
def rotate(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """Make a new pepper and hash everything by it; every person keeps their id."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Resolving", quiet=as_json) as job:
        found = operations.rotate_pepper(opened, passphrase, job)
    return _print_outcome(found, as_json)


def _print_outcome(found: Any, as_json: bool) -> int:
    if as_json:
        say_json(found.as_json())
    else:
        names = (
            "persons",
            "households",
            "identifiers",
            "links",
            "refused",
            "quarantined",
            "largest",
            "new",
            "merged",
            "split",
        )
        table(["", ""], [[name, number(found.numbers[name])] for name in names], right=(1,))
        _print_checks([asdict(one) for one in found.checks])
        if found.state == "held":
            say("The new map is held back, the earlier one stays in force. If it is right: run it with --even-if-red")
        else:
            say(f"Run {found.run} is in force{', by new rows alone' if found.increment else ''}.")
    return 1 if found.state == "held" else 0


def _print_checks(checks: list[dict[str, Any]]) -> None:
    table(["check", "", "what"], [[one["name"], one["state"], one["sentence"]] for one in checks])


@identity.command()
def state(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """What is in force, and the newest runs."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.identity_state(opened)
    if as_json:
        say_json(asdict(found))
        return
    if found.in_force is None:
        say("No map is in force yet: convoke identity run")
    else:
        say(f"Run {found.in_force['run']} of {found.in_force['at']} is in force.")
    rows = [[one.started_at, one.state, number(one.summary.get("persons")), one.reason or ""] for one in found.runs]
    table(["started", "state", "persons", "why"], rows, right=(2,))


@identity.command()
def check(
    context: typer.Context,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index again.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check the map in force: pepper, index, quality."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.check_identity(opened, passphrase, rebuild=rebuild)
    if as_json:
        say_json(asdict(found))
    else:
        _print_checks(list(found.checks))
        if found.rebuilt:
            say("The index was made again.")
    return 1 if any(one["state"] == "red" for one in found.checks) else 0


@identity.command()
def whatif(
    context: typer.Context, file: FileArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """What a document would do to persons and audiences; nothing changes."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Resolving", quiet=as_json) as job:
        found = operations.what_if_identity(opened, file, passphrase, job)
    if as_json:
        say_json(asdict(found))
        return
    names = ("persons", "households", "identifiers", "refused", "quarantined", "largest")
    rows = [[name, number(found.before.get(name)), number(found.after[name])] for name in names]
    table(["", "now", "then"], rows, right=(1, 2))
    for title, pairs in (("merged into", found.merges), ("split off from", found.splits)):
        if pairs:
            table([title, "ids"], [[one, number(count)] for one, count in pairs], right=(1,))
    changed = [[name, number(now), number(then)] for name, (now, then) in found.sizes.items() if now != then]
    if changed:
        table(["audience", "now", "then"], changed, right=(1, 2))
    _print_checks([asdict(one) for one in found.checks])
