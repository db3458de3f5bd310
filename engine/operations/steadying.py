"""The least group: questions of who may not see members are answered without what decides about a few people.

Rounding alone does not keep single people apart: somebody who asks for an audience and for the same without one person
sees a difference whenever the number is at an edge. So each condition and group that changes the audience by fewer than
``Workspace.least`` people is left out before the audience is evaluated, and it makes no difference whether the person
was in it: both questions are the same question then. The moment is the last full hour, since a shift of a minute tells
who came in it. Numbers are rounded at the API's edge (engine/api/least.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from engine.domain.audience import Audience
from engine.domain.edit import mute
from engine.domain.rule import All, AnyOf, InAudience, Sql, TraitIs
from engine.domain.walk import active, place_of
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.context import Context, prepare
from engine.operations.targets import Named
from engine.operations.workspace import Workspace

_MOST = 200
"""Conditions and groups of an audience that are looked at; each may need a look of its own."""
_MEMBERS = "Use a token with the scope members."


def full_hour(workspace: Workspace, as_of: datetime) -> datetime:
    """The moment a question is answered for."""
    return as_of if workspace.least <= 1 else as_of.replace(minute=0, second=0, microsecond=0)


def steadied(workspace: Workspace, named: Sequence[Named], as_of: datetime, job: Job | None = None) -> list[Named]:
    """The audiences without what decides about fewer people than the least group; as they are where there is none."""
    if workspace.least <= 1 or not named:
        return list(named)
    context = prepare(workspace, named, as_of, job)
    for one in named:
        _must_be_of_many(context, one.audience)
        _references_must_be_steady(workspace, context, one.audience)
    return [replace(one, audience=_steady(workspace, context, one.audience)) for one in named]


def those_of_many(workspace: Workspace, named: Sequence[Named], as_of: datetime, job: Job | None = None) -> list[Named]:
    """The same of audiences that nobody named: those that cannot be asked about are left out."""
    if workspace.least <= 1:
        return list(named)
    found = []
    for one in named:
        try:
            found += steadied(workspace, [one], as_of, job)
        except EngineError as error:
            if error.code != "refused":
                raise
    return found


def whole_if_near(workspace: Workspace, part: int, wholes: Iterable[int]) -> int:
    """How many of a whole are in a part; all of them where fewer than the least group are missing."""
    near = (one for one in sorted(wholes) if part >= workspace.least and 0 <= one - part < workspace.least)
    return next(near, part)


def _must_be_of_many(context: Context, audience: Audience) -> None:
    """Refuse conditions that name single people, or whose inside cannot be looked at."""
    key = context.model.profile.key
    for path, node in active(audience.rule):
        if isinstance(node, Sql):
            raise EngineError("refused", "a rule with SQL needs the scope members", path, _MEMBERS)
        trait = context.model.profile.traits.get(node.trait) if isinstance(node, TraitIs) else None
        if isinstance(node, TraitIs) and (node.trait == key or (trait is not None and trait.column == key)):
            raise EngineError("refused", "conditions on the profile key name single people", path, _MEMBERS)


def _references_must_be_steady(workspace: Workspace, context: Context, audience: Audience) -> None:
    """An audience that is referred to counts whole, so its own conditions must be of many people too."""
    pending, seen = [audience], set[tuple[str, int | None]]()
    while pending:
        for path, node in active(pending.pop().rule):
            if not isinstance(node, InAudience) or (node.audience, node.version) in seen:
                continue
            seen.add((node.audience, node.version))
            other = context.catalogue.get((node.audience, node.version))
            if other is None:
                continue
            _must_be_of_many(context, other)
            if _steady(workspace, context, other) != other:
                message = f'"{node.audience}" has a condition that decides about fewer than {workspace.least} people'
                raise EngineError("refused", message, path, _MEMBERS)
            pending.append(other)


def _steady(workspace: Workspace, context: Context, audience: Audience) -> Audience:
    """Leave out the node that changes the audience least, one after the other, until each changes it by enough."""
    if sum(1 for _ in active(audience.rule)) > _MOST:
        message = f"a rule has at most {_MOST} conditions and groups for a token without the scope members"
        raise EngineError("refused", message, "rule", _MEMBERS)
    while True:
        changes = sorted(_changes(context, audience))
        if not changes or changes[0][0] >= workspace.least:
            return audience
        audience = replace(audience, rule=mute(audience.rule, place_of(audience.rule, changes[0][1]), True))


def _changes(context: Context, audience: Audience) -> list[tuple[int, str]]:
    """By how many people each condition and group changes the audience, with its path."""
    groups = [p for p, node in active(audience.rule) if isinstance(node, All | AnyOf) and p != "rule"]
    asked = [audience, *(_without(audience, path) for path in groups)]
    sizes = context.portfolio.sizes([(one, context.sites(one, None)) for one in asked])
    found = [(abs(one.without - sizes[0].size), one.path) for one in sizes[0].conditions if one.without is not None]
    return found + [(abs(one.size - sizes[0].size), p) for one, p in zip(sizes[1:], groups, strict=True)]


def _without(audience: Audience, path: str) -> Audience:
    return replace(audience, rule=mute(audience.rule, place_of(audience.rule, path), True))
