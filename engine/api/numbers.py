"""Sizes, what makes them, and who the members are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from engine import operations
from engine.api.asking import Id, Language, Moment, SiteName, answer, by_id, needs
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.targets import moment

reading = APIRouter(prefix="/v1", tags=["numbers"], dependencies=[needs("read")])
seeing = APIRouter(prefix="/v1", tags=["members"], dependencies=[needs("members")])
Name = Annotated[str, Path(max_length=200)]
Key = Annotated[str, Path(min_length=1, max_length=255, description="A profile's key as it is stored.")]
_PAGE = 100_000


class Sizes(BaseModel):
    """Audiences to size: by id, or as a document that need not be saved."""

    audiences: list[str] = Field(default=[], max_length=20_000, description="Ids.")
    document: dict[str, Any] | None = None
    site: str | None = Field(None, max_length=100)
    as_of: str | None = Field(None, max_length=40)


@reading.post("/size")
def size(request: Request, wanted: Sizes) -> Response:
    """The exact size of audiences, and of each of their conditions, at one moment over one state of the data."""
    if (wanted.document is None) == (not wanted.audiences):
        raise EngineError("usage", "neither audiences nor a document are named, or both", hint="Name one of them.")

    hints = "members" in request.state.token.scopes  # a hint names a value of the data

    def work(workspace: operations.Workspace, job: Job) -> Any:
        if wanted.document is not None:
            at = moment(wanted.as_of)
            found = operations.size_document(workspace, wanted.document, as_of=at, job=job, hints=hints)
            return [found.as_json()]
        ids = [by_id(one) for one in wanted.audiences]
        sizes = operations.size(workspace, ids, site=wanted.site, as_of=wanted.as_of, job=job, hints=hints)
        return [one.as_json() for one in sizes]

    return answer(request, work)


@reading.get("/audiences/{audience}/insights")
def insights(request: Request, audience: Id, as_of: Moment = None) -> Response:
    """What makes the size: condition by condition, near misses, exclusive intersections."""
    one = by_id(audience)
    return answer(request, lambda workspace, job: operations.insights(workspace, one, as_of=as_of, job=job))


@reading.get("/audiences/{audience}/reach")
def reach(request: Request, audience: Id, as_of: Moment = None) -> Response:
    """How many members can be reached, by identifier and consent."""
    one = by_id(audience)
    return answer(request, lambda workspace, job: operations.reachable(workspace, one, as_of=as_of, job=job))


@reading.get("/audiences/{audience}/composition/{trait}")
def composition(request: Request, audience: Id, trait: Name, as_of: Moment = None) -> Response:
    """Members by a trait against everyone, with index and interval."""
    one = by_id(audience)
    return answer(request, lambda workspace, job: operations.breakdown(workspace, one, trait, as_of=as_of, job=job))


@reading.get("/audiences/{audience}/overlap")
def overlap(request: Request, audience: Id, as_of: Moment = None) -> Response:
    """How many members it shares with each other audience."""
    one = by_id(audience)
    return answer(request, lambda workspace, job: operations.overlap(workspace, one, as_of=as_of, job=job))


@reading.get("/audiences/{audience}/explain")
def explain(request: Request, audience: Id, as_of: Moment = None) -> Response:
    """The SQL that finds the members, and its bound values."""
    return answer(request, lambda workspace, job: operations.explain(workspace, by_id(audience), as_of=as_of))


@reading.get("/values/{name}")
def values(
    request: Request,
    name: Name,
    source: Annotated[str | None, Query(max_length=200, description="An event or object, for its property.")] = None,
    most: Annotated[int, Query(ge=1, le=1_000)] = 50,
) -> Response:
    """The most frequent values of a trait or property; those of personal data are not shown."""
    return answer(request, lambda workspace, job: operations.values(workspace, name, source=source, most=most, job=job))


# -- who ---------------------------------------------------------------------------------------------------------------


@seeing.get("/audiences/{audience}/members")
def members(
    request: Request,
    audience: Id,
    site: SiteName = None,
    as_of: Moment = None,
    frozen: Annotated[bool, Query(description="As the last run froze them (not after as_of, if given).")] = False,
    first: Annotated[int, Query(ge=0, le=2**53)] = 0,
    most: Annotated[int, Query(ge=1, le=_PAGE)] = 10_000,
) -> Response:
    """The member keys, sorted, page by page; name as_of so that pages fit together."""

    def work(workspace: operations.Workspace, job: Job) -> dict[str, Any]:
        if frozen:
            found = operations.members_then(workspace, audience, as_of)
        else:
            (found,) = operations.members(workspace, [by_id(audience)], site=site, as_of=as_of, job=job)
        keys = found.array[first : first + most].tolist()
        return {"id": audience, "size": len(found.array), "first": first, "keys": keys}

    return answer(request, work)


@seeing.get("/audiences/{audience}/why/{key}")
def why(request: Request, audience: Id, key: Key, as_of: Moment = None, language: Language = "en") -> Response:
    """Why a profile is in the audience or out of it, condition by condition."""
    one = by_id(audience)
    return answer(request, lambda workspace, job: operations.why(workspace, one, key, as_of=as_of, language=language))


@seeing.get("/people/{key}/syncs")
def sent_to(request: Request, key: Key) -> Response:
    """When this person was sent where, by which audience, and what became of it."""
    return answer(request, lambda workspace, job: list(operations.sent_to(workspace, key)))
