"""A warehouse is locked: whatever gets to DuckDB, it reads no file but the data's and changes no setting."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine.domain.model import Source
from engine.errors import EngineError
from engine.warehouses.duck import DuckSession
from engine.warehouses.files import DuckDBFile, Folder
from engine.warehouses.sampled import SampledWarehouse

CANARY = "canary-7f3a9"


@pytest.fixture(params=["file", "folder", "sample"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> DuckSession:
    (tmp_path / "secret.csv").write_text(f"a\n{CANARY}\n")
    data = tmp_path / "data"
    data.mkdir()
    if request.param == "file":
        with duckdb.connect(str(data / "x.duckdb")) as made:
            made.execute("CREATE TABLE t AS SELECT 1 AS a")
        return DuckDBFile("duckdb:", data / "x.duckdb")
    if request.param == "folder":
        (data / "t.csv").write_text("a\n1\n")
        return Folder("folder:", data)
    sample = SampledWarehouse("v")
    with duckdb.connect() as made:
        sample.load("t", made.execute("SELECT 1 AS a").to_arrow_table())
    return sample


WAYS = """
FROM 'SECRET'
FROM read_csv('SECRET')
SELECT content FROM read_text('SECRET')
FROM read_blob('SECRET')
FROM glob('FOLDER/*')
FROM sniff_csv('SECRET')
COPY (SELECT 1) TO 'FOLDER/owned.csv'
COPY t TO 'FOLDER/owned.parquet'
EXPORT DATABASE 'FOLDER/owned'
ATTACH 'FOLDER/owned.duckdb' AS owned
INSTALL httpfs
LOAD httpfs
LOAD 'FOLDER/owned.duckdb_extension'
CREATE SECRET s (TYPE s3)
SET enable_external_access = true
SET allowed_directories = ['FOLDER']
SET allowed_paths = ['SECRET']
SET allowed_configs = ['enable_external_access']
SET lock_configuration = false
RESET lock_configuration
SET allow_community_extensions = true
SET autoload_known_extensions = true
SET python_enable_replacements = true
SET enable_logging = true
SET enable_profiling = 'json'
SET profiling_output = 'FOLDER/owned.json'
SET log_query_path = 'FOLDER/owned.log'
SET temp_directory = 'FOLDER'
SET secret_directory = 'FOLDER'
SET home_directory = 'FOLDER'
FROM some_variable
""".strip().split("\n")


if int(duckdb.__version__.split(".")[0]) >= 2:  # the lock of 1.5 leaves it out; there the gate alone refuses it
    WAYS.append("FROM enable_logging(storage = 'file', storage_path = 'FOLDER/owned')")


@pytest.mark.parametrize("way", WAYS)
def test_even_without_the_gate_nothing_gets_out(way: str, warehouse: DuckSession, tmp_path: Path) -> None:
    some_variable = [CANARY]
    assert some_variable
    before = {one for one in tmp_path.rglob("*") if ".tmp" not in one.name}
    text = way.replace("SECRET", str(tmp_path / "secret.csv")).replace("FOLDER", str(tmp_path))
    with pytest.raises((EngineError, duckdb.Error)) as refused:
        warehouse._connection.cursor().execute(text).fetchall()
    assert CANARY not in str(refused.value)
    assert {one for one in tmp_path.rglob("*") if ".tmp" not in one.name} == before
    warehouse.close()


def test_the_data_are_read_all_the_same(warehouse: DuckSession) -> None:
    warehouse.limit_memory(512)
    assert dict(warehouse.columns(Source(sql="SELECT a FROM t; -- all"), "x"))["a"] in ("BIGINT", "INTEGER")
    assert warehouse.rows("SELECT list_transform([a], x -> x + 1), list_transform([a], lambda x: x) FROM t") == [
        ([2], [1])
    ]
    with pytest.raises(EngineError, match="reads a file"):
        warehouse.columns(Source(sql="FROM 'secret.csv'"), "x")
    warehouse.close()


def test_a_second_session_over_the_same_file_is_as_the_first(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute("CREATE TABLE t AS SELECT 1 AS a")
    first, second = (DuckDBFile("duckdb:", tmp_path / "x.duckdb") for _ in range(2))
    asked = "SELECT now()::VARCHAR LIKE '%+00', current_setting('lock_configuration') FROM t"
    assert first.rows(asked) == second.rows(asked) == [(True, True)]
    first.close()
    second.close()
