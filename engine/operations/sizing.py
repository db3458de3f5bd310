"""`size`: how many profiles an audience has, and each of its conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.documents import iso
from engine.domain.model import Site
from engine.jobs import Job
from engine.membership.evaluate import NodeSize, Sizes
from engine.operations.context import Context, prepare
from engine.operations.estimating import OnEstimate, answering_early
from engine.operations.steadying import full_hour, steadied
from engine.operations.targets import Named, moment, resolve
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AudienceSize:
    """An exact size with everything that says what it means: as_of, data version, base and each condition's own."""

    id: str
    size: int
    base: int
    exact: bool
    as_of: datetime
    data_version: str
    per_site: Mapping[str, int]
    conditions: tuple[NodeSize, ...]
    groups: tuple[NodeSize, ...]
    elapsed_ms: float

    def as_json(self) -> dict[str, Any]:
        """The line `convoke size --json` prints."""
        return {
            "id": self.id,
            "size": self.size,
            "base": self.base,
            "exact": self.exact,
            "as_of": iso(self.as_of),
            "data_version": self.data_version,
            "per_site": dict(self.per_site),
            "conditions": [{"path": c.path, "size": c.size, "without": c.without} for c in self.conditions],
            "groups": [{"path": g.path, "size": g.size} for g in self.groups],
            "elapsed_ms": round(self.elapsed_ms, 1),
        }

    def frame(self) -> pd.DataFrame:
        """One row a condition: path, size, without."""
        import pandas as pd

        return pd.DataFrame([{"path": c.path, "size": c.size, "without": c.without} for c in self.conditions])


def size(
    workspace: Workspace,
    targets: Sequence[str],
    *,
    site: str | None = None,
    as_of: str | datetime | None = None,
    job: Job | None = None,
) -> list[AudienceSize]:
    """The sizes of audiences named by file, folder or id; all at one moment over one state of the data."""
    return list(sizes_of(workspace, resolve(workspace, targets), site=site, as_of=moment(as_of), job=job))


def size_document(
    workspace: Workspace,
    document: dict[str, Any],
    *,
    as_of: datetime,
    job: Job | None = None,
    on_estimate: OnEstimate | None = None,
) -> AudienceSize:
    """The size of an audience that need not be saved, as it stands on the canvas.

    Its conditions stay in memory as bitmaps: the next edit asks the warehouse only for what is new. When that takes
    longer than a tenth of a second, ``on_estimate`` is told what a sample says, if :func:`prepare_sample` made one.
    """
    as_of = full_hour(workspace, as_of)
    (named,) = steadied(workspace, [Named(read_audience(document), "", None)], as_of, job)
    context = prepare(workspace, [named], as_of, job)
    with answering_early(workspace, context, named.audience, on_estimate):
        return next(_together(context, [(named.audience, context.sites(named.audience, None))]))


def sizes_of(
    workspace: Workspace,
    named: Sequence[Named],
    *,
    site: str | None,
    as_of: datetime,
    job: Job | None = None,
    only: Sequence[Named] | None = None,
) -> Iterator[AudienceSize]:
    """The sizes of given audiences (or ``only`` of some); everything is checked before the first is evaluated."""
    as_of = full_hour(workspace, as_of)
    steady = steadied(workspace, named, as_of, job)
    only = None if only is None else [steady[i] for i, one in enumerate(named) if any(one is other for other in only)]
    named = steady
    context = prepare(workspace, named, as_of, job)
    named = named if only is None else only
    wanted = [(one.audience, context.sites(one.audience, site)) for one in named]
    if context.together(wanted):
        yield from _together(context, wanted)
        return
    for i, one in enumerate(named):
        if job is not None:
            job.report(i / len(named), one.audience.id)
        yield one_size(context, one, site)


def one_size(context: Context, one: Named, site: str | None) -> AudienceSize:
    """The size of one checked audience, by one query."""
    started = perf_counter()
    found = context.evaluator.sizes(one.audience, context.sites(one.audience, site))
    return _answer(context, one.audience, found, started, 1)


def _together(context: Context, wanted: Sequence[tuple[Audience, list[Site]]]) -> Iterator[AudienceSize]:
    """Many sizes (or large ones) as one plan of shared scans; each is said to have taken its share of the time."""
    started = perf_counter()
    for audience, _ in wanted:
        context.evaluator.check_patterns(audience)
    found = context.portfolio.sizes(wanted)
    for (audience, _), sizes in zip(wanted, found, strict=True):
        yield _answer(context, audience, sizes, started, len(wanted))


def _answer(context: Context, audience: Audience, found: Sizes, started: float, shared_by: int) -> AudienceSize:
    return AudienceSize(
        audience.id,
        found.size,
        found.base,
        True,
        context.as_of,
        context.data_version,
        found.per_site,
        found.conditions,
        found.groups,
        (perf_counter() - started) * 1000 / shared_by,
    )
