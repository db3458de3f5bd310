"""Numbers compare exactly whatever a column holds: no cast to one DECIMAL rounds, overflows or ends the query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

import duckdb
import pytest
from sqlglot import exp

from engine.sql.build import TRUE, Binder, Expr, call
from engine.sql.numbers import Average, averaged, compared, digits_of, held, one_of, one_type

KINDS = {
    "TINYINT": (-128, 127),
    "BIGINT": (-(1 << 63), (1 << 63) - 1),
    "HUGEINT": (-(1 << 127) + 1, (1 << 127) - 1),
    "UBIGINT": (0, (1 << 64) - 1),
    "UHUGEINT": (0, (1 << 128) - 1),
    "DECIMAL(4,4)": (-9999, 9999),
    "DECIMAL(12,2)": (1 - 10**12, 10**12 - 1),
    "DECIMAL(38,0)": (1 - 10**38, 10**38 - 1),
    "DECIMAL(38,8)": (1 - 10**38, 10**38 - 1),
    "DECIMAL(38,30)": (1 - 10**38, 10**38 - 1),
    "DECIMAL(38,38)": (1 - 10**38, 10**38 - 1),
}
"""The least and the greatest value of each type, in units of its last place."""
OPERANDS: list[int | Decimal] = [
    0,
    5,
    -1,
    10**20,
    -(10**27),
    9223372036854775806,
    Decimal("2.5"),
    Decimal("-0.5"),
    Decimal("2.5000000000000000001"),
    Decimal("-2.5000000000000000000000000000000000001"),
    Decimal("9999999999999999999999999999.0000000001"),
    Decimal("0.00000000000000000000000000000000000001"),
]
OPERATORS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "eq": lambda one, other: one == other,
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
}
X = exp.column("x")


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        yield found


def _table(connection: duckdb.DuckDBPyConnection, kind: str, units: Sequence[int]) -> list[Fraction]:
    """A table of values and a missing one; the values exactly."""
    digits = digits_of(kind)
    assert digits is not None
    texts = [format(Decimal((int(one < 0), tuple(map(int, str(abs(one)))), -digits.places)), "f") for one in units]
    rows = ", ".join(f"(CAST('{text}' AS {kind}))" for text in texts)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE t AS FROM (VALUES {rows}, (NULL)) AS r(x)")
    return [Fraction(one, 10**digits.places) for one in units]


def _holds(connection: duckdb.DuckDBPyConnection, made: Sequence[Expr], binder: Binder) -> list[tuple[bool, ...]]:
    """Whether expressions are TRUE, over each row of the table."""
    tests = [exp.Is(this=exp.Paren(this=one), expression=TRUE.copy()) for one in made]
    query = exp.select(*tests).from_("t").sql(dialect="duckdb")
    return connection.execute(query, list(binder.values)).fetchall()


def _units(kind: str, rng: Random) -> list[int]:
    """The ends, small values, and one of any size."""
    least, greatest = KINDS[kind]
    size = 10 ** rng.randint(1, 38)
    return [least, greatest, 0, 1, max(least, -1), max(least, min(greatest, rng.randint(-size, size)))]


@pytest.mark.parametrize("kind", KINDS)
def test_any_number_compares_with_any_value_of_a_type(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    values = _table(connection, kind, _units(kind, Random(7)))
    binder = Binder()
    asked = [(name, operand) for operand in OPERANDS for name in OPERATORS]
    made = [compared(X, digits_of(kind), name, operand, binder) for name, operand in asked]
    found = _holds(connection, made, binder)
    assert len(found) == len(values) + 1
    for place, (name, operand) in enumerate(asked):
        expected = [OPERATORS[name](value, Fraction(operand)) for value in values]
        assert [row[place] for row in found] == [*expected, False], (name, operand)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "DECIMAL(38,38)"])
def test_a_list_keeps_what_the_type_can_equal(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    digits = digits_of(kind)
    assert digits is not None
    values = _table(connection, kind, _units(kind, Random(8)))
    binder = Binder()
    kept = held(digits, OPERANDS)
    made = one_of(X.copy(), digits, [binder.bind(one) for one in kept])
    wanted = [Fraction(one) for one in OPERANDS]
    assert _holds(connection, [made], binder) == [*((value in wanted,) for value in values), (False,)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "UHUGEINT"])
def test_an_average_is_compared_without_being_computed(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    each = digits_of(kind)
    assert each is not None
    least, greatest = KINDS[kind]
    for units in ([greatest], [greatest, least, 0], [1, 1, 0], [least // 3, 1, 1, 0]):
        values = _table(connection, kind, units)
        average = sum(values, Fraction(0)) / len(values)
        near = [average, average + Fraction(1, 10**19), average - Fraction(1, 10**30)]
        operands = [*OPERANDS, *(one for one in map(_written, near) if one is not None)]
        asked = [(name, operand) for operand in operands for name in OPERATORS]
        binder, counted = Binder(), Average(call("count", X), each)
        made = [averaged(call("sum", X), each.summed, counted, name, operand, binder) for name, operand in asked]
        [found] = _holds(connection, made, binder)
        for (name, operand), one in zip(asked, found, strict=True):
            assert one is OPERATORS[name](average, Fraction(operand)), (name, operand, units)


def _written(value: Fraction) -> Decimal | None:
    """A fraction as a document may write it; None when it has more digits than one may."""
    for places in range(39):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = tuple(map(int, str(abs(scaled.numerator))))
            fits = len(digits) <= 38 and abs(value) < 10**28
            return Decimal((int(scaled < 0), digits, -places)) if fits else None
    return None


def test_two_columns_are_compared_in_a_type_that_loses_nothing() -> None:
    types = {
        ("DECIMAL(12,2)", "DECIMAL(38,8)"): None,
        ("BIGINT", "HUGEINT"): None,
        ("BIGINT", "DECIMAL(9,2)"): None,
        ("DECIMAL(38,2)", "DECIMAL(12,4)"): "DECIMAL(38, 4)",
        ("HUGEINT", "DECIMAL(9,2)"): "DECIMAL(38, 2)",
        ("UHUGEINT", "BIGINT"): "HUGEINT",
        ("UHUGEINT", "UHUGEINT"): None,
        ("VARCHAR", "BIGINT"): None,
    }
    for (left, right), wanted in types.items():
        assert one_type(digits_of(left), digits_of(right)) == wanted, (left, right)
        assert one_type(digits_of(right), digits_of(left)) == wanted, (right, left)
