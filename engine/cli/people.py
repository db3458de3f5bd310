"""`convoke identity …`: persons looked up, and what people decide about them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.identity import identity
from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, say, say_json, table
from engine.cli.secrets import passphrase

__all__ = ["identity"]
Identifier = Annotated[str, typer.Argument(metavar="KIND:VALUE", help="Such as email:ana@mail.com, or KIND:HASH.")]
Other = Annotated[str, typer.Argument(metavar="KIND:VALUE")]
Whom = Annotated[str, typer.Argument(metavar="PERSON|KIND:VALUE", help="A person's id, or one of their identifiers.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for whoever reads it later.")]


# -- looking up --------------------------------------------------------------------------------------------------------


@identity.command()
def lookup(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="KIND:VALUE", help="With - it is read from standard input.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """The person an identifier belongs to."""
    from engine import operations

    text = sys.stdin.readline().rstrip("\r\n") if wanted == "-" else wanted
    with open_workspace(context, workspace) as opened:
        (found,) = operations.resolve_identifiers(opened, [_split(text)], passphrase)
    if as_json:
        say_json(found.as_json())
    else:
        say(f"{found.identifier or 'names nobody'}  {found.person or 'unknown'}")
    return 0 if found.person else 1


@identity.command()
def resolve(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="KIND:VALUE a line; standard input without.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The persons of many identifiers, a line each, in their order."""
    from engine import operations
    from engine.errors import EngineError

    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise EngineError("file", f"{file} cannot be read as text", hint="Write KIND:VALUE on each line.") from None
    lines = [line for line in text.splitlines() if line.strip()]
    with open_workspace(context, workspace) as opened:
        found = operations.resolve_identifiers(opened, [_split(line) for line in lines], passphrase)
    for one in found:
        if as_json:
            say_json(one.as_json())
        else:
            say(f"{one.identifier or one.kind + ':'}\t{one.person or ''}")


def _split(text: str) -> tuple[str, str]:
    """KIND and VALUE; KIND:HASH stays together."""
    from engine.errors import EngineError

    kind, colon, value = text.strip().partition(":")
    if not colon or not kind:
        raise EngineError("usage", "an identifier is KIND:VALUE", hint="Write for example email:ana@mail.com.")
    whole = len(value) == 32 and all(one in "0123456789abcdef" for one in value)
    return kind, text.strip() if whole else value


@identity.command()
def person(context: typer.Context, whom: Whom, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """One person: identifiers, what links them, and what became of their ids and household."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.find_person(opened, whom, passphrase)
    if as_json:
        say_json(asdict(found))
        return
    say(f"{found.id}, household {found.household}")
    for one in found.identifiers:
        say(f"  {one}{'  (set aside: too many share it)' if one in found.shared else ''}")
    _print_edges(found.edges)
    rows = [[step.at, step.what, step.id, step.other, step.reason, " ".join(step.evidence)] for step in found.history]
    if rows:
        table(["when", "", "id", "other", "why", "by"], rows)


@identity.command()
def explain(
    context: typer.Context,
    one: Identifier,
    other: Other,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Why two identifiers are one person: the links between them."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.explain_identity(opened, one, other, passphrase)
    if as_json:
        say_json(asdict(found))
    elif found.person is None:
        say("They are not one person.")
    else:
        say(f"Both are {found.person}:")
        _print_edges(found.path)
    return 0 if found.person else 1


def _print_edges(edges: Any) -> None:
    rows = [
        [
            e.one,
            e.other,
            "refused" if e.refused else e.rule,
            number(e.records),
            ", ".join(e.sources),
            e.first_seen or "",
            e.last_seen or "",
        ]
        for e in edges
    ]
    table(["one", "other", "by", "records", "sources", "first seen", "last seen"], rows, right=(3,))


@identity.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="F.csv or F.parquet.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Write the person and household of every profile key."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        rows = operations.export_identity(opened, out)
    say(f"{out}: {number(rows)} profiles")


# -- deciding ----------------------------------------------------------------------------------------------------------


@identity.command()
def cut(
    context: typer.Context, one: Identifier, other: Other, reason: ReasonOption, workspace: WorkspaceOption = None
) -> None:
    """Two identifiers are never one person."""
    _decide(context, workspace, "cut_identifiers", one, other, reason)


@identity.command()
def join(
    context: typer.Context, one: Identifier, other: Other, reason: ReasonOption, workspace: WorkspaceOption = None
) -> None:
    """Two identifiers are one person."""
    _decide(context, workspace, "join_identifiers", one, other, reason)


@identity.command()
def block(context: typer.Context, one: Identifier, reason: ReasonOption, workspace: WorkspaceOption = None) -> None:
    """An identifier names nobody."""
    _decide(context, workspace, "block_identifier", one, reason)


def _decide(context: typer.Context, workspace: Path | None, operation: str, *given: str) -> None:
    from engine import operations

    calls: dict[str, Callable[..., Any]] = {
        "cut_identifiers": operations.cut_identifiers,
        "join_identifiers": operations.join_identifiers,
        "block_identifier": operations.block_identifier,
    }
    with open_workspace(context, workspace) as opened:
        _print_decided(calls[operation](opened, *given, passphrase))


@identity.command()
def undo(
    context: typer.Context,
    decision: Annotated[int, typer.Argument(metavar="NUMBER", help="As convoke identity decisions shows it.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Take a decision back."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        _print_decided(operations.undo_decision(opened, decision))


def _print_decided(found: Any) -> None:
    say(f"Decision {found.id}: {number(found.looked_at)} persons were put together anew.")
    for one, into in found.merged:
        say(f"  {one} is {into} now")
    for one, into in found.split:
        say(f"  {into} was split off from {one}")


@identity.command()
def judge(
    context: typer.Context,
    one: Identifier,
    other: Other,
    same: Annotated[bool, typer.Option("--same/--different", help="Whether they are one person in truth.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Say whether two identifiers are one person in truth; the map's accuracy is reckoned from such pairs."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.judge_pair(opened, one, other, same=same, ask=passphrase)
    note("Kept. The next run counts it.")


@identity.command()
def review(
    context: typer.Context,
    most: Annotated[int, typer.Option("--most", min=1, max=1000, help="How many pairs.")] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pairs that nobody has judged yet, with what speaks for and against, masked."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.pairs_to_judge(opened, most)
    for one in found:
        if as_json:
            say_json(asdict(one))
            continue
        table(
            [one.one, one.other],
            [[f"{name}: {a}", b] for name, a, b in one.facts],
            title="together" if one.together else "apart",
        )


@identity.command()
def decisions(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """What people decided."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.identity_decisions(opened)
    if as_json:
        for one in found:
            say_json(asdict(one))
        return
    rows = [[str(d.id), d.what, d.one, d.other, d.reason, d.at, d.by, d.undone_at or ""] for d in found]
    table(["", "what", "one", "other", "why", "at", "by", "taken back"], rows)


@identity.command()
def forget(
    context: typer.Context,
    whom: Whom,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; it cannot be undone.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Erase a person for good, and prove that they are gone."""
    from engine import operations

    if not yes and not typer.confirm("Erase this person for good?", err=True):
        return 1
    with open_workspace(context, workspace) as opened:
        found = operations.forget_person(opened, whom, passphrase)
    if as_json:
        say_json(asdict(found))
        return 0
    say(f"Erased: {number(found.identifiers)} identifiers, {number(found.keys)} profile keys.")
    say(f"{number(found.searched)} places were searched afterwards: nothing is left.")
    if found.audiences:
        say(f"Destinations lose them when these have run: {', '.join(found.audiences)}.")
    note("Rows of the warehouse are its owner's: delete them there. Until then they are not taken in again.")
    return 0
