"""What routes share: scopes, ids, a workspace for the request, and answers as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Path, Query, Request, Response

from engine.domain.documents import iso
from engine.jobs import Job
from engine.operations import Workspace
from engine.operations.targets import ById

T = TypeVar("T")
_ID = r"^[a-z0-9][a-z0-9_-]{0,62}$"
Id = Annotated[str, Path(pattern=_ID, description="An id.")]
Moment = Annotated[str | None, Query(max_length=40, description="ISO 8601, UTC without an offset; by default now.")]
Language = Annotated[Literal["en", "es", "pt_BR"], Query()]
SiteName = Annotated[str | None, Query(max_length=100, description="Only this site.")]
Number = Annotated[int, Path(ge=1, le=2**53)]
Run = Annotated[int | None, Query(ge=1, le=2**53)]


class NotAllowed(Exception):
    """The token lacks a scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


def needs(scope: str) -> Any:
    """A route's dependency: the token has this scope."""

    async def check(request: Request) -> None:  # a plain function would be called on another thread
        if scope not in request.state.token.scopes:
            raise NotAllowed(scope)

    return Depends(check)


def names_nobody_it_measures() -> Any:
    """A route's dependency: the token sees members, or reads no sizes.

    Lists of people whose values are known, uploaded one after the other, show where a rounded size jumps; with one more
    person in them they show that person's value.
    """

    async def check(request: Request) -> None:
        if request.state.least > 1 and "read" in request.state.token.scopes:
            raise NotAllowed("members")

    return Depends(check)


def asked(request: Request, work: Callable[[Workspace, Job], T]) -> T:
    """What an operation gives, in a workspace of the request's own, within the deadline."""
    state = request.app.state
    with state.workspaces.one() as workspace, state.deadline(workspace.settings.api_seconds) as job:
        request.state.line.carries(job)
        workspace.least = request.state.least
        workspace.owner = "admin" in request.state.token.scopes
        return work(workspace, job)


def answer(request: Request, work: Callable[[Workspace, Job], Any]) -> Response:
    """What an operation gives, as JSON."""
    return Answer(asked(request, work))


def by_id(identifier: str) -> ById:
    """An id that is never taken for a path."""
    return ById(identifier)


class Answer(Response):
    """JSON as the command line prints it: dates in ISO 8601, numbers that are none as null."""

    media_type = "application/json"

    def __init__(self, content: Any = None, status_code: int = 200, **more: Any) -> None:
        super().__init__(content, status_code, **more)

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(_plain(content), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value) if value.is_finite() else None
        case date():
            return iso(value)
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _ if hasattr(value, "as_json"):
            return _plain(value.as_json())
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        case _ if hasattr(value, "item"):  # of numpy
            return _plain(value.item())
        case _:
            return str(value)
