"""Rows of other databases are loaded, only new ones where a column tells; what is wrong with one is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from engine.domain.ingest_codec import read_ingest, write_ingest
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.watching_folders import ingest_troubles
from engine.settings import write_settings
from tests.support.mariadb import MARIADBD, PASSWORD, mariadb
from tests.support.postgres import binaries
from tests.support.postgres import server as postgres

TABLE = "CREATE TABLE people (id BIGINT, name VARCHAR(40), balance DECIMAL(12,2), seen TIMESTAMP, flag BOOLEAN, nothing VARCHAR(9))"
ROWS = [
    "INSERT INTO people VALUES (1, 'Ana 100%', 10.50, '2026-01-01 10:00:00', TRUE, NULL)",
    "INSERT INTO people VALUES (2, 'Bruño', NULL, '2026-01-02 10:00:00', FALSE, NULL)",
]
MORE = "INSERT INTO people VALUES (3, 'Carla', 7.25, '2026-01-03 10:00:00', TRUE, NULL)"


class Database:
    """Somebody else's database: how it is reached, and a way to change it."""

    def __init__(self, origin: dict[str, Any], do: Any) -> None:
        self.origin, self.do = origin, do


@contextmanager
def a_duckdb(folder: Path) -> Iterator[Database]:
    path = folder / "other.duckdb"

    def do(*statements: str) -> None:
        with duckdb.connect(str(path)) as made:
            for one in statements:
                made.execute(one)

    yield Database({"type": "duckdb", "settings": {"path": str(path)}}, do)


@contextmanager
def a_postgres(folder: Path) -> Iterator[Database]:
    with postgres() as server:

        def do(*statements: str) -> None:
            with psycopg.connect(**server.settings, autocommit=True) as connection:  # type: ignore[arg-type]
                for one in statements:
                    connection.execute(one.encode())

        yield Database({"type": "postgresql", "settings": dict(server.settings)}, do)


@contextmanager
def a_mariadb(folder: Path) -> Iterator[Database]:
    with mariadb() as server:

        def do(*statements: str) -> None:
            server.do("USE crm")
            with server.connected() as connection, connection.cursor() as cursor:
                for one in statements:
                    cursor.execute(one)
                connection.commit()

        settings = {
            "socket": server.socket,
            "database": "crm",
            "user": "tester",
            "password": {"env": "CONVOKE_SECRET_CRM"},
        }
        yield Database({"type": "mysql", "settings": settings}, do)


KINDS = {"duckdb": a_duckdb, "postgresql": a_postgres, "mysql": a_mariadb}
MISSING = {"postgresql": binaries() is None, "mysql": MARIADBD is None}


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    if MISSING.get(request.param):
        pytest.skip(f"needs {request.param}")
    monkeypatch.setenv("CONVOKE_SECRET_CRM", PASSWORD)
    with KINDS[request.param](tmp_path) as made:
        made.do(TABLE, *ROWS)
        yield made


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with operations.init(tmp_path / "ws") as made:
        yield made


def document(origin: dict[str, Any], **more: Any) -> Any:
    told = {"kind": "ingest", "id": "crm", "into": "people", "from": origin, **more}
    found = read_ingest(told)
    assert read_ingest(write_ingest(found)) == found
    return found


def ids(workspace: Workspace) -> list[int]:
    workspace.reload()
    return [int(one) for (one,) in workspace.warehouse.rows("SELECT id FROM people ORDER BY id")]


def test_only_new_rows_are_read_and_types_are_kept(workspace: Workspace, database: Database) -> None:
    wanted = document(database.origin | {"table": "people", "watermark": "seen"})
    (found,) = operations.ingest_pull(workspace, wanted)
    assert (found.state, found.rows, found.bad) == ("loaded", 2, 0)
    workspace.reload()
    query = "SELECT name, balance::DOUBLE, seen::DATE::VARCHAR, flag::INTEGER, nothing FROM people ORDER BY id"
    assert workspace.warehouse.rows(query) == [
        ("Ana 100%", 10.5, "2026-01-01", 1, None),
        ("Bruño", None, "2026-01-02", 0, None),
    ]
    assert operations.ingest_pull(workspace, wanted) == [], "there is nothing new"
    database.do(MORE)
    (found,) = operations.ingest_pull(workspace, wanted)
    assert (found.rows, ids(workspace)) == (1, [1, 2, 3])
    left = [one.name for one in workspace.warehouse_folder.iterdir() if one.suffix == ".parquet"]
    assert not left, "nothing is left lying about"


def test_a_query_and_all_rows_anew(workspace: Workspace, database: Database) -> None:
    query = "SELECT id, name FROM people WHERE name LIKE 'Ana%';"
    wanted = document(database.origin | {"query": query, "watermark": "id"}, mode="upsert", key=["id"])
    assert operations.ingest_pull(workspace, wanted)[0].rows == 1
    assert operations.ingest_pull(workspace, wanted) == []
    whole = document(database.origin | {"table": "people"}, mode="replace", evolve="add")
    assert operations.ingest_pull(workspace, whole)[0].rows == 2
    assert ids(workspace) == [1, 2]


INJECTED = "SELECT 1 AS a) AS o; COPY (SELECT 'owned') TO 'FILE'; SELECT * FROM (SELECT 2 AS a"
WRITES = {
    "duckdb": ("CREATE MACRO writes() AS (SELECT content FROM read_text('/etc/hostname'))",),
    "postgresql": (
        "CREATE FUNCTION writes() RETURNS bigint LANGUAGE sql AS 'INSERT INTO people (id) VALUES (9) RETURNING id'",
    ),
    "mysql": ("CREATE FUNCTION writes() RETURNS BIGINT BEGIN INSERT INTO people (id) VALUES (9); RETURN 9; END",),
}
"""A function of the database's own that does more than read."""


def test_a_query_only_reads_whatever_it_says(workspace: Workspace, database: Database, tmp_path: Path) -> None:
    target = tmp_path / "owned.csv"
    database.do(*WRITES[database.origin["type"]])
    for query in (
        INJECTED.replace("FILE", str(target)),
        "SELECT 1; DELETE FROM people",
        "DELETE FROM people",
        "WITH gone AS (DELETE FROM people RETURNING id) SELECT id FROM gone",
        "SELECT content FROM read_text('/etc/passwd')",
        f"SELECT id INTO OUTFILE '{target}' FROM people",
        "SELECT load_file('/etc/passwd'), pg_read_file('/etc/passwd')",
        "SELECT sleep(100), pg_sleep(100), sleep_ms(100000)",
        "SELECT writes() AS id",
    ):
        with pytest.raises(EngineError):
            operations.ingest_pull(workspace, document(database.origin | {"query": query}))
    assert not target.exists()
    assert operations.ingest_pull(workspace, document(database.origin | {"table": "people"}))[0].rows == 2


def test_a_query_may_hold_percent_signs_beside_a_watermark(workspace: Workspace, database: Database) -> None:
    query = "SELECT id, name, seen FROM people WHERE name = 'Ana 100%' OR name LIKE '%s%' -- 100%s"
    wanted = document(database.origin | {"query": query, "watermark": "seen"})
    assert operations.ingest_pull(workspace, wanted)[0].rows == 1
    database.do("INSERT INTO people VALUES (4, 'Ana 100%', 1, '2026-01-04 10:00:00', TRUE, NULL)")
    assert operations.ingest_pull(workspace, wanted)[0].rows == 1


def test_what_is_wrong_is_said(workspace: Workspace, database: Database) -> None:
    for origin, said in (
        (database.origin | {"table": "nobody"}, "the table cannot be read"),
        (database.origin | {"table": "people", "watermark": "when"}, 'the rows have no column "when"'),
        (database.origin | {"table": "people", "settings": {"hots": "x"}}, 'has no setting "hots"'),
    ):
        with pytest.raises(EngineError, match=said):
            operations.ingest_pull(workspace, document(origin))
    assert not operations.ingest_status(workspace)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"type": "oracle"}, "from.type"),
        ({"query": "SELECT 1"}, "from"),
        ({"table": None}, "from"),
        ({"where": "x"}, "from"),
        ({"every": "1mo"}, "from.every"),
    ],
)
def test_documents_are_checked(change: dict[str, Any], path: str) -> None:
    origin = {"type": "duckdb", "settings": {"path": "x"}, "table": "people"} | change
    with pytest.raises(EngineError) as caught:
        read_ingest({"kind": "ingest", "id": "crm", "into": "people", "from": origin})
    assert str(caught.value.path).startswith(path)
    with pytest.raises(EngineError, match="not from both"):
        good = {"type": "duckdb", "table": "people"}
        read_ingest({"kind": "ingest", "id": "crm", "into": "people", "from": good, "path": "x.csv"})


def test_a_password_in_the_document_is_refused(workspace: Workspace) -> None:
    settings = {"dbname": "crm", "password": "open"}
    with pytest.raises(EngineError, match="must not stand in the document"):
        operations.ingest_pull(workspace, document({"type": "postgresql", "settings": settings, "table": "people"}))


def test_from_the_command_line(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with a_duckdb(tmp_path) as database:
        database.do(TABLE, *ROWS)
        told = {"kind": "ingest", "id": "crm", "into": "people"}
        told["from"] = database.origin | {"table": "people", "watermark": "id"}  # type: ignore[assignment]
        (tmp_path / "crm.yaml").write_text(dump_yaml(told))
        where = ["-d", str(tmp_path / "crm.yaml"), "-w", str(workspace.folder)]
        assert main(["ingest", "load", *where]) == 0
        assert "2 rows into people" in capsys.readouterr().out
        assert main(["ingest", "load", *where]) == 0
        assert "There is nothing new." in capsys.readouterr().out


def test_the_daemon_reads_tables_every_so_often(workspace: Workspace, tmp_path: Path) -> None:
    with a_duckdb(tmp_path) as database:
        database.do(TABLE, *ROWS)
        told = {"kind": "ingest", "id": "crm", "into": "people"}
        told["from"] = database.origin | {"table": "people", "watermark": "id", "every": "15min"}  # type: ignore[assignment]
        assert write_ingest(read_ingest(told))["from"]["every"] == "15min"
        (workspace.folder / "ingest").mkdir()
        (workspace.folder / "ingest" / "crm.yaml").write_text(dump_yaml(told))
        (refused,) = operations.ingest_all(workspace)
        assert "is outside the workspace" in (refused.message or ""), "whoever writes a document names no folder"
        (workspace.folder / "warehouse" / "watched.json").unlink()
        write_settings(workspace.folder, replace(workspace.settings, allow_folders=f"/nowhere; {tmp_path}"))
        del workspace.settings
        assert operations.ingest_due(workspace)
        assert [(one.state, one.rows) for one in operations.ingest_all(workspace)] == [("loaded", 2)]
        database.do(MORE)
        assert not operations.ingest_due(workspace), "its time has not come"
        later(workspace)
        assert operations.ingest_due(workspace)
        assert [one.rows for one in operations.ingest_all(workspace)] == [1]
        database.do("DROP TABLE people")
        later(workspace)
        (refused,) = operations.ingest_all(workspace)
        assert (refused.state, refused.file) == ("refused", "people")
        assert "people" in ingest_troubles(workspace)["crm"]
        assert not operations.ingest_due(workspace), "it is not tried again at once"
        database.do(TABLE)
        later(workspace)
        assert operations.ingest_all(workspace) == []
        assert ingest_troubles(workspace) == {}


def later(workspace: Workspace) -> None:
    """A quarter of an hour passes."""
    path = workspace.warehouse_folder / "watched.json"
    found = json.loads(path.read_text())
    found["pulled"] = {name: at - 900 for name, at in found["pulled"].items()}
    path.write_text(json.dumps(found))
