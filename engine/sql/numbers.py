"""Exact comparisons of whole numbers and decimals.

DuckDB brings both sides of a comparison to one DECIMAL of 38 digits. A large number beside one of many decimal places
does not fit it, and the query would fail. Such an operand is therefore brought to the places of the column first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeGuard

from sqlglot import exp

from engine.domain.values import Scalar
from engine.sql.build import FALSE, TRUE, Binder, Expr, cast, conjunction, disjunction, not_null, number

MOST = 38
"""Digits of the widest DECIMAL."""
_COUNT_DIGITS = 15
"""No profile has more rows than this many digits say."""
_LARGEST_HUGEINT = (1 << 127) - 1
_CHUNK = 18
"""Digits that a HUGEINT holds besides those of a count."""
_INTEGERS = {
    "TINYINT": 3,
    "SMALLINT": 5,
    "INTEGER": 10,
    "BIGINT": 19,
    "HUGEINT": 39,
    "UTINYINT": 3,
    "USMALLINT": 5,
    "UINTEGER": 10,
    "UBIGINT": 20,
    "UHUGEINT": 39,
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_COMPARISONS: dict[str, type[exp.Binary]] = {
    "eq": exp.EQ,
    "lt": exp.LT,
    "lte": exp.LTE,
    "gt": exp.GT,
    "gte": exp.GTE,
}
_MIRRORED = {"eq": "eq", "lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}


@dataclass(frozen=True)
class Digits:
    """Whole digits and decimal places that a column holds at most; ``integer`` for the types of whole numbers."""

    whole: int
    places: int
    integer: bool = False
    unsigned_huge: bool = False
    """UHUGEINT, which DuckDB compares with no other type."""

    @property
    def summed(self) -> Digits:
        """Those of a sum of such values."""
        return Digits(39, 0, integer=True) if self.integer else Digits(MOST - self.places, self.places)


@dataclass(frozen=True)
class Average:
    """An average: what is compared is a sum, and the operand is multiplied by ``count``, which is never 0."""

    count: Expr
    each: Digits | None
    """Digits of what is summed."""


def digits_of(type_name: str) -> Digits | None:
    """What a column of a DuckDB type holds; None for a type that is neither whole numbers nor decimals."""
    upper = type_name.upper()
    if upper in _INTEGERS:
        return Digits(_INTEGERS[upper], 0, integer=True, unsigned_huge=upper == "UHUGEINT")
    found = _DECIMAL.fullmatch(upper)
    return Digits(int(found[1]) - int(found[2]), int(found[2])) if found else None


def compared(left: Expr, digits: Digits | None, name: str, operand: Scalar, binder: Binder) -> Expr:
    """A column of these digits compared with a number (or with anything else, as it is)."""
    if digits is None or not _is_number(operand) or _fit(digits, [operand]):
        return _COMPARISONS[name](this=left.copy(), expression=binder.bind(operand))
    scaled = Fraction(operand) * 10**digits.places
    if _beyond(digits, scaled):
        return not_null(left.copy()) if (name in ("lt", "lte")) == (scaled > 0) and name != "eq" else FALSE.copy()
    floor = scaled.numerator // scaled.denominator
    if floor != scaled:
        if name == "eq":
            return FALSE.copy()
        name = "lte" if name in ("lt", "lte") else "gt"
    return _COMPARISONS[name](this=left.copy(), expression=_bound(floor, digits, binder))


def held(digits: Digits | None, operands: Sequence[Scalar]) -> list[Scalar]:
    """Those of some operands that a column of these digits can equal, such that all of them fit one type with it."""
    numbers = [one for one in operands if _is_number(one)]
    if digits is None or len(numbers) < len(operands) or _fit(digits, numbers):
        return list(operands)
    scaled = [Fraction(one) * 10**digits.places for one in numbers]
    whole = [one.numerator for one in scaled if one.denominator == 1 and not _beyond(digits, one)]
    return [_number(one, digits) for one in dict.fromkeys(whole)]


def one_of(left: Expr, digits: Digits | None, bound: Sequence[Expr]) -> Expr:
    """``left IN (bound)``, in a type that both have."""
    if digits is not None and digits.unsigned_huge:
        return exp.In(this=left, expressions=[cast(one, "UHUGEINT") for one in bound])
    return exp.In(this=left, expressions=list(bound))


def averaged(total: Expr, digits: Digits | None, average: Average, name: str, operand: Scalar, binder: Binder) -> Expr:
    """``total / count`` compared with an operand, exactly: as ``total`` with ``operand · count``."""
    each = average.each
    if digits is None or each is None or not _is_number(operand) or _fit(each, [operand], _COUNT_DIGITS):
        factor = binder.bind(operand)
        if (
            _is_number(operand)
            and whole_digits(Decimal(str(operand))) + _COUNT_DIGITS > 18
            and isinstance(operand, int)
        ):
            factor = cast(factor, "HUGEINT")  # or the product would be a BIGINT
        return _COMPARISONS[name](this=total.copy(), expression=exp.Mul(this=factor, expression=average.count.copy()))
    exact = Fraction(operand)
    if exact == 0:
        return _COMPARISONS[name](this=total.copy(), expression=number(0))
    if exact < 0:  # as the opposite of both
        return _averaged(exp.Neg(this=exp.Paren(this=total.copy())), digits, average, _MIRRORED[name], -exact, binder)
    return _averaged(total, digits, average, name, exact, binder)


def _averaged(total: Expr, digits: Digits, average: Average, name: str, exact: Fraction, binder: Binder) -> Expr:
    """The same with an operand above 0: it is split at the last place of the sum, so that what is above fits the sum's
    type, and what is below is counted in whole units of that place."""
    scaled = exact * 10**digits.places
    above = scaled.numerator // scaled.denominator
    below = scaled - above
    count = average.count
    decided: list[Expr] = [exp.LTE(this=total.copy(), expression=number(0))]
    largest = _LARGEST_HUGEINT if digits.integer else 10**MOST - 1
    if above and largest // above < 10**_COUNT_DIGITS:  # above · count would be larger than any sum
        decided.append(exp.GT(this=count.copy(), expression=number(largest // above)))
    rest = total.copy()
    if above:
        product = exp.Mul(this=_in_type(_bound(above, digits, binder), digits), expression=count.copy())
        rest = exp.Paren(this=exp.Sub(this=rest, expression=product))
    units, divides = _units(below, count), _divides(below, count)
    if name in ("lt", "gte"):
        more = exp.Case(ifs=[exp.If(this=divides, true=number(0))], default=number(1))
        units = exp.Paren(this=exp.Add(this=units, expression=more))
    found: Expr = _COMPARISONS[name](this=rest, expression=_scaled(units, digits))
    if name == "eq":
        found = conjunction([divides, found])
    smaller = TRUE.copy() if name in ("lt", "lte") else FALSE.copy()
    return exp.Case(ifs=[exp.If(this=disjunction(decided), true=smaller)], default=found)


def _units(share: Fraction, count: Expr) -> Expr:
    """``floor(share · count)`` for a share below 1 whose denominator divides a power of 10, in HUGEINT."""
    places = 0
    while (share * 10**places).denominator != 1:
        places += 1
    return _floor((share * 10**places).numerator, places, cast(count.copy(), "HUGEINT"))


def _floor(share: int, places: int, count: Expr) -> Expr:
    """``floor(share · count / 10 ** places)``, in steps that a HUGEINT holds."""
    if share == 0:
        return cast(number(0), "HUGEINT")
    if places <= _CHUNK:
        product: Expr = exp.Mul(this=count.copy(), expression=number(share))
        return exp.IntDiv(this=exp.Paren(this=product), expression=number(10**places))
    high, low = divmod(share, 10 ** (places - _CHUNK))
    product = exp.Mul(this=count.copy(), expression=number(high))
    inner = exp.Add(this=product, expression=exp.Paren(this=_floor(low, places - _CHUNK, count)))
    return exp.IntDiv(this=exp.Paren(this=inner), expression=number(10**_CHUNK))


def _divides(share: Fraction, count: Expr) -> Expr:
    """Whether ``share · count`` is whole."""
    if share.denominator == 1:
        return TRUE.copy()
    if share.denominator >= 10**_COUNT_DIGITS:
        return FALSE.copy()
    return exp.EQ(this=exp.Mod(this=count.copy(), expression=number(share.denominator)), expression=number(0))


def _scaled(units: Expr, digits: Digits) -> Expr:
    """Units of the last place as a number of the sum's type."""
    if digits.places == 0:
        return _in_type(units, digits)
    unit = exp.Literal.string(format(Decimal((0, (1,), -digits.places)), "f"))
    return exp.Mul(
        this=cast(exp.Paren(this=units), f"DECIMAL({MOST}, 0)"),
        expression=cast(unit, f"DECIMAL({MOST}, {digits.places})"),
    )


def _in_type(value: Expr, digits: Digits) -> Expr:
    return cast(value, "HUGEINT" if digits.integer else f"DECIMAL({MOST}, {digits.places})")


def _is_number(operand: object) -> TypeGuard[int | Decimal]:
    return isinstance(operand, int | Decimal) and not isinstance(operand, bool)


def _fit(digits: Digits, operands: Sequence[Scalar], more: int = 0) -> bool:
    """Whether the numbers fit one DECIMAL with the column (each with ``more`` whole digits)."""
    if digits.unsigned_huge:
        return False
    if digits.integer and all(isinstance(one, int) for one in operands) and not more:
        return True
    numbers = [Decimal(str(one)) for one in operands]
    whole = max([digits.whole, *map(whole_digits, numbers)])
    return whole + more + max([digits.places, *map(places, numbers)]) <= MOST


def _beyond(digits: Digits, scaled: Fraction) -> bool:
    """Whether a number, in units of the last place, is larger or smaller than all that the column holds."""
    if digits.unsigned_huge:
        return not 0 <= scaled < 1 << 128
    return not -(10 ** (digits.whole + digits.places)) < scaled < 10 ** (digits.whole + digits.places)


def _bound(units: int, digits: Digits, binder: Binder) -> Expr:
    found = _number(units, digits)
    if isinstance(found, Decimal) and places(found) == MOST:  # would be bound as a DOUBLE
        return cast(binder.bind(f"{found:f}"), f"DECIMAL({MOST}, {MOST})")
    bound = binder.bind(found)
    return cast(bound, "UHUGEINT") if digits.unsigned_huge else bound


def _number(units: int, digits: Digits) -> int | Decimal:
    """Units of the last place as the number that they are, with no more digits than it needs."""
    unit: int = 10**digits.places
    whole, rest = divmod(units, unit)
    if rest == 0:
        return whole
    at = -digits.places
    while units % 10 == 0 and at < 0:
        units, at = units // 10, at + 1
    return Decimal((int(units < 0), tuple(map(int, str(abs(units)))), at))


def places(value: Decimal) -> int:
    """Decimal places as written."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def whole_digits(value: Decimal) -> int:
    """Digits before the decimal point, at least 1."""
    return max(1, value.adjusted() + 1)


def one_type(left: Digits | None, right: Digits | None) -> str | None:
    """The type in which two columns are equal exactly when their values are; what does not fit it equals nothing. None
    when DuckDB's own choice is that type."""
    if left is None or right is None or (left.integer and right.integer and left.unsigned_huge == right.unsigned_huge):
        return None
    if left.integer and right.integer:
        return "HUGEINT"
    most = max(left.places, right.places)
    return None if max(left.whole, right.whole) + most <= MOST else f"DECIMAL({MOST}, {most})"
