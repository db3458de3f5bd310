"""`convoke identity apply|run|state`: who is one person, found anew from the warehouse, and the map put in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine.domain.documents import dump_yaml
from engine.domain.identity import IdentityDocument
from engine.domain.identity_codec import write_identity
from engine.durable import make_folder
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.identity_documents import current_document, raw_model
from engine.operations.increment import Increment, marks_of
from engine.operations.mapping import (
    IdentityOutcome,
    alone,
    changes_of,
    decided,
    judged,
    led,
    opened_map,
    pointer_of,
    profile_places,
)
from engine.operations.peppers import Ask, hasher_for, make_pepper
from engine.operations.workspace import IDENTITY, Workspace
from engine.store.audiences import now
from engine.store.erasures import Erasures
from engine.store.identity import Identities, IdentityRun

if TYPE_CHECKING:
    from engine.identity.candidates import Candidate
    from engine.identity.publication import Map, Pointer
    from engine.identity.quality import Check, Shape
    from engine.identity.records import Records
    from engine.identity.values import Hasher

_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class IdentityState:
    """The document's version, what is in force (None before the first run), and the newest runs."""

    version: int | None
    in_force: Mapping[str, Any] | None
    runs: tuple[IdentityRun, ...]


# -- runs --------------------------------------------------------------------------------------------------------------


def identity_state(workspace: Workspace) -> IdentityState:
    """What is in force, and the newest runs."""
    stored = Identities(workspace.database).current()
    pointer = pointer_of(workspace)
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
    workspace: Workspace,
    ask: Ask = lambda: None,
    job: Job | None = None,
    *,
    even_if_red: bool = False,
    everything: bool = False,
) -> IdentityOutcome:
    """Find persons, check, and put the new map in force; with a red check the earlier one stays. Where new records say
    all there is to say, only they are looked at, unless ``everything`` is to be put together anew."""
    with alone(workspace):
        stored, document = current_document(workspace)
        hasher = hasher_for(workspace, document, ask)
        identities = Identities(workspace.database)
        number = identities.start(stored.version)
        try:
            run = _Run(workspace, stored.version, document, hasher, number, ask)
            done = None if everything else run.new_records(job, even_if_red)
            return run.carry_out(job, even_if_red) if done is None else done
        except BaseException as error:
            reason = error.message if isinstance(error, EngineError) else type(error).__name__
            identities.finish(number, "failed", {}, reason)
            raise


def rotate_pepper(workspace: Workspace, ask: Ask = lambda: None, job: Job | None = None) -> IdentityOutcome:
    """A new pepper, and all identifiers hashed by it; every id stays."""
    _, document = current_document(workspace)
    hasher_for(workspace, document, ask)
    peppers = Identities(workspace.database).peppers()
    pointer = pointer_of(workspace)
    if pointer is not None and pointer.pepper == peppers[-1].version:
        make_pepper(workspace, document, peppers[-1].version + 1, ask)
    return run_identity(workspace, ask, job)


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
        self._renamed: Any = None

    def new_records(self, job: Job | None, even_if_red: bool) -> IdentityOutcome | None:
        """Put new records into the map in force; None where that is not enough."""
        pointer = pointer_of(self.workspace)
        if pointer is None or (pointer.version, pointer.pepper) != (self.version, self.hasher.version):
            return None
        records, increment = self._records(pointer), Increment(self.workspace, self.document, self.hasher, self.number)
        return increment.carry_out(records, pointer, job, even_if_red)

    def carry_out(self, job: Job | None, even_if_red: bool) -> IdentityOutcome:
        """Put everybody together anew."""
        from engine.identity.publication import Pointer
        from engine.identity.quality import measured, shape_of, unusable_in, value_checks

        pointer, before = pointer_of(self.workspace), opened_map(self.workspace)
        run = 1 if pointer is None else pointer.run + 1
        try:
            records = self._records(pointer)
            found, gone = self._found(records, before, run, job)
            shape = shape_of(found)
            numbers, unusable = measured(shape), unusable_in(self.document, shape, records.unusable())
            kept = {**numbers, "unusable": unusable}
            checks = [*self._checks(shape, pointer, gone), *value_checks(unusable)]
            red = [one.name for one in checks if one.state == "red"]
            summary = {**kept, "checks": [asdict(one) for one in checks], "run": run}
            if red and not even_if_red:
                reason = f"red: {', '.join(red)}"
                Identities(self.workspace.database).finish(self.number, "held", summary, reason)
                return IdentityOutcome(run, "held", numbers, tuple(checks), records.read, unusable=unusable)
            data = self.workspace.warehouse.data_version()
            fresh = Pointer(run, now(), data, self.version, self.hasher.version, kept, marks_of(records))
            self._publish(found, fresh, before)
        finally:
            if before is not None:
                before.close()
        Identities(self.workspace.database).finish(self.number, "published", summary)
        self.workspace.reload()
        return IdentityOutcome(run, "published", numbers, tuple(checks), records.read, unusable=unusable)

    def _records(self, pointer: Pointer | None) -> Records:
        from engine.identity.records import Records

        former = None
        if pointer is not None and pointer.pepper != self.hasher.version:
            former = hasher_for(self.workspace, self.document, self.ask, back=1)
        model = raw_model(self.workspace)
        kept = self.folder / "hashed"
        make_folder(kept)
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
            self._renamed = translation.nodes()
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
            self.version += 1

    def _checks(self, found: Shape, pointer: Pointer | None, gone: int) -> list[Check]:
        from engine.identity.quality import checked

        before = None if pointer is None else pointer.whole or pointer.summary
        return checked(self.document, found, before, gone, judged(self.workspace))

    def _publish(self, found: Candidate, pointer: Pointer, before: Map | None) -> None:
        from engine.identity.housing import kinds_of_homes
        from engine.identity.publication import Fresh, publish
        from engine.identity.records import sources_of

        redirects = led(before, found)
        names = (
            [one.name for one in self.document.kinds],
            [one.name for one in sources_of(self.document, raw_model(self.workspace))],
        )
        profiles = profile_places(self.workspace, self.document, self.hasher, found)
        changes, homes = changes_of(found), kinds_of_homes(self.document)
        fresh = Fresh(found, pointer, profiles, names, redirects, changes, households=homes, renamed=self._renamed)
        publish(self.folder, fresh)
