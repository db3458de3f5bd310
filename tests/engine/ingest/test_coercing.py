"""A value becomes what it says, or is told apart: nothing is rounded, no code loses its zeros, no date is guessed at."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.ingest import Dialect
from engine.domain.values import ValueType
from engine.ingest.coercing import Guess, coerced, looked_at, meant

CONNECTION = duckdb.connect()


def became(value: str, to: str, dialect: Dialect | None = None, pattern: str | None = None) -> Any:
    """What a text becomes, or "bad"."""
    one = coerced("x", meant("v", dialect or Dialect()), to, dialect or Dialect(), pattern)
    sql = f"SELECT {one.value}, {one.misfit()} FROM (SELECT ?::VARCHAR AS v)"
    found, misfit = CONNECTION.execute(sql, [value]).fetchone() or (None, None)
    return "bad" if misfit else found


@given(st.integers(-(2**63), 2**63 - 1))
@settings(max_examples=60)
def test_whole_numbers(value: int) -> None:
    assert became(str(value), "BIGINT") == value
    assert became(f" {value} ", "BIGINT") == value
    assert became(f"{value}.5", "BIGINT") == "bad"


@given(st.decimals(-(10**13), 10**13, places=4))
@settings(max_examples=60)
def test_decimals_with_either_separator(value: Decimal) -> None:
    assert became(str(value), "DECIMAL(18,4)") == value
    text = f"{value:,.4f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    assert became(text, "DECIMAL(18,4)", Dialect(decimal=",")) == value
    assert became(f"{value}1", "DECIMAL(18,4)") == "bad", "a fifth digit would be rounded away"


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
@settings(max_examples=60)
def test_dates(value: date) -> None:
    assert became(value.isoformat(), "DATE") == value
    assert became(value.strftime("%d/%m/%Y"), "DATE", pattern="%d/%m/%Y") == value


@pytest.mark.parametrize(
    ("value", "to", "wanted"),
    [
        ("31/02/2026", "DATE", "bad"),
        ("2026-02-30", "DATE", "bad"),
        ("", "BIGINT", None),
        ("  ", "DATE", None),
        ("9223372036854775808", "BIGINT", "bad"),
        ("NaN", "DOUBLE", "bad"),
        ("inf", "DOUBLE", "bad"),
        ("Sí", "BOOLEAN", True),
        ("NÃO", "BOOLEAN", False),
        ("maybe", "BOOLEAN", "bad"),
        ("  x ", "VARCHAR", "  x "),
    ],
)
def test_at_the_edge(value: str, to: str, wanted: Any) -> None:
    assert became(value, to) == wanted


def test_texts_that_mean_nothing() -> None:
    dialect = Dialect(nulls=("NULL", "-"))
    assert became("NULL", "BIGINT", dialect) is None
    assert became(" - ", "VARCHAR", dialect) is None
    assert became("5", "BIGINT", dialect) == 5


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["1", "2", "-3"], Guess(ValueType.INTEGER)),
        (["01", "2"], Guess(ValueType.STRING)),
        (["1.5", "2"], Guess(ValueType.DECIMAL)),
        (["1,5", "2.000,25", "7"], Guess(ValueType.DECIMAL, decimal=",")),
        (["1,234", "5,678"], Guess(ValueType.DECIMAL, decimal=",", two_numbers=True)),
        (["sim", "não"], Guess(ValueType.BOOLEAN)),
        (["2026-01-01", None], Guess(ValueType.DATE)),
        (["2026-01-01", "2026-01-01T10:00:00Z"], Guess(ValueType.TIMESTAMP)),
        (["13/01/2026", "01/02/2026"], Guess(ValueType.DATE, "%d/%m/%Y")),
        (["01/13/2026", "01/02/2026"], Guess(ValueType.DATE, "%m/%d/%Y")),
        (["01/02/2026", "03/04/2026"], Guess(ValueType.DATE, "%d/%m/%Y", two_dates=True)),
        (["1"] * 500 + ["x"], Guess(ValueType.STRING)),
        (["1.5"] * 500 + ["x"], Guess(ValueType.DECIMAL)),
        (["9" * 20, "1"], Guess(ValueType.STRING)),
        ([None, None], Guess(ValueType.STRING)),
    ],
)
def test_what_values_look_like(values: list[str | None], wanted: Guess) -> None:
    with duckdb.connect() as made:
        made.execute("CREATE TABLE t (v VARCHAR)")
        made.executemany("INSERT INTO t VALUES (?)", [(one,) for one in values])
        assert looked_at(made, "t", {"v": "v"})["v"] == wanted
