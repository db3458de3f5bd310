"""`convoke ingest load|watch|status|replay|draft`: files become rows of the local warehouse."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.documents import dump_yaml, load_one, read_file
from engine.domain.ingest import Dialect, IngestDocument
from engine.domain.ingest_codec import read_ingest, write_ingest
from engine.durable import make_folder, replace_file
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.gating import gate_of
from engine.operations.workspace import Workspace, user_name
from engine.settings import write_settings

if TYPE_CHECKING:
    from engine.ingest.files import Opened
    from engine.ingest.previewing import Preview

_LOCAL = "local:"
_WHO = "convoke ingest"
_KEPT = "kept"
AT_REST = 2.0
"""Seconds after its last change that a file in a watched folder counts as written."""
_OF_ONE_FILE = ("file", "usage", "refused", "model_mismatch")
"""What is wrong with one file of several does not keep the others."""


@dataclass(frozen=True)
class FileLoaded:
    """What became of a file. ``state``: loaded, known (its content was loaded before), refused, or
    waiting (it changed a moment ago). ``id`` names the
    load, and the folder where bad rows are kept. ``doubts``: columns whose dates could be meant the other way round,
    with how they were read. ``notes``: by column, sentences about how it was read; ``remarks``: about the file."""

    id: str
    file: str
    into: str
    state: str
    rows: int = 0
    bad: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    message: str | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)
    hint: str | None = None
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remarks: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """What `convoke ingest load --json` prints."""
        return asdict(self)


@dataclass(frozen=True)
class LoadRecord:
    """A load as it is kept: newest first in :func:`ingest_status`."""

    id: str
    at: str
    document: str
    file: str
    into: str
    mode: str
    state: str
    read: int
    bad: int
    kept: str | None


def read_ingest_file(path: Path) -> IngestDocument:
    """A document from a file."""
    try:
        return read_ingest(load_one(read_file(path)))
    except EngineError as error:
        raise error.within(path.name) from None


def ingest_load(
    workspace: Workspace,
    document: IngestDocument,
    paths: Sequence[Path],
    job: Job | None = None,
    *,
    again: bool = False,
    watched: bool = False,
    allow_shrink: bool = False,
) -> list[FileLoaded]:
    """Load files one after another; all that were good become visible at once, at the end. A file whose content the
    table holds is passed over, unless ``again``; one of several, or one that is ``watched``, while it is as it was when
    it was last loaded.

    Raises EngineError("refused") for a replacement by less than half of the rows, unless ``allow_shrink``.
    """
    if not paths:
        raise EngineError("file", "there is no file to load", hint="Check the path.")
    found: list[FileLoaded] = []
    with suppress(_NothingNew), _writing(workspace) as connection:
        for place, path in enumerate(paths):
            if job is not None:
                job.check()
                job.report(place / len(paths), "loading")
            try:
                how = _How(again, watched or len(paths) > 1, allow_shrink)
                found.append(_one(workspace, connection, document, path, job, how))
            except EngineError as error:
                if len(paths) == 1 or error.code not in _OF_ONE_FILE:
                    raise
                said, hint = error.message, error.hint
                found.append(FileLoaded("", path.name, document.into, "refused", message=said, hint=hint))
        if all(one.state != "loaded" for one in found):
            raise _NothingNew
    workspace.reload()
    return found


@dataclass(frozen=True)
class _How:
    """How a file is taken: see :func:`ingest_load`."""

    again: bool
    watched: bool
    allow_shrink: bool


class _NothingNew(Exception):
    """No file was loaded, so nothing is put in force."""


def ingest_preview(workspace: Workspace, document: IngestDocument, path: Path, job: Job | None = None) -> Preview:
    """What each column of a file would become; nothing is written."""
    from engine.ingest.files import opened
    from engine.ingest.loading import in_words
    from engine.ingest.planning import planned
    from engine.ingest.previewing import Preview, previewed

    with (
        _scratch(workspace) as (connection, folder),
        opened(connection, path, document.dialect, folder) as file,
        in_words(connection, job),
    ):
        plan = planned(connection, file, document, everything=True, asking=True)
        return Preview(previewed(connection, plan), plan.not_there, tuple(file.notes))


def ingest_draft(workspace: Workspace, document: IngestDocument, path: Path) -> str:
    """The text of a document for a file like this one, every column with its type."""
    from engine.ingest.files import opened
    from engine.ingest.loading import in_words
    from engine.ingest.planning import planned

    with (
        _scratch(workspace) as (connection, folder),
        opened(connection, path, document.dialect, folder) as file,
        in_words(connection),
    ):
        plan = planned(connection, file, document, everything=True)
    return dump_yaml(write_ingest(replace(plan.pinned(document), path=str(path))))


def ingest_status(workspace: Workspace) -> list[LoadRecord]:
    """Every load that was kept, the newest first: those in the warehouse, and files that were refused."""
    from engine.ingest.loading import LEDGER

    records: dict[str, LoadRecord] = {}
    for path in sorted(kept_folder(workspace).glob("*/report.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        records[told["id"]] = LoadRecord(**told, kept=str(path.parent / "rows.jsonl"))
    with _scratch(workspace) as (connection, _):
        if _has_ledger(connection):
            rows = connection.execute(
                f"SELECT id, loaded_at, document, file, into_table, mode, read, bad FROM {LEDGER}"  # noqa: S608 - our name
            ).fetchall()
            for one, at, document, file, into, mode, read, bad in rows:
                kept = records[one].kept if one in records else None
                records[one] = LoadRecord(one, at, document, file, into, mode, "loaded", read, bad, kept)
    return sorted(records.values(), key=lambda one: (one.at, one.id), reverse=True)


def ingest_replay(workspace: Workspace, number: str, job: Job | None = None, *, partly: bool = False) -> FileLoaded:
    """Load the bad rows of a load once more, as they stand in its folder now (corrected there, or because the document
    or the table is another one). When too many are bad still nothing is loaded; ``partly`` loads the good ones. Lines
    that are no rows stay in the folder."""
    from engine.ingest.repeats import replay_file

    folder = kept_folder(workspace) / number
    kept = list(kept_rows(workspace, number))
    document = read_ingest(load_one((folder / "document.yaml").read_bytes()))
    rows = [one["row"] for one in kept if "row" in one]
    if not rows:
        raise EngineError(
            "refused", "none of the bad rows could be read into columns", hint='Write them as {"row": {COLUMN: VALUE}}.'
        )
    again = folder / replay_file(number)
    if finish_replay(workspace, number):
        return FileLoaded(number, again.name, document.into, "known")
    again.write_bytes(_as_lines(rows))
    again.chmod(0o600)
    try:
        mode = "insert" if document.mode == "replace" else document.mode
        dialect = Dialect(format="jsonl", decimal=document.dialect.decimal, nulls=document.dialect.nulls)
        given = replace(document, mode=mode, dialect=dialect)
        given = replace(given, reject=Decimal(1)) if partly else given
        (found,) = ingest_load(workspace, given, [again], job, again=True)
    finally:
        again.unlink(missing_ok=True)
    if found.state != "loaded":
        return found
    _leave(workspace, number, kept)
    if partly and found.bad:  # a replay of those is as strict as this document, not as this call
        path = kept_folder(workspace) / found.id / "document.yaml"
        again_by = replace(read_ingest(load_one(path.read_bytes())), reject=document.reject)
        replace_file(path, dump_yaml(write_ingest(again_by)).encode())
    return found


def finish_replay(workspace: Workspace, number: str) -> bool:
    """Whether the bad rows of a load, as they stand, came in before by a replay that was killed before it cleaned up;
    then that is done now."""
    from engine.ingest.loading import LEDGER
    from engine.ingest.repeats import replay_file

    kept = list(kept_rows(workspace, number))
    rows = [one["row"] for one in kept if "row" in one]
    query = f"SELECT 1 FROM {LEDGER} WHERE file = ? AND fingerprint = ? LIMIT 1"  # noqa: S608 - our name
    asked = [replay_file(number), hashlib.sha256(_as_lines(rows)).hexdigest()]
    with _scratch(workspace) as (connection, _):
        found = bool(rows) and _has_ledger(connection) and connection.execute(query, asked).fetchone() is not None
    if found:
        _leave(workspace, number, kept)
    return found


def _leave(workspace: Workspace, number: str, kept: Sequence[Mapping[str, Any]]) -> None:
    """After the rows of a folder are loaded: lines that are no rows stay in it; without any it goes."""
    unread = [one for one in kept if "row" not in one]
    if unread:
        keep_rows(workspace, number, unread)
    else:
        shutil.rmtree(kept_folder(workspace) / number)


def kept_rows(workspace: Workspace, number: str) -> Iterator[dict[str, Any]]:
    """The bad rows of a load as they stand in its folder; EngineError for what is no JSON there."""
    path = kept_folder(workspace) / number / "rows.jsonl"
    there = path.exists() and path.with_name("document.yaml").exists()
    if not re.fullmatch(r"[0-9a-f]{12}", number) or not there:
        raise EngineError("not_found", f"there is no load {number} with bad rows", hint="See convoke ingest status.")
    for place, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):  # a value may hold other breaks
        if line.strip():
            try:
                found = dict(json.loads(line))
            except (ValueError, TypeError):
                message = f"rows.jsonl is no JSON in line {place}"
                raise EngineError("file", message, hint="Correct it, then again.") from None
            yield found


def keep_rows(workspace: Workspace, number: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put bad rows in place of those of a load; only the owner reads them."""
    replace_file(kept_folder(workspace) / number / "rows.jsonl", _as_lines(rows), 0o600)


def _as_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows).encode("utf-8", "backslashreplace")


def ingest_watch(
    workspace: Workspace,
    document: IngestDocument,
    seen: dict[Path, tuple[int, int]],
    job: Job | None = None,
    *,
    once: bool = False,
) -> list[FileLoaded]:
    """Load the files of the document's path that are new or changed since ``seen`` (size and time of each, kept by the
    caller); one that is still being written is left for the next time. Who looks ``once`` waits until new files have
    come to rest, and is told of those that have not."""
    fresh, waiting = _at_rest(document, seen)
    if once and waiting:
        time.sleep(AT_REST + 0.1)
        fresh, waiting = _at_rest(document, seen)
    seen.update(fresh)
    found = ingest_load(workspace, document, list(fresh), job, watched=True) if fresh else []
    found = [one for one in found if one.state != "known"]
    if once:
        found += [FileLoaded("", path.name, document.into, "waiting") for path in waiting]
    return found


def _at_rest(
    document: IngestDocument, seen: Mapping[Path, tuple[int, int]]
) -> tuple[dict[Path, tuple[int, int]], list[Path]]:
    """The new files of a path with their states, and those that may still be written."""
    fresh: dict[Path, tuple[int, int]] = {}
    waiting = []
    for path in ingest_files(document):
        about = path.stat()
        state = about.st_size, about.st_mtime_ns
        if seen.get(path) == state:
            continue
        if time.time() - about.st_mtime > AT_REST:
            fresh[path] = state
        else:
            waiting.append(path)
    return fresh, waiting


def ingest_files(document: IngestDocument, given: Path | None = None) -> list[Path]:
    """The files of a path: itself, those of a folder, or those that a pattern matches, by their names."""
    path = given if given is not None else (None if document.path is None else Path(document.path))
    if path is None:
        raise EngineError("usage", "which file is to be loaded?", "path", "Name it, or write path in the document.")
    if path.is_dir():
        found = [one for one in path.iterdir() if one.is_file()]
    elif any(one in path.name for one in "*?["):
        found = [one for one in path.parent.glob(path.name) if one.is_file()]
    else:
        if not path.exists():
            raise EngineError("file", f"there is no file {path}", hint="Check the path.")
        found = [path]
    return sorted(one for one in found if not one.name.startswith("."))


# -- one file ----------------------------------------------------------------------------------------------------------


def _one(
    workspace: Workspace, connection: Any, document: IngestDocument, path: Path, job: Job | None, how: _How
) -> FileLoaded:
    from engine.ingest.files import opened
    from engine.ingest.loading import Unclear

    folder = workspace.warehouse_folder
    try:
        with opened(connection, path, document.dialect, folder) as file:
            return _loaded(workspace, connection, document, file, job, how)
    except Unclear:
        with opened(connection, path, document.dialect, folder, careful=True) as file:
            return _loaded(workspace, connection, document, file, job, how)


def _loaded(
    workspace: Workspace, connection: Any, document: IngestDocument, file: Opened, job: Job | None, how: _How
) -> FileLoaded:
    from engine.ingest.loading import LEDGER, Unclear, in_words, ledger, load
    from engine.ingest.placing import Place
    from engine.ingest.planning import planned
    from engine.ingest.repeats import loaded_before

    number = secrets.token_hex(6)
    kept = kept_folder(workspace) / number
    place, path = Place(connection, document.into), file.path
    connection.execute("BEGIN")
    try:
        ledger(connection)
        known = loaded_before(connection, document, path.name, file.fingerprint, watched=how.watched)
        if known is not None and not how.again:
            connection.execute("ROLLBACK")
            return FileLoaded(known, path.name, document.into, "known")
        with in_words(connection, job):
            plan = planned(connection, file, document)
        gate = gate_of(workspace, document.into)
        again_by = partial(planned, connection, file, document, everything=True)
        found = load(connection, plan, document, kept, job, gate.rules, again_by, allow_shrink=how.allow_shrink)
        document = found.plan.pinned(document)
        gate.must_hold(connection, found.rows)
        read = found.rows + found.bad
        row = [number, document.id, path.name, file.fingerprint, document.into, document.mode, read, found.bad, _now()]
        row += [user_name(), document.partition or ""]
        connection.execute(f"INSERT INTO {LEDGER} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
        connection.execute("COMMIT")
    except Unclear:
        connection.execute("ROLLBACK")
        raise
    except EngineError as error:
        connection.execute("ROLLBACK")
        if error.code == "refused" and error.path is None and kept.exists():
            _report(kept, document, path, number, "refused")
            said = tuple(file.notes)
            return FileLoaded(number, path.name, document.into, "refused", message=error.message, remarks=said)
        shutil.rmtree(kept, ignore_errors=True)
        raise
    except BaseException:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    place.note(found)
    if found.bad:
        _report(kept, document, path, number, "loaded", found.rows + found.bad, found.bad)
    done = FileLoaded(number, path.name, document.into, "loaded", found.rows, found.bad, found.reasons)
    return replace(done, doubts=found.plan.doubts(), notes=found.plan.told(), remarks=tuple(file.notes))


def _report(
    kept: Path, document: IngestDocument, path: Path, number: str, state: str, read: int = 0, bad: int = 0
) -> None:
    """What `status` tells of a load with bad rows, and what `replay` loads them by."""
    told = LoadRecord(number, _now(), document.id, path.name, document.into, document.mode, state, read, bad, None)
    replace_file(kept / "document.yaml", dump_yaml(write_ingest(document)).encode())
    fields = {key: value for key, value in asdict(told).items() if key != "kept"}
    replace_file(kept / "report.json", json.dumps(fields).encode())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def kept_folder(workspace: Workspace) -> Path:
    """Where bad rows of loads are kept."""
    return workspace.warehouse_folder / _KEPT


def _has_ledger(connection: Any) -> bool:
    query = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'convoke' AND table_name = 'loads'"
    return connection.execute(query).fetchone() is not None


@contextmanager
def _writing(workspace: Workspace) -> Iterator[Any]:
    """A new state of the local warehouse, put in force when the block ends well."""
    from engine.warehouses.local import publishing

    if workspace.settings.warehouse not in (None, _LOCAL):
        raise EngineError(
            "refused",
            "this workspace reads a warehouse of somebody else, and files are loaded into its own",
            hint="Connect its own: convoke connect local:, or load in another workspace.",
        )
    workspace.reload()
    make_folder(workspace.warehouse_folder)
    with publishing(workspace.warehouse_folder, _WHO, keep=True) as connection:
        for folder in kept_folder(workspace).glob("*"):
            if not (folder / "report.json").exists():  # of a load that did not come to an end
                shutil.rmtree(folder, ignore_errors=True)
        yield connection
    if workspace.settings.warehouse is None:
        write_settings(workspace.folder, replace(workspace.settings, warehouse=_LOCAL))
        vars(workspace).pop("settings", None)


@contextmanager
def _scratch(workspace: Workspace) -> Iterator[tuple[Any, Path]]:
    """The local warehouse to read (an empty one where there is none), and a folder to write in."""
    from engine.warehouses.local import reading

    make_folder(workspace.warehouse_folder)
    with reading(workspace.warehouse_folder) as connection:
        yield connection, workspace.warehouse_folder
