"""`convoke identity apply|run|state`: who is one person, found anew from the warehouse, and the map put in force."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.documents import dump_yaml, load_one, read_file
from engine.domain.identity import PROFILE, IdentityDocument
from engine.domain.identity_codec import read_identity, write_identity
from engine.errors import EngineError
from engine.jobs import Job
from engine.locks import holding
from engine.operations.workspace import IDENTITY, Workspace, user_name
from engine.secrets.opening import open_keeper
from engine.store.audiences import now
from engine.store.erasures import Erasures
from engine.store.identity import Decision, Identities, IdentityRun, StoredIdentity

if TYPE_CHECKING:
    from engine.domain.model import DataModel
    from engine.identity.graph import Ints
    from engine.identity.publication import Change, Map, Pointer
    from engine.identity.quality import Check
    from engine.identity.records import Records
    from engine.identity.resolving import Candidate, Decisions
    from engine.identity.values import Hasher

_PEPPER = "identity-pepper-{}"
Ask = Callable[[], str | None]
_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class IdentityOutcome:
    """What a run came to: its numbers, the checks, and whether the new map is in force."""

    run: int
    state: str
    numbers: Mapping[str, Any]
    checks: tuple[Check, ...]
    read: int

    def as_json(self) -> dict[str, Any]:
        """What `convoke identity run --json` prints."""
        return {
            "run": self.run,
            "state": self.state,
            "read": self.read,
            **self.numbers,
            "checks": [asdict(one) for one in self.checks],
        }


@dataclass(frozen=True)
class IdentityState:
    """The document's version, what is in force (None before the first run), and the newest runs."""

    version: int | None
    in_force: Mapping[str, Any] | None
    runs: tuple[IdentityRun, ...]


# -- the document ------------------------------------------------------------------------------------------------------


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


# -- the pepper --------------------------------------------------------------------------------------------------------


def hasher_for(workspace: Workspace, document: IdentityDocument, ask: Ask = lambda: None, back: int = 0) -> Hasher:
    """The hasher of the newest pepper, or of the one ``back`` before. The very first is made here; afterwards a pepper
    that is missing or another one is refused, for it would begin a second space of ids."""
    from engine.identity.values import Hasher

    identities = Identities(workspace.database)
    peppers = identities.peppers()
    if not peppers:
        return _first_pepper(workspace, document, ask)
    row = peppers[-1 - back]
    kept = open_keeper(workspace.folder, workspace.settings, ask).get(_PEPPER.format(row.version))
    if kept is None:
        raise EngineError(
            "identity",
            f'the pepper "{_PEPPER.format(row.version)}" is missing',
            hint="Put back the keyring's or vault's backup: without it no identifier can be recognised.",
        )
    hasher = Hasher(_pepper_bytes(kept), document.tenant, row.version)
    if not randomness.compare_digest(hasher.fingerprint, row.fingerprint):
        raise EngineError(
            "identity",
            f'the pepper "{_PEPPER.format(row.version)}" is not the one that the map was made with',
            hint="Put back the right one; a tenant that was renamed has another too.",
        )
    return hasher


def _pepper_bytes(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) < 16:
        raise EngineError("identity", "the pepper cannot be read", hint="Put back the keyring's or vault's backup.")
    return found


def _first_pepper(workspace: Workspace, document: IdentityDocument, ask: Ask) -> Hasher:
    from engine.identity.publication import current

    if current(workspace.folder / IDENTITY) is not None:
        raise EngineError(
            "identity",
            "there is a map, and the store does not know its pepper",
            hint="Restore the workspace from one backup; remove the folder identity only to begin anew.",
        )
    return _make_pepper(workspace, document, 1, ask)


def _make_pepper(workspace: Workspace, document: IdentityDocument, version: int, ask: Ask) -> Hasher:
    """A new pepper: kept first, then known, so that one which is known is there."""
    from engine.identity.values import Hasher
    from engine.operations.sealing import set_secret

    text = randomness.token_hex(32)
    set_secret(workspace, _PEPPER.format(version), text, ask)
    hasher = Hasher(bytes.fromhex(text), document.tenant, version)
    Identities(workspace.database).add_pepper(version, hasher.fingerprint, user_name())
    return hasher


def rotate_pepper(workspace: Workspace, ask: Ask = lambda: None, job: Job | None = None) -> IdentityOutcome:
    """A new pepper, and all identifiers hashed by it; every id stays."""
    _, document = current_document(workspace)
    hasher_for(workspace, document, ask)
    peppers = Identities(workspace.database).peppers()
    pointer = _pointer(workspace)
    if pointer is not None and pointer.pepper == peppers[-1].version:
        _make_pepper(workspace, document, peppers[-1].version + 1, ask)
    return run_identity(workspace, ask, job)


# -- runs --------------------------------------------------------------------------------------------------------------


def identity_state(workspace: Workspace) -> IdentityState:
    """What is in force, and the newest runs."""
    stored = Identities(workspace.database).current()
    pointer = _pointer(workspace)
    return IdentityState(
        None if stored is None else stored.version,
        None if pointer is None else vars(pointer),
        tuple(Identities(workspace.database).runs()),
    )


def identity_due(workspace: Workspace, at: datetime) -> bool:
    """Whether the daemon is to find persons anew; after a run that failed or was held back, not before an hour."""
    from engine.identity.publication import current

    stored = Identities(workspace.database).current()
    if stored is None:
        return False
    schedule, runs = stored.document.refresh, Identities(workspace.database).runs(1)
    started = datetime.fromisoformat(runs[0].started_at) if runs else None
    if started is not None and runs[0].state != "published" and at - started < _PATIENCE:
        return False
    if schedule.kind == "on_data":
        pointer = current(workspace.folder / IDENTITY)
        if not workspace.warehouse.still_current():
            workspace.reload()
        return pointer is None or pointer.data != workspace.warehouse.data_version()
    return schedule.timed and (started is None or schedule.after(started) <= at)


def run_identity(
    workspace: Workspace, ask: Ask = lambda: None, job: Job | None = None, *, even_if_red: bool = False
) -> IdentityOutcome:
    """Find persons anew, check, and put the new map in force; with a red check the earlier one stays."""
    folder = workspace.folder / IDENTITY
    folder.mkdir(exist_ok=True)
    from engine.identity.publication import LOCK

    with holding(folder / LOCK, "convoke identity", "refused", "identity is being resolved"):
        stored, document = current_document(workspace)
        hasher = hasher_for(workspace, document, ask)
        identities = Identities(workspace.database)
        number = identities.start(stored.version)
        try:
            return _Run(workspace, stored.version, document, hasher, number, ask).carry_out(job, even_if_red)
        except BaseException as error:
            reason = error.message if isinstance(error, EngineError) else type(error).__name__
            identities.finish(number, "failed", {}, reason)
            raise


class _Run:
    """One run, from records to the map in force."""

    def __init__(
        self,
        workspace: Workspace,
        version: int,
        document: IdentityDocument,
        hasher: Hasher,
        number: int,
        ask: Ask,
    ) -> None:
        self.workspace, self.version, self.document, self.hasher = workspace, version, document, hasher
        self.number, self.ask = number, ask
        self.folder = workspace.folder / IDENTITY

    def carry_out(self, job: Job | None, even_if_red: bool) -> IdentityOutcome:
        """Do it."""
        from engine.identity.publication import Pointer
        from engine.identity.quality import measured

        pointer, before = _pointer(self.workspace), _opened(self.workspace)
        run = 1 if pointer is None else pointer.run + 1
        try:
            records = self._records(pointer)
            found, gone = self._found(records, before, run, job)
            checks = self._checks(found, pointer, gone)
            numbers = measured(found)
            red = [one.name for one in checks if one.state == "red"]
            summary = {**numbers, "checks": [asdict(one) for one in checks], "run": run}
            if red and not even_if_red:
                reason = f"red: {', '.join(red)}"
                Identities(self.workspace.database).finish(self.number, "held", summary, reason)
                return IdentityOutcome(run, "held", numbers, tuple(checks), records.read)
            data = self.workspace.warehouse.data_version()
            fresh = Pointer(run, now(), data, self.version, self.hasher.version, numbers)
            self._publish(found, fresh, before)
        finally:
            if before is not None:
                before.close()
        Identities(self.workspace.database).finish(self.number, "published", summary)
        self.workspace.reload()
        return IdentityOutcome(run, "published", numbers, tuple(checks), records.read)

    def _records(self, pointer: Pointer | None) -> Records:
        from engine.identity.records import Records

        former = None
        if pointer is not None and pointer.pepper != self.hasher.version:
            former = hasher_for(self.workspace, self.document, self.ask, back=1)
        model = raw_model(self.workspace)
        kept = self.folder / "hashed"
        kept.mkdir(exist_ok=True)
        return Records(self.document, model, self.workspace.warehouse, self.hasher, kept, former)

    def _found(self, records: Records, before: Map | None, run: int, job: Job | None) -> tuple[Candidate, int]:
        """The candidate, and how many earlier ids have no successor."""
        from engine.identity.erasure import unmarked
        from engine.identity.probable import likely_pairs
        from engine.identity.resolving import PROBABLE, candidate, gathered, with_links
        from engine.identity.rotation import Translation
        from engine.identity.stability import EMPTY

        translation = Translation()
        erasures = Erasures(self.workspace.database)
        graph = gathered(self.document, translation.watching(records.slices(job)))
        if translation:
            erasures.add([], translation.marks(erasures.marks()))
        likely = likely_pairs(self.document, self.workspace.warehouse, self.hasher, self.folder, job)
        graph = with_links(unmarked(graph, erasures.marks()), likely, PROBABLE)
        if job is not None:
            job.report(1.0, "putting persons together")
        known = EMPTY if before is None else before.known()
        if translation:
            known = translation.known(known)
            self._rename(translation)
        said = decided(self.document, Identities(self.workspace.database).decisions())
        taken = {} if before is None else before.redirects()
        found = candidate(self.document, graph, said, known, run, taken)
        alive = set(found.names.ids) | {one for one, _ in found.names.merged}
        return found, len(set(known.ids) - alive)

    def _rename(self, translation: Any) -> None:
        """Decisions and the document's manual rules by the new pepper."""
        identities = Identities(self.workspace.database)
        for one in identities.decisions():
            before = {translation.text(identifier): person for identifier, person in one.before.items()}
            fresh = replace(one, one=translation.text(one.one), other=translation.text(one.other), before=before)
            identities.rename(fresh)
        if self.document.manual:
            manual = tuple(
                replace(one, one=translation.text(one.one), other=translation.text(one.other))
                for one in self.document.manual
            )
            self.document = replace(self.document, manual=manual)
            identities.save(dump_yaml(write_identity(self.document)), "convoke identity rotate")

    def _checks(self, found: Candidate, pointer: Pointer | None, gone: int) -> list[Check]:
        from engine.identity.explaining import node_in
        from engine.identity.quality import Pair, checked

        judged = [
            Pair(node_in(one.one), node_in(one.other), one.what == "same")
            for one in Identities(self.workspace.database).decisions()
            if one.what in ("same", "differ") and one.undone_at is None
        ]
        return checked(self.document, found, None if pointer is None else pointer.summary, gone, judged)

    def _publish(self, found: Candidate, pointer: Pointer, before: Map | None) -> None:
        from engine.identity.publication import Fresh, publish
        from engine.identity.records import sources_of

        redirects = led(before, found)
        names = (
            [one.name for one in self.document.kinds],
            [one.name for one in sources_of(self.document, raw_model(self.workspace))],
        )
        profiles = profile_places(self.workspace, self.document, self.hasher, found)
        publish(self.folder, Fresh(found, pointer, profiles, names, redirects, changes_of(found)))


def _pointer(workspace: Workspace) -> Pointer | None:
    from engine.identity.publication import current

    return current(workspace.folder / IDENTITY)


def _opened(workspace: Workspace) -> Map | None:
    from engine.identity.publication import opened

    return opened(workspace.folder / IDENTITY)


def led(before: Map | None, found: Candidate) -> dict[str, str]:
    """Where earlier ids lead now: in one step, whatever was merged again since."""
    redirects = {} if before is None else before.redirects()
    fresh = dict(found.names.merged)
    followed = {one: fresh.get(into, into) for one, into in redirects.items()} | fresh
    alive = set(found.names.ids)
    return {one: into for one, into in followed.items() if into in alive and one not in alive}


def changes_of(found: Candidate) -> list[Change]:
    """What became of ids, with why."""
    from engine.identity.publication import Change

    merged = [Change("merged", one, into, "they share an identifier now") for one, into in found.names.merged]
    split = [Change("split", one, into, "some identifiers no longer belong to it") for one, into in found.names.split]
    return merged + split


def profile_places(workspace: Workspace, document: IdentityDocument, hasher: Hasher, found: Candidate) -> Any:
    """An Arrow table of (key of the model's profiles, its node, place of the person)."""
    import pyarrow as pa

    from engine.domain.identity import Kind
    from engine.identity.records import hashed_column
    from engine.sql.keys import distinct_keys
    from engine.sql.sources import Sources

    kind = document.kind(PROFILE) or Kind(PROFILE, "text")
    sources = Sources(raw_model(workspace), workspace.warehouse)
    table = workspace.scratch.table(distinct_keys(sources))
    keys = table.column("key").combine_chunks()
    high, _ = hashed_column([keys], kind, hasher)
    return with_places(pa.table({"key": keys, "high": high}), found)


def with_places(profiles: Any, found: Candidate) -> Any:
    """An Arrow table of (key, high) with the place of each one's person; those that are nobody's are left out."""
    import numpy as np
    import pyarrow as pa

    high = np.asarray(profiles.column("high"))
    if not len(found.graph.high):
        return pa.table({"key": pa.array([], pa.string()), "high": high[:0], "place": np.zeros(0, dtype=np.int32)})
    places: Ints = np.minimum(np.searchsorted(found.graph.high, high), len(found.graph.high) - 1)
    there = found.graph.high[places] == high
    kept = profiles.filter(pa.array(there))
    return kept.append_column("place", pa.array(found.persons.person[places[there]].astype(np.int32)))


def decided(document: IdentityDocument, decisions: Sequence[Decision]) -> Decisions:
    """What the document and people say, as graph nodes."""
    from engine.identity.explaining import node_in
    from engine.identity.resolving import Decisions

    together = [(node_in(one.one), node_in(one.other)) for one in document.manual if one.together]
    apart = [(node_in(one.one), node_in(one.other)) for one in document.manual if not one.together]
    blocked: list[int] = []
    for one in decisions:
        if one.undone_at is None:
            if one.what in ("block", "erase"):
                blocked.append(node_in(one.one))
            elif one.what in ("apart", "together"):
                into = apart if one.what == "apart" else together
                into.append((node_in(one.one), node_in(one.other)))
    return Decisions(tuple(together), tuple(apart), tuple(blocked))
