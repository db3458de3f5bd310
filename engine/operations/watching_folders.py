"""The documents in a workspace's folder `ingest`: the daemon loads what comes into the folders that they name.

A file counts as seen by its size and time, and only what was loaded or refused is written down as seen: who dies before
looks at it again, and the ledger in the warehouse keeps it from being loaded twice.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from engine.domain.ingest import IngestDocument
from engine.durable import make_folder
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.bindings import approve_source, must_lead_nowhere
from engine.operations.ingesting import AT_REST, FileLoaded, ingest_files, ingest_load, read_ingest_file
from engine.operations.pulling import ingest_pull
from engine.operations.workspace import Workspace

FOLDER = "ingest"
_WATCHED = "watched.json"
_State = dict[str, list[int]]


def ingest_due(workspace: Workspace) -> bool:
    """Whether there is a file to load, a table whose time has come, or a document that cannot be read and was not told
    of yet."""
    known = _known(workspace)
    return any(new for _, new in _new(workspace, known.seen)) or any(True for _ in _tables(workspace, known))


def ingest_all(workspace: Workspace, job: Job | None = None, *, allow_shrink: bool = False) -> list[FileLoaded]:
    """Load every new file of every document, and the tables whose time has come; what is wrong with a document is told
    like a file that was refused. With ``allow_shrink`` (see :func:`ingest_load`) also what was refused before."""
    known = _known(workspace)
    if allow_shrink:
        _look_again(known)
    found: list[FileLoaded] = []
    for what, new in list(_new(workspace, known.seen)):
        if not new:
            continue
        told = _loaded(workspace, what, list(new), job, allow_shrink=allow_shrink)
        found += told
        subject = what.id if isinstance(what, IngestDocument) else next(iter(new)).name
        refused = [f"{one.file}: {one.message}" for one in told if one.state == "refused"]
        known.refused.pop(subject, None)
        if refused:
            known.refused[subject] = refused[-1]
        known.seen.update((_name(what, path), state) for path, state in new.items())
        _keep(workspace, known)
    for document in list(_tables(workspace, known)):
        told = _pulled(workspace, document, job, allow_shrink=allow_shrink)
        found += told
        known.refused.pop(document.id, None)
        if told and told[-1].state == "refused":
            known.refused[document.id] = f"{told[-1].file}: {told[-1].message}"
        known.pulled[document.id] = time.time()
        _keep(workspace, known)
    return found


def _look_again(known: _Known) -> None:
    """Forget that the files and tables of documents that were refused were looked at."""
    for name in [one for one in known.seen if one.partition(":")[0] in known.refused]:
        del known.seen[name]
    for document in known.refused:
        known.pulled.pop(document, None)


def _tables(workspace: Workspace, known: _Known) -> Iterator[IngestDocument]:
    """The documents whose table is to be read now."""
    for path in sorted((workspace.folder / FOLDER).glob("*.y*ml")):
        with suppress(EngineError):  # it is told of like a file
            document = _document(workspace, path)
            every = None if document.origin is None else document.origin.every
            if every is not None and abs(time.time() - known.pulled.get(document.id, 0.0)) >= every.seconds:
                yield document


def _pulled(workspace: Workspace, document: IngestDocument, job: Job | None, *, allow_shrink: bool) -> list[FileLoaded]:
    try:
        return ingest_pull(workspace, document, job, watched=True, allow_shrink=allow_shrink)
    except EngineError as error:
        if error.code in ("cancelled", "warehouse_file"):  # somebody else writes: the next look tries again
            raise
        assert document.origin is not None  # noqa: S101 - it has a time
        table = document.origin.table or "query"
        return [FileLoaded("", table, document.into, "refused", message=error.message)]


def ingest_troubles(workspace: Workspace) -> dict[str, str]:
    """By document (or its file, when it cannot be read) why the newest of its files was refused."""
    return _known(workspace).refused


def _loaded(
    workspace: Workspace, what: IngestDocument | EngineError, new: list[Path], job: Job | None, *, allow_shrink: bool
) -> list[FileLoaded]:
    if isinstance(what, EngineError):
        return [FileLoaded("", new[0].name, "", "refused", message=what.message)]
    try:
        loaded = ingest_load(workspace, what, new, job, watched=True, allow_shrink=allow_shrink)
        return [one for one in loaded if one.state != "known"]
    except EngineError as error:
        if error.code in ("cancelled", "warehouse_file"):  # somebody else writes: the next look tries again
            raise
        return [FileLoaded("", path.name, what.into, "refused", message=error.message) for path in new]


def _new(workspace: Workspace, seen: _State) -> Iterator[tuple[IngestDocument | EngineError, dict[Path, list[int]]]]:
    """By document (or what is wrong with it) the files that are new or changed, with their state."""
    for path in sorted((workspace.folder / FOLDER).glob("*.y*ml")):
        try:
            document = _document(workspace, path)
            if document.path is not None:
                approve_source(workspace, document, watched=True)
            files = [] if document.path is None else ingest_files(document)
            must_lead_nowhere(workspace, document, files)
        except EngineError as error:
            yield error, _changed(error, [path], seen)
            continue
        yield document, _changed(document, files, seen)


def _changed(what: IngestDocument | EngineError, files: list[Path], seen: _State) -> dict[Path, list[int]]:
    found = {}
    for path in files:
        try:
            about = path.stat()
        except OSError:  # gone meanwhile
            continue
        state = [about.st_size, about.st_mtime_ns]
        if seen.get(_name(what, path)) != state and time.time() - about.st_mtime > AT_REST:
            found[path] = state
    return found


def _document(workspace: Workspace, path: Path) -> IngestDocument:
    """A document; its path is relative to the workspace."""
    document = read_ingest_file(path)
    return document if document.path is None else replace(document, path=str(workspace.folder / document.path))


def _name(what: IngestDocument | EngineError, path: Path) -> str:
    return f"{what.id if isinstance(what, IngestDocument) else ''}:{path}"


@dataclass(frozen=True)
class _Known:
    """Files by document and path with their state; by document what was refused, and when its table was read."""

    seen: _State
    refused: dict[str, str]
    pulled: dict[str, float]


def _known(workspace: Workspace) -> _Known:
    try:
        found = json.loads((workspace.warehouse_folder / _WATCHED).read_text(encoding="utf-8"))
        return _Known(dict(found["seen"]), dict(found["refused"]), dict(found.get("pulled", {})))
    except (OSError, ValueError, TypeError, KeyError):  # then every file is looked into, and found in the ledger
        return _Known({}, {}, {})


def _keep(workspace: Workspace, known: _Known) -> None:
    make_folder(workspace.warehouse_folder)
    fresh = workspace.warehouse_folder / f"{_WATCHED}.new"
    fresh.write_text(json.dumps(vars(known)), encoding="utf-8")
    os.replace(fresh, workspace.warehouse_folder / _WATCHED)
