"""`convoke identity …`: who is one person."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, progress, say, say_json, table
from engine.cli.secrets import passphrase

identity = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who is one person: rules, runs, lookups.")
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A document of kind identity.")]
Identifier = Annotated[str, typer.Argument(metavar="KIND:VALUE", help="Such as email:ana@mail.com, or KIND:HASH.")]
Other = Annotated[str, typer.Argument(metavar="KIND:VALUE")]
Whom = Annotated[str, typer.Argument(metavar="PERSON|KIND:VALUE", help="A person's id, or one of their identifiers.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for whoever reads it later.")]


# -- the document and its runs ----------------------------------------------------------------------------------------


@identity.command()
def draft(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", help="Write the draft to this file.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draft a document from the model's identifiers."""
    from engine import operations
    from engine.errors import EngineError

    with open_workspace(context, workspace) as opened:
        found = operations.draft_identity(opened)
    if out is None:
        say(found.rstrip())
        return
    try:
        out.write_text(found, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError("file", f"{out} cannot be written: {reason}", "--out", "Choose another place.") from None
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
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Find persons from the warehouse as it is now; put them in force unless a check is red."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Resolving", quiet=as_json) as job:
        found = operations.run_identity(opened, passphrase, job, even_if_red=even_if_red)
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
            say(f"Run {found.run} is in force.")
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
    """One person: identifiers, and what links them."""
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
    from engine import operations

    with open_workspace(context, workspace) as opened:
        _print_decided(operations.cut_identifiers(opened, one, other, reason, passphrase))


@identity.command()
def join(
    context: typer.Context, one: Identifier, other: Other, reason: ReasonOption, workspace: WorkspaceOption = None
) -> None:
    """Two identifiers are one person."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        _print_decided(operations.join_identifiers(opened, one, other, reason, passphrase))


@identity.command()
def block(context: typer.Context, one: Identifier, reason: ReasonOption, workspace: WorkspaceOption = None) -> None:
    """An identifier names nobody."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        _print_decided(operations.block_identifier(opened, one, reason, passphrase))


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
