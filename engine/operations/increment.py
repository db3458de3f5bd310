"""New records alone, put into the map in force: what they touch is put together anew, everybody else stays."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.domain.identity import PROFILE, IdentityDocument, Kind
from engine.jobs import Job
from engine.operations.mapping import IdentityOutcome, changes_of, decided, judged, opened_map
from engine.operations.workspace import IDENTITY, Workspace
from engine.store.audiences import now
from engine.store.erasures import Erasures
from engine.store.identity import Identities

if TYPE_CHECKING:
    from engine.identity.candidates import Graph
    from engine.identity.growing import Mark
    from engine.identity.mending import Mended
    from engine.identity.publication import Map, Pointer
    from engine.identity.quality import Check, Shape
    from engine.identity.records import Records
    from engine.identity.stability import Named
    from engine.identity.values import Hasher


@dataclass(frozen=True)
class Increment:
    """A run that reads new records only. ``number`` is that of the run in the store."""

    workspace: Workspace
    document: IdentityDocument
    hasher: Hasher
    number: int

    def carry_out(
        self, records: Records, pointer: Pointer, job: Job | None, even_if_red: bool
    ) -> IdentityOutcome | None:
        """Do it; None when the map cannot be told from new records alone: then everybody is put together anew."""
        from engine.identity.erasure import unmarked
        from engine.identity.resolving import gathered
        from engine.identity.stability import Named

        since = marks_in(pointer)
        if not since or not by_records_alone(self.document):
            return None
        slices = records.grown(since, job)
        if slices is None:
            return None
        erased = Erasures(self.workspace.database).marks()
        more = unmarked(gathered(self.document, slices), erased)
        fresh = replace(pointer, at=now(), data=self.workspace.warehouse.data_version(), sources=marks_of(records))
        names = Named((), ())
        if len(more.high):
            fresh = replace(fresh, run=pointer.run + 1)
            names = self._replaced(more, records.keys_since(since, job), pointer, fresh)
        return self._judged(names, pointer, fresh, records, even_if_red)

    def _replaced(self, more: Graph, keys: list[str], pointer: Pointer, fresh: Pointer) -> Named:
        """Write the files of ``fresh``; what became of ids."""
        from engine.identity.patching import Replacement, replace_region

        found = self._mended(more, fresh.run)
        what = Replacement(found, self.document, changes_of(found.found), self._keys(keys))
        replace_region(self.workspace.folder / IDENTITY, pointer, fresh, what)
        return found.found.names

    def _judged(
        self, names: Named, pointer: Pointer, fresh: Pointer, records: Records, even_if_red: bool
    ) -> IdentityOutcome:
        """Check, and put in force."""
        from engine.identity.publication import Map, point_to
        from engine.identity.quality import added, measured, shape_in, unusable_in, value_checks

        folder, identities = self.workspace.folder / IDENTITY, Identities(self.workspace.database)
        with closing(Map(folder, fresh)) as made:
            shape = shape_in(made, names)
        values = added(pointer.summary.get("unusable", {}), records.unusable())
        numbers, unusable, read = measured(shape), unusable_in(self.document, shape, values), records.read
        kept = {**numbers, "unusable": unusable}
        checks = [*self._checks(shape, pointer), *value_checks(unusable)]
        red = [one.name for one in checks if one.state == "red"]
        summary = {**kept, "checks": [asdict(one) for one in checks], "run": fresh.run}
        if red and not even_if_red:
            identities.finish(self.number, "held", summary, f"red: {', '.join(red)}")
            return IdentityOutcome(fresh.run, "held", numbers, tuple(checks), read, True, unusable)
        point_to(folder, replace(fresh, summary=kept, whole=_whole(pointer, numbers)))
        identities.finish(self.number, "published", summary)
        if fresh.run != pointer.run:
            self.workspace.reload()
        return IdentityOutcome(fresh.run, "published", numbers, tuple(checks), read, True, unusable)

    def _mended(self, more: Graph, run: int) -> Mended:
        """Whom the records touch, put together anew."""
        import numpy as np

        from engine.identity.mending import Part, mended
        from engine.identity.patching import Taken
        from engine.identity.region import region_of

        before: Map | None = opened_map(self.workspace)
        assert before is not None  # noqa: S101 - there is a pointer, and nobody else publishes meanwhile
        said = decided(self.document, Identities(self.workspace.database).decisions())
        with closing(before):
            region = region_of(before, more.high, more, np.array(said.blocked, dtype=np.uint64))
            return mended(self.document, region, said, Part(run, Taken(before, region), newest=before.newest()))

    def _keys(self, keys: list[str]) -> Any:
        """An Arrow table of profile keys and their nodes."""
        import pyarrow as pa

        from engine.identity.records import hashed_column

        column = pa.array(keys, pa.string())
        kind = self.document.kind(PROFILE) or Kind(PROFILE, "text")
        return pa.table({"key": column, "high": hashed_column([column], kind, self.hasher)[0]})

    def _checks(self, found: Shape, pointer: Pointer) -> list[Check]:
        """The checks, beside the last map that was made of everything: many small changes are one large one."""
        from engine.identity.quality import checked

        return checked(self.document, found, pointer.whole or pointer.summary, 0, judged(self.workspace))


def _whole(pointer: Pointer, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """What the next checks look back to: the last map made of everything, and how many ids were merged since."""
    last = pointer.whole or pointer.summary
    merged = int(last.get("merged_since", 0)) + int(numbers["merged"])
    return {"persons": last["persons"], "quarantined": last["quarantined"], "merged_since": merged}


def by_records_alone(document: IdentityDocument) -> bool:
    """Whether new records change only what they touch: limits within a time count from the newest record, and profiles
    that are likely one are told from all of them."""
    return document.probable is None and all(one.within is None for one in document.kinds)


def marks_of(records: Records) -> dict[str, Any]:
    """How far sources were read, as the pointer keeps it."""
    return {name: asdict(mark) for name, mark in records.marks().items()}


def marks_in(pointer: Pointer) -> dict[str, Mark]:
    """How far sources were read for the map in force; none for one of an earlier version of Convoke."""
    from engine.identity.growing import Mark

    return {name: Mark(**mark) for name, mark in pointer.sources.items()}
