"""Whether a condition resolves alike in every time zone, so that sites can share one query.

Careful rather than clever: anything that might depend on the zone does.
"""

from __future__ import annotations

from datetime import datetime

from engine.domain.durations import Duration
from engine.domain.model import DataModel, EventType, ObjectType
from engine.domain.operators import IsSet
from engine.domain.rule import (
    Did,
    Has,
    InList,
    Measure,
    PropertyIs,
    Sample,
    Sequence,
    Sql,
    Step,
    TraitIs,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
)
from engine.domain.windows import Ago, Last, Span, Window
from engine.sql.columns import Physical, physical
from engine.sql.formula import TopOf
from engine.sql.leaves import Condition
from engine.sql.sources import Sources


def depends_on_zone(condition: Condition | TopOf, sources: Sources) -> bool:
    """Whether the condition may mean other instants in another zone."""
    model = sources.model
    match condition:
        case TraitIs(trait, operator):
            return model.profile.traits[trait].type.is_temporal and not isinstance(operator, IsSet)
        case Did(event, where, window, measure):
            kind = model.events[event]
            return _dated(event, sources) or _window(window) or _where(where, kind) or _measure(measure, kind)
        case Has(name, where, measure):
            return _where(where, model.objects[name]) or _measure(measure, model.objects[name])
        case Sequence(steps, window):
            return _window(window) or any(_step(step, sources, model) for step in steps)
        case InList() | Sample() | Sql():
            return False
        case _:
            return True


def _dated(event: str, sources: Sources) -> bool:
    """An event whose time is a DATE column happens at the midnight of the site's zone."""
    spec = sources.model.events[event]
    rows = sources.event_rows(event, "e")
    return spec.timezone is None and physical(rows.type_of(spec.time, "time")) is Physical.DATE


def _calendar(duration: Duration | None) -> bool:
    return duration is not None and duration.exact is None


def _window(window: Window | None) -> bool:
    match window:
        case None:
            return False
        case Last(duration):
            return _calendar(duration)
        case Ago(older, newer):
            return _calendar(older) or _calendar(newer)
        case Span(start, end):
            return any(
                moment is not None and not (isinstance(moment, datetime) and moment.tzinfo is not None)
                for moment in (start, end)
            )
        case _:
            return True


def _where(where: Where | None, kind: EventType | ObjectType) -> bool:
    match where:
        case None:
            return False
        case PropertyIs(name):
            return kind.properties[name].type.is_temporal
        case WhereAll(children) | WhereAny(children):
            return any(_where(child, kind) for child in children)
        case WhereNot(child):
            return _where(child, kind)


def _measure(measure: Measure, kind: EventType | ObjectType) -> bool:
    if measure.kind == "days":
        return True
    return measure.property is not None and kind.properties[measure.property].type.is_temporal


def _step(step: Step, sources: Sources, model: DataModel) -> bool:
    kind = model.events[step.event]
    blocker = step.without
    return (
        _dated(step.event, sources)
        or _calendar(step.gap_at_least)
        or _calendar(step.gap_at_most)
        or _where(step.where, kind)
        or any(kind.properties[same.property].type.is_temporal for same in step.same)
        or (
            blocker is not None
            and (_dated(blocker.event, sources) or _where(blocker.where, model.events[blocker.event]))
        )
    )
