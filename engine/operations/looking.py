"""`insights`: what makes an audience's size, who is in it, whom it shares, how it grew, and a few of its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from engine.domain.audience import Audience
from engine.domain.documents import iso
from engine.domain.edit import put
from engine.domain.model import DataModel, Field, Site
from engine.domain.rule import EVERYONE, NOBODY, TraitIs
from engine.domain.walk import active, place_of, walk
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.membership.composition import Composition, Ribbon, composition, ribbon
from engine.membership.insight import Insight, Overlap, insight, overlaps, reach
from engine.operations.context import Context, prepare
from engine.operations.steadying import full_hour, steadied, those_of_many, whole_if_near
from engine.operations.targets import Named, Target, moment, resolve_one
from engine.operations.workspace import Workspace
from engine.sql.compile import Compiler
from engine.sql.reach import has_consented, has_identifier

MOST_OTHERS = 100
"""Overlap is counted with at most so many other audiences."""
_SHOWN_TRAITS = 5


@dataclass(frozen=True)
class Subject:
    """One audience ready to be looked into."""

    context: Context
    audience: Audience
    sites: list[Site]


def subject(workspace: Workspace, target: Target, as_of: str | datetime | None, job: Job | None = None) -> Subject:
    """Check an audience and open it; raises EngineError when the target names none or several."""
    at = full_hour(workspace, moment(as_of))
    (named,) = steadied(workspace, [resolve_one(workspace, target)], at, job)
    context = prepare(workspace, [named], at, job)
    context.evaluator.check_patterns(named.audience)
    return Subject(context, named.audience, context.sites(named.audience, None))


def insights(
    workspace: Workspace, target: Target, *, as_of: str | datetime | None = None, job: Job | None = None
) -> Insight:
    """How the parts of a rule make its size: waterfall, near misses, exclusive intersections."""
    one = subject(workspace, target, as_of, job)
    return insight(one.context.portfolio, one.audience, one.sites)


@dataclass(frozen=True)
class Reach:
    """How many members have each identifier and gave each consent, and both of any two."""

    size: int
    identifiers: Mapping[str, int]
    consents: Mapping[str, int]
    both: Mapping[str, Mapping[str, int]]
    """By identifier and consent."""

    def as_json(self) -> dict[str, Any]:
        """As `convoke insights --json` prints it."""
        return asdict(self)


def reachable(
    workspace: Workspace, target: Target, *, as_of: str | datetime | None = None, job: Job | None = None
) -> Reach:
    """How many members can be reached, by identifier and consent."""
    one = subject(workspace, target, as_of, job)
    model, catalog = one.context.model, one.context.warehouse
    nodes = {f"i:{name}": has_identifier(found, catalog) for name, found in model.identifiers.items()}
    nodes |= {f"c:{name}": has_consented(found, catalog) for name, found in model.consents.items()}
    found = reach(one.context.portfolio, one.audience, one.sites, nodes)

    def count(*names: str) -> int:
        return found.get(frozenset(names), 0)

    return Reach(
        count(),
        {name: count(f"i:{name}") for name in model.identifiers},
        {name: count(f"c:{name}") for name in model.consents},
        {i: {c: count(f"i:{i}", f"c:{c}") for c in model.consents} for i in model.identifiers},
    )


def breakdown(
    workspace: Workspace, target: Target, trait: str, *, as_of: str | datetime | None = None, job: Job | None = None
) -> Composition:
    """Members by a trait against everyone, with index and interval."""
    one = subject(workspace, target, as_of, job)
    found = _trait(one.context.model, trait)
    if found.personal:
        raise EngineError("refused", f'"{trait}" is personal data, so its values are not shown', hint="Choose another.")
    kind = found.type
    return composition(one.context.portfolio, one.audience, one.sites, trait, kind)


def thresholds(
    workspace: Workspace, target: Target, path: str, *, as_of: str | datetime | None = None, job: Job | None = None
) -> Ribbon:
    """The audience's exact size for thresholds of one trait condition (named by its path)."""
    one = subject(workspace, target, as_of, job)
    node = dict(active(one.audience.rule)).get(path)
    if not isinstance(node, TraitIs):
        raise EngineError("usage", "there is no trait condition at that path", path, "Name one as `size` prints it.")
    kind = _trait(one.context.model, node.trait).type
    if not (kind.is_number or kind.is_temporal):
        raise EngineError("operand", f'"{node.trait}" is {kind}, which has no thresholds', path)
    place = place_of(one.audience.rule, path)
    held, failed = (replace(one.audience, rule=put(one.audience.rule, place, node)) for node in (EVERYONE, NOBODY))
    return ribbon(one.context.portfolio, held, failed, one.sites, node.trait, kind)


def _trait(model: DataModel, trait: str) -> Field:
    if trait not in model.profile.traits:
        raise EngineError(
            "unknown_name", f'there is no trait "{trait}"', hint=nearest(trait, model.profile.traits, "trait")
        )
    return model.profile.traits[trait]


def overlap(
    workspace: Workspace, target: Target, *, as_of: str | datetime | None = None, job: Job | None = None
) -> list[Overlap]:
    """How many members an audience shares with each other stored audience, the most shared first."""
    named = resolve_one(workspace, target)
    others = [s for s in workspace.audiences.all().values() if s.audience.id != named.audience.id][:MOST_OTHERS]
    at = full_hour(workspace, moment(as_of))
    (named,) = steadied(workspace, [named], at, job)
    known = those_of_many(workspace, [Named(s.audience, s.document, None) for s in others], at, job)
    context = prepare(workspace, [named, *known], at, job)
    sites = context.sites(named.audience, None)
    found = overlaps(context.portfolio, named.audience, [one.audience for one in known], sites)
    if workspace.least <= 1:
        return found
    (mine,) = context.portfolio.sizes([(named.audience, sites)])
    return [replace(one, both=whole_if_near(workspace, one.both, (mine.size, one.size))) for one in found]


@dataclass(frozen=True)
class PastSize:
    """The size an audience has now or would have had, by the data there is now."""

    as_of: datetime
    size: int

    def as_json(self) -> dict[str, Any]:
        """As `convoke insights --json` prints it."""
        return {"as_of": iso(self.as_of), "size": self.size}


def past_sizes(
    workspace: Workspace,
    target: Target,
    days: int,
    *,
    as_of: str | datetime | None = None,
    job: Job | None = None,
) -> Iterator[PastSize]:
    """The size at this time of each of the last days, newest first, evaluated over the data there is now.

    Events know their time, so conditions on them are as they were; traits are as they are now.
    """
    now = moment(as_of)
    for ago in range(days + 1):
        yield past_size(workspace, target, ago, as_of=now, job=job)


def past_size(
    workspace: Workspace, target: Target, ago: int, *, as_of: str | datetime | None = None, job: Job | None = None
) -> PastSize:
    """The size so many days before; see :func:`past_sizes`."""
    at = moment(as_of) - timedelta(days=ago)
    one = subject(workspace, target, at, job)
    (found,) = one.context.portfolio.sizes([(one.audience, one.sites)])
    return PastSize(at, found.size)


# -- a few members -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MemberRow:
    """One member: its key, the key as it may be shown, and a few traits that are not personal data."""

    key: Any
    shown: str
    traits: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As `convoke insights --json` prints it: without the key."""
        return {"member": self.shown, **{name: _plain(value) for name, value in self.traits.items()}}


def sample_members(
    workspace: Workspace,
    target: Target,
    most: int = 20,
    *,
    as_of: str | datetime | None = None,
    job: Job | None = None,
) -> list[MemberRow]:
    """A few members picked evenly by key order, with the traits the rule looks at and a few more, masked."""
    one = subject(workspace, target, as_of, job)
    (keys,) = one.context.portfolio.members([(one.audience, one.sites)])
    if len(keys) > most:
        keys = keys[np.linspace(0, len(keys) - 1, most).astype(np.int64)]
    traits = _shown_traits(one)
    compiler = Compiler(one.context.world, [], one.sites[0]) if one.sites else None
    if compiler is None or not len(keys):
        return []
    statement = compiler.profiles_of(keys.tolist(), traits)
    rows = one.context.warehouse.rows(statement.sql, statement.parameters, job)
    return [MemberRow(key, mask(str(key)), dict(zip(traits, found, strict=True))) for key, *found in rows]


def _shown_traits(one: Subject) -> list[str]:
    """Traits of the rule first; never personal ones."""
    traits = one.context.model.profile.traits
    used = [node.trait for _, node in walk(one.audience.rule) if isinstance(node, TraitIs)]
    order = dict.fromkeys([*used, *traits])
    return [name for name in order if name in traits and not traits[name].personal][:_SHOWN_TRAITS]


def mask(text: str) -> str:
    """A key as it may be shown: its ends, so that people can tell rows apart.

    >>> mask("48213377"), mask("abc")
    ('48••••77', '•••')
    """
    return text[:2] + "•" * (len(text) - 4) + text[-2:] if len(text) >= 6 else "•" * len(text)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return iso(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
