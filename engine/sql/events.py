"""`did` and `has`: measures over the events or objects of a profile."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from sqlglot import exp

from engine.domain.model import EventType, ObjectType
from engine.domain.operators import missing_satisfies, number_satisfies
from engine.domain.rule import (
    ZERO_WHEN_EMPTY,
    Did,
    Has,
    Measure,
    PropertyIs,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
)
from engine.domain.values import ValueType
from engine.domain.windows import bounds
from engine.sql.build import (
    Expr,
    call,
    conjunction,
    disjunction,
    naive,
    negation,
    not_null,
    number,
    within,
)
from engine.sql.columns import Value
from engine.sql.numbers import Average
from engine.sql.predicates import Moment, local_day, predicate
from engine.sql.sources import Rows, Sources


def where_expr(where: Where | None, rows: Rows, kind: EventType | ObjectType, at: Moment) -> Expr:
    """The property conditions on one row."""
    if where is None or where.muted:
        return conjunction([])
    match where:
        case PropertyIs(name, operator):
            return predicate(rows.value(kind.properties[name], at.tz, "properties"), operator, at)
        case WhereAll(children):
            return conjunction([where_expr(c, rows, kind, at) for c in children if not left_out(c)])
        case WhereAny(children):
            return disjunction([where_expr(c, rows, kind, at) for c in children if not left_out(c)])
        case WhereNot(child):
            return conjunction([]) if left_out(child) else negation(where_expr(child, rows, kind, at))
        case _:
            assert_never(where)


def left_out(where: Where) -> bool:
    """Whether a part counts as not written: muted, or a `not` around a muted part."""
    return where.muted or (isinstance(where, WhereNot) and left_out(where.child))


def time_bounds(time: Value, start: datetime | None, end: datetime, at: Moment) -> list[Expr]:
    """``start ≤ time < end``."""

    def bound(instant: datetime) -> Expr:
        return at.bind(naive(instant) if time.naive else instant)

    parts: list[Expr] = [exp.LT(this=time.expr.copy(), expression=bound(end))]
    if start is not None:
        parts.insert(0, exp.GTE(this=time.expr.copy(), expression=bound(start)))
    return parts


def did_expr(node: Did, sources: Sources, at: Moment) -> Expr:
    """Profiles whose matching events satisfy the measure."""
    kind = sources.model.events[node.event]
    rows = sources.event_rows(node.event, "e")
    time = sources.event_time(rows, node.event, at.tz)
    start, end = bounds(node.window, at.as_of, at.tz)
    matching = [*time_bounds(time, start, end, at), where_expr(node.where, rows, kind, at)]
    return _counted(node.measure, sources, rows, kind, matching, time, at)


def has_expr(node: Has, sources: Sources, at: Moment) -> Expr:
    """Profiles whose matching objects satisfy the measure."""
    kind = sources.model.objects[node.object]
    rows = sources.object_rows(node.object, "o")
    matching = [where_expr(node.where, rows, kind, at)]
    return _counted(node.measure, sources, rows, kind, matching, None, at)


def holds_when_empty(measure: Measure) -> bool:
    """Whether a profile without any matching event satisfies the measure."""
    if measure.kind in ZERO_WHEN_EMPTY:
        return number_satisfies(0, measure.operator)
    return missing_satisfies(measure.operator)


def _counted(
    measure: Measure,
    sources: Sources,
    rows: Rows,
    kind: EventType | ObjectType,
    matching: list[Expr],
    time: Value | None,
    at: Moment,
) -> Expr:
    """`key IN (profiles that satisfy)`, or NOT IN (those that do not) when having no event satisfies too."""
    owner = sources.owner(rows, kind)
    query = exp.select(owner).from_(rows.from_item()).where(conjunction([not_null(owner.copy()), *matching]))
    empty_holds = holds_when_empty(measure)
    if not _any_event_decides(measure, empty_holds):
        satisfied = measure_expr(measure, rows, kind, time, at)
        having = negation(satisfied) if empty_holds else satisfied
        query = query.group_by(owner.copy()).having(having)
    inside = within(sources.key(), query)
    return exp.Not(this=exp.Paren(this=inside)) if empty_holds else inside


def _any_event_decides(measure: Measure, empty_holds: bool) -> bool:
    """Whether one event alone settles the count: `at least once` and `never` need no grouping."""
    if measure.kind != "times":
        return False
    beyond = [number_satisfies(count, measure.operator) for count in (1, 2, 10**9)]
    simple = type(measure.operator).__name__ == "Compare"
    return simple and len(set(beyond)) == 1 and beyond[0] is not empty_holds


def measure_expr(
    measure: Measure,
    rows: Rows,
    kind: EventType | ObjectType,
    time: Value | None,
    at: Moment,
    guard: Expr | None = None,
) -> Expr:
    """The measure's comparison over the rows of one group; with a ``guard``, over those rows for which it is TRUE."""
    if measure.kind == "avg":
        field = _guarded(rows.value(kind.properties[measure.property or ""], at.tz, "properties"), guard)
        if field.type is not ValueType.FLOAT:
            # Exactly: avg ≥ x ⇔ sum ≥ x · count.
            average = Average(call("count", field.expr.copy()), field.digits)
            return predicate(field.sum(), measure.operator, at, average)
    return predicate(measure_value(measure, rows, kind, time, at, guard), measure.operator, at)


def measure_value(
    measure: Measure,
    rows: Rows,
    kind: EventType | ObjectType,
    time: Value | None,
    at: Moment,
    guard: Expr | None = None,
) -> Value:
    """The measure's value over the (guarded) rows of one group; NULL when missing."""
    if measure.kind == "times":
        counted = exp.Star() if guard is None else _when(guard, number(1))
        return Value(ValueType.INTEGER, exp.Count(this=counted))
    if measure.kind == "days":
        assert time is not None  # noqa: S101 — the codec admits days only for events
        day = local_day(time, at.tz)
        counted = day if guard is None else _when(guard, day)
        return Value(ValueType.INTEGER, exp.Count(this=exp.Distinct(expressions=[counted])))
    value = _guarded(rows.value(kind.properties[measure.property or ""], at.tz, "properties"), guard)
    match measure.kind:
        case "sum":
            total = value.sum()
            return _finite(total.over(exp.Coalesce(this=total.expr, expressions=[number(0)])))
        case "avg":
            return _finite(Value(ValueType.FLOAT, call("avg", value.expr)))
        case "min" | "max":
            return value.over(call(measure.kind, value.expr))
        case "distinct":
            return Value(ValueType.INTEGER, exp.Count(this=exp.Distinct(expressions=[value.expr])))
        case "first" | "last":
            return value.over(_edge(value, time, descending=measure.kind == "last"))
        case _:
            assert_never(measure.kind)


def _when(guard: Expr, value: Expr) -> Expr:
    """The value where the guard holds, else NULL, which every aggregate skips."""
    return exp.Case(ifs=[exp.If(this=guard.copy(), true=value)])


def _guarded(value: Value, guard: Expr | None) -> Value:
    return value if guard is None else value.over(_when(guard, value.expr))


def _finite(value: Value) -> Value:
    """Infinity minus infinity is NaN, and NaN is missing."""
    if value.type is not ValueType.FLOAT:
        return value
    known = exp.Case(ifs=[exp.If(this=call("isnan", value.expr), true=exp.null())], default=value.expr.copy())
    return value.over(known)


def _edge(value: Value, time: Value | None, *, descending: bool) -> Expr:
    """The value of the earliest (latest) row that has one; at equal times the smaller (greater) value."""
    assert time is not None  # noqa: S101 — the codec admits first and last only for events
    order = exp.Order(
        expressions=[
            exp.Ordered(this=part.copy(), desc=descending, nulls_first=False) for part in (time.expr, value.expr)
        ]
    )
    first = exp.First(this=exp.Order(this=value.expr.copy(), expressions=order.expressions))
    return exp.Filter(this=first, expression=exp.Where(this=not_null(value.expr.copy())))
