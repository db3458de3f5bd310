"""All rows of a file decide how a column is read, however far down the telling one stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from engine.tabular.values import looking, shapes
from engine.tabular.values.candidates import Asked
from engine.tabular.values.looking import LOOKED_AT, decided, doubted, read


@pytest.fixture
def connection() -> Iterator[Any]:
    with duckdb.connect() as made:
        yield made


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows are 50 here."""
    monkeypatch.setattr(shapes, "SAMPLE", 50)


def file(connection: Any, first: str, last: str) -> None:
    connection.execute(
        f"CREATE TABLE t AS SELECT CASE WHEN i < 199 THEN '{first}' ELSE '{last}' END AS v FROM range(200) x(i)"
    )


@pytest.mark.parametrize(
    ("first", "last", "kind", "way"),
    [
        ("01/02/2026", "12/25/2026", "DATE", "%m/%d/%Y"),
        ("1.234", "12,50", "DECIMAL(18,4)", ","),
        ("1.234", "12.50", "DECIMAL(18,4)", "."),
        ("S", "N", "BOOLEAN", None),
        ("", "7", "BIGINT", None),
    ],
)
def test_the_last_row_decides_a_doubt(connection: Any, first: str, last: str, kind: str, way: str | None) -> None:
    file(connection, first, last)
    found, partial = read(connection, "t", {"v": "v"}, {"v": Asked("v")}, everything=False)
    one = found["v"]
    assert (one.way.type, one.way.format or one.way.decimal, one.others, partial) == (kind, way, (), False)


@pytest.mark.parametrize(
    ("last", "kind"), [("1.5", "DECIMAL(18,4)"), ("007", "VARCHAR"), ("x", "VARCHAR"), ("8", "BIGINT")]
)
def test_the_first_rows_say_that_they_are_not_all(connection: Any, last: str, kind: str) -> None:
    file(connection, "7", last)
    found, partial = read(connection, "t", {"v": "v"}, {"v": Asked("v")}, everything=False)
    assert (found["v"].way.type, partial) == ("BIGINT", True)
    found, partial = read(connection, "t", {"v": "v"}, {"v": Asked("v")}, everything=True)
    assert (found["v"].way.type, partial) == (kind, False)


def test_nothing_is_left_behind(connection: Any) -> None:
    file(connection, "1", "2")
    read(connection, "t", {"v": "v"}, {"v": Asked("v")}, everything=True)
    assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [LOOKED_AT]).fetchone() == (
        0,
    )
    assert read(connection, "t", {"v": "v"}, {"v": Asked("v", "VARCHAR")}, everything=True)[1] is False


def test_an_answer_settles_it(connection: Any) -> None:
    file(connection, "1.234", "2.345")
    found, _ = read(connection, "t", {"v": "v"}, {"v": Asked("v")}, everything=False)
    assert doubted(found) == ["v"]
    assert decided(found["v"], ",").way.type == "BIGINT"
    assert decided(found["v"], ".").way.type == "DECIMAL(18,4)"


def test_fewer_rows_of_wide_files() -> None:
    assert looking.sample_rows(10) == shapes.SAMPLE
    assert looking.sample_rows(1_000_000) == 50
