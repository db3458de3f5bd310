"""Carries out a plan: each group by the cheapest way that answers it, and one by one what fails together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.bitmap.identity import Identities
from engine.bitmap.library import Library
from engine.bitmap.numbering import Numbering
from engine.bitmap.ordinals import SiteOrdinals
from engine.bitmap.planner import CountGroup, Groups, Missing
from engine.bitmap.reading import Found as Sets
from engine.bitmap.reading import Scan, SiteReader
from engine.bitmap.sliding import Keeping, Slider, fits, split
from engine.domain.model import Site
from engine.domain.rule import Did, Has, TraitIs
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.sql.compile import World
from engine.sql.counting import CountScans
from engine.sql.leaves import Condition
from engine.store.ordinals import OrdinalSegments
from engine.warehouses.protocol import Scratch, Warehouse

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
    """What all sites of one evaluation share; ``numbering`` keeps ordinals from one evaluation to the next."""

    warehouse: Warehouse
    world: World
    scratch: Scratch
    library: Library
    segments: OrdinalSegments
    list_stamps: Mapping[str, str]
    memory: int
    job: Job | None = None
    slide_from: int = SLIDE_FROM
    numbering: Numbering | None = None


class Finder:
    """Finds the conditions of one site that are not at hand; those that fail are in :attr:`failed`."""

    def __init__(
        self,
        setting: Setting,
        site: Site,
        reader: SiteReader,
        counting: CountScans,
        ordinals: SiteOrdinals,
        identities: Identities,
        report: SiteReport,
        run: int | None,
    ) -> None:
        self._setting = setting
        self._site = site
        self._reader = reader
        self._counting = counting
        self._ordinals = ordinals
        self._identities = identities
        self._report = report
        self._run = run
        self._found = 0
        self.failed: dict[int, EngineError] = {}

    def explain(self, groups: Groups) -> None:
        """Fill the report with what would be read; only counts are asked of the warehouse."""
        for trait in groups.traits:
            scan = Scan("trait", trait.trait, len(trait.tests))
            self._reader.size_traits(scan)
            self._report.scans.append(scan)
        for counts in groups.counts:
            scan = _count_scan(counts)
            self._reader.slices(counts, scan)
            self._report.scans.append(scan)
        self._report.scans += _alone_scans(groups.alone)

    def all(self, groups: Groups, missing: Mapping[int, Missing]) -> Sets:
        """Every missing condition; a scan that fails is tried again condition by condition."""
        for trait in groups.traits:
            scan = Scan("trait", trait.trait, len(trait.tests))
            wanted = [index for index, _ in trait.tests]
            yield from self._guarded(lambda t=trait, s=scan: self._reader.traits(t, s), scan, wanted, missing)  # type: ignore[misc]
        for counts in groups.counts:
            scan = _count_scan(counts)
            wanted = [index for _, _, index in counts.wanted]
            yield from self._guarded(lambda c=counts, s=scan: self._counts(c, s), scan, wanted, missing)  # type: ignore[misc]
        self._report.scans += _alone_scans(groups.alone)
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
            self._identities.counters(self._ordinals.epoch),
            self._site.id,
            self._run,
            setting.world.as_of,
            self._ordinals.capacity,
            self._identities.source(counts.source),
        )
        return Slider(self._counting, self._reader, keeping, self._site.zone)

    def _guarded(
        self, read: Callable[[], Sets], scan: Scan, wanted: Sequence[int], missing: Mapping[int, Missing]
    ) -> Sets:
        self._progress(scan.source)
        done: set[int] = set()
        try:
            for index, found in read():
                done.add(index)
                self._found += 1
                yield index, found
            self._report.scans.append(scan)
        except Cancelled:
            raise
        except EngineError:
            rest = [index for index in wanted if index not in done]
            self._report.scans.append(
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
            self._setting.job.report(min(0.99, self._found / max(1, self._report.conditions)), step)

    # -- keeping ---------------------------------------------------------------------------------------------------


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
