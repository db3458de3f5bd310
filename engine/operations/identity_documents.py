"""`convoke identity draft|apply|show`: the document that says who is one person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.countries import country_of
from engine.domain.documents import dump_yaml, load_one, read_file
from engine.domain.identity import PROFILE, IdentityDocument, RecordSource
from engine.domain.identity_codec import NEED_COUNTRY, NORMALISERS, read_identity, write_identity
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.workspace import Workspace, user_name
from engine.store.identity import Identities, StoredIdentity

if TYPE_CHECKING:
    from engine.domain.model import DataModel, Identifier
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


_PERSONAL = ("cpf", "curp", "cuit", "cuil", "rut", "dni", "cedula", "dui", "cui")
"""Documents of which a person has one; those of companies may be of several of their people."""
_ORDER = (*_PERSONAL, "rfc", "cnpj", "nit", "ruc", "rif", "email", "phone", "account", "partner", "device", "cookie")
_USUAL: Mapping[str, Mapping[str, int]] = {
    "email": {"links": 10},
    "phone": {"links": 4},
    **{kind: {"most": 1} for kind in _PERSONAL},
    "device": {"links": 1},
    "cookie": {"links": 1},
}


@dataclass(frozen=True)
class IdentityDraft:
    """A drafted document's text, what somebody should know before it is applied, and by kind how many different values
    there are (``values``) and how many of them name nobody, by reason."""

    text: str
    notes: tuple[str, ...]
    unusable: Mapping[str, Mapping[str, int]]


def draft_identity(workspace: Workspace, country: str | None = None) -> str:
    """A document for the model's identifiers, with limits that keep shared values from gluing people together: a device
    of two profiles is a household's rather than a person's. Values are read by ``country`` (ISO 3166), or by that of
    the model's sites."""
    return dump_yaml(write_identity(_drafted(raw_model(workspace), country)[0]))


def identity_draft(workspace: Workspace, country: str | None = None, job: Job | None = None) -> IdentityDraft:
    """The same, and what its values are like."""
    from engine.identity.drafting import counted_values
    from engine.identity.quality import value_checks

    model = raw_model(workspace)
    document, notes = _drafted(model, country)
    unusable = counted_values(document, model, workspace.warehouse, job)
    told = [one.sentence for one in value_checks(unusable)]
    return IdentityDraft(dump_yaml(write_identity(document)), (*notes, *told), unusable)


def _drafted(model: DataModel, country: str | None) -> tuple[IdentityDocument, list[str]]:
    """The document, and notes on what it leaves open."""
    if not model.identifiers:
        raise EngineError(
            "not_found", "the model names no identifiers", "identifiers", "Add them to the model, such as e-mail."
        )
    if country is not None and not re.fullmatch("[A-Z]{2}", country):
        raise EngineError("usage", f'"{country}" is not a country', "--country", "Write its two letters, such as BR.")
    countries = {} if country is not None else {site.id: country_of(site) for site in model.sites.values()}
    known = {site: one for site, one in countries.items() if one is not None}
    only = country or (next(iter(set(known.values()))) if known and len(set(countries.values())) == 1 else None)
    kinds: dict[str, Any] = {PROFILE: {"most": 5}}
    notes: list[str] = []
    split: list[tuple[Identifier, str]] = []
    for name, one in sorted(model.identifiers.items(), key=lambda item: _strength(*item)):
        read_as = _read_as(name, one)
        kinds[name] = dict(_USUAL.get(read_as, {"links": 10}))
        if read_as != (name if name in NORMALISERS else "text"):
            kinds[name]["normaliser"] = read_as
        if read_as not in NEED_COUNTRY:
            continue
        if only is not None:
            kinds[name]["country"] = only
        elif known and model.profile.site_column is not None:
            split.append((one, name))
        if only is None and read_as != "rut" and len(known) < len(countries or {"": None}):
            notes.append(_open(name, [site for site in countries if site not in known]))
    document: dict[str, Any] = {"kind": "identity", "id": "persons", "name": "Persons", "kinds": kinds}
    shared = [name for name, one in model.identifiers.items() if one.kind in ("phone", "device")]
    if shared:
        document["households"] = shared
    found = read_identity(document)
    return (replace(found, sources=_sources(model, split, known)) if split else found), notes


def _strength(name: str, one: Identifier) -> int:
    kind = _read_as(name, one)
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _read_as(name: str, one: Identifier) -> str:
    """The normaliser of an identifier of the model: its kind, or its name where that is one."""
    return next((found for found in (one.kind, name) if found in NORMALISERS), "text")


def _open(name: str, sites: Sequence[str]) -> str:
    """What to say of a kind whose country the model does not tell."""
    if sites in ([], ["default"]):
        return f"{name}: the model does not tell the country, so that values without one name nobody: write country: BR"
    return f"{name}: the model does not tell the country of {', '.join(sites)}: write it in sources, as country: BR"


def _sources(
    model: DataModel, split: Sequence[tuple[Identifier, str]], known: Mapping[str, str]
) -> tuple[RecordSource, ...]:
    """A source for each identifier; one for each country where values are read by it."""
    from engine.identity.drafting import by_country

    found = dict[str, RecordSource]()
    divided = {one.name for one, _ in split}
    for name, one in model.identifiers.items():
        if name not in divided:
            found[name] = RecordSource(name, one.source, {PROFILE: (one.profile,), name: (one.column,)})
    for one, name in split:
        found |= by_country(model, one, name, known)
    return tuple(found.values())


def raw_model(workspace: Workspace) -> DataModel:
    """The model as it is written: profiles are what the warehouse calls so, not persons."""
    stored = workspace.models.current()
    if stored is None:
        return workspace.model  # raises with the right advice
    return stored.model
