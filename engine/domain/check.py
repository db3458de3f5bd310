"""A rule against the data model: unknown names and operands of the wrong type, each with the node's path."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import assert_never

from engine.domain import reading
from engine.domain.audience import Audience
from engine.domain.model import DataModel, EventType, Field, ObjectType
from engine.domain.operator_codec import operands
from engine.domain.operators import (
    Among,
    Anniversary,
    Between,
    Compare,
    IsSet,
    Operator,
    Relative,
    TextMatch,
    operator_name,
)
from engine.domain.rule import (
    All,
    AnyOf,
    Did,
    Has,
    InAudience,
    InList,
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
from engine.domain.values import ValueType, expected, fits
from engine.domain.walk import active
from engine.errors import EngineError, nearest


def check_audience(
    audience: Audience, model: DataModel, audiences: Collection[str], lists: Collection[str] = ()
) -> None:
    """Raise EngineError for the first thing the model does not know or that has the wrong type.

    ``audiences`` and ``lists`` are the ids that references may name.
    """
    for i, site in enumerate(audience.sites or ()):
        if site not in model.sites:
            raise _unknown(f"sites[{i}]", "site", site, model.sites)
    if audience.top is not None:
        found = model.profile.traits.get(audience.top.trait)
        if found is None:
            raise _unknown("top.by.trait", "trait", audience.top.trait, model.profile.traits)
    for path, node in active(audience.rule):
        _node(path, node, model, audiences, lists)


def problems(
    audience: Audience, model: DataModel, audiences: Collection[str], lists: Collection[str] = ()
) -> list[EngineError]:
    """Everything the model does not know or that has the wrong type: at most one for each node, in reading order."""
    found = []
    for path, node in [("", None), *active(audience.rule)]:
        try:
            if node is None:
                check_audience(replace(audience, rule=All()), model, audiences, lists)
            else:
                _node(path, node, model, audiences, lists)
        except EngineError as error:
            found.append(error)
    return found


def _unknown(path: str, what: str, name: str, known: Collection[str]) -> EngineError:
    return EngineError("unknown_name", f'there is no {what} "{name}"', path, nearest(name, known, what))


def _node(path: str, node: Node, model: DataModel, audiences: Collection[str], lists: Collection[str]) -> None:
    match node:
        case All() | AnyOf() | Not() | Sample() | Sql():
            return
        case TraitIs(trait, operator):
            if trait not in model.profile.traits:
                raise _unknown(path, "trait", trait, model.profile.traits)
            check_operator(operator, model.profile.traits[trait].type, path, f'trait "{trait}"')
        case Did(event, where, _, measure):
            source = _event(event, model, path)
            _where(where, source, f"{path}.where")
            _measure(measure, source, path)
        case Has(name, where, measure):
            if name not in model.objects:
                raise _unknown(path, "object", name, model.objects)
            _where(where, model.objects[name], f"{path}.where")
            _measure(measure, model.objects[name], path)
        case Sequence(steps):
            for i, step in enumerate(steps):
                _step(step, steps[:i], model, f"{path}.sequence[{i}]")
        case InAudience(audience):
            if audience not in audiences:
                raise _unknown(path, "audience", audience, audiences)
        case InList(name):
            if name not in lists:
                raise _unknown(path, "list", name, lists)
        case _:
            assert_never(node)


def _event(name: str, model: DataModel, path: str) -> EventType:
    if name not in model.events:
        raise _unknown(path, "event", name, model.events)
    return model.events[name]


def _property(name: str, source: EventType | ObjectType, path: str) -> Field:
    if name not in source.properties:
        raise _unknown(path, f"property of {source.name}", name, source.properties)
    return source.properties[name]


def _step(step: Step, earlier: tuple[Step, ...], model: DataModel, path: str) -> None:
    source = _event(step.event, model, path)
    _where(step.where, source, f"{path}.where")
    by_name = {other.name: other for other in earlier if other.name}
    for same in step.same:
        own = _property(same.property, source, path)
        other = _property(same.other, _event(by_name[same.step].event, model, path), path)
        if _family(own.type) != _family(other.type):
            raise reading.fail(
                path,
                f"same cannot equate {same.property} ({own.type}) with {same.step}.{same.other} ({other.type})",
                "Choose properties of the same type.",
                "operand",
            )
    if step.without is not None:
        _where(step.without.where, _event(step.without.event, model, path), f"{path}.without.where")


def _family(kind: ValueType) -> str:
    return "number" if kind.is_number else str(kind)


def _where(where: Where | None, source: EventType | ObjectType, path: str) -> None:
    if where is None or where.muted:
        return
    match where:
        case PropertyIs(name, operator):
            check_operator(operator, _property(name, source, path).type, path, f'property "{name}"')
        case WhereAll(children):
            listed = path.endswith(".where")
            for i, child in enumerate(children):
                _where(child, source, f"{path}[{i}]" if listed else f"{path}.all[{i}]")
        case WhereAny(children):
            for i, child in enumerate(children):
                _where(child, source, f"{path}.any[{i}]")
        case WhereNot(child):
            _where(child, source, f"{path}.not")


def _measure(measure: Measure, source: EventType | ObjectType, path: str) -> None:
    if measure.property is None:
        return
    kind = _property(measure.property, source, path).type
    what = f"{measure.kind} of {measure.property}"
    if measure.kind in ("sum", "avg") and not kind.is_number:
        raise reading.fail(path, f"{what} needs a number, but it is {kind}", "Choose a numeric property.", "operand")
    if measure.kind in ("min", "max") and not kind.is_ordered:
        raise reading.fail(path, f"{what} has no order, it is {kind}", "Choose another property.", "operand")
    if measure.kind in ("sum", "avg"):
        _exact(measure.operator, kind, path)
    elif measure.kind != "distinct":
        check_operator(measure.operator, kind, path, what)


def check_operator(operator: Operator, kind: ValueType, path: str, what: str) -> None:
    """Raise EngineError("operand") when the operator or an operand does not suit the type."""
    name = operator_name(operator)
    match operator:
        case IsSet():
            return
        case Relative() | Anniversary():
            allowed = kind.is_temporal
        case TextMatch():
            allowed = kind is ValueType.STRING
        case Compare() | Between():
            allowed = kind.is_ordered or name in ("eq", "neq")
        case Among():
            allowed = True
        case _:
            assert_never(operator)
    if not allowed:
        raise reading.fail(path, f"{name} cannot be used on {what}, which is {kind}", _advice(kind), "operand")
    if getattr(operator, "ignore_case", False) and kind is not ValueType.STRING:
        raise reading.fail(path, f"ignore_case has no meaning for {what}, which is {kind}", "Leave it out.", "operand")
    for operand in operands(operator):
        if not fits(operand, kind):
            raise reading.fail(
                path,
                f"{what} is {kind}, so {name} takes {expected(kind)}, not {reading.shown(operand)}",
                _quote(kind),
                "operand",
            )
    _exact(operator, kind, path)


def _exact(operator: Operator, kind: ValueType, path: str) -> None:
    """Only a float is as large as it may be written; what is exact has 38 digits."""
    if kind.is_number and kind is not ValueType.FLOAT:
        for operand in operands(operator):
            reading.exact(operand, path, operator_name(operator))


def _quote(kind: ValueType) -> str | None:
    return "Put text in quotes." if kind is ValueType.STRING else "Write numbers, dates and true/false bare."


def _advice(kind: ValueType) -> str:
    if kind is ValueType.BOOLEAN:
        return "Use eq, in or is_set."
    if kind.is_temporal:
        return "Use lt, gte, between, within_last or anniversary_within_next."
    if kind.is_number:
        return "Use eq, in, lt, gte or between."
    return "Use eq, in, contains, starts_with or matches."


def patterns(rule: Node) -> list[tuple[str, str]]:
    """Every `matches` expression of the active nodes with its node's path, for the engine that must accept it."""
    found: list[tuple[str, str]] = []

    def look(path: str, operator: Operator) -> None:
        if isinstance(operator, TextMatch) and operator.name == "matches":
            found.append((path, operator.text))

    for path, node in active(rule):
        match node:
            case TraitIs(_, operator):
                look(path, operator)
            case Did(_, where, _, measure) | Has(_, where, measure):
                look(path, measure.operator)
                _where_patterns(where, f"{path}.where", look)
            case Sequence(steps):
                for i, step in enumerate(steps):
                    _where_patterns(step.where, f"{path}.sequence[{i}].where", look)
                    if step.without is not None:
                        _where_patterns(step.without.where, f"{path}.sequence[{i}].without.where", look)
            case _:
                continue
    return found


def _where_patterns(where: Where | None, path: str, look: Callable[[str, Operator], None]) -> None:
    if where is None or where.muted:
        return
    match where:
        case PropertyIs(_, operator):
            look(path, operator)
        case WhereAll(children):
            listed = path.endswith(".where")
            for i, child in enumerate(children):
                _where_patterns(child, f"{path}[{i}]" if listed else f"{path}.all[{i}]", look)
        case WhereAny(children):
            for i, child in enumerate(children):
                _where_patterns(child, f"{path}.any[{i}]", look)
        case WhereNot(child):
            _where_patterns(child, f"{path}.not", look)
