"""One operator on one value as a boolean expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from sqlglot import exp

from engine.domain.durations import local_date, midnight, shift, to_instant
from engine.domain.operators import (
    Among,
    Anniversary,
    Between,
    Compare,
    IsSet,
    Operator,
    Relative,
    TextMatch,
    positive_twin,
)
from engine.domain.values import Scalar, ValueType, parse_moment
from engine.sql.build import (
    FALSE,
    Binder,
    Expr,
    call,
    cast,
    conjunction,
    disjunction,
    is_null,
    naive,
    negation,
    not_null,
    number,
    within,
    word,
)
from engine.sql.columns import Value
from engine.sql.numbers import MOST, Average, averaged, compared, held, one_of, places, whole_digits

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "eq": exp.EQ,
    "lt": exp.LT,
    "lte": exp.LTE,
    "gt": exp.GT,
    "gte": exp.GTE,
}
_TEXT_FUNCTIONS = {
    "contains": "contains",
    "starts_with": "starts_with",
    "ends_with": "suffix",
    "matches": "regexp_matches",
}
_MANY = 200
"""Lists longer than this are bound as one array and joined."""


@dataclass(frozen=True)
class Moment:
    """Where and when a condition is evaluated: the binder, as_of and the site's zone."""

    binder: Binder
    as_of: datetime
    tz: ZoneInfo

    def bind(self, value: Any) -> Expr:
        """A bound value."""
        return self.binder.bind(value)


def predicate(value: Value, operator: Operator, at: Moment, average: Average | None = None) -> Expr:
    """TRUE exactly when the value satisfies the operator.

    With ``average`` the value is the sum of it: an average is compared exactly as ``sum ≥ x · count``.
    """
    positive = positive_twin(operator)
    if positive is not None:
        return negation(predicate(value, positive, at, average))
    match operator:
        case IsSet(wanted):
            return not_null(value.expr) if wanted else is_null(value.expr)
        case TextMatch(name, text, fold):
            return _text(value.expr, name, text, fold, at)
        case Anniversary():
            return _anniversary(value, operator, at)
        case Relative(name, duration):
            if name == "within_last":
                ends = (shift(at.as_of, duration, -1, at.tz), at.as_of)
            elif name == "within_next":
                ends = (at.as_of, shift(at.as_of, duration, 1, at.tz))
            else:
                return _instant(value, "lt", shift(at.as_of, duration, -1, at.tz), at)
            return conjunction([_instant(value, "gte", ends[0], at), _instant(value, "lt", ends[1], at)])
        case Compare(name, operand, fold):
            return _compare(value, name, operand, fold, at, average)
        case Between(low, high, fold):
            parts = [("gte", low), ("lte", high)]
            return conjunction([_compare(value, name, operand, fold, at, average) for name, operand in parts])
        case Among(_, operands, fold):
            return _among(value, operands, fold, at, average)
        case _:
            assert_never(operator)


def _compare(value: Value, name: str, operand: Scalar, fold: bool, at: Moment, average: Average | None) -> Expr:
    if value.type.is_temporal:
        found = parse_moment(operand)
        if isinstance(found, datetime):
            return _instant(value, name, to_instant(found, at.tz) if found.tzinfo is None else found, at)
        return _day(value, name, found, at) if found is not None else FALSE.copy()
    if average is not None:
        return averaged(value.expr, value.digits, average, name, operand, at.binder)
    if value.digits is not None:
        return compared(value.expr, value.digits, name, operand, at.binder)
    left, right = value.expr, _operand(value, operand, at)
    if fold:
        left, right = call("lower", left), call("lower", right)
    return _COMPARISONS[name](this=left.copy(), expression=right)


def _operand(value: Value, operand: Scalar, at: Moment) -> Expr:
    if value.type is ValueType.FLOAT and isinstance(operand, int | Decimal):
        return at.bind(float(operand))
    return at.bind(operand)


def _among(value: Value, operands: tuple[Scalar, ...], fold: bool, at: Moment, average: Average | None) -> Expr:
    finest = value.digits is not None and value.digits.places == MOST
    if value.type.is_temporal or average is not None or value.type is ValueType.BOOLEAN or finest:
        return disjunction([_compare(value, "eq", operand, fold, at, average) for operand in operands])
    operands = tuple(held(value.digits, operands))
    if not operands:
        return FALSE.copy()
    left = call("lower", value.expr.copy()) if fold else value.expr.copy()
    if len(operands) > _MANY:
        items = [float(v) if value.type is ValueType.FLOAT and not isinstance(v, str | date) else v for v in operands]
        parts = []
        for alike in _of_one_type(items):
            listed = call("unnest", at.bind(alike))
            if value.digits is not None and value.digits.unsigned_huge:
                listed = cast(listed, "UHUGEINT")
            parts.append(within(left.copy(), exp.select(call("lower", listed) if fold else listed)))
        return parts[0] if len(parts) == 1 else disjunction(parts)
    bound = [_operand(value, operand, at) for operand in operands]
    return one_of(left, value.digits, [call("lower", b) for b in bound] if fold else bound)


def _of_one_type(items: Sequence[Any]) -> list[list[Any]]:
    """Lists whose values DuckDB brings to one type without rounding: the array of a 21-digit integer and 2.57 would
    be DECIMAL(38, 1). A DECIMAL has 38 digits, so each list's whole digits and decimal places fit these."""
    if not any(isinstance(item, Decimal) for item in items):
        return [list(items)]
    lists: list[list[Decimal]] = []
    whole = MOST + 1
    for item in sorted((Decimal(item) for item in items), key=places):
        digits = max(whole, whole_digits(item))
        if digits + places(item) > MOST:
            lists.append([])
            digits = whole_digits(item)
        lists[-1].append(item)
        whole = digits
    return [list(found) for found in lists]


def _text(subject: Expr, name: str, text: str, fold: bool, at: Moment) -> Expr:
    if name == "matches":
        return call("regexp_matches", subject.copy(), at.bind(f"(?i){text}" if fold else text))
    left, right = subject.copy(), at.bind(text)
    if fold:
        left, right = call("lower", left), call("lower", right)
    return call(_TEXT_FUNCTIONS[name], left, right)


# -- time --------------------------------------------------------------------------------------------------------------


def _instant(value: Value, name: str, instant: datetime, at: Moment) -> Expr:
    """The value against an instant; a date stands for the instant of its local midnight."""
    instant = instant.astimezone(UTC)
    if value.type is ValueType.TIMESTAMP:
        bound = at.bind(naive(instant) if value.naive else instant)
        return _COMPARISONS[name](this=value.expr.copy(), expression=bound)
    floor = local_date(instant, at.tz)
    exact = midnight(floor, at.tz) == instant
    ceiling = floor if exact else _next_day(floor)
    if name == "eq":
        return exp.EQ(this=value.expr.copy(), expression=at.bind(floor)) if exact else FALSE.copy()
    # midnight(v) < X ⇔ v < ceiling; ≥ is its complement; ≤ and > compare with the floor.
    bound = at.bind(ceiling if name in ("lt", "gte") else floor)
    return _COMPARISONS[name](this=value.expr.copy(), expression=bound)


def _next_day(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def _day(value: Value, name: str, day: date, at: Moment) -> Expr:
    """The value's local date against a date."""
    if value.type is ValueType.DATE:
        return _COMPARISONS[name](this=value.expr.copy(), expression=at.bind(day))
    start, end = midnight(day, at.tz), midnight(_next_day(day), at.tz)
    ends: dict[str, Callable[[], Expr]] = {
        "lt": lambda: _instant(value, "lt", start, at),
        "lte": lambda: _instant(value, "lt", end, at),
        "gt": lambda: _instant(value, "gte", end, at),
        "gte": lambda: _instant(value, "gte", start, at),
        "eq": lambda: conjunction([_instant(value, "gte", start, at), _instant(value, "lt", end, at)]),
    }
    return ends[name]()


def local_day(value: Value, tz: ZoneInfo) -> Expr:
    """The local date of a date or timestamp value."""
    if value.type is ValueType.DATE:
        return value.expr.copy()
    if tz.key == "UTC" and value.naive:
        return cast(value.expr.copy(), "DATE")
    instant = call("timezone", word("UTC"), value.expr.copy()) if value.naive else value.expr.copy()
    return cast(call("timezone", word(tz.key), instant), "DATE")


def _anniversary(value: Value, operator: Anniversary, at: Moment) -> Expr:
    """Month and day of the value among those of the days to come; 29 February also counts on 28 February."""
    today = local_date(at.as_of, at.tz)
    codes: set[int] = set()
    for ahead in range(min(operator.days, 366 * 4)):
        try:
            day = today + timedelta(days=ahead)
        except OverflowError:
            break
        codes.add(day.month * 100 + day.day)
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            codes.add(229)
    if not codes:
        return FALSE.copy()
    local = local_day(value, at.tz)
    code = exp.Add(
        this=exp.Mul(this=call("month", local), expression=number(100)), expression=call("day", local.copy())
    )
    return exp.In(this=exp.Paren(this=code), expressions=[number(c) for c in sorted(codes)])
