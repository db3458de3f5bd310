"""`convoke ingest …`: files become rows of the workspace's own warehouse."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import may_shrink, note, number, progress, say, say_json, table, write_out
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.domain.ingest import IngestDocument
    from engine.operations.ingesting import FileLoaded

ingest = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Load files into the workspace's own warehouse.")
PathArgument = Annotated[
    Path | None, typer.Argument(metavar="PATH", help="A file, a folder or a pattern such as day-*.csv.")
]
DocumentOption = Annotated[Path | None, typer.Option("--document", "-d", help="A document of kind ingest.")]
IntoOption = Annotated[str | None, typer.Option("--into", help="The table.")]
ModeOption = Annotated[str | None, typer.Option("--mode", help="insert, upsert or replace.")]
KeyOption = Annotated[list[str] | None, typer.Option("--key", help="A column of the key; may be repeated.")]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="csv, jsonl or parquet; by default by what it holds.")
]
DecimalOption = Annotated[str | None, typer.Option("--decimal", help="The decimal separator: . or ,")]
EncodingOption = Annotated[str | None, typer.Option("--encoding", help="By default found out.")]


def _document(
    given: Path | None,
    into: str | None,
    mode: str | None,
    key: Sequence[str] | None,
    file: dict[str, str | None],
    more: dict[str, Any] | None = None,
) -> IngestDocument:
    """The document of a file, with what the command line says; without a file all of it."""
    from engine import operations
    from engine.domain.ingest_codec import read_ingest, write_ingest

    if given is None and into is None:
        raise EngineError("usage", "into which table?", "--into", "Name it, or a document with --document.")
    base: dict[str, Any] = (
        {"kind": "ingest", "id": "by-hand"} if given is None else write_ingest(operations.read_ingest_file(given))
    )
    said = {"into": into, "mode": mode, "key": list(key or []) or None, **(more or {})}
    base |= {name: value for name, value in said.items() if value is not None}
    written = {name: value for name, value in file.items() if value is not None}
    if written:
        base["file"] = {**base.get("file", {}), **written}
    return read_ingest(base)


@ingest.command()
def load(
    context: typer.Context,
    path: PathArgument = None,
    document: DocumentOption = None,
    into: IntoOption = None,
    mode: ModeOption = None,
    key: KeyOption = None,
    partition: Annotated[str | None, typer.Option("--partition", help="With replace: only these values' rows.")] = None,
    reject: Annotated[float | None, typer.Option("--reject", help="The share of bad rows to allow (0.01).")] = None,
    evolve: Annotated[str | None, typer.Option("--evolve", help="add: new columns are added to the table.")] = None,
    file_format: FormatOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what columns would become; write nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was loaded before.")] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Let less than half of the rows take the place of all.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Load files: good rows into the table, all at once; bad ones are kept apart with their reasons."""
    from decimal import Decimal

    from engine import operations

    share = None if reject is None else Decimal(str(reject))
    more = {"partition": partition, "reject": share, "evolve": evolve}
    file = {"format": file_format, "decimal": decimal, "encoding": encoding}
    wanted = _document(document, into, mode, key, file, more)
    with open_workspace(context, workspace) as opened:
        near = None if document is None else (document.resolve().parent, Path.cwd())
        if wanted.origin is not None and path is None and not preview:

            def pulled(let: bool) -> list[FileLoaded]:
                with progress("Loading", quiet=as_json) as job:
                    return operations.ingest_pull(opened, wanted, job, near=near, allow_shrink=let)

            found = may_shrink(pulled, allowed=allow_shrink, quiet=as_json)
            if not found and not as_json:
                say("There is nothing new.")
            return _told(found, as_json)
        if path is None:
            operations.approve_source(opened, wanted, near=near)
        paths = operations.ingest_files(wanted, path)
        if preview:
            return _preview(opened, wanted, paths, as_json)

        def loaded(let: bool) -> list[FileLoaded]:
            def by(document: IngestDocument) -> list[FileLoaded]:
                with progress("Loading", quiet=as_json) as job:
                    return operations.ingest_load(opened, document, paths, job, again=again, allow_shrink=let)

            return _with_decimal(by, wanted, quiet=as_json)

        found = may_shrink(loaded, allowed=allow_shrink, quiet=as_json)
    return _told(found, as_json)


def _with_decimal(
    work: Callable[[IngestDocument], list[FileLoaded]], document: IngestDocument, *, quiet: bool
) -> list[FileLoaded]:
    """Load by a document. Where numbers could be meant in two ways, a person on a terminal says the decimal separator;
    elsewhere the refusal says how to."""
    try:
        return work(document)
    except EngineError as error:
        if error.path != "file.decimal" or quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        note(f"{error.message[:1].upper()}{error.message[1:]}.")
        decimal = "," if typer.confirm("Is the decimal separator of the file a comma?", err=True) else "."
    return work(replace(document, dialect=replace(document.dialect, decimal=decimal)))


def _preview(opened: Any, wanted: IngestDocument, paths: Sequence[Path], as_json: bool) -> int:
    from engine import operations
    from engine.tabular.values.notes import SENTENCES

    if not paths:
        raise EngineError("file", "there is no file to load", hint="Check the path.")
    found = operations.ingest_preview(opened, wanted, paths[0])
    if as_json:
        say_json(asdict(found))
        return 0
    for remark in found.remarks:
        say(remark)
    rows = []
    for one in found.columns:
        kind = one.type + (f" ({one.format})" if one.format else "") + (" ?" if one.ambiguous else "")
        shown = ", ".join(str(a) if a == b else f"{a} → {b or 'bad'}" for a, b in one.examples)
        rows.append([one.source, one.target, kind, number(one.misfits), shown[:80]])
    table(["in the file", "column", "type", "bad", "examples"], rows, right=(3,))
    for one in found.columns:
        for other in one.alternatives:
            pairs = "; ".join(f"{text} is {a or 'bad'} or {b or 'bad'}" for text, a, b in other.examples[:3])
            way = f'decimal: "{other.decimal}"' if other.decimal else f'format: "{other.format}"'
            say(f"? {one.target} could be meant another way: {pairs}. For the second write {way} in a document.")
        for name in one.notes:
            say(f"  {one.target}: {SENTENCES[name]}.")
    for name in found.not_in_table:
        say(f'The table has no column "{name}" yet.')
    return 0


def _told(found: Sequence[FileLoaded], as_json: bool) -> int:
    if as_json:
        say_json([one.as_json() for one in found])
    for one in () if as_json else found:
        for remark in one.remarks:
            say(f"{one.file}: {remark}")
        if one.state == "waiting":
            say(f"{one.file}: it is still being written, so it was not loaded. Look again in some seconds.")
        elif one.state == "known":
            say(f"{one.file}: its content is in {one.into} already (load {one.id}).")
        elif one.state == "refused":
            more = f" They are kept: load {one.id}." if one.id else f" {one.hint}" if one.hint else ""
            say(f"{one.file}: refused. {one.message}{'' if one.message and one.message.endswith('.') else '.'}{more}")
        else:
            kept = f"; {number(one.bad)} bad ones are kept (load {one.id})" if one.bad else ""
            say(f"{one.file}: {number(one.rows)} rows into {one.into}{kept}.")
            for why, count in one.reasons.items():
                say(f"  {number(count)}  {why}")
            for column, way in one.doubts.items():
                say(f"  {column} was read like {way}. If it is meant the other way round, write it in a document.")
            for column, sentences in one.notes.items():
                for sentence in sentences:
                    say(f"  {column}: {sentence}.")
    return 1 if any(one.state == "refused" for one in found) else 0


@ingest.command()
def draft(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    into: Annotated[str, typer.Option("--into", help="The table.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the draft to this file.")] = None,
    mode: ModeOption = None,
    key: KeyOption = None,
    file_format: FormatOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draft a document for files like this one, with a type for every column."""
    from engine import operations

    file = {"format": file_format, "decimal": decimal, "encoding": encoding}
    wanted = replace(_document(None, into, mode, key, file), id=into.replace("_", "-"))
    with open_workspace(context, workspace) as opened:
        found = operations.ingest_draft(opened, wanted, path)
    if out is None:
        say(found.rstrip())
        return
    write_out(out, found)
    say(f"The draft is in {out}. Read it, then: convoke ingest load --document {out}")


@ingest.command()
def watch(
    context: typer.Context,
    document: Annotated[Path, typer.Argument(metavar="DOCUMENT", help="A document of kind ingest with a path.")],
    every: Annotated[float, typer.Option("--every", help="Seconds between two looks.", min=0.1)] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Load what comes into a folder, until Ctrl+C."""
    from engine import operations

    wanted = operations.read_ingest_file(document)
    seen: dict[Path, tuple[int, int]] = {}
    code = 0
    with open_workspace(context, workspace) as opened:
        while True:
            operations.approve_source(opened, wanted, near=(document.resolve().parent, Path.cwd()))
            found = operations.ingest_watch(opened, wanted, seen, once=once)
            if found or once:
                code = _told(found, as_json)
            if once:
                return code
            time.sleep(every)


@ingest.command()
def status(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Every load, the newest first, and where bad rows are kept."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.ingest_status(opened)
    if as_json:
        say_json([asdict(one) for one in found])
        return
    rows = [
        [one.id, one.at, one.file, one.into, one.state, number(one.read), number(one.bad), one.kept or ""]
        for one in found
    ]
    table(["load", "when", "file", "into", "state", "rows", "bad", "kept in"], rows, right=(5, 6))


@ingest.command()
def replay(
    context: typer.Context,
    load_id: Annotated[str, typer.Argument(metavar="LOAD")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Load the bad rows of a load once more, as they stand where they are kept: correct them there."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Loading", quiet=as_json) as job:
        found = operations.ingest_replay(opened, load_id, job)
    return _told([found], as_json)
