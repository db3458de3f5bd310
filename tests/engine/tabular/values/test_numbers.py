"""Numbers with signs, groups and brackets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from engine.tabular.values.numbers import value, written

CONNECTION = duckdb.connect()
MONEY = "DECIMAL(18,4)"


def read(text: str, to: str, decimal: str | None, sign: str | None = None, *, dressed: bool = True) -> Any:
    made = value("v", "nullif(trim(v), '')", to, decimal, sign, dressed=dressed)
    return (CONNECTION.execute(f"SELECT {made} FROM (SELECT ?::VARCHAR AS v)", [text]).fetchone() or [None])[0]


@pytest.mark.parametrize(
    ("text", "decimal", "sign", "wanted"),
    [
        ("R$ 1.234,56", ",", "R$", "1234.56"),
        ("r$1.234,56", ",", "R$", "1234.56"),
        ("-R$ 10", ",", "R$", "-10"),
        ("R$ -10", ",", "R$", "-10"),
        ("(R$ 10)", ",", "R$", "-10"),
        ("R$ (10)", ",", "R$", "-10"),
        ("10,50 EUR", ",", "EUR", "10.5"),
        ("$1,234.56", ".", "$", "1234.56"),
        ("S/. 5.20", ".", "S/.", "5.2"),
        ("1 234,56", ",", None, "1234.56"),
        ("1\u202f234,56", ",", None, "1234.56"),
        ("1'234.50", ".", None, "1234.5"),
        ("(1.234,56)", ",", None, "-1234.56"),
        ("1.234,56-", ",", None, "-1234.56"),
        ("−5", ".", None, "-5"),
        ("12,5%", ",", "%", "0.125"),
        ("-3 %", ",", "%", "-0.03"),
        ("12.345%", ".", "%", None),
        ("US$ 10", ".", "R$", None),
        ("10%", ".", None, None),
        ("12,34,567", ".", None, None),
        ("1.2.3", ".", None, None),
        ("1.23,5", ",", None, None),
        ("--5", ".", None, None),
        ("(5", ".", None, None),
    ],
)
def test_dressed(text: str, decimal: str, sign: str | None, wanted: str | None) -> None:
    assert read(text, MONEY, decimal, sign) == (None if wanted is None else Decimal(wanted))


def test_dots_before_a_decimal_comma_stand_in_threes() -> None:
    for text in ("100.50", "19.90", "1.5", "1.2345"):
        assert read(text, MONEY, ",", dressed=False) is None
    assert read("1.234", "BIGINT", ",", dressed=False) == 1234
    assert read("1.234,5", "BIGINT", ",", dressed=False) is None


def test_a_percentage_as_a_float() -> None:
    assert read("12.345678%", "DOUBLE", ".", "%") == 0.12345678


@pytest.mark.parametrize(
    "text", ["0999", "9" * 16, "99E9", "+5599", "x9", "9/9", "99-99", "999 999 999", "999.999.999-99", ""]
)
def test_codes_are_no_numbers(text: str) -> None:
    assert written(text) is None
