"""The search for the column that made a conversion fail: what it runs passes the gate, and what it cannot read ends in
the plain sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from engine.errors import EngineError
from engine.warehouses import misfits
from engine.warehouses.files import DuckDBFile


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDBFile]:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE TABLE users AS FROM (VALUES ('1'), ('Ana Souza')) v(email)")
    found = DuckDBFile("duckdb:w", tmp_path / "w.duckdb")
    yield found
    found.close()


@pytest.mark.parametrize("kind", ["VARINT", "BIGNUM", "INTEGER", "DECIMAL(4, 1)", "INTEGER[]", "STRUCT(a INTEGER)"])
def test_a_type_that_only_duckdb_knows_still_gives_a_sentence(warehouse: DuckDBFile, kind: str) -> None:
    with pytest.raises(EngineError) as failed:
        warehouse.rows(f"SELECT email::{kind} FROM users")
    assert failed.value.code == "warehouse"
    assert "Ana" not in f"{failed.value.message}{failed.value.hint}{failed.value.place}"


def test_the_column_and_its_row_are_found(warehouse: DuckDBFile) -> None:
    with pytest.raises(EngineError, match='the column "email" of "users"') as failed:
        warehouse.rows("SELECT sum(email::INTEGER) FROM users")
    assert failed.value.place == "1 row, the first is row 2"


def test_what_the_search_would_run_passes_the_gate(warehouse: DuckDBFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were sqlglot to read a function in a text where DuckDB reads none, the search would not call it."""
    ran: list[str] = []
    real = misfits._single

    def noted(cursor: duckdb.DuckDBPyConnection, query: exp.Expression) -> Any:
        ran.append(query.sql(dialect="duckdb"))
        return real(cursor, query)

    monkeypatch.setattr(misfits, "_single", noted)
    harmful = sqlglot.parse_one("SELECT email::INTEGER FROM (SELECT error('called') AS email) AS u", dialect="duckdb")
    cursor = warehouse.scratch().cursor
    with pytest.raises(duckdb.Error) as error:
        cursor.execute("SELECT 'x'::INTEGER")
    assert isinstance(harmful, exp.Select)
    assert misfits._found(cursor, harmful, error.value, None) is None
    assert ran
    with pytest.raises(EngineError, match="calls error"):
        real(cursor, harmful)
