"""Operators on one value: the closed set of rules.md §2."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from engine.domain.durations import Duration
from engine.domain.values import Scalar

CompareName: TypeAlias = Literal["eq", "neq", "lt", "lte", "gt", "gte"]
AmongName: TypeAlias = Literal["in", "not_in"]
TextName: TypeAlias = Literal["contains", "not_contains", "starts_with", "ends_with", "matches"]
RelativeName: TypeAlias = Literal["within_last", "within_next", "more_than_ago"]


@dataclass(frozen=True, slots=True)
class Compare:
    """`eq neq lt lte gt gte`: the value against one operand."""

    name: CompareName
    value: Scalar
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Among:
    """`in not_in`: the value is (not) one of a list."""

    name: AmongName
    values: tuple[Scalar, ...]
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """`between: [low, high]`, both ends included."""

    low: Scalar
    high: Scalar
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class TextMatch:
    """`contains not_contains starts_with ends_with matches` on text."""

    name: TextName
    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class IsSet:
    """`is_set: true|false`: the value is there or missing."""

    value: bool


@dataclass(frozen=True, slots=True)
class Relative:
    """`within_last within_next more_than_ago`: a moment against as_of."""

    name: RelativeName
    duration: Duration


@dataclass(frozen=True, slots=True)
class Anniversary:
    """`anniversary_within_next`: the next local anniversary falls in [today, today + days)."""

    duration: Duration

    @property
    def days(self) -> int:
        """The length in days; the codec admits only days and weeks."""
        return self.duration.count * (7 if self.duration.unit == "w" else 1)


Operator: TypeAlias = Compare | Among | Between | TextMatch | IsSet | Relative | Anniversary

COMPLEMENTS = {"neq": "eq", "not_in": "in", "not_contains": "contains"}
"""The operators that are exactly the complement of another, and so true for a missing value."""


def operator_name(operator: Operator) -> str:
    """The key under which an operator is written."""
    match operator:
        case Compare() | Among() | TextMatch() | Relative():
            return operator.name
        case Between():
            return "between"
        case IsSet():
            return "is_set"
        case Anniversary():
            return "anniversary_within_next"


def at_least(count: int) -> Compare:
    """`gte: count`, the comparison of a plain event condition."""
    return Compare("gte", count)


def positive_twin(operator: Operator) -> Operator | None:
    """`eq` for `neq`, `in` for `not_in`, `contains` for `not_contains`; None for the others."""
    match operator:
        case Compare(name="neq", value=value, ignore_case=fold):
            return Compare("eq", value, fold)
        case Among(name="not_in", values=values, ignore_case=fold):
            return Among("in", values, fold)
        case TextMatch(name="not_contains", text=text, ignore_case=fold):
            return TextMatch("contains", text, fold)
        case _:
            return None


def missing_satisfies(operator: Operator) -> bool:
    """Whether a missing value satisfies the operator: only `is_set: false` and the complements."""
    if isinstance(operator, IsSet):
        return not operator.value
    return positive_twin(operator) is not None


def number_satisfies(value: int, operator: Operator) -> bool:
    """Whether a plain number (such as the 0 of "no events") satisfies an operator on numbers."""
    positive = positive_twin(operator)
    if positive is not None:
        return not number_satisfies(value, positive)
    match operator:
        case Compare(name=name, value=int() | Decimal() as operand):
            return {
                "eq": value == operand,
                "lt": value < operand,
                "lte": value <= operand,
                "gt": value > operand,
                "gte": value >= operand,
            }[name]
        case Among(values=values):
            return any(value == v for v in values)
        case Between(low=int() | Decimal() as low, high=int() | Decimal() as high):
            return low <= value <= high
        case IsSet(value=wanted):
            return wanted
        case _:
            return False
