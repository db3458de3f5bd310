"""What the edges of columns tell is what a scan of every row tells, whatever was deleted or changed since."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.quality.contracts import Check
from engine.quality.measuring import Measured, Table, measured

NOW = datetime(2026, 11, 26, tzinfo=UTC)
COLUMNS = {"n": "DOUBLE", "i": "BIGINT", "t": "VARCHAR", "d": "DATE"}
CHECKS = [
    Check("n", "x", "range", ("n",), arguments={"minimum": -1, "maximum": 2.5}),
    Check("n open", "x", "range", ("N",), arguments={"exclusiveMinimum": 0, "exclusiveMaximum": 9}),
    Check("day", "x", "range", ("d",), arguments={"minimum": "2026-01-02"}),
    Check("text", "x", "range", ("t",), arguments={"maximum": "m"}),
    Check("there", "x", "required", ("n",)),
    Check("once", "x", "unique", ("i",)),
    Check("whole", "x", "type", ("i",), arguments={"type": "integer"}),
    Check("yes or no", "x", "type", ("i",), arguments={"type": "boolean"}),
    Check("one of", "x", "values", ("i",), arguments={"values": [1, 2, 3]}),
    Check("short", "x", "length", ("t",), arguments={"maxLength": 2}),
    Check("new", "x", "freshness", ("d",), arguments={"seconds": 1, "text": "1 s"}),
]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, -2.0, -1.0, 0.0, 1.0, 2.5, 9.0, math.nan, math.inf]),
        st.sampled_from([None, 1, 2, 3, 4, 10**12]),
        st.sampled_from([None, "", "é", "ana", "zoe", "\U0001f600ab"]),
        st.sampled_from([None, "2026-01-01", "2026-01-02", "2026-03-01"]),
    ),
    max_size=10,
)
Row = tuple[Any, ...]


def by_hand(rows: Sequence[Row]) -> dict[str, Any]:
    """A plain loop. A number that is none is above every other, as DuckDB has it."""
    n, i, t, d = ([row[place] for row in rows if row[place] is not None] for place in range(4))
    over = [one for one in n if math.isnan(one) or one > 2.5]
    newest = max(d, default=None)
    age = None if newest is None else (NOW - datetime.fromisoformat(newest).replace(tzinfo=UTC)).total_seconds()
    return {
        "n": len(over) + sum(one < -1 for one in n),
        "n open": sum(one <= 0 or one >= 9 or math.isnan(one) for one in n),
        "day": d.count("2026-01-01"),
        "text": sum(one.encode() > b"m" for one in t),
        "there": len(rows) - len(n),
        "once": len(i) - len(set(i)),
        "whole": 0,
        "yes or no": len(i),
        "one of": sum(one not in (1, 2, 3) for one in i),
        "short": t.count("ana") + t.count("zoe") + t.count("\U0001f600ab"),
        "new": age,
    }


def measure(connection: Any) -> Measured:
    return measured(CHECKS, Table('"x"', COLUMNS, lambda sql: connection.execute(sql).fetchall()), NOW)


@given(ROWS, ROWS)
@settings(deadline=None, max_examples=60)
def test_edges_are_those_of_the_rows_there_are(rows: list[Row], gone: list[Row]) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE x (n DOUBLE, i BIGINT, t VARCHAR, d DATE, gone BOOLEAN)")
        for row, is_gone in [*((one, False) for one in rows), *((one, True) for one in gone)]:
            connection.execute("INSERT INTO x VALUES (?, ?, ?, ?, ?)", [*row, is_gone])
        connection.execute("CHECKPOINT")
        connection.execute("DELETE FROM x WHERE gone")
        found = measure(connection)
    assert (found.rows, found.wrong, found.values) == (len(rows), {}, by_hand(rows))


def test_a_file_that_was_changed_and_opened_again(tmp_path: Path) -> None:
    rows: list[Row] = [(float(number % 3), number % 4, "ab", "2026-01-02") for number in range(5_000)]
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE x (n DOUBLE, i BIGINT, t VARCHAR, d DATE)")
        connection.execute("INSERT INTO x SELECT i % 3, i % 4, 'ab', DATE '2026-01-02' FROM range(5000) AS r(i)")
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        assert measure(connection).values == by_hand(rows)
        connection.execute("UPDATE x SET n = 7, i = 4 WHERE n = 1")
    changed = [(7.0, 4, *row[2:]) if row[0] == 1 else row for row in rows]
    with duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True) as connection:
        assert measure(connection).values == by_hand(changed)


@pytest.mark.parametrize("relation", ["(SELECT * FROM x WHERE n < 2)", "(SELECT n, i, t, d FROM x UNION ALL FROM x)"])
def test_what_is_no_table_is_scanned(relation: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE x (n DOUBLE, i BIGINT, t VARCHAR, d DATE)")
        connection.execute("INSERT INTO x VALUES (1, 1, 'a', '2026-01-01'), (3, 1, 'b', NULL)")
        rows = connection.execute(f"SELECT n, i, t, d::VARCHAR FROM {relation}").fetchall()
        found = measured(CHECKS, Table(relation, COLUMNS, lambda sql: connection.execute(sql).fetchall()), NOW)
    assert found.values == by_hand(rows)


def test_a_reference_counts_the_values_that_are_nowhere() -> None:
    """A missing value refers to nothing, so it is not counted."""
    check = Check("goes to", "x", "reference", ("i",), arguments={"table": "main.other", "column": "k"})
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE other AS SELECT unnest([1, 2, NULL]) AS k")
        connection.execute("CREATE TABLE x AS SELECT unnest([1, 1, 2, 3, 3, NULL]) AS i")
        table = Table('"x"', {"i": "INTEGER"}, lambda sql: connection.execute(sql).fetchall())
        assert measured([check], table, NOW).values == {"goes to": 2}
        connection.execute("DELETE FROM x WHERE i = 3")
        assert measured([check], table, NOW).values == {"goes to": 0}


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT count(*) FROM {table}", 2.0),
        ("SELECT sum(i) / 4 FROM ${object}", 0.75),
        ("SELECT count({column}) FROM {table}", 2.0),
        ("SELECT i FROM {table}", None),
        ("SELECT 1, 2", None),
        ("SELECT 1, 2 UNION ALL SELECT 3, 4", None),
        ("SELECT 1 WHERE false", None),
        ("SELECT 'x'", None),
        ("SELECT 1.5::DECIMAL(9, 2);", 1.5),
    ],
)
def test_a_query_of_ones_own_gives_one_number(query: str, value: float | None) -> None:
    check = Check("own", "x", "sql", ("i",), arguments={"query": query})
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE x AS SELECT unnest([1, 2]) AS i")
        table = Table('"x"', {"i": "INTEGER"}, lambda sql: connection.execute(sql).fetchall())
        assert measured([check], table, NOW).values == {"own": value}
