"""Destinations and deliveries."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from engine import operations
from engine.api.asking import Answer, Id, answer, asked, needs
from engine.errors import EngineError
from engine.jobs import Job

delivering = APIRouter(prefix="/v1", tags=["destinations"], dependencies=[needs("deliver")])


class Syncs(BaseModel):
    """Audiences to deliver now: all that go anywhere, or those named."""

    audiences: list[str] = Field(default=[], max_length=20_000, description="Ids.")
    allow_removals: bool = False
    reset: bool = False


@delivering.get("/destinations")
def destinations(request: Request) -> Response:
    """Every destination."""
    return answer(request, lambda workspace, job: operations.destinations(workspace))


@delivering.get("/destination-types")
def destination_types() -> Response:
    """The kinds of destinations: what each was tested against, and its settings."""
    return Answer(operations.destination_types())


@delivering.put("/destinations/{destination}", openapi_extra={"x-convoke-document": "destination"})
def save_destination(request: Request, destination: Id, document: Annotated[dict[str, Any], Body()]) -> Response:
    """Keep a destination, after it was checked against the model and its type."""
    if document.get("id") != destination:
        raise EngineError("usage", "the document's id is not the one in the address", "id", "Write the same one.")
    return Answer({"id": asked(request, lambda workspace, job: operations.save_destination(workspace, document))})


@delivering.delete("/destinations/{destination}", status_code=204)
def remove_destination(request: Request, destination: Id) -> Response:
    """Forget a destination; refused while an audience goes there."""
    asked(request, lambda workspace, job: operations.remove_destination(workspace, destination))
    return Response(status_code=204)


@delivering.post("/destinations/{destination}/test")
def try_destination(request: Request, destination: Id) -> Response:
    """Try whether it can be used; a sentence that says what was found."""
    return Answer({"found": asked(request, lambda workspace, job: operations.try_destination(workspace, destination))})


@delivering.post("/destinations/{destination}/pause", status_code=204)
def pause(request: Request, destination: Id) -> Response:
    """Hold back everything to it."""
    return _paused(request, destination, paused=True)


@delivering.post("/destinations/{destination}/resume", status_code=204)
def resume(request: Request, destination: Id) -> Response:
    """Let it go again."""
    return _paused(request, destination, paused=False)


def _paused(request: Request, destination: str, *, paused: bool) -> Response:
    asked(request, lambda workspace, job: operations.pause_destination(workspace, destination, paused=paused))
    return Response(status_code=204)


@delivering.get("/syncs")
def syncs(
    request: Request,
    audience: Annotated[str | None, Query(max_length=63)] = None,
    most: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """The newest deliveries."""
    return answer(request, lambda workspace, job: operations.syncs(workspace, audience, most))


@delivering.get("/audiences/{audience}/delivery")
def preview(request: Request, audience: Id) -> Response:
    """What delivering it would add, remove and leave out; nothing is sent. Keys and values are masked."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return operations.preview_sync(workspace, [audience], job=job)

    return answer(request, work)


@delivering.post("/syncs")
def sync(request: Request, wanted: Syncs) -> Response:
    """Deliver what changed since it was last acknowledged; the deliveries as they are then."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return operations.sync(
            workspace, wanted.audiences, allow_removals=wanted.allow_removals, reset=wanted.reset, job=job
        )

    return answer(request, work)
