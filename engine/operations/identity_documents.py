"""`convoke identity draft|apply|show`: the document that says who is one person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.documents import dump_yaml, load_one, read_file
from engine.domain.identity import PROFILE, IdentityDocument
from engine.domain.identity_codec import read_identity, write_identity
from engine.errors import EngineError
from engine.operations.workspace import Workspace, user_name
from engine.store.identity import Identities, StoredIdentity

if TYPE_CHECKING:
    from engine.domain.model import DataModel
    from engine.identity.publication import Pointer


def read_identity_file(path: Path) -> tuple[IdentityDocument, str]:
    """A document from a file, with its text."""
    if not path.exists():
        raise EngineError("file", f"there is no file {path}", hint="Name a document of kind identity.")
    text = read_file(path)
    try:
        return read_identity(load_one(text)), text.decode("utf-8-sig")
    except EngineError as error:
        raise error.within(path.name) from None


def apply_identity(workspace: Workspace, file: Path) -> IdentityDocument:
    """Make a file the workspace's identity document; its tables and columns must be there."""
    document, text = read_identity_file(file)
    return _apply(workspace, document, text)


def apply_identity_text(workspace: Workspace, text: str) -> IdentityDocument:
    """The same for a document's text, as the app edits it."""
    return _apply(workspace, read_identity(load_one(text)), text)


def _apply(workspace: Workspace, document: IdentityDocument, text: str) -> IdentityDocument:
    from engine.identity.records import must_fit

    must_fit(document, raw_model(workspace), workspace.warehouse)
    identities = Identities(workspace.database)
    stored = identities.current()
    if stored is None or stored.text != text:
        identities.save(text, user_name())
    return document


def show_identity(workspace: Workspace) -> str:
    """The document as it was written."""
    return current_document(workspace)[0].text


def current_document(workspace: Workspace) -> tuple[StoredIdentity, IdentityDocument]:
    """The stored document, and what it says."""
    stored = Identities(workspace.database).current()
    if stored is None:
        raise EngineError(
            "not_found",
            "the workspace has no identity document yet",
            hint="Write one (convoke identity draft), then: convoke identity apply FILE.",
        )
    return stored, stored.document


def document_in_force(workspace: Workspace, pointer: Pointer) -> IdentityDocument:
    """The document that the map in force was made by: a later one counts from the next run on."""
    return Identities(workspace.database).version(pointer.version).document


def draft_identity(workspace: Workspace) -> str:
    """A document for the model's identifiers, with limits that keep shared values from gluing people together: a device
    of two profiles is a household's rather than a person's."""
    model = raw_model(workspace)
    if not model.identifiers:
        raise EngineError(
            "not_found", "the model names no identifiers", "identifiers", "Add them to the model, such as e-mail."
        )
    usual: dict[str, dict[str, Any]] = {
        "email": {"links": 10},
        "phone": {"links": 4},
        "cpf": {"most": 1},
        "device": {"links": 1},
        "cookie": {"links": 1},
    }
    kinds: dict[str, Any] = {PROFILE: {"most": 5}}
    order = ("cpf", "email", "phone", "account", "partner", "device", "cookie")
    by_strength = sorted(
        model.identifiers.items(), key=lambda item: order.index(item[1].kind) if item[1].kind in order else len(order)
    )
    for name, one in by_strength:
        kinds[name] = dict(usual.get(one.kind, {"links": 10}))
        if one.kind != name and one.kind in usual:
            kinds[name]["normaliser"] = one.kind
    shared = [name for name, one in model.identifiers.items() if one.kind in ("phone", "device")]
    document: dict[str, Any] = {"kind": "identity", "id": "persons", "name": "Persons", "kinds": kinds}
    if shared:
        document["households"] = shared
    return dump_yaml(write_identity(read_identity(document)))


def raw_model(workspace: Workspace) -> DataModel:
    """The model as it is written: profiles are what the warehouse calls so, not persons."""
    stored = workspace.models.current()
    if stored is None:
        return workspace.model  # raises with the right advice
    return stored.model
