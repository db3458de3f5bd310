"""`convoke identity lookup|resolve|explain|export`: which person an identifier belongs to, and why."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.cells import safe_table
from engine.domain.identity import IdentityDocument, Kind
from engine.durable import make_folder, whole_file
from engine.errors import EngineError, nearest
from engine.failures import reason_of
from engine.operations.identity_documents import document_in_force
from engine.operations.peppers import Ask, hasher_for
from engine.operations.workspace import IDENTITY, Workspace
from engine.store.audiences import now

if TYPE_CHECKING:
    from engine.identity.explaining import Edge, Person
    from engine.identity.index import Index
    from engine.identity.publication import Map, Pointer
    from engine.identity.values import Cleaner, Hasher

_NOT_YET = "identity was never resolved here"
MOST_AT_ONCE = 10_000
_LARGEST_LOG = 100 << 20
"""Bytes; then another file is begun, and the one before the last is gone."""


@dataclass(frozen=True)
class Found:
    """An identifier as Convoke writes it (KIND:HASH; None for a value that names nobody), and its person."""

    kind: str
    identifier: str | None
    person: str | None

    def as_json(self) -> dict[str, Any]:
        """What is printed."""
        return asdict(self)


@dataclass(frozen=True)
class Why:
    """Whether two identifiers are one person, and the links between them in their order."""

    one: str
    other: str
    person: str | None
    path: tuple[Edge, ...]


class Ready:
    """What looking up by one map takes: its index, the document it was made by, and the hasher."""

    def __init__(self, pointer: Pointer, index: Index, document: IdentityDocument, hasher: Hasher) -> None:
        self.pointer, self.index, self._document, self._hasher = pointer, index, document, hasher
        self._cleaners: dict[str, Cleaner] = {}

    def text(self, kind: int, digest: bytes) -> str:
        """KIND:HASH of an identifier in the index."""
        return f"{self._document.kinds[kind].name}:{digest.hex()}"

    def found(self, wanted: Sequence[tuple[str, str]]) -> list[Found]:
        """The persons of (kind, value) pairs, in their order. A value may be given as KIND:HASH too."""
        if len(wanted) > MOST_AT_ONCE:
            raise EngineError("usage", f"at most {MOST_AT_ONCE:,} identifiers are looked up at once")
        hashed = self.identifiers(wanted)
        people = iter(self.index.people([bytes.fromhex(one.rsplit(":", 1)[1]) for one in hashed if one is not None]))
        return [
            Found(kind, one, None if one is None else next(people))
            for (kind, _), one in zip(wanted, hashed, strict=True)
        ]

    def identifiers(self, wanted: Sequence[tuple[str, str]]) -> list[str | None]:
        """KIND:HASH of each, those of one kind together; None for a value that can name nobody."""
        found: list[str | None] = [None] * len(wanted)
        places: dict[str, list[int]] = {}
        for place, (kind, value) in enumerate(wanted):
            if _is_identifier(kind, value):
                found[place] = value
            else:
                places.setdefault(kind, []).append(place)
        for kind, mine in places.items():
            normal = self._cleaner(kind).cleaned([wanted[one][1] for one in mine])
            useful = [(place, text) for place, text in zip(mine, normal, strict=True) if text is not None]
            hashes = self._hasher.hashed(kind, [text for _, text in useful])
            for (place, _), digest in zip(useful, hashes, strict=True):
                found[place] = f"{kind}:{digest.hex()}"
        return found

    def _cleaner(self, kind: str) -> Cleaner:
        from engine.identity.values import Cleaner

        if kind not in self._cleaners:
            spec = known_kind(self._document, kind)
            countries = self._document.countries(kind)
            self._cleaners[kind] = Cleaner(spec.normaliser, spec.country, spec.blocked, countries)
        return self._cleaners[kind]


class Lookup:
    """Looks identifiers up by the map in force; keeps it open, and follows when another one is put in force."""

    def __init__(self, workspace: Workspace, ask: Ask = lambda: None) -> None:
        self._folder, self._workspace, self._ask = workspace.folder / IDENTITY, workspace, ask
        self._ready: Ready | None = None

    def ready(self) -> Ready:
        """What the map in force takes; an index that is damaged is made again."""
        from engine.identity.publication import current

        pointer = current(self._folder)
        if pointer is None:
            raise EngineError("not_found", _NOT_YET, hint="Run convoke identity run.")
        if self._ready is None or pointer != self._ready.pointer:
            self.close()
            index = self._opened(pointer)
            document = document_in_force(self._workspace, pointer)
            hasher = hasher_for(self._workspace, document, self._ask)
            if hasher.version != pointer.pepper:
                hasher = hasher_for(self._workspace, document, self._ask, back=1)
            self._ready = Ready(pointer, index, document, hasher)
        return self._ready

    def _opened(self, pointer: Pointer) -> Index:
        from engine.identity.index import Index

        try:
            return Index(self._folder / pointer.index)
        except EngineError:
            rebuild_index(self._folder, pointer)
            return Index(self._folder / pointer.index)

    def found(self, wanted: Sequence[tuple[str, str]]) -> list[Found]:
        """The persons of (kind, value) pairs, in their order. A value may be given as KIND:HASH too."""
        return self.ready().found(wanted)

    def identifier(self, kind: str, value: str) -> str | None:
        """KIND:HASH of a value; None when it can name nobody."""
        return self.ready().identifiers([(kind, value)])[0]

    def close(self) -> None:
        """Close the index."""
        if self._ready is not None:
            self._ready.index.close()
            self._ready = None


def lookup_of(workspace: Workspace) -> Lookup:
    """The workspace's own lookup, open as long as it is."""
    found: Lookup = workspace.kept_open.setdefault("lookup", Lookup(workspace))
    return found


def known_kind(document: IdentityDocument, kind: str) -> Kind:
    """The kind of that name."""
    found = document.kind(kind)
    if found is None:
        names = [one.name for one in document.kinds]
        raise EngineError("unknown_name", f'there is no kind of identifier "{kind}"', hint=nearest(kind, names, "kind"))
    return found


def rebuild_index(folder: Path, pointer: Pointer) -> None:
    """Make the index again from the map."""
    from engine.identity.indexing import index_of
    from engine.identity.publication import Map, candidate_of

    found = Map(folder, pointer)
    try:
        index_of(candidate_of(found), folder / pointer.index, found.redirects())
    finally:
        found.close()


@contextmanager
def open_map(workspace: Workspace) -> Iterator[Map]:
    """The map in force."""
    from engine.identity.publication import opened

    found = opened(workspace.folder / IDENTITY)
    if found is None:
        raise EngineError("not_found", _NOT_YET, hint="Run convoke identity run.")
    try:
        yield found
    finally:
        found.close()


def resolve_identifiers(
    workspace: Workspace, wanted: Sequence[tuple[str, str]], ask: Ask = lambda: None
) -> list[Found]:
    """The persons of (kind, value) pairs."""
    lookup = Lookup(workspace, ask)
    try:
        return [
            one
            for first in range(0, len(wanted), MOST_AT_ONCE)
            for one in lookup.found(wanted[first : first + MOST_AT_ONCE])
        ]
    finally:
        lookup.close()


def identified(workspace: Workspace, text: str, ask: Ask = lambda: None) -> str:
    """What a person typed, as KIND:HASH or a person's id: KIND:VALUE is hashed here."""
    kind, colon, value = text.partition(":")
    if not colon:
        return text
    lookup = Lookup(workspace, ask)
    try:
        found = lookup.identifier(kind, text if len(value) == 32 and _is_hash(value) else value)
    finally:
        lookup.close()
    if found is None:
        raise EngineError("not_found", f"this {kind} can name nobody", hint="Check how it is written.")
    return found


def _is_identifier(kind: str, value: str) -> bool:
    """Whether a value is KIND:HASH already."""
    return len(value) == len(kind) + 33 and value.startswith(f"{kind}:") and _is_hash(value[len(kind) + 1 :])


def _is_hash(text: str) -> bool:
    return all(one in "0123456789abcdef" for one in text)


def find_person(workspace: Workspace, text: str, ask: Ask = lambda: None) -> Person:
    """A person by id or identifier, with the links that touch it."""
    from engine.identity.explaining import person_of

    wanted = identified(workspace, text, ask)
    with open_map(workspace) as found:
        person_ = person_of(found, wanted)
    if person_ is None:
        raise EngineError("not_found", "nobody is known by that", hint="Look at the kind and the value, or run again.")
    return person_


def explain_identity(workspace: Workspace, one: str, other: str, ask: Ask = lambda: None) -> Why:
    """Why two identifiers are one person."""
    from engine.identity.explaining import path_between, person_of

    first, second = identified(workspace, one, ask), identified(workspace, other, ask)
    for text in (first, second):
        if ":" not in text:
            raise EngineError("usage", f"{text} is no identifier", hint="Write KIND:VALUE, such as email:ana@mail.com.")
    with open_map(workspace) as found:
        path = path_between(found, first, second)
        known = person_of(found, first) if path is not None else None
    return Why(first, second, None if known is None else known.id, tuple(path or ()))


def export_identity(workspace: Workspace, out: Path) -> int:
    """Write profile key and person of everybody to a CSV or Parquet file; how many rows."""
    import pyarrow.csv
    import pyarrow.parquet

    with open_map(workspace) as found:
        table = found.export()
    try:
        make_folder(out.parent)
        if out.suffix.lower() not in (".csv", ".parquet"):
            raise EngineError(
                "usage", f"{out} is neither CSV nor Parquet", "--out", "End its name in .csv or .parquet."
            )
        with whole_file(out) as fresh:
            if out.suffix.lower() == ".parquet":
                pyarrow.parquet.write_table(table, fresh, write_page_checksum=True)
            else:
                pyarrow.csv.write_csv(safe_table(table), fresh)
    except OSError as error:
        reason = reason_of(error)
        raise EngineError("file", f"{out} cannot be written: {reason}", "--out", "Choose another place.") from None
    return int(table.num_rows)


@dataclass(frozen=True)
class KnownProfile:
    """A person as the API tells it: ``asked`` leads to ``id``; identifiers are KIND:HASH; ``consents`` are those that
    all of their profiles gave (None where the model does not look at persons)."""

    asked: str
    id: str
    household: str
    identifiers: tuple[str, ...]
    consents: tuple[str, ...] | None


def profile_of(workspace: Workspace, person: str) -> KnownProfile:
    """A person by id."""
    ready = lookup_of(workspace).ready()
    found = ready.index.profile(person)
    if found is None:
        raise EngineError("not_found", "nobody has this id", hint="It may have been erased.")
    texts = tuple(ready.text(kind, digest) for kind, digest in found.identifiers)
    return KnownProfile(person, found.id, found.household, texts, _consents(workspace, found.id))


def _consents(workspace: Workspace, person: str) -> tuple[str, ...] | None:
    from engine.sql.build import Binder, render
    from engine.sql.reach import agreed_by

    stored = workspace.models.current()
    if stored is None or stored.model.profile.identity is None:
        return None
    model = workspace.model
    given = []
    for name, consent in model.consents.items():
        binder = Binder()
        statement = render(agreed_by(consent, workspace.warehouse, binder.bind(person)), binder)
        if workspace.warehouse.rows(statement.sql, statement.parameters)[0][0]:
            given.append(name)
    return tuple(given)


def audit(folder: Path, who: str, what: str, asked: int, found: int) -> None:
    """Keep that somebody (a token's id) looked up how many identifiers, and how many were known: never which."""
    line = json.dumps({"at": now(), "token": who, "what": what, "asked": asked, "found": found})
    path = folder / "logs" / "identity.jsonl"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        file = os.open(path, flags, 0o600)
    except FileNotFoundError:
        make_folder(path.parent)
        file = os.open(path, flags, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
        full = os.fstat(file).st_size > _LARGEST_LOG
    finally:
        os.close(file)
    if full:
        path.replace(path.with_name("identity.1.jsonl"))
