"""Rules to plain values: what :mod:`engine.domain.rule_codec` reads back as the same rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, assert_never

from engine.domain.operator_codec import write_operator
from engine.domain.rule import (
    All,
    AnyOf,
    Did,
    Has,
    InAudience,
    InList,
    Marked,
    Measure,
    Node,
    Not,
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
from engine.domain.window_codec import write_window


def write_rule(node: Node) -> dict[str, Any]:
    """The rule as plain values, defaults left out."""
    return _body(node) | _marks(node)


def plain_number(value: Decimal) -> int | Decimal:
    """A whole number without its decimal point."""
    return int(value) if value == value.to_integral_value() else value


def _marks(node: Marked) -> dict[str, Any]:
    return {
        key: value
        for key, value in (("note", node.note), ("muted", node.muted))
        if value is not None and value is not False
    }


def _body(node: Node) -> dict[str, Any]:
    match node:
        case All(children):
            return {"all": [write_rule(child) for child in children]}
        case AnyOf(children):
            return {"any": [write_rule(child) for child in children]}
        case Not(child):
            return {"not": write_rule(child)}
        case TraitIs(trait, operator):
            return {"trait": trait, **write_operator(operator)}
        case Did(event, where, window, measure):
            within = {} if window is None else {"within": write_window(window)}
            return {"did": event, **write_where_list(where), **within, **_measure(measure)}
        case Has(name, where, measure):
            return {"has": name, **write_where_list(where), **_measure(measure)}
        case Sequence(steps, window):
            within = {} if window is None else {"within": write_window(window)}
            return {"sequence": [_step(step) for step in steps], **within}
        case InAudience(audience, version):
            return {"audience": audience} | ({} if version is None else {"version": version})
        case InList(name):
            return {"list": name}
        case Sample(percent, seed):
            return {"sample": {"percent": plain_number(percent), "seed": seed}}
        case Sql(sql):
            return {"sql": sql}
        case _:
            assert_never(node)


def _measure(measure: Measure) -> dict[str, Any]:
    if measure == Measure():
        return {}
    operator = write_operator(measure.operator)
    if measure.kind == "times":
        return {"times": operator}
    return {"measure": {measure.kind: measure.property if measure.kind != "days" else True}, **operator}


def write_where_list(where: Where | None) -> dict[str, Any]:
    """`{"where": […]}` for a plain conjunction, the tree for anything else, nothing for no condition."""
    if where is None:
        return {}
    if isinstance(where, WhereAll) and where.children and not where.muted and where.note is None:
        return {"where": [write_where(child) for child in where.children]}
    return {"where": write_where(where)}


def write_where(where: Where) -> dict[str, Any]:
    """One property condition or tree as plain values."""
    body: dict[str, Any]
    match where:
        case PropertyIs(name, operator):
            body = {"property": name, **write_operator(operator)}
        case WhereAll(children):
            body = {"all": [write_where(child) for child in children]}
        case WhereAny(children):
            body = {"any": [write_where(child) for child in children]}
        case WhereNot(child):
            body = {"not": write_where(child)}
        case _:
            assert_never(where)
    return body | _marks(where)


def _step(step: Step) -> dict[str, Any]:
    result: dict[str, Any] = {"did": step.event, **write_where_list(step.where)}
    if step.name is not None:
        result["as"] = step.name
    bounds = (("gte", step.gap_at_least), ("lte", step.gap_at_most))
    gap = {key: str(bound) for key, bound in bounds if bound is not None}
    if gap:
        result["gap"] = gap
    if step.same:
        result["same"] = {same.property: f"{same.step}.{same.other}" for same in step.same}
    if step.without is not None:
        result["without"] = {"did": step.without.event, **write_where_list(step.without.where)}
    return result
