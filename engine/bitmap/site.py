"""One site's conditions as bitmaps: known ones from the library, missing ones by the plan.

This is what sizes, members and runs share. A :class:`SiteBitmaps` lives for one site, one state of the data and one
moment; what it finds goes into the library when a run keeps it, else only into memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from engine.bitmap.algebra import BitmapAlgebra
from engine.bitmap.bits import from_unsorted, to_array
from engine.bitmap.identity import Identities
from engine.bitmap.library import Library, ProfileSet
from engine.bitmap.ordinals import CorruptKeys, SiteOrdinals
from engine.bitmap.packs import CorruptBitmap
from engine.bitmap.planner import CountGroup, Groups, Missing, group
from engine.bitmap.reading import Found as Sets
from engine.bitmap.reading import Scan, SiteReader, everyone
from engine.bitmap.sliding import Keeping, Slider, fits, split
from engine.domain.audience import Top
from engine.domain.model import Site
from engine.domain.rule import Did, Has, TraitIs
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.sql.compile import World
from engine.sql.counting import CountScans
from engine.sql.formula import Expansion, Numbered, TopOf
from engine.sql.leaves import Condition
from engine.sql.ordinals import OrdinalMap
from engine.sql.shared import Scans
from engine.sql.sources import Sources
from engine.store.bitmaps import Found
from engine.store.ordinals import OrdinalSegments
from engine.warehouses.protocol import Scratch, Warehouse

_PACK_BYTES = 256 << 20
SLIDE_FROM = 500_000
"""Events with at least so many rows get counters; fewer are counted as fast as counters are read."""


@dataclass
class SiteReport:
    """What finding a site's conditions took."""

    site: str
    conditions: int = 0
    reused: int = 0
    scans: list[Scan] = field(default_factory=list)
    corrupt: int = 0
    begun_anew: bool = False


@dataclass(frozen=True)
class Setting:
    """What all sites of one evaluation share."""

    warehouse: Warehouse
    world: World
    scratch: Scratch
    library: Library
    segments: OrdinalSegments
    list_stamps: Mapping[str, str]
    memory: int
    job: Job | None = None
    slide_from: int = SLIDE_FROM


class SiteBitmaps:
    """The bitmaps of one site. ``run`` is the run that keeps what is found; None keeps it in memory only.

    ``as_in_run`` looks only at what a run could reuse, to explain one.
    """

    def __init__(self, setting: Setting, site: Site, run: int | None = None, *, as_in_run: bool = False) -> None:
        self.site = site
        self._from_memory = run is None and not as_in_run
        self._setting = setting
        self._run = run
        self.report = SiteReport(site.id)
        self.failed: dict[int, EngineError] = {}
        try:
            self.ordinals, self._map = self._numbered()
        except CorruptKeys:  # nothing can be read with the old numbers any more
            setting.segments.begin_anew(site.id)
            self.report.begun_anew = True
            self.ordinals, self._map = self._numbered()
        self._identities = Identities(
            setting.world.model, setting.warehouse, site, setting.world.as_of, setting.list_stamps
        )
        self.ids: dict[int, Found] = {}
        self._sets: dict[int, ProfileSet] = {}
        self._ranks: dict[tuple[str, str], NDArray[np.uint32]] = {}
        self.base_id: int | None = None
        self.everyone = self._everyone()
        self._counting = CountScans(setting.world, site, self._map)
        self._reader = SiteReader(
            self._scans(self._map),
            self._counting,
            setting.scratch,
            self.everyone,
            self.ordinals.capacity,
            setting.memory,
            setting.job,
        )

    def _numbered(self) -> tuple[SiteOrdinals, OrdinalMap]:
        """The site's ordinals, brought up to date with its profiles."""
        setting = self._setting
        ordinals = SiteOrdinals(self.site.id, setting.segments, setting.library.folder / "ordinals")
        integer = Sources(setting.world.model, setting.world.catalog).integer_key
        return ordinals, ordinals.update(self._scans, setting.scratch, integer=integer, job=setting.job)

    def _scans(self, ordinals: OrdinalMap) -> Scans:
        return Scans(self._setting.world, self.site, ordinals)

    def _everyone(self) -> BitMap:
        """All profiles of the site: from the library, else read."""
        key = self._identities.everyone(self.ordinals.epoch)
        known = self._known(key)
        if known is not None:
            self.base_id = known[0].bitmap
            return known[1].bits
        found = everyone(self._scans(self._map), self._setting.scratch, self.ordinals.capacity, self._setting.job)
        if self._run is None:
            self._setting.library.hold(key, ProfileSet(found), 64 + self.ordinals.capacity // 8)
        else:
            self.base_id = self._keep([(key, ProfileSet(found))])[0].bitmap
        return found

    # -- finding ---------------------------------------------------------------------------------------------------

    def find(self, expansion: Expansion) -> None:
        """Find every condition of an expansion that is not at hand; those that fail are in :attr:`failed`."""
        missing, keys = self._look_up(expansion)
        groups = group(missing, self._setting.world.model)
        pending: list[tuple[int, ProfileSet]] = []
        size = 0
        for index, found in self._all(groups, {one.index: one for one in missing}):
            self._sets[index] = found
            bytes_held = 64 + 2 * min(len(found.bits), self.ordinals.capacity // 16)
            if self._run is None:
                self._setting.library.hold(keys[index], found, bytes_held)
                continue
            pending.append((index, found))
            size += bytes_held
            if size > _PACK_BYTES:
                self._flush(pending, keys)
                pending, size = [], 0
        self._flush(pending, keys)
        self._tops(expansion.leaves)

    def explain(self, expansion: Expansion) -> SiteReport:
        """What :meth:`find` would read; only counts are asked of the warehouse."""
        missing, _ = self._look_up(expansion)
        groups = group(missing, self._setting.world.model)
        for trait in groups.traits:
            scan = Scan("trait", trait.trait, len(trait.tests))
            self._reader.size_traits(scan)
            self.report.scans.append(scan)
        for counts in groups.counts:
            scan = _count_scan(counts)
            self._reader.slices(counts, scan)
            self.report.scans.append(scan)
        self.report.scans += _alone_scans(groups.alone)
        return self.report

    def _look_up(self, expansion: Expansion) -> tuple[list[Missing], dict[int, bytes]]:
        missing: list[Missing] = []
        keys: dict[int, bytes] = {}
        reused: list[tuple[bytes, Found]] = []
        identities = expansion.identities()
        for index, leaf in enumerate(expansion.leaves):
            if index in self._sets or index in self.failed or isinstance(leaf.condition, TopOf):
                continue
            self.report.conditions += 1
            keys[index] = self._identities.key(leaf.condition, identities[index], self.ordinals.epoch)
            known = self._known(keys[index])
            if known is None:
                missing.append(Missing(index, leaf.condition, leaf.path))
            else:
                self.ids[index], self._sets[index] = known
                reused.append((keys[index], known[0]))
        self.report.reused += len(reused)
        if self._run is not None:  # so that keeping house knows they are in use
            self._setting.library.remember(self.site.id, self._run, reused)
        return missing, keys

    def _known(self, key: bytes) -> tuple[Found, ProfileSet] | None:
        library = self._setting.library
        held = library.held(key)
        if held is not None and self._from_memory:
            return Found(-1, held.inverted), held
        found = library.index.condition(key)
        if found is None:
            return None
        try:
            return found, ProfileSet(library.bitmap(found.bitmap), found.inverted)
        except CorruptBitmap:
            self.report.corrupt += 1
            return None

    def _all(self, groups: Groups, missing: Mapping[int, Missing]) -> Sets:
        """Every missing condition; a scan that fails is tried again condition by condition."""
        for trait in groups.traits:
            scan = Scan("trait", trait.trait, len(trait.tests))
            wanted = [index for index, _ in trait.tests]
            yield from self._guarded(lambda t=trait, s=scan: self._reader.traits(t, s), scan, wanted, missing)  # type: ignore[misc]
        for counts in groups.counts:
            scan = _count_scan(counts)
            wanted = [index for _, _, index in counts.wanted]
            yield from self._guarded(lambda c=counts, s=scan: self._counts(c, s), scan, wanted, missing)  # type: ignore[misc]
        self.report.scans += _alone_scans(groups.alone)
        for one in groups.alone:
            yield from self._alone(one)

    def _counts(self, counts: CountGroup, scan: Scan) -> Sets:
        """A group of counts: windows that slide by their counters, where a run keeps them; the rest in one scan."""
        parts, rest = split(counts)
        slider = self._slider(counts)
        if slider is None or not (any(slider.knows(counts, part) for part in parts) or self._large(counts)):
            yield from self._reader.counts(counts, scan)
            return
        for part in parts:
            done: set[int] = set()
            try:
                for index, found in slider.sets(counts, part, scan):
                    done.add(index)
                    yield index, found
            except EngineError as error:
                if error.code != "memory":
                    raise
                numbers = {number for number, _ in part.tests}
                left = tuple(t for t in counts.wanted if t[1] in numbers and t[2] not in done)
                yield from self._reader.counts(replace(counts, wanted=left), scan)
        if rest is not None:
            yield from self._reader.counts(rest, scan)

    def _large(self, counts: CountGroup) -> bool:
        """Whether a group has so many rows that counters pay."""
        scan = _count_scan(counts)
        self._reader.slices(counts, scan)
        return scan.rows >= self._setting.slide_from and fits(scan, self._setting.memory)

    def _slider(self, counts: CountGroup) -> Slider | None:
        setting = self._setting
        if self._run is None or not isinstance(counts.tests[0], Did):
            return None
        keeping = Keeping(
            setting.library.counters,
            setting.library.folder / "counters",
            self._identities.counters(self.ordinals.epoch),
            self.site.id,
            self._run,
            setting.world.as_of,
            self.ordinals.capacity,
            self._identities.source(counts.source),
        )
        return Slider(self._counting, self._reader, keeping, self.site.zone)

    def _guarded(
        self, read: Callable[[], Sets], scan: Scan, wanted: Sequence[int], missing: Mapping[int, Missing]
    ) -> Sets:
        self._progress(scan.source)
        done: set[int] = set()
        try:
            for index, found in read():
                done.add(index)
                yield index, found
            self.report.scans.append(scan)
        except Cancelled:
            raise
        except EngineError:
            rest = [index for index in wanted if index not in done]
            self.report.scans.append(
                Scan("own SQL, because the shared scan failed", scan.source, len(rest), slices=len(rest))
            )
            for index in rest:
                yield from self._alone(missing[index])

    def _alone(self, one: Missing) -> Sets:
        self._progress(one.path)
        try:
            yield one.index, self._reader.alone(one)
        except Cancelled:
            raise
        except EngineError as error:
            self.failed[one.index] = error

    def _progress(self, step: str) -> None:
        if self._setting.job is not None:
            self._setting.job.report(min(0.99, len(self._sets) / max(1, self.report.conditions)), step)

    # -- keeping ---------------------------------------------------------------------------------------------------

    def _flush(self, pending: Sequence[tuple[int, ProfileSet]], keys: Mapping[int, bytes]) -> None:
        if not pending:
            return
        kept = self._keep([(keys[index], found) for index, found in pending])
        for (index, _), found in zip(pending, kept, strict=True):
            self.ids[index] = found

    def _keep(self, found: Sequence[tuple[bytes, ProfileSet]]) -> list[Found]:
        library = self._setting.library
        identifiers = library.add([one.bits for _, one in found])
        kept = [Found(i, one.inverted) for i, (_, one) in zip(identifiers, found, strict=True)]
        library.remember(self.site.id, self._run or 0, [(key, k) for (key, _), k in zip(found, kept, strict=True)])
        return kept

    # -- using -----------------------------------------------------------------------------------------------------

    def algebra(self) -> BitmapAlgebra:
        """Set algebra over what was found."""
        return BitmapAlgebra(self.everyone, self._sets.__getitem__)

    def _tops(self, leaves: Sequence[Numbered]) -> None:
        """Conditions that keep the first n of other conditions; in their order, so that one may use another."""
        for index, leaf in enumerate(leaves):
            if isinstance(leaf.condition, TopOf) and index not in self._sets:
                try:
                    members = self.algebra().members(leaf.condition.formula)
                except KeyError as error:
                    self.failed[index] = self.failed[int(error.args[0])]
                    continue
                self._sets[index] = ProfileSet(self.first(members, leaf.condition.top))

    def first(self, members: BitMap, top: Top) -> BitMap:
        """The first n members by a trait."""
        if len(members) <= top.count:
            return members
        ordinals = to_array(members)
        ranks = self._rank(top)[ordinals]
        chosen = np.argpartition(ranks, top.count)[: top.count] if top.count else np.array([], dtype=np.int64)
        return from_unsorted(ordinals[chosen], self.ordinals.capacity)

    def _rank(self, top: Top) -> NDArray[np.uint32]:
        key = (top.trait, top.order)
        if key not in self._ranks:
            self._ranks[key] = self._reader.ranks(top.trait, descending=top.order == "desc")
        return self._ranks[key]

    def close(self) -> None:
        """Give back the warehouse's memory."""
        self.ordinals.unstage(self._setting.scratch)


def _count_scan(counts: CountGroup) -> Scan:
    shape = "count" if counts.by is None else f"count by {counts.by}"
    return Scan(shape, counts.source, len(counts.wanted))


def _alone_scans(alone: Sequence[Missing]) -> list[Scan]:
    """Conditions that fit no group, by kind; each is a query of its own."""
    kinds = Counter(_kind(one.condition) for one in alone)
    return [Scan("own SQL", kind, count, slices=count) for kind, count in kinds.items()]


def _kind(condition: Condition) -> str:
    match condition:
        case TraitIs(trait):
            return trait
        case Did(event):
            return event
        case Has(wanted):
            return wanted
        case _:
            return type(condition).__name__.removeprefix("In").lower()
