"""Runs, snapshots, and the scheduler's tasks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from engine import operations
from engine.api.asking import Answer, Id, Number, Run, answer, asked, by_id, needs
from engine.jobs import Job

reading = APIRouter(prefix="/v1", tags=["runs"], dependencies=[needs("read")])
seeing = APIRouter(prefix="/v1", tags=["members"], dependencies=[needs("members")])
writing = APIRouter(prefix="/v1", tags=["runs"], dependencies=[needs("write")])


class Wanted(BaseModel):
    """Audiences to run as one plan."""

    audiences: list[str] = Field(min_length=1, max_length=20_000, description="Ids.")
    as_of: str | None = Field(None, max_length=40)


class Period(BaseModel):
    """A time whose runs are filled in."""

    start: str = Field(max_length=40)
    end: str = Field(max_length=40)


@reading.get("/runs")
def runs(request: Request) -> Response:
    """Every run: when, over which data, and what failed."""
    return answer(request, lambda workspace, job: operations.runs(workspace))


@reading.get("/freshness")
def freshness(request: Request, audience: Annotated[list[str] | None, Query(max_length=1_000)] = None) -> Response:
    """As of when audiences are, over which data, and what was received since; by default of all."""
    return answer(request, lambda workspace, job: operations.freshness_of(workspace, audience or ()))


@reading.get("/audiences/{audience}/snapshots")
def snapshots(request: Request, audience: Id) -> Response:
    """The history of its size, run by run."""
    return answer(request, lambda workspace, job: operations.snapshots(workspace, audience))


@seeing.get("/audiences/{audience}/changes")
def changes(request: Request, audience: Id, before: Run = None, after: Run = None) -> Response:
    """The keys that came and went between two runs; by default the last two."""
    return answer(request, lambda workspace, job: operations.changes(workspace, audience, before, after))


# -- the scheduler -----------------------------------------------------------------------------------------------------


@reading.get("/daemon")
def daemon(request: Request) -> Response:
    """Whether the scheduler runs, and what waits for it."""
    return answer(request, lambda workspace, job: operations.daemon_state(workspace))


@reading.get("/daemon/log")
def log(request: Request, most: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
    """The newest lines of the scheduler's log, oldest first."""
    return answer(request, lambda workspace, job: operations.recent_log(workspace, most))


@reading.get("/schedules")
def schedules(request: Request, count: Annotated[int, Query(ge=1, le=50)] = 5) -> Response:
    """The next due times of every audience that has a schedule."""
    return answer(request, lambda workspace, job: operations.coming(workspace, count=count))


@reading.get("/tasks")
def tasks(request: Request, most: Annotated[int, Query(ge=1, le=1_000)] = 50) -> Response:
    """What was and is to be run, newest first."""
    return answer(request, lambda workspace, job: operations.tasks(workspace, most=most))


@writing.post("/tasks", status_code=202)
def run_soon(request: Request, wanted: Wanted) -> Response:
    """Queue audiences for the scheduler to run as one plan."""
    ids = [by_id(one) for one in wanted.audiences]
    task = asked(request, lambda workspace, job: operations.run_soon(workspace, ids, as_of=wanted.as_of))
    return Answer({"task": task}, 202)


@writing.post("/tasks/{task}/retry", status_code=202)
def retry(request: Request, task: Number) -> Response:
    """Queue a task again that failed or was cancelled."""
    asked(request, lambda workspace, job: operations.retry_task(workspace, task))
    return Answer({"task": task}, 202)


@writing.post("/tasks/{task}/cancel", status_code=202)
def cancel(request: Request, task: Number) -> Response:
    """Give up a task that is queued or running."""
    asked(request, lambda workspace, job: operations.cancel_task(workspace, task))
    return Answer({"task": task}, 202)


@writing.post("/audiences/{audience}/pause", status_code=204)
def pause(request: Request, audience: Id) -> Response:
    """Pause its schedule."""
    return _paused(request, audience, paused=True)


@writing.post("/audiences/{audience}/resume", status_code=204)
def resume(request: Request, audience: Id) -> Response:
    """Resume its schedule."""
    return _paused(request, audience, paused=False)


def _paused(request: Request, audience: str, *, paused: bool) -> Response:
    asked(request, lambda workspace, job: operations.pause(workspace, [by_id(audience)], paused=paused))
    return Response(status_code=204)


@writing.post("/audiences/{audience}/backfill", status_code=202)
def backfill(request: Request, audience: Id, period: Period) -> Response:
    """Queue a run for each time of its schedule in a period."""

    def work(workspace: operations.Workspace, job: Job) -> list[int]:
        return operations.backfill(workspace, by_id(audience), period.start, period.end)

    found: dict[str, Any] = {"tasks": asked(request, work)}
    return Answer(found, 202)
