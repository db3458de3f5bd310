"""A model over persons: one row a person, their events theirs, consent only if every profile gave it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.domain.model_codec import read_model, write_model
from engine.errors import EngineError
from engine.sql.resolved import CATALOG, resolved
from engine.sql.sources import Sources
from engine.warehouses.duck import Attached
from engine.warehouses.files import Beside, DuckDBFile

MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {
        "table": "users",
        "key": "id",
        "identity": {"latest": "seen"},
        "traits": {"age": {"type": "integer"}, "City name": {"type": "string"}},
    },
    "events": {"visit": {"table": "visits", "profile": "id", "time": "seen_at", "where": "seen_at IS NOT NULL"}},
    "consents": {"ads": {"table": "consents", "profile": "id", "column": "ads"}},
    "identifiers": {"mail": {"table": "mails", "profile": "id", "column": "mail", "kind": "email"}},
}


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBFile:
    with duckdb.connect(str(tmp_path / "data.duckdb")) as made:
        made.execute(
            """
            CREATE TABLE users AS FROM (VALUES (1, 30, 'Rio', 5), (2, 31, NULL, 9), (3, 40, 'Lima', 1), (4, 50, 'Bogotá', 1))
                AS t(id, age, "City name", seen);
            CREATE TABLE visits AS FROM (VALUES (1, TIMESTAMP '2026-01-01'), (2, TIMESTAMP '2026-01-02'), (9, TIMESTAMP '2026-01-03'))
                AS t(id, seen_at);
            CREATE TABLE consents AS FROM (VALUES (1, 'true'), (2, 'true'), (3, 'true'), (4, NULL)) AS t(id, ads);
            CREATE TABLE mails AS FROM (VALUES (1, 'a'), (2, 'b')) AS t(id, mail);
            """
        )
    with duckdb.connect(str(tmp_path / "map.duckdb")) as made:
        made.execute(
            "CREATE TABLE profiles_3 AS FROM (VALUES ('1', 'pa'), ('2', 'pa'), ('3', 'pb'), ('5', 'pb')) AS t(key, person)"
        )
    return DuckDBFile(
        "x", tmp_path / "data.duckdb", beside=Beside(Attached(tmp_path / "map.duckdb", "profiles_1", lambda: True))
    )


def rows(warehouse: DuckDBFile, sql: str) -> list[tuple[Any, ...]]:
    return sorted(warehouse.rows(sql))


def test_persons_in_place_of_profiles(warehouse: DuckDBFile) -> None:
    found = resolved(read_model(MODEL), warehouse, "profiles_3")
    assert rows(warehouse, f'SELECT id, age, "City name" FROM ({found.profile.source.sql})') == [
        ("pa", 31, "Rio"),
        ("pb", 40, "Lima"),
    ], "the latest that is known; who is not in the map is nobody"
    assert [row[0] for row in rows(warehouse, f"SELECT id, seen_at FROM ({found.events['visit'].source.sql})")] == [
        "pa",
        "pa",
    ]
    assert rows(warehouse, f"SELECT id, mail FROM ({found.identifiers['mail'].source.sql})") == [
        ("pa", "a"),
        ("pa", "b"),
    ]
    assert rows(warehouse, f"SELECT id, ads FROM ({found.consents['ads'].source.sql})") == [("pa", True), ("pb", False)]
    sources = Sources(found, warehouse)
    assert not sources.integer_key
    assert [table.name for table in warehouse.tables()] == ["consents", "mails", "users", "visits"]
    assert warehouse.rows(f"SELECT count(*) FROM {CATALOG}.profiles_3") == [(4,)]
    warehouse.close()


def test_a_folder_that_takes_no_link_is_read_as_well(
    tmp_path: Path, warehouse: DuckDBFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.close()

    def no_link(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "link", no_link)
    beside = Attached(tmp_path / "map.duckdb", "profiles_1", lambda: True)
    again = DuckDBFile("x", tmp_path / "data.duckdb", beside=Beside(beside))
    assert again.rows(f"SELECT count(*) FROM {CATALOG}.profiles_3") == [(4,)]
    with pytest.raises(EngineError, match="beside the warehouse"):
        DuckDBFile("x", tmp_path / "data.duckdb", beside=Beside(beside))  # shares the first one's instance
    again.close()


def test_without_latest_the_smallest_key_tells(warehouse: DuckDBFile) -> None:
    plain = {**MODEL, "profile": {**MODEL["profile"], "identity": True}}
    assert write_model(read_model(plain)) == plain
    assert write_model(read_model(MODEL)) == MODEL
    found = resolved(read_model(plain), warehouse, "profiles_3")
    assert rows(warehouse, f"SELECT id, age FROM ({found.profile.source.sql})") == [("pa", 30), ("pb", 40)]
    warehouse.close()
