"""Who an identifier belongs to. Values come in, hashes and persons' ids go out; the log has neither."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, Field

from engine import operations
from engine.api.asking import Answer, Number, answer, needs
from engine.domain.documents import dump_yaml, load_one
from engine.domain.identity_codec import read_identity
from engine.jobs import Job
from engine.operations.finding import Found, audit, lookup_of

identity = APIRouter(prefix="/v1/identity", tags=["identity"], dependencies=[needs("identity")])
deciding = APIRouter(prefix="/v1/identity", tags=["identity"], dependencies=[needs("admin")])
PersonId = Annotated[str, Path(pattern=r"^p[0-9a-f]{20}$", description="A person's id.")]

Country = Annotated[
    str | None, Query(pattern="^[A-Z]{2}$", description="By which phones and documents are read, such as BR.")
]


class Wanted(BaseModel):
    """An identifier: its kind in the identity document and its value, or its hash as KIND:HASH."""

    kind: str = Field(max_length=63, pattern=r"^[a-z][a-z0-9_]*$")
    value: str = Field(max_length=1_000)


class Batch(BaseModel):
    """Up to ten thousand identifiers."""

    identifiers: list[Wanted] = Field(max_length=10_000)


class Erasure(BaseModel):
    """Whom to erase: a person's id."""

    person: str = Field(pattern=r"^p[0-9a-f]{20}$")


def _found(request: Request, wanted: list[Wanted]) -> list[Found]:
    with request.app.state.people.one() as workspace:
        found = lookup_of(workspace).found([(one.kind, one.value) for one in wanted])
        known = sum(one.person is not None for one in found)
        audit(workspace.folder, request.state.token.id, "resolve", len(found), known)
    return found


@identity.post("/resolve")
def resolve(request: Request, wanted: Wanted) -> Response:
    """The person an identifier belongs to; ``person`` is null when nobody is known by it."""
    return Answer(_found(request, [wanted])[0])


@identity.post("/batch")
def batch(request: Request, wanted: Batch) -> Response:
    """The persons of many identifiers, in their order."""
    return Answer(_found(request, wanted.identifiers))


@identity.get("/profiles/{person}")
def profile(request: Request, person: PersonId) -> Response:
    """A person: identifiers as hashes, household, consents, and the id that this one leads to now."""
    with request.app.state.people.one() as workspace:
        found = operations.profile_of(workspace, person)
        audit(workspace.folder, request.state.token.id, "profile", 1, 1)
    return Answer(found)


@identity.get("/state")
def state(request: Request) -> Response:
    """What is in force, and the newest runs."""
    return answer(request, lambda workspace, job: operations.identity_state(workspace))


@deciding.post("/run")
def run(request: Request, everything: bool = False) -> Response:
    """Find persons; ``state`` is held when a check is red. With ``everything`` not only whom new rows touch."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return operations.run_identity(workspace, job=job, everything=everything)

    return answer(request, work)


@deciding.post("/forget")
def forget(request: Request, whom: Erasure) -> Response:
    """Erase a person for good."""
    return answer(request, lambda workspace, job: operations.forget_person(workspace, whom.person))


class Ends(BaseModel):
    """Two identifiers, as KIND:VALUE or KIND:HASH."""

    one: str = Field(max_length=1_100)
    other: str = Field(max_length=1_100)


class Whom(BaseModel):
    """A person's id, or one of their identifiers as KIND:VALUE or KIND:HASH."""

    person: str = Field(max_length=1_100)


class NewDecision(BaseModel):
    """Two identifiers are never one person (apart) or always (together); one names nobody (block); a pair was judged to
    be one person (same) or two (differ)."""

    what: Literal["apart", "together", "block", "same", "differ"]
    one: str = Field(max_length=1_100)
    other: str = Field(default="", max_length=1_100)
    reason: str = Field(default="", max_length=1_000)


@identity.post("/explain")
def explain(request: Request, ends: Ends) -> Response:
    """Why two identifiers are one person: the links between them."""
    return answer(request, lambda workspace, job: operations.explain_identity(workspace, ends.one, ends.other))


@identity.post("/person")
def person(request: Request, whom: Whom) -> Response:
    """A person with everything that links their identifiers."""
    return answer(request, lambda workspace, job: operations.find_person(workspace, whom.person))


@deciding.get("/document")
def document(request: Request) -> Response:
    """The identity document."""
    return answer(request, lambda workspace, job: load_one(operations.show_identity(workspace)))


@deciding.get("/draft")
def draft(request: Request, country: Country = None) -> Response:
    """A document for the model's identifiers."""
    return answer(request, lambda workspace, job: load_one(operations.draft_identity(workspace, country)))


@deciding.get("/values")
def draft_values(request: Request, country: Country = None) -> Response:
    """What the drafted document leaves open, and how many values of each kind name nobody, and why."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        found = operations.identity_draft(workspace, country, job)
        return {"notes": found.notes, "unusable": found.unusable}

    return answer(request, work)


@deciding.put("/document", openapi_extra={"x-convoke-document": "identity"})
def save_document(request: Request, given: Annotated[dict[str, Any], Body()]) -> Response:
    """Keep a document; the next run obeys it."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        return {"id": operations.apply_identity_text(workspace, dump_yaml(given)).id}

    return answer(request, work)


@deciding.post("/whatif", openapi_extra={"x-convoke-document": "identity"})
def what_if(request: Request, given: Annotated[dict[str, Any], Body()]) -> Response:
    """What a document would do; nothing changes."""
    return answer(request, lambda workspace, job: operations.what_if_document(workspace, read_identity(given), job=job))


@deciding.post("/check")
def check(request: Request) -> Response:
    """Check the map in force."""
    return answer(request, lambda workspace, job: operations.check_identity(workspace))


@deciding.post("/rotate")
def rotate(request: Request) -> Response:
    """A new pepper; every person keeps their id."""
    return answer(request, lambda workspace, job: operations.rotate_pepper(workspace, job=job))


@deciding.get("/review")
def review(request: Request, most: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
    """Pairs that nobody has judged yet, with what speaks for and against, masked."""
    return answer(request, lambda workspace, job: operations.pairs_to_judge(workspace, most))


@deciding.get("/decisions")
def decisions(request: Request) -> Response:
    """What people decided."""
    return answer(request, lambda workspace, job: operations.identity_decisions(workspace))


@deciding.post("/decisions")
def decide(request: Request, wanted: NewDecision) -> Response:
    """Decide; who is touched is put together anew at once."""

    def work(workspace: operations.Workspace, job: Job) -> Any:
        match wanted.what:
            case "apart":
                return operations.cut_identifiers(workspace, wanted.one, wanted.other, wanted.reason)
            case "together":
                return operations.join_identifiers(workspace, wanted.one, wanted.other, wanted.reason)
            case "block":
                return operations.block_identifier(workspace, wanted.one, wanted.reason)
            case _:
                same = wanted.what == "same"
                return {"id": operations.judge_pair(workspace, wanted.one, wanted.other, same=same)}

    return answer(request, work)


@deciding.delete("/decisions/{decision}")
def undo(request: Request, decision: Number) -> Response:
    """Take a decision back."""
    return answer(request, lambda workspace, job: operations.undo_decision(workspace, decision))
