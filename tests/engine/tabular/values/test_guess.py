"""One column is read in one way: what its texts look like, decided by all of them, and told where they leave room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from engine.tabular.values.candidates import Asked
from engine.tabular.values.guess import Reading
from engine.tabular.values.looking import read

CASES: list[tuple[Sequence[str | None], str, str | None]] = [
    (["1", "2", "-3"], "BIGINT", None),
    (["01", "2"], "VARCHAR", None),
    (["1.5", "2"], "DECIMAL(18,4)", "."),
    (["1,5", "2.000,25", "7"], "DECIMAL(18,4)", ","),
    (["1.234", "12.5"], "DECIMAL(18,4)", "."),
    (["1.234", "0.5"], "DECIMAL(18,4)", "."),
    (["1.234", "1.234.567"], "BIGINT", ","),
    (["1,234.50", "7"], "DECIMAL(18,4)", "."),
    (["12,34,567"], "VARCHAR", None),
    (["1.234,56", "12.50"], "VARCHAR", None),
    (["sim", "não"], "BOOLEAN", None),
    (["S", "N"], "BOOLEAN", None),
    (["V", "F"], "BOOLEAN", None),
    (["S"], "VARCHAR", None),
    (["F", "M"], "VARCHAR", None),
    (["TRUE", "1", "0"], "BOOLEAN", None),
    (["1", "0"], "BIGINT", None),
    (["2026-01-01", None], "DATE", None),
    (["2026-01-01", "2026-01-01 10:00:00"], "TIMESTAMP", None),
    (["2026-01-01", "2026-01-01T10:00:00Z"], "TIMESTAMP WITH TIME ZONE", None),
    (["13/01/2026", "01/02/2026"], "DATE", "%d/%m/%Y"),
    (["01/13/2026", "01/02/2026"], "DATE", "%m/%d/%Y"),
    (["01/01/2026"], "DATE", "%d/%m/%Y"),
    (["25/12/85", "13/01/99"], "DATE", "%d/%m/%y"),
    (["85-12-25"], "DATE", "%y-%m-%d"),
    (["25.12.2026"], "DATE", "%d.%m.%Y"),
    (["2026/12/25"], "DATE", "%Y/%m/%d"),
    (["25/12/2026 14:30", "01/02/2026 10:00:15"], "TIMESTAMP", "%d/%m/%Y %H:%M:%S"),
    (["12/25/2026 2:30 PM"], "TIMESTAMP", "%m/%d/%Y %I:%M:%S %p"),
    (["25-dez-2026", "1-mar-2026"], "DATE", "%d-%b-%Y"),
    (["25 de dezembro de 2026"], "DATE", "%d de %b de %Y"),
    (["45/80/1234"], "VARCHAR", None),
    (["20261225"], "BIGINT", None),
    (["1"] * 500 + ["x"], "VARCHAR", None),
    (["1.5"] * 500 + ["x"], "DECIMAL(18,4)", "."),
    (["9" * 20, "1"], "VARCHAR", None),
    (["1234567890123456"], "VARCHAR", None),
    (["12E3", "4"], "VARCHAR", None),
    (["1.5e-05", "2"], "DOUBLE", "."),
    (["-23.550520", "-46.633308"], "DOUBLE", "."),
    (["17850.0", "12.0"], "BIGINT", "."),
    (["17850.0", "12.5"], "DECIMAL(18,4)", "."),
    (["17850.00"], "DECIMAL(18,4)", "."),
    (["1\u00a0234,56"], "DECIMAL(18,4)", ","),
    (["(1.234,56)", "5,10"], "DECIMAL(18,4)", ","),
    (["1.234,56-"], "DECIMAL(18,4)", ","),
    (["R$ 1.234,56", "R$ 10"], "DECIMAL(18,4)", "R$"),
    (["10,50 EUR"], "DECIMAL(18,4)", "EUR"),
    (["R$ 10", "US$ 5"], "VARCHAR", None),
    (["12,5%", "3%"], "DECIMAL(18,4)", "%"),
    (["12%", "3"], "VARCHAR", None),
    (["NaN", "1.5"], "DECIMAL(18,4)", "."),
    (["612 345 678"], "VARCHAR", None),
    (["+5511987654321"], "VARCHAR", None),
    ([None, None], "VARCHAR", None),
]


def looked(values: Sequence[str | None], asked: Asked, *, everything: bool = False) -> Reading:
    """How a column with these texts is read."""
    with duckdb.connect() as made:
        made.execute("CREATE TABLE t (v VARCHAR)")
        made.execute("INSERT INTO t SELECT unnest(?::VARCHAR[])", [list(values)])
        return read(made, "t", {"v": "v"}, {"v": asked}, everything=everything)[0]["v"]


@pytest.mark.parametrize(("values", "kind", "way"), CASES)
def test_columns_look_like(values: Sequence[str | None], kind: str, way: str | None) -> None:
    found = looked(values, Asked("v"))
    assert (found.way.type, found.way.format or found.way.decimal, found.others) == (kind, way, ())


def others(found: Reading) -> list[tuple[Any, ...]]:
    """The ways of a reading."""
    return [(one.type, one.format, one.decimal) for one in (found.way, *found.others)]


def test_two_meanings_are_both_told() -> None:
    whole, decimal = ("BIGINT", None, ","), ("DECIMAL(18,4)", None, ".")
    assert others(looked(["1.234", "12.345", "999.999"], Asked("v"))) == [decimal, whole]
    assert others(looked(["1,234", "5,678"], Asked("v"))) == [("BIGINT", None, "."), ("DECIMAL(18,4)", None, ",")]
    days = [("DATE", "%d/%m/%Y", None), ("DATE", "%m/%d/%Y", None)]
    assert others(looked(["01/02/2026", "03/04/2026"], Asked("v"))) == days
    years = [("DATE", f"%{one[0]}-%{one[1]}-%{one[2]}", None) for one in ("dmy", "mdy", "ymd")]
    assert others(looked(["01-02-03"], Asked("v"))) == years


def test_a_separator_that_says_both_is_no_evidence() -> None:
    assert len(looked(["1.234"] * 995 + ["12,50"] * 3 + ["12.50"] * 2, Asked("v")).others) == 1
    assert looked(["1.234"] * 995 + ["12,50"] * 4, Asked("v")).way.decimal == ","


def test_what_a_document_says_counts() -> None:
    assert looked(["1.234"], Asked("v", decimal=",")).way.type == "BIGINT"
    assert looked(["100.50", "19.90"], Asked("v", decimal=",")) == Reading(
        looked(["x"], Asked("v")).way, (), ("other_decimal",)
    )
    assert others(looked(["1.234"], Asked("v", "BIGINT"))) == [("BIGINT", None, ",")], "1.234 is no whole number"
    assert len(others(looked(["1.000"], Asked("v", "BIGINT")))) == 2, "1 or a thousand"
    assert looked(["20261225"], Asked("v", "DATE")).way.format == "%Y%m%d"
    assert looked(["20261225"], Asked("data_nasc")).way.format == "%Y%m%d"
    assert looked(["2026-01-01T10:00:00-03:00"], Asked("v", "TIMESTAMP")).notes == ("offsets",)
    assert looked(["1"], Asked("v", "VARCHAR")).way.type == "VARCHAR"


def test_other_columns_decide() -> None:
    with duckdb.connect() as made:
        made.execute("CREATE TABLE t AS SELECT '1.234' AS a, '12,50' AS b, '01/02/2026' AS c, '12/25/2026' AS d")
        asked = {one: Asked(one) for one in "abcd"}
        found, partial = read(made, "t", {one: one for one in "abcd"}, asked, everything=False)
    assert not partial
    assert (found["a"].way.type, found["a"].others, found["a"].notes) == ("BIGINT", (), ("decimal_by_others",))
    assert (found["c"].way.format, found["c"].others, found["c"].notes) == ("%m/%d/%Y", (), ("order_by_others",))


def test_what_programs_wrote_decides_nothing() -> None:
    with duckdb.connect() as made:
        made.execute("CREATE TABLE t AS SELECT '1.234' AS a, '9.0' AS b, '01/02/2026' AS c, '25-Sep-2026' AS d")
        found, _ = read(made, "t", {one: one for one in "abcd"}, {one: Asked(one) for one in "abcd"}, everything=False)
    assert len(found["a"].others) == 1
    assert len(found["c"].others) == 1


def test_reasons_for_text_are_told() -> None:
    assert looked(["R$ 10", "US$ 5"], Asked("v")).notes == ("two_signs",)
    assert looked(["1.234,56", "12.50"], Asked("v")).notes == ("two_decimals",)
    assert looked(["Ana", "10"], Asked("v")).notes == ()
