"""Audiences, the data model and lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from engine import operations
from engine.api.asking import Answer, Id, Language, answer, asked, names_nobody_it_measures, needs
from engine.domain.documents import load_one
from engine.errors import EngineError
from engine.jobs import Job

Document = Annotated[dict[str, Any], Body()]
AUDIENCE = {"x-convoke-document": "audience"}
reading = APIRouter(prefix="/v1", tags=["documents"], dependencies=[needs("read")])
writing = APIRouter(prefix="/v1", tags=["documents"], dependencies=[needs("write")])


class Folder(BaseModel):
    """Audience documents that are a whole: what came this way before and is not among them is deleted."""

    documents: list[dict[str, Any]] = Field(max_length=20_000)
    as_of: str | None = Field(None, max_length=40)


class Sessions(BaseModel):
    """Sessions: what they are called, the events they are made of, and the pause that ends one."""

    name: str = Field(max_length=64)
    events: list[str] = Field(max_length=100)
    gap: str = Field("30min", max_length=20)


@reading.get("/audiences")
def list_audiences(request: Request) -> Response:
    """Every audience, by id."""
    return answer(request, lambda workspace, job: operations.list_audiences(workspace))


@reading.get("/audiences/{audience}")
def show_audience(request: Request, audience: Id, language: Language = "en") -> Response:
    """One audience's document and its rule in words."""
    return answer(request, lambda workspace, job: operations.show(workspace, audience, language))


@writing.put("/audiences/{audience}", openapi_extra=AUDIENCE)
def save_audience(request: Request, audience: Id, document: Document) -> Response:
    """Save an audience; a new version when it is another."""
    if document.get("id") != audience:
        raise EngineError("usage", "the document's id is not the one in the address", "id", "Write the same one.")
    version = asked(request, lambda workspace, job: operations.save(workspace, document))
    return Answer({"id": audience, "version": version})


@writing.delete("/audiences/{audience}", status_code=204)
def delete_audience(request: Request, audience: Id) -> Response:
    """Delete an audience; its history stays."""
    asked(request, lambda workspace, job: operations.delete(workspace, audience))
    return Response(status_code=204)


@reading.get("/audiences/{audience}/history")
def audience_history(request: Request, audience: Id) -> Response:
    """Every version: who, when, what changed."""
    return answer(request, lambda workspace, job: operations.history(workspace, audience))


Version = Annotated[int | None, Query(ge=1, le=2**53)]


@reading.get("/audiences/{audience}/diff")
def audience_diff(request: Request, audience: Id, before: Version = None, after: Version = None) -> Response:
    """What changed between two versions; by default the last two."""

    return answer(request, lambda workspace, job: operations.diff(workspace, audience, before, after))


@reading.post("/plan")
def plan(request: Request, folder: Folder) -> Response:
    """What applying these documents would add, change and delete, with sizes; nothing is changed."""
    hints = "members" in request.state.token.scopes  # a hint names a value of the data
    with _folder(folder.documents) as name:
        path = FilePath(name)

        def work(workspace: operations.Workspace, job: Job) -> Any:
            return operations.plan(workspace, path, as_of=folder.as_of, job=job, hints=hints)

        return answer(request, work)


@writing.post("/apply")
def apply(request: Request, folder: Folder) -> Response:
    """Make the audiences what these documents say, all in one transaction."""
    with _folder(folder.documents) as name:
        path = FilePath(name)
        return answer(request, lambda workspace, job: operations.apply(workspace, path, as_of=folder.as_of, job=job))


def _folder(documents: Sequence[dict[str, Any]]) -> TemporaryDirectory[str]:
    """The documents as `convoke plan -f` reads them."""
    made = TemporaryDirectory(prefix="convoke-")
    for place, document in enumerate(documents):
        (FilePath(made.name) / f"{place:05}.json").write_text(json.dumps(document), encoding="utf-8")
    return made


# -- the data model ----------------------------------------------------------------------------------------------------


@reading.get("/model", responses={200: {"content": {"application/yaml": {}}}}, response_class=Response)
def show_model(request: Request) -> Response:
    """The data model as it was written."""
    text = asked(request, lambda workspace, job: operations.show_model(workspace))
    return Response(text, media_type="application/yaml")


@writing.put("/model", openapi_extra={"x-convoke-document": "model"})
def apply_model(request: Request, document: Document) -> Response:
    """Make a document the data model; refused when its tables and columns are not in the warehouse."""
    text = json.dumps(document, ensure_ascii=False)
    model = asked(request, lambda workspace, job: operations.apply_model_text(workspace, text))
    return Answer({"traits": len(model.profile.traits), "events": len(model.events), "objects": len(model.objects)})


@reading.post("/model/check")
def check_model(request: Request) -> Response:
    """Check the data model against the data: keys, orphans, types, time zones, with counts."""
    return answer(request, lambda workspace, job: operations.check(workspace, job=job))


@reading.post("/model/draft")
def draft_model(request: Request) -> Response:
    """Draft a data model for the warehouse; nothing is saved."""
    return answer(request, lambda workspace, job: operations.infer(workspace, job))


@reading.post("/model/sessions")
def draft_sessions(request: Request, wanted: Sessions) -> Response:
    """Draft an event of sessions for the model; nothing is saved."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return load_one(operations.model_sessions(workspace, wanted.name, wanted.events, wanted.gap))

    return answer(request, work)


@reading.get("/schemas/{kind}")
def schema(kind: Literal["audience", "model", "destination"]) -> Response:
    """The JSON Schema of a document kind."""
    return Answer(operations.schema(kind))


# -- lists -------------------------------------------------------------------------------------------------------------


@reading.get("/lists")
def lists(request: Request) -> Response:
    """Every uploaded list with its number of keys."""
    return answer(request, lambda workspace, job: operations.lists(workspace))


@writing.put("/lists/{name}", dependencies=[names_nobody_it_measures()])
def upload_list(
    request: Request,
    name: Id,
    file: Annotated[bytes, Body(media_type="text/csv")],
    key: Annotated[str | None, Query(max_length=200, description="The column of the keys, or its number.")] = None,
    allow_shrink: Annotated[
        bool, Query(description="Replace the list even when the new one has less than half of its profiles.")
    ] = False,
) -> Response:
    """Replace a list by the profile keys in a CSV file; what became of the rows, counted."""
    with TemporaryDirectory(prefix="convoke-") as folder:
        path = FilePath(folder) / f"{name}.csv"
        path.write_bytes(file)

        def work(workspace: operations.Workspace, job: Any) -> dict[str, Any]:
            found = operations.upload_list(workspace, name, path, key=key, allow_shrink=allow_shrink)
            return {"id": found.id, "size": found.size, "rows": found.counts()}

        return answer(request, work)
