"""`convoke ingest load --document D` of a document with ``from``: rows of another database's table.

How far it was read is told by the ledger of loads, so it is written together with the rows: a load that dies is read
again, one that ended is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

from engine.domain.ingest import Dialect, IngestDocument
from engine.durable import make_folder
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.bindings import approve_source
from engine.operations.ingesting import FileLoaded, ingest_load, ingest_status
from engine.operations.sealing import host_of
from engine.operations.workspace import Workspace

_END = ".parquet"


def ingest_pull(
    workspace: Workspace,
    document: IngestDocument,
    job: Job | None = None,
    *,
    near: Sequence[Path] | None = None,
    watched: bool = False,
    allow_shrink: bool = False,
) -> list[FileLoaded]:
    """Load the rows of the document's table that were not loaded yet (all of them without a watermark); nothing when
    there is none. ``near`` and ``watched`` say where the document comes from (see approve_source); ``allow_shrink`` as
    in :func:`ingest_load`."""
    from engine.ingest.tables import beside, copied

    if document.origin is None:
        raise EngineError("usage", "the document names no database", "from", "Write from, or name a file.")
    folder = workspace.warehouse_folder
    make_folder(folder)
    approve_source(workspace, document, near=near, watched=watched)
    host = host_of(workspace, document.id, document.origin.type, document.origin.settings)
    with beside(folder, f".pull-{document.id}{_END}") as made:
        newest = copied(document.origin, host, pulled_until(workspace, document), made, job)
        if newest is None:
            return []
        mark = "" if document.origin.watermark is None else quote(newest, safe="")
        with beside(folder, f"{document.id}@{mark}{_END}") as named:
            made.replace(named)
            plain = replace(document, dialect=Dialect(format="parquet"))
            return ingest_load(workspace, plain, [named], job, allow_shrink=allow_shrink)


def pulled_until(workspace: Workspace, document: IngestDocument) -> str | None:
    """The largest watermark that was loaded; None without one, or before the first load."""
    if document.origin is None or document.origin.watermark is None:
        return None
    start = f"{document.id}@"
    for one in ingest_status(workspace):
        mine = one.state == "loaded" and one.into == document.into and one.file.startswith(start)
        if mine and one.file != start + _END:
            return unquote(one.file.removeprefix(start).removesuffix(_END))
    return None
