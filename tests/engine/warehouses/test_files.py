"""Folders of files, and the one owner of the local warehouse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from engine.domain.model import Source
from engine.domain.model_codec import read_model
from engine.drafting.draft import infer_model
from engine.errors import EngineError
from engine.quality.model_check import check_model
from engine.warehouses.files import Folder
from engine.warehouses.local import LocalWarehouse, publishing
from engine.warehouses.opening import normal_url


def make_folder(path: Path) -> Folder:
    (path / "people.csv").write_text('id,cep,name,city\n1,01310,"",São Paulo\n2,04038,Ana,\n', encoding="utf-8")
    (path / "orders.jsonl").write_text('{"id": 1, "total": 9.5}\n{"id": 2, "total": 3}\n')
    (path / "visits").mkdir()
    for i in (1, 2):
        pd.DataFrame({"id": [i], "at": [pd.Timestamp("2026-01-01")]}).to_parquet(path / "visits" / f"{i}.parquet")
    (path / "notes.txt").write_text("not a table")
    return Folder(str(path), path)


def test_each_file_or_sub_folder_is_a_table(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    assert [t.name for t in folder.tables()] == ["orders", "people", "visits"]
    assert folder.rows('SELECT count(*) FROM "visits"') == [(2,)]
    assert folder.columns(Source(table="people"), "x")["cep"] == "VARCHAR"
    rows = folder.rows("SELECT cep, name, city FROM people ORDER BY id")
    assert rows == [("01310", "", "São Paulo"), ("04038", "Ana", None)]
    folder.close()


def test_a_column_of_csv_that_a_long_number_makes_a_float_is_named(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text(
        "id,long,mixed,code,part,text\n"
        "1,12345678901234567890,12345678901234567890,0012345678901234567890,0.30000000000000004,x12345678901234567890\n"
        "2,5,0.5,7,2.5,y\n3,98765432109876543210,98765432109876543210,,,\n",
        encoding="utf-8",
    )
    (tmp_path / "ev.csv").write_text("who,ts\n1.5,2026-01-01 10:00:00\n12345678901234567890,2026-01-01 11:00:00\n")
    folder = Folder("folder", tmp_path)
    assert folder.rounded("U") == {"mixed": 2}
    assert folder.rows("SELECT long FROM u ORDER BY id")[0] == (12345678901234567890,), "whole numbers stay exact"
    said = "read as a float because of {} whole numbers of more than 15 digits, which it rounds"
    assert [note for note in infer_model(folder).notes if "float" in note] == [
        "ev.who: the column is " + said.format(1),
        "u.mixed: the column is " + said.format(2),
    ]
    fields = {name: {"type": "float"} for name in ("mixed", "part")}
    model = read_model(
        {
            "kind": "model",
            "profile": {"table": "u", "key": "id", "traits": fields},
            "events": {"did": {"table": "ev", "profile": "who", "time": "ts"}},
        }
    )
    found = {(one.severity, one.path) for one in check_model(model, folder) if "float" in one.message}
    assert found == {("note", "profile.traits.mixed"), ("warning", "events.did.profile")}
    folder.close()


def test_a_folder_lets_nobody_read_beside_it(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    folder = make_folder(inside)
    with pytest.raises(EngineError):
        folder.rows(f"FROM read_csv('{tmp_path}/secret.csv')")
    folder.close()


def test_the_data_version_follows_the_files(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    version = folder.data_version()
    folder.close()
    (tmp_path / "people.csv").write_text("id\n1\n")
    again = Folder(str(tmp_path), tmp_path)
    assert again.data_version() != version
    again.close()


def test_a_failed_write_leaves_the_last_good_data(tmp_path: Path) -> None:
    with publishing(tmp_path, "test") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(RuntimeError), publishing(tmp_path, "test") as connection:
        connection.execute("CREATE TABLE t AS SELECT 2 AS a")
        raise RuntimeError
    warehouse = LocalWarehouse(tmp_path)
    assert warehouse.rows("SELECT a FROM t") == [(1,)]
    warehouse.close()


def test_a_writer_that_was_killed_frees_the_warehouse_and_harms_nothing(tmp_path: Path) -> None:
    with publishing(tmp_path, "test") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    code = (
        "import sys; from pathlib import Path; from engine.warehouses.local import publishing\n"
        f"with publishing(Path({str(tmp_path)!r}), 'the other') as c:\n"
        "    c.execute('CREATE TABLE t AS SELECT 2 AS a'); print('writing', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(EngineError, match=f"the other .process {process.pid}."), publishing(tmp_path, "me"):
        pass
    process.kill()
    process.communicate()
    warehouse = LocalWarehouse(tmp_path)
    assert warehouse.rows("SELECT a FROM t") == [(1,)]
    warehouse.close()
    with publishing(tmp_path, "me") as connection:
        connection.execute("CREATE TABLE t AS SELECT 3 AS a")


def test_urls(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_bytes(b"")
    expected = f"duckdb:///{str(tmp_path / 'x.duckdb').lstrip('/')}"
    for url in (f"duckdb:///{tmp_path}/x.duckdb", f"duckdb://{tmp_path}/x.duckdb", "duckdb:///x.duckdb", "x.duckdb"):
        assert normal_url(url, tmp_path) == expected
    assert normal_url(".", tmp_path) == tmp_path.as_posix()
