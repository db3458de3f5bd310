"""`convoke lists …`: uploaded lists of profile keys, for {list: ID}."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import may_shrink, number, say, say_json, table
from engine.cli.secrets import passphrase
from engine.domain.cells import safe_cell
from engine.errors import EngineError

lists = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Lists of profile keys.")
ShrinkOption = Annotated[
    bool,
    typer.Option("--allow-shrink", help="Let less than half of the profiles take the place of all."),
]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Write the outcome of every row to this CSV file.")]


@lists.command()
def add(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    key: Annotated[
        str | None, typer.Option("--key", metavar="COLUMN", help="The column of the profile keys, or its number.")
    ] = None,
    allow_shrink: ShrinkOption = False,
    report: ReportOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a list of profile keys, replacing the one of that id: a CSV, text, JSON-lines or Parquet file."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = may_shrink(
            lambda let: operations.upload_list(opened, identifier, file, key=key, allow_shrink=let),
            allowed=allow_shrink,
            quiet=as_json,
        )
    if report is not None:
        _write(found.frame(), report)
    if as_json:
        say_json(found.as_json())
        return
    counts = ", ".join(f"{number(count)} {outcome}" for outcome, count in found.counts().items())
    say(f"The list {identifier} holds {number(found.size)} keys; of {number(len(found.rows))} rows: {counts}.")


@lists.command()
def onboard(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    by: Annotated[
        list[str] | None, typer.Option("--by", help="KIND=COLUMN, such as email=Correo; may be repeated.")
    ] = None,
    allow_shrink: ShrinkOption = False,
    report: ReportOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a list of the persons that a CSV file names by address, number or document, replacing the one of that id."""
    from engine import operations

    columns = {}
    for one in by or []:
        kind, equals, column = one.partition("=")
        if not equals or not kind or not column:
            raise EngineError("usage", f"{one} is not KIND=COLUMN", "--by", "Write it as email=Correo.")
        columns[kind] = column
    with open_workspace(context, workspace) as opened:
        found = may_shrink(
            lambda let: operations.onboard_list(opened, identifier, file, columns, passphrase, allow_shrink=let),
            allowed=allow_shrink,
            quiet=as_json,
        )
    if report is not None:
        _write_rows([("line", "outcome", "by", "why"), *found.table()], report)
    if as_json:
        say_json(found.as_json())
        return
    said = ", ".join(f"{head} as {kind}" for kind, head in found.columns.items())
    counts = ", ".join(f"{number(count)} {outcome}" for outcome, count in found.counts().items())
    say(f"The list {identifier} holds {number(found.size)} keys; of {number(len(found.rows))} rows: {counts}.")
    matched = ", ".join(f"{number(count)} by {kind}" for kind, count in found.matched_by().items())
    say(f"Read {said}." + (f" Matched: {matched}." if matched else ""))


def _write_rows(rows: Sequence[Sequence[Any]], path: Path) -> None:
    import csv

    try:
        with path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([[safe_cell(str(cell)) for cell in one] for one in rows])
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError("file", f"{path} cannot be written: {reason}", "--report", "Choose another place.") from None


def _write(frame: Any, path: Path) -> None:
    try:
        frame.assign(key=[safe_cell(key) for key in frame["key"]]).to_csv(path, index=False)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError("file", f"{path} cannot be written: {reason}", "--report", "Choose another place.") from None


@lists.command("show")
def show(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Every list and its size."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.lists(opened)
    if as_json:
        say_json(found)
    else:
        table(["list", "keys"], [[name, number(count)] for name, count in found.items()], right=(1,))
