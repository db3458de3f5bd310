"""`run`: many audiences as one plan, each frozen as a snapshot and compared with the one before.

Site after site: expand the rules, find the distinct conditions (shared scans), evaluate the audiences as set algebra,
write. Nothing a run wrote counts until its last transaction; a run that was interrupted is continued: what it found
and froze already is not done again. An audience that fails is reported and keeps its last snapshot; the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from pyroaring import BitMap

from engine.bitmap.finding import Setting, SiteReport
from engine.bitmap.library import ProfileSet
from engine.bitmap.packs import CorruptBitmap
from engine.bitmap.site import SiteBitmaps
from engine.domain.audience import Audience
from engine.domain.model import Site
from engine.errors import Cancelled, EngineError
from engine.membership.encoding import decode, encode
from engine.membership.evaluate import Catalogue
from engine.sql.formula import Expansion, Formula
from engine.store.runs import Before, Runs, SnapshotRow

_ROWS_A_COMMIT = 20_000


@dataclass(frozen=True)
class Due:
    """An audience to run, at the version it has now."""

    audience: Audience
    version: int
    rule_hash: str


@dataclass
class RunReport:
    """What a run read, reused and wrote."""

    sites: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[str, EngineError] = field(default_factory=dict)


class Runner:
    """Carries out one run."""

    def __init__(self, setting: Setting, catalogue: Catalogue, runs: Runs, run: int) -> None:
        self._setting = setting
        self._catalogue = catalogue
        self._runs = runs
        self._run = run
        self.report = RunReport()

    def all(self, due: Sequence[Due], sites: Sequence[Site]) -> RunReport:
        """Run every audience in every site it covers."""
        done = {(audience, site) for audience, site, *_ in self._runs.of_run(self._run)}
        for site in sites:
            here = [
                one
                for one in due
                if (one.audience.sites is None or site.id in one.audience.sites)
                and (one.audience.id, site.id) not in done
            ]
            if here:
                self._site(site, here)
        return self.report

    def explain(self, site: Site, due: Sequence[Due]) -> SiteReport:
        """What running the audiences in a site would read and reuse."""
        expansion = Expansion(site.id, self._catalogue)
        for one in due:
            with suppress(EngineError):  # the run itself reports it
                expansion.audience(one.audience)
        bitmaps = SiteBitmaps(self._setting, site, as_in_run=True)
        try:
            return bitmaps.explain(expansion)
        finally:
            bitmaps.close()

    def _site(self, site: Site, due: Sequence[Due]) -> None:
        expansion = Expansion(site.id, self._catalogue)
        formulas: list[tuple[Due, Formula]] = []
        for one in due:
            try:
                formulas.append((one, expansion.audience(one.audience)))
            except EngineError as error:
                self._fail(one, error)
        bitmaps = SiteBitmaps(self._setting, site, self._run)
        try:
            bitmaps.find(expansion)
            self._freeze(SiteSnapshots(self._setting, bitmaps, self._runs.before(self._run, site.id)), formulas)
        finally:
            bitmaps.close()
        self.report.sites.append(asdict(bitmaps.report) | {"audiences": len(due)})
        del bitmaps  # the next site needs the room
        self._setting.library.trim()

    def _freeze(self, snapshots: SiteSnapshots, formulas: Sequence[tuple[Due, Formula]]) -> None:
        rows: list[SnapshotRow] = []
        job = self._setting.job
        for i, (one, formula) in enumerate(formulas):
            try:
                rows.append(snapshots.of(one, formula))
            except Cancelled:
                raise
            except EngineError as error:
                self._fail(one, error)
            if len(rows) >= _ROWS_A_COMMIT:
                self._runs.save(self._run, rows)
                rows = []
            if job is not None and i % 64 == 0:
                job.report(i / len(formulas), f"{snapshots.site}: audiences")
        self._runs.save(self._run, rows)

    def _fail(self, one: Due, error: EngineError) -> None:
        self.report.failures.setdefault(one.audience.id, error)


class SiteSnapshots:
    """Freezes the audiences of one site."""

    def __init__(self, setting: Setting, bitmaps: SiteBitmaps, before: Mapping[str, Before]) -> None:
        self.site = bitmaps.site.id
        self._library = setting.library
        self._bitmaps = bitmaps
        self._algebra = bitmaps.algebra()
        self._before = before
        self._sizes: dict[str, int] = {}
        self._changes: dict[tuple[str, str, int], tuple[int, int]] = {}

    def of(self, one: Due, formula: Formula) -> SnapshotRow:
        """The snapshot of an audience."""
        found: ProfileSet | None = None
        text = None if one.audience.top is not None else encode(formula, self._bitmaps.ids)
        if text is None:
            found, text = self._written_out(one.audience, formula)
        if text not in self._sizes:
            try:
                self._sizes[text] = self._algebra.size(formula) if found is None else len(found.bits)
            except KeyError as error:
                raise self._bitmaps.failed[int(error.args[0])] from None
        size = self._sizes[text]
        added, removed = self._compared(one.audience.id, text, size, found, formula)
        self._algebra.forget()
        assert self._bitmaps.base_id is not None  # noqa: S101 — runs keep everyone
        return SnapshotRow(
            one.audience.id,
            self.site,
            one.version,
            one.rule_hash,
            self._bitmaps.ordinals.epoch,
            size,
            added,
            removed,
            self._bitmaps.base_id,
            text,
        )

    def _written_out(self, audience: Audience, formula: Formula) -> tuple[ProfileSet, str]:
        """The members themselves as a bitmap of their own."""
        try:
            bits = self._algebra.members(formula)
        except KeyError as error:
            raise self._bitmaps.failed[int(error.args[0])] from None
        if audience.top is not None:
            bits = self._bitmaps.first(bits, audience.top)
        return ProfileSet(bits), str(self._library.add([BitMap(bits)])[0])

    def _compared(
        self, audience: str, text: str, size: int, found: ProfileSet | None, formula: Formula
    ) -> tuple[int | None, int | None]:
        """How many came and went since the snapshot before; None when that cannot be known."""
        before = self._before.get(audience)
        if before is None:
            return size, 0
        if before.epoch != self._bitmaps.ordinals.epoch:
            return None, None
        if before.members == text and before.base == self._bitmaps.base_id:
            return 0, 0
        key = (text, before.members, before.base)
        if key not in self._changes:
            try:
                then_base = self._library.bitmap(before.base)
                then = decode(before.members, then_base, self._library.bitmap)
            except CorruptBitmap:
                return None, None
            now = self._algebra.set_of(formula) if found is None else found
            same = _common(now, self._bitmaps.everyone, then, then_base)
            self._changes[key] = (size - same, before.size - same)
        return self._changes[key]


def _common(one: ProfileSet, base: BitMap, other: ProfileSet, other_base: BitMap) -> int:
    """How many profiles are in both sets, each within its own everyone."""
    left = base - one.bits if one.inverted else one.bits
    right = other_base - other.bits if other.inverted else other.bits
    return int(left.intersection_cardinality(right))
