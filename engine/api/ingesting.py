"""Files that were loaded, what was collected, and contracts. Which files are loaded is said on the machine that has
them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from engine import operations
from engine.api.asking import Moment, answer, needs
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


@seeing.get("/collected/aside")
def aside(request: Request) -> Response:
    """How much of what was collected is aside, by reason."""
    return answer(request, lambda workspace, job: operations.collect_aside(workspace))


@loading.post("/collected/replay")
def land_again(request: Request) -> Response:
    """Land all that is aside once more, since a contract has changed."""
    return answer(request, lambda workspace, job: operations.collect_replay(workspace))


@seeing.get("/layout")
def layout(request: Request) -> Response:
    """What conditions read of the event tables of the workspace's own warehouse against what they need."""
    return answer(request, lambda workspace, job: operations.warehouse_layout(workspace))


@loading.post("/layout")
def sort(request: Request) -> Response:
    """Sort those tables, so that less is read."""
    return answer(request, lambda workspace, job: operations.warehouse_layout(workspace, apply=True))


@loading.post("/run")
def run(
    request: Request,
    allow_shrink: Annotated[
        bool, Query(description="Also replace tables by less than half of their rows, as was refused before.")
    ] = False,
) -> Response:
    """Load what has come into the folders of the workspace's ingest documents."""
    return answer(request, lambda workspace, job: operations.ingest_all(workspace, job, allow_shrink=allow_shrink))


@loading.post("/loads/{load}/replay")
def replay(request: Request, load: LoadId) -> Response:
    """Load the bad rows of a load once more, as they stand where they are kept."""
    return answer(request, lambda workspace, job: operations.ingest_replay(workspace, load, job))


quality = APIRouter(prefix="/v1/quality", tags=["quality"], dependencies=[needs("read")])
checking = APIRouter(prefix="/v1/quality", tags=["quality"], dependencies=[needs("write")])


class Accepting(BaseModel):
    """A check that may be red for so many days, and why."""

    table: str = Field(max_length=200)
    check: str = Field(max_length=200)
    reason: str = Field(max_length=1_000)
    days: int = Field(default=7, ge=1, le=365)


@quality.get("")
def show(request: Request) -> Response:
    """What the checks of contracts came to last."""
    return answer(request, lambda workspace, job: operations.quality_show(workspace))


@quality.get("/lineage/{name}")
def lineage(request: Request, name: str) -> Response:
    """What something is made of and what depends on it: KIND:NAME, or a name that only one thing has."""
    return answer(request, lambda workspace, job: operations.lineage_of(workspace, name))


@quality.get("/{table}/{check}")
def past(request: Request, table: str, check: str) -> Response:
    """What a check came to before, and the audiences that are read from its table; no values."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return asdict(operations.quality_past(workspace, table, check, job)) | {"examples": []}

    return answer(request, work)


@checking.post("/run")
def check(request: Request) -> Response:
    """Check all contracts now."""
    return answer(request, lambda workspace, job: operations.quality_run(workspace, (), job))


@checking.post("/accept")
def accept(request: Request, given: Accepting) -> Response:
    """Let what depends on a table go on although a check is red."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return operations.quality_accept(workspace, given.table, given.check, given.reason, given.days)

    return answer(request, work)


# -- computed traits ---------------------------------------------------------------------------------------------------

traits = APIRouter(prefix="/v1/traits", tags=["traits"], dependencies=[needs("read")])
computing = APIRouter(prefix="/v1/traits", tags=["traits"], dependencies=[needs("write")])


@traits.get("")
def in_force(request: Request) -> Response:
    """The computed traits in force."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return [{"id": name, **asdict(one)} for name, one in operations.trait_show(workspace).items()]

    return answer(request, work)


@traits.get("/versions")
def versions(request: Request) -> Response:
    """Every version of every trait's document that was computed."""
    return answer(request, lambda workspace, job: operations.trait_versions(workspace))


@computing.post("/run")
def compute(request: Request, as_of: Moment = None) -> Response:
    """Compute all traits as of a moment, now by default."""
    return answer(request, lambda workspace, job: operations.trait_run(workspace, (), job, as_of=as_of))


single = APIRouter(prefix="/v1/traits", tags=["members"], dependencies=[needs("members")])


@single.get("/{identifier}/values")
def values(
    request: Request,
    identifier: Annotated[str, Path(max_length=200, description="A computed trait.")],
    key: Annotated[list[str] | None, Query(max_length=1_000, description="Profile keys; all by default.")] = None,
    after: Annotated[str, Query(max_length=1_000, description="Only keys behind this one, by text.")] = "",
    most: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Response:
    """What profiles have of a computed trait, by key: single people, so only who may see members is answered."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        found = operations.trait_values(workspace, identifier, tuple(key or ()), after=after, most=most)
        return asdict(found) | {"values": [{"key": one, "value": value} for one, value in found.values]}

    return answer(request, work)
