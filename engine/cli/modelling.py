"""`convoke model …`: the data model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, progress, say, say_json, table

if TYPE_CHECKING:
    from engine.drafting.asking import Question

model = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Draft, check, show and set the data model.")


@model.command()
def infer(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", help="Write the draft to this file.")] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="QUESTION=ANSWER", help="Answer a question; may be repeated."),
    ] = None,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Ask what the data leave open, on a terminal.")] = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft a model from the warehouse: keys, events, traits, types, likely personal data."""
    from engine import operations
    from engine.errors import EngineError

    answers = _answers(answer or [])
    with open_workspace(context, workspace) as opened:
        with progress("Looking", quiet=as_json) as job:
            found = operations.infer(opened, job, answers)
        terminal = sys.stdin.isatty() and sys.stderr.isatty()
        while ask and terminal and not as_json and found.questions:
            answers |= {one.id: _asked(one) for one in found.questions}
            with progress("Looking", quiet=as_json) as job:
                found = operations.infer(opened, job, answers)
    if out is not None:
        try:
            out.write_text(found.document, encoding="utf-8")
        except OSError as error:
            reason = (error.strerror or "unknown").lower()
            raise EngineError("file", f"{out} cannot be written: {reason}", "--out", "Choose another place.") from None
    if as_json:
        say_json(found.as_json())
        return
    if out is None:
        say(found.document.rstrip())
    else:
        rows = [[c.table, c.column, c.type, c.personal or "", ", ".join(c.samples)] for c in found.columns]
        table(["table", "column", "type", "likely personal", "for example"], rows)
        say(f"The draft is in {out}. Read it, correct it, then: convoke model check {out}")
    for remark in found.notes:
        note(f"Note: {remark}.")
    for one in found.questions:
        others = ", ".join(option.value for option in one.options[1:])
        note(f"Question: {one.text} {_sentence(one.evidence)} The draft says {one.drafted}.")
        note(f"  Otherwise: --answer {one.id}=ANSWER, where ANSWER is {others}.")


def _answers(given: list[str]) -> dict[str, str]:
    """The answers by question."""
    from engine.errors import EngineError

    found = {}
    for one in given:
        question, equals, answer = one.rpartition("=")
        if not (question and equals and answer):
            hint = "Write --answer QUESTION=ANSWER, as the draft names them."
            raise EngineError("usage", f'"{one}" is no answer', "--answer", hint)
        found[question] = answer
    return found


def _asked(question: Question) -> str:
    """What a person on the terminal answers; the drafted answer for an empty line."""
    note(f"{question.text}")
    note(f"  {_sentence(question.evidence)} (confidence {question.confidence:.2f})")
    for at, option in enumerate(question.options, 1):
        note(f"  {at}. {option.text}")
    while True:
        chosen: int = typer.prompt("  Answer", default=1, type=int, err=True)
        if 1 <= chosen <= len(question.options):
            return question.options[chosen - 1].value
        note(f"  Answer with a number from 1 to {len(question.options)}.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


@model.command()
def sessions(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the event is called, such as visit.")],
    of: Annotated[list[str], typer.Option("--of", help="An event that sessions are made of; may be repeated.")],
    gap: Annotated[str, typer.Option("--gap", help="The pause that ends a session.")] = "30min",
    apply: Annotated[bool, typer.Option("--apply", help="Put it into the model.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make an event of sessions: what a profile did without a longer pause."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.model_sessions(opened, name, of, gap)
        if apply:
            operations.add_to_model(opened, found)
    if apply:
        say(f'The model has the event "{name}" now: {{did: {name}}}.')
    else:
        say(found.rstrip())
        note("Put this below events: in the model, or say --apply.")


@model.command()
def check(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check a model against the data: keys, orphans, types, time zones, with counts."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Checking", quiet=as_json) as job:
        found = operations.check(opened, file, job)
    if as_json:
        say_json(found.as_json())
    else:
        rows = [
            [f.severity, f.path, f.message, number(f.count), "" if f.of in (None, f.count) else f"of {number(f.of)}"]
            for f in found.findings
        ]
        table(["", "where", "what", "rows", ""], rows, right=(3,))
        say("The model is sound." if found.sound else "The model has errors: correct them before trusting any number.")
    return 0 if found.sound else 1


@model.command()
def show(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The workspace's model as it was written."""
    from engine import operations
    from engine.domain.documents import load_one

    with open_workspace(context, workspace) as opened:
        found = operations.show_model(opened)
    if as_json:
        say_json(load_one(found))
    else:
        say(found.rstrip())


@model.command("apply")
def apply_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a file the workspace's model; its tables and columns must be there."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.apply_model(opened, file)
    counts = {"sites": len(found.sites), "traits": len(found.profile.traits), "events": len(found.events)}
    if as_json:
        say_json(counts)
    else:
        say(f"Applied {file}: {counts['sites']} sites, {counts['traits']} traits, {counts['events']} events.")
