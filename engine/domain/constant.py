"""Conditions that hold for nobody or for everybody whatever the data are: sound, but seldom meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from engine.domain.operator_codec import operands, write_operator
from engine.domain.operators import Among, Anniversary, Operator, Relative, number_satisfies
from engine.domain.rule import (
    Did,
    Has,
    Measure,
    Node,
    PropertyIs,
    Sequence,
    TraitIs,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
)
from engine.domain.walk import active
from engine.domain.windows import Ago, Last, Span, Window

_MANY = 10**18


@dataclass(frozen=True, slots=True)
class Constant:
    """A part of a rule that no data can change: where it is, and a sentence about it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def constants(rule: Node) -> list[Constant]:
    """Every such part of the active nodes, in reading order."""
    return [Constant(path, message) for path, node in active(rule) for message in _of_node(node)]


def _of_node(node: Node) -> Iterator[str]:
    match node:
        case TraitIs(_, operator):
            yield from _of_value(operator)
        case Did(_, where, window, measure):
            yield from _of_where(where)
            yield from _of_window(window)
            yield from _of_measure(measure)
        case Has(_, where, measure):
            yield from _of_where(where)
            yield from _of_measure(measure)
        case Sequence(steps):
            for step in steps:
                yield from _of_where(step.where)
            yield from _of_window(node.window)
        case _:
            return


def _of_where(where: Where | None) -> Iterator[str]:
    match where:
        case PropertyIs(_, operator) if not where.muted:
            yield from _of_value(operator)
        case WhereAll(children) | WhereAny(children) if not where.muted:
            for child in children:
                yield from _of_where(child)
        case WhereNot(child) if not where.muted:
            yield from _of_where(child)
        case _:
            return


def _of_value(operator: Operator) -> Iterator[str]:
    match operator:
        case Relative(name, length) if name != "more_than_ago" and length.count == 0:
            yield f"{name} {length} holds no moment, so no value satisfies it"
        case Anniversary(length) if length.count == 0:
            yield f"anniversary_within_next {length} holds no day, so no value satisfies it"
        case Among("in", ()):
            yield "in [] names no value, so no value satisfies it"
        case _:
            return


def _of_window(window: Window | None) -> Iterator[str]:
    match window:
        case Last(length) if length.count == 0:
            yield f"within {length} holds no moment, so no event is counted"
        case Ago(older, newer) if older == newer:
            yield f"within ago [{older}, {newer}] holds no moment, so no event is counted"
        case Span(start, end) if start is not None and start == end:
            yield "within begins where it ends, so no event is counted"
        case _:
            return


def _of_measure(measure: Measure) -> Iterator[str]:
    if measure.kind not in ("times", "days", "distinct"):
        return
    ends = {0, _MANY}
    for operand in operands(measure.operator):
        if isinstance(operand, int | Decimal):
            ends |= {max(0, int(operand) + beside) for beside in (-1, 0, 1)}
    held = {number_satisfies(count, measure.operator) for count in ends}
    if len(held) == 1:
        ((name, operand),) = write_operator(measure.operator).items()
        who = "everybody" if held.pop() else "nobody"
        yield f"{measure.kind} {name} {_shown(operand)} holds for {who}, since a count is a whole number from 0 up"


def _shown(operand: object) -> str:
    return f"[{', '.join(str(one) for one in operand)}]" if isinstance(operand, list) else str(operand)
