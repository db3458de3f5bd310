"""Operators to and from plain values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, assert_never, cast

from engine.domain import reading
from engine.domain.durations import Duration
from engine.domain.habits import operator_hint
from engine.domain.operators import (
    Among,
    AmongName,
    Anniversary,
    Between,
    Compare,
    CompareName,
    IsSet,
    Operator,
    Relative,
    RelativeName,
    TextMatch,
    TextName,
)
from engine.domain.values import Scalar, parse_moment
from engine.errors import nearest

COMPARES = ("eq", "neq", "lt", "lte", "gt", "gte")
AMONGS = ("in", "not_in")
TEXTS = ("contains", "not_contains", "starts_with", "ends_with", "matches")
RELATIVES = ("within_last", "within_next", "more_than_ago")
OPERATORS = (*COMPARES, *AMONGS, "between", *TEXTS, "is_set", *RELATIVES, "anniversary_within_next")
NUMBER_OPERATORS = (*COMPARES, *AMONGS, "between", "is_set")
OPERATOR_KEYS = (*OPERATORS, "ignore_case")


def read_operator(value: Mapping[str, Any], path: str, what: str) -> Operator:
    """The one operator among a node's keys."""
    names = [name for name in OPERATORS if name in value]
    if not names:
        raise reading.fail(path, f"{what} needs an operator", "Add one such as eq, in, gte or is_set.")
    if len(names) > 1:
        raise reading.fail(
            path,
            f"{what} takes one operator, not {' and '.join(names)}",
            "Put two conditions into an `all`, or use between.",
        )
    name = names[0]
    ignore_case = reading.flag(value.get("ignore_case", False), path, "ignore_case")
    operator = _read(name, value[name], path, ignore_case)
    if ignore_case and not isinstance(operator, Compare | Among | Between | TextMatch):
        raise reading.fail(path, f"ignore_case has no meaning beside {name}", "Leave it out.", "operand")
    return operator


def _read(name: str, operand: Any, path: str, ignore_case: bool) -> Operator:
    if name in COMPARES:
        return Compare(cast(CompareName, name), reading.scalar(operand, path, name), ignore_case)
    if name in AMONGS:
        values = reading.sequence(operand, path, name)
        return Among(
            cast(AmongName, name),
            tuple(reading.scalar(v, path, f"each value of {name}") for v in values),
            ignore_case,
        )
    if name == "between":
        low, high = _pair(operand, path)
        return Between(low, high, ignore_case)
    if name in TEXTS:
        if not isinstance(operand, str):
            raise reading.fail(path, f"{name} takes text, not {reading.shown(operand)}", "Put it in quotes.", "operand")
        return TextMatch(cast(TextName, name), reading.sound_text(operand, path), ignore_case)
    if name == "is_set":
        return IsSet(reading.flag(operand, path, "is_set"))
    if name in RELATIVES:
        return Relative(cast(RelativeName, name), reading.duration(operand, path, name))
    length = reading.duration(operand, path, name)
    if length.unit not in ("d", "w"):
        raise reading.fail(path, f"{name} takes days or weeks, not {length}", "Write 7d or 2w.", "operand")
    return Anniversary(length)


def _pair(operand: Any, path: str) -> tuple[Scalar, Scalar]:
    values = reading.sequence(operand, path, "between")
    if len(values) != 2:
        raise reading.fail(path, f"between takes two values, not {len(values)}", "Write [from, to].", "operand")
    low, high = (reading.scalar(v, path, "between") for v in values)
    if _reversed(low, high):
        raise reading.fail(
            path,
            f"between is reversed: {reading.shown(low)} is greater than {reading.shown(high)}",
            "Write the smaller value first.",
            "operand",
        )
    return low, high


def _reversed(low: Scalar, high: Scalar) -> bool:
    """Whether the first is greater, for operands of one kind; other mixtures are judged with the model."""
    if isinstance(low, bool) or isinstance(high, bool):
        return False
    if isinstance(low, int | Decimal) and isinstance(high, int | Decimal):
        return low > high
    a, b = parse_moment(low), parse_moment(high)
    if a is not None and b is not None:
        if type(a) is type(b):
            try:
                return a > b
            except TypeError:  # one with an offset, one without: the site's zone decides
                return False
        return a.strftime("%Y%m%d") > b.strftime("%Y%m%d")
    return isinstance(low, str) and isinstance(high, str) and low > high


def read_number_operator(value: Any, path: str, what: str, *, count: bool = True) -> Operator:
    """The comparison of a count, or of another number: a plain number, or a mapping with one operator on numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = {"eq": value}
    found = reading.mapping(value, path, what)
    reading.known_keys(found, NUMBER_OPERATORS, path, what, operator_hint)
    operator = read_operator(found, path, what)
    for operand in operands(operator):
        if isinstance(operand, bool) or not isinstance(operand, int | Decimal):
            raise reading.fail(
                path, f"{what} takes a number, not {reading.shown(operand)}", "Write it bare.", "operand"
            )
        if count:
            reading.exact(operand, path, what)
    return operator


def operands(operator: Operator) -> tuple[Scalar, ...]:
    """The scalars an operator names; durations and flags are not among them."""
    match operator:
        case Compare(value=value):
            return (value,)
        case Among(values=values):
            return values
        case Between(low=low, high=high):
            return (low, high)
        case TextMatch(text=text):
            return (text,)
        case IsSet() | Relative() | Anniversary():
            return ()
        case _:
            assert_never(operator)


def write_operator(operator: Operator) -> dict[str, Any]:
    """The operator as the keys of its node."""
    result: dict[str, Any]
    match operator:
        case Compare(name=name, value=value):
            result = {name: value}
        case Among(name=name, values=values):
            result = {name: list(values)}
        case Between(low=low, high=high):
            result = {"between": [low, high]}
        case TextMatch(name=name, text=text):
            result = {name: text}
        case IsSet(value=value):
            result = {"is_set": value}
        case Relative(name=name, duration=length):
            result = {name: str(length)}
        case Anniversary(duration=length):
            result = {"anniversary_within_next": str(length)}
        case _:
            assert_never(operator)
    if getattr(operator, "ignore_case", False):
        result["ignore_case"] = True
    return result


def read_gap(value: Any, path: str) -> tuple[Duration | None, Duration | None]:
    """`gap: {gte: 1d, lte: 7d}` as (at least, at most)."""
    found = reading.mapping(value, path, "gap")
    reading.known_keys(found, ("lte", "gte"), path, "gap", operator_hint)
    if not found:
        raise reading.fail(path, "gap needs lte or gte", "Write {lte: 7d}.")

    def bound(name: Literal["lte", "gte"]) -> Duration | None:
        return reading.duration(found[name], path, f"gap {name}") if name in found else None

    return bound("gte"), bound("lte")


def unknown_operator_hint(key: str) -> str:
    """The nearest operator to a key nobody knows."""
    return nearest(key, OPERATORS, "operator")
