"""Sizes from a sample of the profiles, with their 95 % intervals: what is shown until the exact number is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt

from engine.domain.audience import Audience
from engine.domain.model import DataModel, EventType, ObjectType, Site, Source
from engine.domain.rule import Sql
from engine.domain.walk import active, references
from engine.jobs import Job
from engine.membership.evaluate import Catalogue, Evaluator, NodeSize
from engine.sql.compile import World
from engine.sql.sampling import BUCKETS, row_count, sampled_profiles, sampled_rows, site_counts
from engine.sql.sources import Rows, Sources
from engine.warehouses.protocol import Warehouse
from engine.warehouses.sampled import SampledWarehouse

PROFILES = 100_000
"""Profiles to aim at: an interval of at most ±0.31 % of the base."""
ROWS = 2_000_000
"""Rows of events and objects to aim at, together."""
_WORTH_IT = BUCKETS // 2
_Z = 1.959963984540054  # the 97.5 % point of the standard normal distribution


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds that hold the true number in 95 of 100 samples."""

    size: int
    low: int
    high: int


@dataclass(frozen=True)
class Estimate:
    """What a sample says about an audience; ``base`` is exact."""

    size: Interval
    base: int
    sampled: int
    conditions: tuple[NodeSize, ...]
    groups: tuple[NodeSize, ...]


def interval(found: int, sampled: int, everyone: int) -> Interval:
    """How many of ``everyone`` belong, when ``found`` of ``sampled`` drawn without putting back do.

    Wilson's score interval (1927) with the finite population's effective sample size n·(N−1)/(N−n) (Korn and Graubard
    1998), never below what was found nor above what was not ruled out.
    """
    if sampled >= everyone or everyone == 0 or sampled == 0:
        return Interval(found, found, found if sampled else everyone)
    share = found / sampled
    effective = sampled * (everyone - 1) / (everyone - sampled)
    spread = _Z * sqrt(share * (1 - share) / effective + _Z * _Z / (4 * effective * effective))
    middle = share + _Z * _Z / (2 * effective)
    scale = everyone / (1 + _Z * _Z / effective)
    low = max(found, round((middle - spread) * scale))
    high = min(everyone - (sampled - found), round((middle + spread) * scale))
    return Interval(min(max(round(share * everyone), low), high), low, high)


@dataclass
class Sample:
    """Whole profiles, chosen evenly, of one state of a warehouse.

    It is filled one table a :meth:`fill`, so that filling gives way to whatever is asked meanwhile and goes on later.
    """

    warehouse: Warehouse
    model: DataModel
    here: SampledWarehouse
    buckets: int
    everyone: Mapping[str | None, int]
    sampled: Mapping[str | None, int] = field(default_factory=dict)
    _filled: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, warehouse: Warehouse, model: DataModel, job: Job | None = None) -> Sample | None:
        """An empty sample, or None when the data is so small that a sample would be most of it."""
        sources = Sources(model, warehouse)
        statement = site_counts(sources)
        everyone = {site: int(n) for site, n in warehouse.rows(statement.sql, statement.parameters, job)}
        rows = 0
        for source in {kind.source: kind for kind in _kinds(model)}.values():
            counted = row_count(_rows(sources, source))
            rows += int(warehouse.rows(counted.sql, counted.parameters, job)[0][0])
        profiles = sum(everyone.values())
        share = min(PROFILES / max(1, profiles), ROWS / max(1, rows))
        buckets = max(1, int(share * BUCKETS))
        if buckets > _WORTH_IT:
            return None
        return cls(warehouse, model, SampledWarehouse(warehouse.data_version()), buckets, everyone)

    @property
    def ready(self) -> bool:
        """Whether every table is there."""
        return len(self._filled) == 1 + len(_kinds(self.model))

    def fill(self, job: Job | None = None) -> None:
        """Copy the next table that is missing; raises Cancelled with nothing lost but that table."""
        sources = Sources(self.model, self.warehouse)
        if "profiles" not in self._filled:
            statement, table = sampled_profiles(sources, self.buckets), "profiles"
        else:
            kind = next((one for one in _kinds(self.model) if _table(one) not in self._filled), None)
            if kind is None:
                return
            statement, table = sampled_rows(sources, kind, self.buckets), _table(kind)
        scratch = self.warehouse.scratch()
        try:
            self.here.load(table, scratch.table(statement.sql, statement.parameters, job))
        finally:
            scratch.close()
        self._filled.add(table)
        if self.ready:
            counts = site_counts(Sources(self.small_model(), self.here))
            self.sampled = {site: int(n) for site, n in self.here.rows(counts.sql, counts.parameters)}

    def small_model(self) -> DataModel:
        """The model over the sample's tables."""
        model = self.model
        return replace(
            model,
            profile=replace(model.profile, source=Source(table="profiles")),
            events={name: replace(one, source=Source(table=_table(one))) for name, one in model.events.items()},
            objects={name: replace(one, source=Source(table=_table(one))) for name, one in model.objects.items()},
            identifiers={},
            consents={},
        )

    def estimate(
        self, audience: Audience, sites: Sequence[Site], world: World, catalogue: Catalogue, job: Job | None = None
    ) -> Estimate:
        """What the sample says about an audience that :func:`can_estimate`."""
        small = World(self.small_model(), self.here, self.here.describe, world.lists, world.as_of)
        found = Evaluator(self.here, small, catalogue, job).sizes(audience, sites)
        wanted = [site.id for site in sites if audience.sites is None or site.id in audience.sites]
        everyone, sampled = self._count(self.everyone, wanted), self._count(self.sampled, wanted)

        def scaled(count: int) -> int:
            return interval(count, sampled, everyone).size

        return Estimate(
            interval(found.size, sampled, everyone),
            everyone,
            sampled,
            tuple(
                NodeSize(one.path, scaled(one.size), None if one.without is None else scaled(one.without))
                for one in found.conditions
            ),
            tuple(NodeSize(one.path, scaled(one.size)) for one in found.groups),
        )

    def _count(self, counts: Mapping[str | None, int], sites: Sequence[str]) -> int:
        if self.model.profile.site_column is None:
            return sum(counts.values())
        return sum(counts.get(site, 0) for site in sites)

    def close(self) -> None:
        """Give back the memory."""
        self.here.close()


def can_estimate(audience: Audience, catalogue: Catalogue) -> bool:
    """Whether a sample can stand for the whole: not when someone's own SQL or the first n of something is asked."""
    pending, seen = [audience], set[tuple[str, int | None]]()
    while pending:
        one = pending.pop()
        if one.top is not None or any(isinstance(node, Sql) for _, node in active(one.rule)):
            return False
        wanted = {(node.audience, node.version) for _, node in references(one.rule)} - seen
        seen |= wanted
        pending += [catalogue[key] for key in wanted]
    return True


def _kinds(model: DataModel) -> list[EventType | ObjectType]:
    return [*model.events.values(), *model.objects.values()]


def _rows(sources: Sources, kind: EventType | ObjectType) -> Rows:
    if isinstance(kind, EventType):
        return sources.event_rows(kind.name, "r")
    return sources.object_rows(kind.name, "r")


def _table(kind: EventType | ObjectType) -> str:
    return f"{'event' if isinstance(kind, EventType) else 'object'} {kind.name}"
