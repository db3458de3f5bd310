"""A column has one type for good, and nothing is lost on the way into it; small files become a large one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.ingest import exact
from engine.ingest.messages import Row
from engine.ingest.parts import MOST_COLUMNS, Table, catalog, merged, written

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


def put(folder: Path, table: Table, number: int, *values: dict[str, Any], name: str = "bought") -> None:
    common = {"ts": AT, "received_at": AT, "user_id": "u"}
    written(folder, table, name, number, [Row(name, {**common, **one}) for one in values])


def read(folder: Path, tables: dict[str, Table], sql: str) -> list[tuple[Any, ...]]:
    catalog(folder, "catalog.duckdb", tables)
    with duckdb.connect(str(folder / "catalog.duckdb"), read_only=True) as found:
        return found.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("first", "kind", "fits", "does_not"),
    [
        (1, "BIGINT", [2.0, -5], ["7", True, 2**64]),
        (1, "DOUBLE", [2.5, 3], ["7", True]),
        (1.5, "DOUBLE", [2, 1e300], ["7", True, 2**60 + 1]),
        (True, "BOOLEAN", [False], [1, "true"]),
        ("x", "VARCHAR", ["y", 5, True], []),
        ("2026-01-31T10:00:00Z", "TIMESTAMP", ["2026-01-31T10:00:00.5-03:00"], ["soon", 5]),
        (2**70, "DOUBLE", [1], []),
        (1.5, "DOUBLE", [2], [Decimal("12345678901234.5678")]),
        (Decimal("0.12345678901234567890"), "DOUBLE", [0.5], []),
        (Decimal("9007199254740993.0"), "BIGINT", [1], [Decimal("0.12345678901234567890")]),
        ("x", "VARCHAR", [Decimal("0.12345678901234567890")], []),
        ("2026-13-31T10:00:00Z", "VARCHAR", ["x"], []),
    ],
)
def test_the_first_value_says_the_type_and_others_fit_or_go_to_the_rest(
    tmp_path: Path, first: Any, kind: str, fits: list[Any], does_not: list[Any]
) -> None:
    table = Table.new("bought")
    put(tmp_path, table, 1, {"what": first})
    put(tmp_path, table, 2, *({"what": one} for one in fits), *({"what": one} for one in does_not))
    assert table.columns["what"] == kind
    rows = read(tmp_path, {"bought": table}, "SELECT what, rest FROM bought")
    assert sum(what is not None for what, _ in rows) >= len(fits)
    itself = [first] if first in (2**70, Decimal("0.12345678901234567890")) else []  # more digits than a DOUBLE has
    assert [exact.read(rest)["what"] for _, rest in rows if rest is not None] == itself + does_not


def test_whole_numbers_become_numbers_when_one_has_decimals_in_older_files_too(tmp_path: Path) -> None:
    table = Table.new("bought")
    put(tmp_path, table, 1, {"price": 12}, {"price": 7})
    put(tmp_path, table, 2, {"price": 5}, {"price": 0.25})
    assert table.columns["price"] == "DOUBLE"
    assert read(tmp_path, {"bought": table}, "SELECT sum(price), typeof(any_value(price)) FROM bought") == [
        (24.25, "DOUBLE")
    ]


def test_too_many_columns_are_the_rest_too(tmp_path: Path) -> None:
    table = Table.new("bought")
    put(tmp_path, table, 1, {f"c{number}": number for number in range(MOST_COLUMNS + 5)})
    assert len(table.columns) == MOST_COLUMNS
    ((rest,),) = read(tmp_path, {"bought": table}, "SELECT rest FROM bought")
    assert len(json.loads(rest)) == MOST_COLUMNS + 5 - (MOST_COLUMNS - len(Table.new("bought").columns))


def test_many_small_files_become_one_whatever_columns_they_have(tmp_path: Path) -> None:
    table = Table.new("bought")
    for number in range(1, 40):
        put(tmp_path, table, number, {f"c{number % 3}": number, "n": number})
        gone = merged(tmp_path, table, "bought", number)
        assert not gone or len(table.files) == 1 + 8, "the newest are left out"
    assert len(table.files) < 24
    assert table.rows == 39
    assert read(tmp_path, {"bought": table}, "SELECT count(*), sum(n), count(c1) FROM bought") == [(39, 780, 13)]
    assert Table.from_json(json.loads(json.dumps(table.as_json()))) == table


def test_users_have_the_newest_value_of_each_trait(tmp_path: Path) -> None:
    table = Table.new("identifies")
    put(tmp_path, table, 1, {"plan": "free", "ts": AT.replace(day=1), "city": "Rio"}, name="identifies")
    put(tmp_path, table, 2, {"plan": "pro"}, {"user_id": "v", "plan": "x"}, name="identifies")
    put(tmp_path, table, 3, {"context_ip": "10.0.0.1", "context_app_version": 2}, name="identifies")
    found = read(tmp_path, {"identifies": table}, "SELECT user_id, plan, city FROM users ORDER BY 1")
    (columns,) = zip(*read(tmp_path, {"identifies": table}, "SELECT column_name FROM (DESCRIBE users)"), strict=True)
    assert not [one for one in columns if one.startswith("context_")], "a context is no trait"
    assert table.columns["context_app_version"] == "VARCHAR"
    assert found == [("u", "pro", "Rio"), ("v", "x", None)]


def test_columns_that_come_later_are_missing_in_older_files(tmp_path: Path) -> None:
    table = Table.new("bought")
    put(tmp_path, table, 1, {"price": 1, "context_ip": None})
    before = dict(table.columns)
    put(tmp_path, table, 2, {"price": 2, "context_ip": "10.0.0.1", "rest": {"context": {"active": True}}})
    assert list(before.items()) == list(table.columns.items())[: len(before)]
    found = read(tmp_path, {"bought": table}, "SELECT price, context_ip, rest FROM bought ORDER BY 1")
    assert found == [(1, None, None), (2, "10.0.0.1", '{"context": {"active": true}}')]
