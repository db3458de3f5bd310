"""Files that were loaded, and bad rows once more. Which files are loaded is said on the machine that has them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from engine import operations
from engine.api.asking import answer, needs
from engine.jobs import Job

seeing = APIRouter(prefix="/v1/ingest", tags=["ingest"], dependencies=[needs("read")])
loading = APIRouter(prefix="/v1/ingest", tags=["ingest"], dependencies=[needs("write")])
LoadId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="A load's id.")]


@seeing.get("/loads")
def loads(request: Request) -> Response:
    """Every load, the newest first; ``kept`` says whether bad rows are kept, not where."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        found = operations.ingest_status(workspace)
        return [asdict(replace(one, kept=None)) | {"kept": one.kept is not None} for one in found]

    return answer(request, work)


@seeing.get("/collected")
def collected(request: Request) -> Response:
    """What was collected: whether a collector runs, what waits to be landed, and the tables."""
    return answer(request, lambda workspace, job: operations.collect_state(workspace))


@loading.post("/run")
def run(request: Request) -> Response:
    """Load what has come into the folders of the workspace's ingest documents."""
    return answer(request, lambda workspace, job: operations.ingest_all(workspace, job))


@loading.post("/loads/{load}/replay")
def replay(request: Request, load: LoadId) -> Response:
    """Load the bad rows of a load once more, as they stand where they are kept."""
    return answer(request, lambda workspace, job: operations.ingest_replay(workspace, load, job))
