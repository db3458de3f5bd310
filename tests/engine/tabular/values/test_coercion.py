"""A value becomes what it says, or is told apart: nothing is rounded, no code loses its zeros, no date is guessed at."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.values import ValueType
from engine.tabular.values.coercion import Way, coerced, sql_type, type_of

CONNECTION = duckdb.connect()
CONNECTION.execute("SET timezone = 'UTC'")


def became(value: str, way: Way) -> Any:
    """What a text becomes, or "bad"."""
    one = coerced("x", "v", way)
    sql = f"SELECT {one.value}, {one.misfit()} FROM (SELECT ?::VARCHAR AS v)"
    found, misfit = CONNECTION.execute(sql, [value]).fetchone() or (None, None)
    return "bad" if misfit else found


@given(st.integers(-(2**63), 2**63 - 1))
@settings(max_examples=40)
def test_whole_numbers(value: int) -> None:
    assert became(str(value), Way("BIGINT")) == value
    assert became(f" {value} ", Way("BIGINT")) == value
    assert became(f"{value}.5", Way("BIGINT", decimal=".")) == "bad"
    assert became(f"{value}.0", Way("BIGINT", decimal=".")) == value
    assert became(f"{value}.0", Way("BIGINT")) == "bad", "without a separator 1.000 may be a thousand"


@given(st.decimals(-(10**13), 10**13, places=4))
@settings(max_examples=40)
def test_decimals_with_either_separator(value: Decimal) -> None:
    assert became(str(value), Way("DECIMAL(18,4)", decimal=".")) == value
    text = f"{value:,.4f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    assert became(text, Way("DECIMAL(18,4)", decimal=",")) == value
    assert became(f"R$ {text}", Way("DECIMAL(18,4)", "R$", ",", dressed=True)) == value
    assert became(f"{value:,.4f}", Way("DECIMAL(18,4)", decimal=".", dressed=True)) == value
    assert became(f"{value}1", Way("DECIMAL(18,4)", decimal=".")) == "bad", "a fifth digit would be rounded away"


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
@settings(max_examples=40)
def test_dates(value: date) -> None:
    assert became(value.isoformat(), Way("DATE")) == value
    assert became(value.strftime("%d/%m/%Y"), Way("DATE", "%d/%m/%Y")) == value


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
        ("infinity", "DATE", "bad"),
        ("epoch", "DATE", "bad"),
        ("1_000", "BIGINT", "bad"),
        ("0x10", "BIGINT", "bad"),
        ("1e3", "BIGINT", "bad"),
        ("Sí", "BOOLEAN", True),
        ("NÃO", "BOOLEAN", False),
        ("v", "BOOLEAN", True),
        ("maybe", "BOOLEAN", "bad"),
        ("  x ", "VARCHAR", "  x "),
        ("85-01-01", "DATE", "bad"),
        ("0001-01-01", "DATE", date(1, 1, 1)),
        ("10:30:00", "TIME", datetime(2026, 1, 1, 10, 30).time()),
    ],
)
def test_at_the_edge(value: str, to: str, wanted: Any) -> None:
    assert became(value, Way(to)) == wanted


def test_words_for_nothing() -> None:
    assert became("N/A", Way("BIGINT", nothing=("n/a",))) is None
    assert became("5", Way("BIGINT", nothing=("n/a",))) == 5


def test_offsets_count_in_every_type() -> None:
    assert became("2026-01-01T10:00:00-03:00", Way("TIMESTAMP")) == datetime(2026, 1, 1, 13)
    for text in (
        "2026-01-01T10:00:00-03:00",
        "2026-01-01 10:00:00 -0300",
        "2026-01-01T10:00-03",
        "2026-01-01T13:00:00 UTC",
    ):
        assert became(text, Way("TIMESTAMP WITH TIME ZONE")) == datetime(2026, 1, 1, 13, tzinfo=UTC), text


def test_types_of_documents() -> None:
    for kind in ValueType:
        if kind in (ValueType.STRING, ValueType.INTEGER, ValueType.DECIMAL, ValueType.TIMESTAMP):
            assert type_of(sql_type(kind)) == kind
    assert type_of("TIMESTAMP WITH TIME ZONE") == ValueType.TIMESTAMP
    assert type_of("BLOB") is None
