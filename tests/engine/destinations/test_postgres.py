"""Memberships in a real PostgreSQL: exactly once, whatever breaks; skipped where the server is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.destinations.postgres import PostgresDestination
from engine.destinations.protocol import Batch, Later, Misconfigured, Row, Sync
from engine.operations import sync, sync_due
from engine.warehouses.local import publishing
from tests.support.delivering import expected, make, person, refresh
from tests.support.destining import host
from tests.support.postgres import Server, binaries, server

pytestmark = pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed")

SYNC = Sync(1, "sp", "2026-11-25T00:00:00Z")
ROWS = [Row("1", (("email", "aa"), ("email", "bb"))), Row("o'2\t\\", (("email", "cc"),)), Row("3")]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def settings(running: Server) -> dict[str, Any]:
    """A schema of its own for each test."""
    with psycopg.connect(**running.settings, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute("DROP SCHEMA IF EXISTS marketing CASCADE")
        connection.execute("CREATE SCHEMA marketing")
    return {**running.settings, "schema": "marketing", "table": 'odd "name"'}


def rows(settings: dict[str, Any], table: str = 'odd "name"') -> list[Any]:
    reach = {key: settings[key] for key in ("host", "dbname", "user")}
    quoted = table.replace('"', '""')
    with psycopg.connect(**reach) as connection:
        return connection.execute(f'SELECT * FROM marketing."{quoted}" ORDER BY 1, 2').fetchall()


def batch(rows_: list[Row], identifier: str = "b1", operation: str = "add") -> Batch:
    return Batch(identifier, SYNC, "00001", operation, rows_)  # type: ignore[arg-type]


def test_a_batch_counts_once(settings: dict[str, Any], tmp_path: Path) -> None:
    out = PostgresDestination(settings, ["email"], host(tmp_path))
    assert "answers to tester" in out.check()
    out.send(batch(ROWS))
    first = rows(settings)
    assert [(r[0], r[1], r[2]) for r in first] == [
        ("sp", "1", ["aa", "bb"]),
        ("sp", "3", []),
        ("sp", "o'2\t\\", ["cc"]),
    ]
    out.send(batch(ROWS))
    assert rows(settings) == first  # not even the time has changed
    out.send(batch([Row("1"), Row("9")], "b2", "remove"))
    assert [r[1] for r in rows(settings)] == ["3", "o'2\t\\"]
    out.send(batch(ROWS))
    assert [r[1] for r in rows(settings)] == ["3", "o'2\t\\"]
    out.send(batch([Row("3", (("email", "new"),))], "b3"))
    assert [r[2] for r in rows(settings)] == [["new"], ["cc"]]
    assert [(r[0], r[4]) for r in rows(settings, 'odd "name"_batches')] == [("b1", 3), ("b2", 2), ("b3", 1)]
    out.close()


def test_a_server_that_is_gone_or_wrong_is_said(settings: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Later):
        PostgresDestination(settings | {"host": str(tmp_path)}, [], host(tmp_path)).check()
    for wrong in (
        {"dbname": "nowhere"},
        {"user": "nobody"},
        {"schema": "nowhere"},
        {"password": {"secret": "missing"}},
    ):
        out = PostgresDestination(settings | wrong, [], host(tmp_path))
        with pytest.raises(Misconfigured):
            out.send(batch(ROWS))
        out.close()
    with pytest.raises(Misconfigured, match='no setting "pasword"'):
        PostgresDestination({"dbname": "x", "pasword": "y"}, [], host(tmp_path))


def test_the_server_dies_in_the_middle_and_the_next_sync_goes_on(
    settings: dict[str, Any], running: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [person(i) for i in range(1, 3_000)]
    document = {"type": "postgres", "settings": settings, "identifiers": ["email"], "max_removal": 100}
    small = replace(PostgresDestination.capabilities, batch_rows=500)
    monkeypatch.setattr(PostgresDestination, "capabilities", small)
    with make(tmp_path / "ws", people, document) as workspace:
        refresh(workspace)
        stage, calls = PostgresDestination._stage, [0]

        def dying(self: PostgresDestination, cursor: Any, one: Batch) -> None:
            stage(self, cursor, one)
            calls[0] += 1
            if calls[0] == 3:
                running.stop()

        monkeypatch.setattr(PostgresDestination, "_stage", dying)
        (found,) = sync_due(workspace)
        assert found.state == "planned"
        running.start()
        for state in (people, people[:1_000], [*people[500:], person(9_000)]):
            refresh(workspace, state)
            workspace.database._connection.execute("UPDATE sync SET not_before = '2000-01-01T00:00:00Z'")
            assert {one.state for one in sync(workspace)} == {"done"}
            there = {r[1]: (("email", r[2][0]),) for r in rows(settings)}
            assert there == expected(state)


def test_one_key_that_cannot_be_written_is_set_aside_and_keeps_nobody_else(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    document = {"type": "postgres", "settings": settings}
    odd = [f"u{chr(0)}x", f"u{chr(0)}"]
    with make(tmp_path / "ws", [], document) as workspace:

        def deliver(keys: list[str]) -> str | None:
            with publishing(workspace.folder / "warehouse", "test") as connection:
                connection.execute("CREATE TABLE people (id VARCHAR, city VARCHAR, email VARCHAR, phone VARCHAR)")
                connection.execute("ALTER TABLE people ADD COLUMN agreed BOOLEAN")
                connection.executemany("INSERT INTO people VALUES (?, 'SP', NULL, NULL, true)", [[one] for one in keys])
            workspace.reload()
            refresh(workspace)
            (found,) = sync_due(workspace)
            assert found.state == "done"
            return found.reason

        good = [f"p{i}" for i in range(12)]
        said = deliver([*good, *odd])
        assert [one[1] for one in rows(settings)] == sorted(good)
        assert said is not None
        assert said.startswith("2 of the people are set aside until their values change: PostgreSQL: a text has")
        assert deliver([*good, *odd, "new"]) is None, "they are not offered again"
        assert {one[1] for one in rows(settings)} == {*good, "new"}
        assert deliver([*good, "ux"]) is None
        assert {one[1] for one in rows(settings)} == {*good, "ux"}
