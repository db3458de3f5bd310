"""Tokens, secrets, and the store's upkeep."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, Field

from engine import operations
from engine.api.asking import Answer, answer, asked, needs

managing = APIRouter(prefix="/v1", tags=["management"], dependencies=[needs("admin")])
SecretName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]


class NewToken(BaseModel):
    """Whose a token is, what it may, and how long."""

    name: str = Field(min_length=1, max_length=200)
    scopes: list[str] = Field(min_length=1, max_length=20)
    days: int = Field(90, ge=1, le=3650)


@managing.get("/tokens")
def tokens(request: Request) -> Response:
    """Every token, without its secret."""
    return answer(request, lambda workspace, job: operations.tokens(workspace))


@managing.post("/tokens", status_code=201)
def add_token(request: Request, wanted: NewToken) -> Response:
    """Make a token; it is shown for the only time."""
    scopes = tuple(wanted.scopes)
    made = asked(request, lambda workspace, job: operations.add_token(workspace, wanted.name, scopes, wanted.days))
    return Answer({"token": made}, 201)


@managing.delete("/tokens/{token}", status_code=204)
def revoke_token(request: Request, token: Annotated[str, Path(pattern=r"^[0-9a-f]{8}$")]) -> Response:
    """End a token at once."""
    asked(request, lambda workspace, job: operations.revoke_token(workspace, token))
    return Response(status_code=204)


@managing.get("/secrets")
def secrets(request: Request) -> Response:
    """The names of the secrets, and what keeps them."""
    return answer(request, lambda workspace, job: operations.secrets(workspace))


@managing.put("/secrets/{name}")
def set_secret(
    request: Request, name: SecretName, value: Annotated[str, Body(embed=True, min_length=1, max_length=100_000)]
) -> Response:
    """Keep a secret; nobody is shown it again."""
    return Answer({"kept_in": asked(request, lambda workspace, job: operations.set_secret(workspace, name, value))})


class Allowed(BaseModel):
    """Who may use a secret, and where it may be sent: HOST or HOST:PORT; by default the hosts that are named now."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    hosts: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(default=[], max_length=20)


@managing.post("/secrets/{name}/allow")
def allow_secret(request: Request, name: SecretName, wanted: Allowed) -> Response:
    """Let a destination or an ingest document use a secret; everywhere it may be used."""
    return answer(request, lambda workspace, job: operations.allow_secret(workspace, name, wanted.id, wanted.hosts))


@managing.get("/grants")
def grants(request: Request) -> Response:
    """Which destination or ingest document may use which secret, variable or path, and at which host."""
    return answer(request, lambda workspace, job: operations.grants(workspace))


@managing.delete("/secrets/{name}", status_code=204)
def remove_secret(request: Request, name: SecretName) -> Response:
    """Forget a secret; refused while a destination needs it."""
    asked(request, lambda workspace, job: operations.remove_secret(workspace, name))
    return Response(status_code=204)


@managing.post("/store/check")
def check_store(request: Request) -> Response:
    """Read and verify every bitmap."""
    return answer(request, lambda workspace, job: operations.check_store(workspace))


@managing.post("/store/clean")
def clean_store(request: Request) -> Response:
    """Forget what is past the setting keep, and bitmaps that nothing needs any more."""
    return answer(request, lambda workspace, job: operations.clean_store(workspace))


@managing.get("/alerts")
def alerts(request: Request) -> Response:
    """What needs a person's look, and what has passed."""
    return answer(request, lambda workspace, job: operations.alerts(workspace))


@managing.post("/alerts/seen", status_code=204)
def see_alerts(request: Request) -> Response:
    """Mark them as seen."""
    asked(request, lambda workspace, job: operations.see_alerts(workspace))
    return Response(status_code=204)


@managing.post("/alerts/test")
def try_alerts(request: Request) -> Response:
    """Send a test message to every address of the setting alerts."""
    return answer(request, lambda workspace, job: operations.try_alerts(workspace))


@managing.get("/doctor")
def doctor(request: Request) -> Response:
    """What this machine lacks."""
    return answer(request, lambda workspace, job: operations.doctor(workspace))
