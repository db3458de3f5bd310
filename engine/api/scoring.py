"""`/v1/lookalikes` and `/v1/propensities`: models of people, what they came to, and using them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from engine import operations
from engine.api.asking import answer, needs
from engine.jobs import Job

Id = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Key = Annotated[str, Path(min_length=1, max_length=200)]
Share = Annotated[float | None, Query(gt=0, le=1)]
Count = Annotated[int | None, Query(ge=1)]

scores = APIRouter(prefix="/v1", tags=["models of people"], dependencies=[needs("read")])
scoring = APIRouter(prefix="/v1", tags=["models of people"], dependencies=[needs("write")])


class Use(BaseModel):
    """Which models to train or use: none named means all. ``accept`` takes what a document's guard would hold."""

    model_config = ConfigDict(extra="forbid")
    ids: list[str] = []
    accept: bool = False


@scores.get("/lookalikes")
def lookalikes(request: Request) -> Response:
    """The lookalikes there are."""
    return answer(request, lambda workspace, job: operations.lookalike_list(workspace))


@scores.get("/lookalikes/{identifier}")
def lookalike(request: Request, identifier: Id) -> Response:
    """The model in force, its card, and its versions."""
    return answer(request, lambda workspace, job: operations.lookalike_show(workspace, identifier))


@scores.get("/lookalikes/{identifier}/reach")
def reach(request: Request, identifier: Id, share: Share = None, count: Count = None) -> Response:
    """What is to be expected of a reach."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return operations.lookalike_reach(workspace, identifier, share=share, count=count).as_json()

    return answer(request, work)


@scores.get("/lookalikes/{identifier}/preview")
def preview(request: Request, identifier: Id, share: Share = None, count: Count = None) -> Response:
    """What an audience of a reach would be: its people, and how many it would share with the seed and with others."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return operations.lookalike_preview(workspace, identifier, share=share, count=count, job=job)

    return answer(request, work)


@scores.get("/lookalikes/{identifier}/rule")
def rule(request: Request, identifier: Id, share: Share = None) -> Response:
    """A rule that comes close to the model, and how close."""
    return answer(
        request, lambda workspace, job: operations.lookalike_rule(workspace, identifier, share=share, job=job)
    )


@scoring.get("/lookalikes/{identifier}/why/{key}", dependencies=[needs("members")])
def why(request: Request, identifier: Id, key: Key) -> Response:
    """Why one person is similar, or is not."""
    return answer(request, lambda workspace, job: operations.lookalike_why(workspace, identifier, key, job=job))


@scoring.post("/lookalikes/train")
def train(request: Request, given: Use) -> Response:
    """Train lookalikes now."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        found = operations.lookalike_train(workspace, given.ids, accept=given.accept, job=job)
        return [one.as_json() for one in found]

    return answer(request, work)


@scoring.post("/lookalikes/apply")
def apply(request: Request, given: Use) -> Response:
    """Put the similarity of everybody in force now."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        found = operations.lookalike_apply(workspace, given.ids, accept=given.accept, job=job)
        return [one.as_json() for one in found]

    return answer(request, work)


@scores.get("/propensities")
def propensities(request: Request) -> Response:
    """The propensities there are."""
    return answer(request, lambda workspace, job: operations.propensity_list(workspace))


@scores.get("/propensities/{identifier}")
def propensity(request: Request, identifier: Id) -> Response:
    """The model in force, and its card."""
    return answer(request, lambda workspace, job: operations.propensity_show(workspace, identifier))


@scoring.post("/propensities/train")
def learn(request: Request, given: Use) -> Response:
    """Train propensities now."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        found = operations.propensity_train(workspace, given.ids, accept=given.accept, job=job)
        return [one.as_json() for one in found]

    return answer(request, work)


@scoring.post("/propensities/apply")
def use(request: Request, given: Use) -> Response:
    """Put everybody's probabilities in force now."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        found = operations.propensity_apply(workspace, given.ids, accept=given.accept, job=job)
        return [one.as_json() for one in found]

    return answer(request, work)
