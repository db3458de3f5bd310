"""`size`: how many profiles an audience has, and each of its conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.constant import Constant, constants
from engine.domain.documents import iso
from engine.domain.model import Site
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.membership.evaluate import NodeSize, Sizes
from engine.operations.context import Context, placed, prepare, sound
from engine.operations.estimating import OnEstimate, answering_early
from engine.operations.steadying import full_hour, steadied
from engine.operations.targets import Named, moment, resolve
from engine.operations.value_hints import ValueHint, value_hints
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class AudienceSize:
    """An exact size with everything that says what it means: as_of, data version, base and each condition's own;
    ``hints`` name the nearest value where a condition finds nobody, if the caller may see values."""

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
    notes: tuple[Constant, ...] = ()
    """Parts of the rule that no data can change, such as ``within: 0d``."""
    hints: tuple[ValueHint, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The line `convoke size --json` prints; ``notes`` only where there are any."""
        found = {
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
            **({"hints": [one.as_json() for one in self.hints]} if self.hints else {}),
        }
        if self.notes:
            found["notes"] = [{"path": one.path, "message": one.message} for one in self.notes]
        return found

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
    wrong: list[EngineError] | None = None,
    hints: bool = False,
) -> list[AudienceSize]:
    """The sizes of audiences named by file, folder or id; all at one moment over one state of the data.

    What is wrong with one of them is raised, or put into ``wrong``: the others answer then. With ``hints``, for who may
    see values of the data, a condition on text that finds nobody comes with the nearest value that occurs.
    """
    named, at = resolve(workspace, targets, wrong), moment(as_of)
    if wrong is None or (len(named) < 2 and not wrong):
        return list(sizes_of(workspace, named, site=site, as_of=at, job=job, hints=hints))
    return of_the_sound(
        workspace,
        named,
        wrong,
        lambda some, all_: list(sizes_of(workspace, all_, site=site, as_of=at, job=job, only=some, hints=hints)),
    )


def of_the_sound(
    workspace: Workspace,
    named: Sequence[Named],
    wrong: list[EngineError],
    answer: Callable[[Sequence[Named], Sequence[Named]], list[Answer]],
) -> list[Answer]:
    """What ``answer`` says of those audiences that are sound, together if it can be, else one by one; it is given those
    to answer for and all that may refer to each other."""
    good = sound(workspace, named, wrong)
    if not good:
        return []
    try:
        return answer(good, good)
    except Cancelled:
        raise
    except EngineError as error:
        if len(good) == 1:
            wrong.append(error if len(named) == 1 else placed(error, good[0]))
            return []
    found: list[Answer] = []
    for one in good:
        try:
            found += answer([one], good)
        except Cancelled:
            raise
        except EngineError as error:
            wrong.append(placed(error, one))
    return found


def size_document(
    workspace: Workspace,
    document: dict[str, Any],
    *,
    as_of: datetime,
    job: Job | None = None,
    on_estimate: OnEstimate | None = None,
    hints: bool = False,
) -> AudienceSize:
    """The size of an audience that need not be saved, as it stands on the canvas.

    Its conditions stay in memory as bitmaps: the next edit asks the warehouse only for what is new. When that takes
    longer than a tenth of a second, ``on_estimate`` is told what a sample says, if :func:`prepare_sample` made one.
    ``hints`` are as in :func:`size`.
    """
    as_of = full_hour(workspace, as_of)
    (named,) = steadied(workspace, [Named(read_audience(document), "", None)], as_of, job)
    context = prepare(workspace, [named], as_of, job)
    with answering_early(workspace, context, named.audience, on_estimate):
        found = next(_together(context, [(named.audience, context.sites(named.audience, None))]))
    return _hinted(context, named.audience, found, job) if hints else found


def sizes_of(
    workspace: Workspace,
    named: Sequence[Named],
    *,
    site: str | None,
    as_of: datetime,
    job: Job | None = None,
    only: Sequence[Named] | None = None,
    hints: bool = False,
) -> Iterator[AudienceSize]:
    """The sizes of given audiences (or ``only`` of some); everything is checked before the first is evaluated."""
    as_of = full_hour(workspace, as_of)
    steady = steadied(workspace, named, as_of, job)
    only = None if only is None else [steady[i] for i, one in enumerate(named) if any(one is other for other in only)]
    named = steady
    context = prepare(workspace, named, as_of, job)
    named = named if only is None else only
    found = _sizes(context, named, site, job)
    if not hints:
        yield from found
        return
    for one, answer in zip(named, found, strict=True):
        yield _hinted(context, one.audience, answer, job)


def _hinted(context: Context, audience: Audience, found: AudienceSize, job: Job | None) -> AudienceSize:
    """A size with the nearest values where conditions find nobody."""
    hints = value_hints(context.model, context.warehouse, audience, found.conditions, job)
    return replace(found, hints=hints) if hints else found


def _sizes(context: Context, named: Sequence[Named], site: str | None, job: Job | None) -> Iterator[AudienceSize]:
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
        tuple(constants(audience.rule)),
    )
