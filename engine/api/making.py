"""The API put together: routes, errors, metrics, its own description, and the gate around it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from engine import __version__, operations
from engine.api import delivering, documents, identity, ingesting, managing, numbers, running, scoring
from engine.api.asking import Answer, NotAllowed, asked, needs
from engine.api.describing import describe
from engine.api.gate import App, Gate, Receive, Scope, Send
from engine.api.metrics import MEDIA_TYPE, Metrics
from engine.api.problems import TECHNICAL_HEADER, problem, problem_of
from engine.api.quick import Quick
from engine.api.workspaces import Workspaces, deadline
from engine.errors import EngineError
from engine.failures import failure_of
from engine.jobs import Job


def make_api(folder: Path, most: int = 4) -> Gate:
    """The API over a workspace, as an ASGI application; up to ``most`` requests work at once."""
    api = FastAPI(title="Convoke", version=__version__, docs_url=None, redoc_url=None, lifespan=_closing)
    api.state.workspaces = Workspaces(folder, most)
    # Tokens and health are looked up in the store alone, and never wait for those that count.
    api.state.doors = Workspaces(folder, 2)
    api.state.people = Workspaces(folder, most)
    within: Callable[[float], AbstractContextManager[Job]] = deadline
    api.state.deadline = within
    api.state.metrics = Metrics()
    api.add_middleware(_Measured, metrics=api.state.metrics)
    _say_errors(api)
    for router in (
        identity.identity,  # first, since routes are tried in their order, and nothing is asked as often
        *(documents.reading, documents.writing, numbers.reading, numbers.seeing),
        *(
            running.reading,
            running.seeing,
            running.writing,
            delivering.delivering,
            managing.managing,
            *(ingesting.seeing, ingesting.loading, ingesting.quality, ingesting.checking),
            *(ingesting.traits, ingesting.computing, ingesting.single),
            *(scoring.scores, scoring.scoring),
            identity.deciding,
        ),
    ):
        api.include_router(router)
    api.get("/health", tags=["service"])(_health)
    api.get("/metrics", tags=["service"], dependencies=[needs("metrics")], response_class=Response)(_metrics)
    describe(api)
    api.state.quick = Quick(api.state.people, api.state.metrics)
    return Gate(api, api.state.doors, api.state.quick)


@asynccontextmanager
async def _closing(api: FastAPI) -> AsyncIterator[None]:
    yield
    api.state.workspaces.close()
    api.state.doors.close()
    api.state.quick.close()
    api.state.people.close()


def _health(request: Request) -> Response:
    """Whether the store can be read, and whether the scheduler runs."""
    with request.app.state.doors.one() as workspace:
        state = operations.daemon_state(workspace)
    return Answer({"status": "ok", "version": __version__, "daemon": state.state})


def _metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format."""
    text = asked(request, lambda workspace, job: request.app.state.metrics.text(workspace))
    return Response(text, media_type=MEDIA_TYPE)


class _Measured:
    """Counts requests by route. A plain ASGI application: the framework's own middlewares take a task for each."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.count(route, status, time.perf_counter() - started)


# -- errors ------------------------------------------------------------------------------------------------------------


def _say_errors(api: FastAPI) -> None:
    api.exception_handler(EngineError)(_engine_error)
    api.exception_handler(NotAllowed)(_not_allowed)
    api.exception_handler(RequestValidationError)(_wrong_request)
    api.exception_handler(HTTPException)(_http)
    api.exception_handler(Exception)(_unexpected)


async def _engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)  # noqa: S101 - as it is registered
    token = getattr(request.state, "token", None)
    may_see = token is not None and "members" in token.scopes and request.headers.get(TECHNICAL_HEADER) == "1"
    return problem_of(error, technical=may_see)


async def _not_allowed(request: Request, error: Exception) -> Response:
    scope = getattr(error, "scope", "")
    return problem(403, "usage", f'the token lacks the scope "{scope}"', hint="Make one with convoke token add.")


async def _wrong_request(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    first: Any = found[0] if found else {"loc": (), "msg": "it is not understood"}
    path = ".".join(str(part) for part in first["loc"])
    return problem(422, "structure", str(first["msg"]), path or None)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return problem(status, "usage", str(getattr(error, "detail", "it cannot be done")), headers=headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    """No message: it may hold data of people."""
    if isinstance(error, UnicodeError):
        return problem(400, "usage", "a text has a character that cannot be kept", hint="Write it in whole characters.")
    known = failure_of(error)
    if known is not None:
        return problem_of(known)
    return problem(500, "internal", f"Convoke met a case it did not expect ({type(error).__name__})")
