"""Lists of numbers mean each number exactly, whatever the others are and whatever the column's type holds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pytest
from sqlglot import exp

from engine.domain.operators import Among
from engine.domain.values import Scalar, ValueType
from engine.sql.build import Binder, cast, column, render
from engine.sql.columns import Value
from engine.sql.numbers import digits_of
from engine.sql.predicates import Moment, predicate

HUGE: list[Scalar] = [10**20, Decimal("-2.57"), Decimal("0.123456789012345678"), 12345678901, Decimal(10) ** 27]
PADDING: list[Scalar] = [1000 + i for i in range(250)]


@pytest.mark.parametrize("kind", ["DECIMAL(38, 8)", "DECIMAL(18, 2)", "BIGINT", "DECIMAL(38, 18)"])
@pytest.mark.parametrize("name", ["in", "not_in"])
@pytest.mark.parametrize("padding", [PADDING, PADDING[:2]], ids=["long", "short"])
def test_lists_of_numbers_are_exact(kind: str, name: str, padding: list[Scalar]) -> None:
    binder = Binder()
    at = Moment(binder, datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
    value = Value(ValueType.DECIMAL, cast(column("x", "t"), kind), digits=digits_of(kind.replace(" ", "")))
    operator = Among("in" if name == "in" else "not_in", (*padding, *HUGE))
    query = exp.select(column("x", "t"), predicate(value, operator, at)).from_("t")
    statement = render(query, binder)
    given = ["-2.57", "-2.58", "-2.6", "1000", "999", "0.12", "12345678901"]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest($1) AS x", [given])
        rows = connection.execute(statement.sql, list(statement.parameters)).fetchall()
        kept = dict(connection.execute(f"SELECT x, CAST(CAST(x AS {kind}) AS VARCHAR) FROM t").fetchall())
    assert sorted(text for text, _ in rows) == sorted(given)
    for text, holds in rows:
        among = Decimal(kept[text]) in [Decimal(str(one)) for one in operator.values]
        assert bool(holds) is (among if name == "in" else not among), text
