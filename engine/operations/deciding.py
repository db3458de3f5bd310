"""`convoke identity cut|join|block|undo|decisions|judge|whatif`: what people decide about who is one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.durable import make_folder
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.finding import identified, open_map
from engine.operations.identity_documents import current_document, document_in_force, raw_model, read_identity_file
from engine.operations.mapping import alone, changes_of, decided
from engine.operations.peppers import Ask, hasher_for
from engine.operations.workspace import IDENTITY, Workspace, user_name
from engine.store.audiences import now
from engine.store.erasures import Erasures
from engine.store.identity import Decision, Identities, What

if TYPE_CHECKING:
    from engine.domain.identity import IdentityDocument

_SHOWN = 10


@dataclass(frozen=True)
class Decided:
    """A decision that is in force: its number, how many persons were put together anew, and what became of ids."""

    id: int
    looked_at: int
    merged: tuple[tuple[str, str], ...]
    split: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WhatIf:
    """What another document would do: the numbers now and then, the largest merges and splits, the checks, and the
    sizes of audiences now and then (where the model asks for persons)."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    merges: tuple[tuple[str, int], ...]
    splits: tuple[tuple[str, int], ...]
    checks: tuple[Any, ...]
    sizes: Mapping[str, tuple[int, int]]


def identity_decisions(workspace: Workspace) -> list[Decision]:
    """Every decision, also those taken back."""
    return Identities(workspace.database).decisions()


def cut_identifiers(workspace: Workspace, one: str, other: str, reason: str, ask: Ask = lambda: None) -> Decided:
    """Two identifiers are never one person."""
    return _decide(workspace, "apart", (one, other), reason, ask)


def join_identifiers(workspace: Workspace, one: str, other: str, reason: str, ask: Ask = lambda: None) -> Decided:
    """Two identifiers are one person."""
    return _decide(workspace, "together", (one, other), reason, ask)


def block_identifier(workspace: Workspace, identifier: str, reason: str, ask: Ask = lambda: None) -> Decided:
    """An identifier names nobody."""
    return _decide(workspace, "block", (identifier,), reason, ask)


def judge_pair(workspace: Workspace, one: str, other: str, *, same: bool, ask: Ask = lambda: None) -> int:
    """A pair is one person, or two; nothing changes but what the map's accuracy is reckoned from."""
    first, second = _identifiers(workspace, (one, other), ask)
    what: What = "same" if same else "differ"
    return Identities(workspace.database).decide(Decision(0, what, first, second, "", now(), user_name()))


def undo_decision(workspace: Workspace, number: int) -> Decided:
    """Take a decision back; who it touched is put together anew."""
    found = next((one for one in identity_decisions(workspace) if one.id == number and one.undone_at is None), None)
    if found is None:
        raise EngineError(
            "not_found", f"there is no decision {number} in force", hint="See convoke identity decisions."
        )
    identities = Identities(workspace.database)
    if found.what in ("same", "differ"):
        identities.undo(number)
        return Decided(number, 0, (), ())
    with alone(workspace):
        return _mend(workspace, found, undone=True)


def _identifiers(workspace: Workspace, given: Sequence[str], ask: Ask) -> list[str]:
    found = [identified(workspace, one, ask) for one in given]
    for one in found:
        if ":" not in one:
            raise EngineError("usage", f"{one} is no identifier", hint="Write KIND:VALUE, such as email:ana@mail.com.")
    return found


def _decide(workspace: Workspace, what: What, given: Sequence[str], reason: str, ask: Ask) -> Decided:
    if not reason.strip():
        raise EngineError("usage", "a decision needs a reason", "--reason", "Say why, for whoever reads it later.")
    one, other = [*_identifiers(workspace, given, ask), ""][:2]
    if one == other:
        raise EngineError("usage", "the two identifiers are the same", hint="Name two.")
    with alone(workspace):
        _, document = current_document(workspace)
        hasher_for(workspace, document, ask)
        return _mend(workspace, Decision(0, what, one, other, reason, now(), user_name()), undone=False)


def _mend(workspace: Workspace, decision: Decision, *, undone: bool) -> Decided:
    """Put together anew whom a decision touches, then keep the decision with the new map. A crash in between leaves a
    decision that the next run obeys, or a map that the next run takes back: never a map nobody decided."""
    import numpy as np

    from engine.identity.explaining import node_in, text_of
    from engine.identity.mending import Part, mended
    from engine.identity.patching import Replacement, Taken, replace_region
    from engine.identity.publication import Map, point_to
    from engine.identity.quality import numbers_of, shape_in
    from engine.identity.region import region_of

    identities = Identities(workspace.database)
    rest = [one for one in identities.decisions() if one.id != decision.id or not undone]
    touched = [node_in(one) for one in (decision.one, decision.other) if one]
    with open_map(workspace) as before:
        pointer = before.pointer
        document = document_in_force(workspace, pointer)
        said = decided(document, rest if undone else [*rest, decision])
        former = {node_in(identifier): person for identifier, person in decision.before.items()} if undone else {}
        region = region_of(before, np.array(touched, dtype=np.uint64))
        taken = Taken(before, region)
        found = mended(document, region, said, Part(pointer.run + 1, taken, former, before.newest()))
        names = found.found.names
        fresh = replace(pointer, run=pointer.run + 1, at=now())
        changes = [type(one)(one.what, one.id, one.other, decision.reason) for one in changes_of(found.found)]
        folder = workspace.folder / IDENTITY
        replace_region(folder, pointer, fresh, Replacement(found, document, changes))
        with closing(Map(folder, fresh)) as made:
            fresh = replace(fresh, summary=numbers_of(document, shape_in(made, names), pointer.summary))
        number = decision.id
        if undone:
            identities.undo(decision.id)
        else:
            kinds, _ = before.names()
            ids = {text_of(kinds[kind], high, low): person for kind, high, low, person in found.before}
            number = identities.decide(replace(decision, before=ids))
        point_to(folder, fresh)
    workspace.reload()
    return Decided(number, found.looked_at, names.merged, names.split)


# -- what if -----------------------------------------------------------------------------------------------------------


def what_if_identity(workspace: Workspace, file: Path, ask: Ask = lambda: None, job: Job | None = None) -> WhatIf:
    """What a document would do; nothing changes."""
    return what_if_document(workspace, read_identity_file(file)[0], ask, job)


def what_if_document(
    workspace: Workspace, document: IdentityDocument, ask: Ask = lambda: None, job: Job | None = None
) -> WhatIf:
    """The same for a document."""
    from engine.identity.erasure import unmarked
    from engine.identity.probable import likely_pairs
    from engine.identity.publication import Fresh, Pointer, current, opened, write_map
    from engine.identity.quality import checked, numbers_of, shape_of, value_checks
    from engine.identity.records import Records, must_fit, sources_of
    from engine.identity.resolving import PROBABLE, candidate, gathered, with_links
    from engine.identity.stability import EMPTY
    from engine.operations.mapping import profile_places

    folder = workspace.folder / IDENTITY
    make_folder(folder / "hashed")
    model = raw_model(workspace)
    must_fit(document, model, workspace.warehouse)
    hasher = hasher_for(workspace, document, ask)
    records = Records(document, model, workspace.warehouse, hasher, folder / "hashed", keep=True)
    graph = unmarked(gathered(document, records.slices(job)), Erasures(workspace.database).marks())
    graph = with_links(graph, likely_pairs(document, workspace.warehouse, hasher, folder / "tried", job), PROBABLE)
    before = opened(folder)
    try:
        known = EMPTY if before is None else before.known()
        said = decided(document, identity_decisions(workspace))
        run = 1 if before is None else before.pointer.run + 1
        found = candidate(document, graph, said, known, run, {} if before is None else before.redirects())
    finally:
        if before is not None:
            before.close()
    numbers = {} if before is None else dict(before.pointer.summary)
    gone = len(set(known.ids) - set(found.names.ids) - {one for one, _ in found.names.merged})
    sizes: dict[str, tuple[int, int]] = {}
    if before is not None and model.profile.identity is not None:
        trial = folder / "trial"
        make_folder(trial)
        pointer = Pointer(run, now(), "", 0, hasher.version)
        names = [one.name for one in document.kinds], [one.name for one in sources_of(document, model)]
        try:
            profiles = profile_places(workspace, document, hasher, found)
            write_map(trial, Fresh(found, pointer, profiles, names))
            sizes = _sizes(workspace, trial / pointer.map, pointer.profiles, job)
        finally:
            with suppress(OSError):
                (trial / pointer.map).unlink(missing_ok=True)
                trial.rmdir()
    force, shape = current(folder), shape_of(found)
    after = numbers_of(document, shape, records.unusable())
    checks = checked(document, shape, None if force is None else force.summary, gone, [])
    checks += value_checks(after["unusable"])
    return WhatIf(
        numbers,
        after,
        _largest(found.names.merged, into=1),
        _largest(found.names.split, into=0),
        tuple(checks),
        sizes,
    )


def _largest(pairs: Sequence[tuple[str, str]], into: int) -> tuple[tuple[str, int], ...]:
    """The ids that most others come to or come from."""
    counts: dict[str, int] = {}
    for pair in pairs:
        counts[pair[into]] = counts.get(pair[into], 0) + 1
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN])


def _sizes(workspace: Workspace, path: Path, table: str, job: Job | None) -> dict[str, tuple[int, int]]:
    """The sizes of all audiences now, and with another map."""
    from engine.operations.sizing import sizes_of
    from engine.operations.targets import Named, moment

    named = [Named(one.audience, one.document, None) for one in workspace.audiences.all().values()]
    if not named:
        return {}
    as_of = moment(None)
    now_ = {one.id: one.size for one in sizes_of(workspace, named, site=None, as_of=as_of, job=job)}
    with Workspace(workspace.folder) as aside:
        aside.trial = path, table
        then = {one.id: one.size for one in sizes_of(aside, named, site=None, as_of=as_of, job=job)}
    return {identifier: (size, then[identifier]) for identifier, size in now_.items()}
