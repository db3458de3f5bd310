"""What spreadsheets take for formulas is marked, and every text comes back."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.cells import plain_cell, safe_cell, safe_table

texts = st.one_of(st.text(max_size=6), st.text(alphabet="'=+-@\t\r\n1.,a＝", max_size=6))


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "-", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "＝1"]
)
def test_formulas_begin_with_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1", "-5", "+5511987654321", "-1.234,50", "Ana", "a=1", "'", "'a", " =1"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert safe_cell(text) == text == plain_cell(text)


@given(st.lists(texts, max_size=20, unique=True))
def test_every_text_comes_back_also_from_a_table(some: list[str]) -> None:
    table = safe_table(pa.table({"n": list(range(len(some))), "key": pa.array(some, pa.string())}))
    assert table.column("key").to_pylist() == [safe_cell(one) for one in some]
    assert [plain_cell(one) for one in table.column("key").to_pylist()] == some
