"""One site's conditions as bitmaps: known ones from the library, missing ones by the plan.

This is what sizes, members and runs share. A :class:`SiteBitmaps` lives for one site, one state of the data and one
moment; what it finds goes into the library when a run keeps it, else only into memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from engine.bitmap.algebra import BitmapAlgebra
from engine.bitmap.bits import from_unsorted, to_array
from engine.bitmap.finding import Finder, Setting, SiteReport
from engine.bitmap.identity import Identities
from engine.bitmap.library import ProfileSet, give_back
from engine.bitmap.numbering import Numbered, TraitColumn
from engine.bitmap.ordinals import CorruptKeys, SiteOrdinals
from engine.bitmap.packs import CorruptBitmap
from engine.bitmap.planner import Missing, group
from engine.bitmap.reading import SiteReader, everyone
from engine.domain.audience import Top
from engine.domain.model import Site
from engine.errors import EngineError
from engine.sql.counting import CountScans
from engine.sql.formula import Expansion, TopOf
from engine.sql.formula import Numbered as NumberedCondition
from engine.sql.ordinals import OrdinalMap
from engine.sql.shared import Scans
from engine.sql.sources import Sources
from engine.store.bitmaps import Found

_PACK_BYTES = 256 << 20


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
        self._identities = Identities(
            setting.world.model, setting.warehouse, site, setting.world.as_of, setting.list_stamps
        )
        try:
            numbered = self._numbered()
        except CorruptKeys:  # nothing can be read with the old numbers any more
            setting.segments.begin_anew(site.id)
            self.report.begun_anew = True
            numbered = self._numbered()
        self.ordinals, self._map = numbered.ordinals, numbered.map
        self._columns = numbered.columns
        self.ids: dict[int, Found] = {}
        self._sets: dict[int, ProfileSet] = {}
        self._ranks: dict[tuple[str, str], NDArray[np.uint32]] = {}
        self.base_id: int | None = None
        self.everyone = self._everyone()
        counting = CountScans(setting.world, site, self._map)
        self._reader = SiteReader(
            self._scans(self._map),
            counting,
            setting.scratch,
            self.everyone,
            self.ordinals.capacity,
            setting.memory,
            setting.job,
        )
        self._finder = Finder(setting, site, self._reader, counting, self.ordinals, self._identities, self.report, run)

    @property
    def failed(self) -> dict[int, EngineError]:
        """What went wrong with conditions, by number."""
        return self._finder.failed

    def _numbered(self) -> Numbered:
        """The site's ordinals, up to date with its profiles: those the session keeps, or numbered now."""
        numbering = self._setting.numbering
        if numbering is None:
            return self._number()
        if self._run is not None:
            numbering.forget(self.site.id)
            return self._number()
        state = self._identities.profiles(self._setting.segments.epoch(self.site.id))
        return numbering.of(self.site.id, state, self._number)

    def _number(self) -> Numbered:
        setting = self._setting
        ordinals = SiteOrdinals(self.site.id, setting.segments, setting.library.folder / "ordinals")
        integer = Sources(setting.world.model, setting.world.catalog).integer_key
        return Numbered(ordinals, ordinals.update(self._scans, setting.scratch, integer=integer, job=setting.job))

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
        for index, found in self._finder.all(groups, {one.index: one for one in missing}):
            if self._setting.job is not None:
                self._setting.job.check()
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
        self._finder.explain(group(missing, self._setting.world.model))
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
                if self._run is None:
                    self._sets[index] = known[1]
                self.ids[index] = known[0]
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

    # -- keeping ---------------------------------------------------------------------------------------------------

    def _flush(self, pending: Sequence[tuple[int, ProfileSet]], keys: Mapping[int, bytes]) -> None:
        if not pending:
            return
        kept = self._keep([(keys[index], found) for index, found in pending])
        give_back()
        for (index, _), found in zip(pending, kept, strict=True):
            self.ids[index] = found
            del self._sets[index]  # from here on the library holds it, within the memory it is given

    def _keep(self, found: Sequence[tuple[bytes, ProfileSet]]) -> list[Found]:
        library = self._setting.library
        identifiers = library.add([one.bits for _, one in found])
        kept = [Found(i, one.inverted) for i, (_, one) in zip(identifiers, found, strict=True)]
        library.remember(self.site.id, self._run or 0, [(key, k) for (key, _), k in zip(found, kept, strict=True)])
        return kept

    # -- using -----------------------------------------------------------------------------------------------------

    def algebra(self) -> BitmapAlgebra:
        """Set algebra over what was found."""
        return BitmapAlgebra(self.everyone, self._leaf)

    def _leaf(self, index: int) -> ProfileSet:
        """The set of a condition; KeyError with its number when it failed."""
        if index in self._sets:
            return self._sets[index]
        found = self.ids[index]
        return ProfileSet(self._setting.library.bitmap(found.bitmap), found.inverted)

    def _tops(self, leaves: Sequence[NumberedCondition]) -> None:
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

    def column(self, trait: str, *, numbers: bool) -> TraitColumn:
        """A trait by ordinal, as numbers or by its distinct values; kept as long as the ordinals are."""
        key = f"{'numbers' if numbers else 'values'} {trait}"
        if key not in self._columns:
            self._columns[key] = self._reader.measured(trait) if numbers else self._reader.labelled(trait)
            if self._setting.numbering is not None:
                self._setting.numbering.trim()
        return self._columns[key]

    def close(self) -> None:
        """Give back the warehouse's memory, unless the session keeps the ordinals for the next evaluation."""
        if self._run is not None or self._setting.numbering is None:
            self.ordinals.unstage(self._setting.scratch)
