"""CSV files of a folder: broken lines are put aside and counted, many files are read as one, types stay DuckDB's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.domain.model import Source
from engine.domain.model_codec import read_model
from engine.quality.model_check import check_model
from engine.warehouses.files import Folder
from tests.support.layouts import csv_text, packed, workbook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def read(
    folder: Path, files: Mapping[str, str | bytes], table: str = "t"
) -> tuple[dict[str, str], list[Any], list[str]]:
    """Types, rows and what is told of a table."""
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    warehouse = Folder(str(folder), folder)
    try:
        types = dict(warehouse.columns(Source(table=table), "t"))
        return types, warehouse.rows(f'FROM "{table}" ORDER BY ALL'), list(warehouse.told(table))
    finally:
        warehouse.close()


@pytest.mark.parametrize(
    ("files", "rows", "told"),
    [
        ({"t.csv": "id,n\n1,2\n2\n3,4\n"}, [(1, 2), (3, 4)], ["t.csv: line 3 is no row and was put aside."]),
        ({"t.csv": 'id,n\n1,2\n2,"x'}, [(1, 2)], ["t.csv: line 3 is no row and was put aside."]),
        (
            {"t/1.csv": "id,n\n1,2\n", "t/2.csv": "id,n\n3\n4,5", "t/3.csv": "id,n\n6,7\n8\n9,9,9\n"},
            [(1, 2), (4, 5), (6, 7)],
            ["2.csv: line 2 is no row and was put aside.", "3.csv: lines 3, 4 are no rows and were put aside."],
        ),
        (
            {"t/1.csv": "id,n\n1,2\n", "t/2.csv": "id,m\n3\n4,5\n"},
            [(1, 2, None), (4, None, 5)],
            ["2.csv: line 2 is no row and was put aside."],
        ),
        (
            {"t.jsonl": '{"id":1,"n":2}\n{"id":\n\n{"id":3,"n":4}\n'},
            [(1, 2), (3, 4)],
            ["t.jsonl: line 2 is no row and was put aside."],
        ),
    ],
)
def test_a_broken_line_costs_itself(
    files: dict[str, str | bytes], rows: list[Any], told: list[str], folder: Path
) -> None:
    assert read(folder, files)[1:] == (rows, told)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", csv_text(["id", "n"], [[1, "é"], [2, "ã"]], ";").encode("cp1252")),
        ("t.csv", csv_text(["id", "n"], [[1, "é"], [2, "ã"]]).encode("utf-16")),
        ("t.csv", "Relatório\n\nid;n\n1;é\n2;ã\nTotal;\n"),
        ("t.csv", "id,n\r\n1,é\n2,ã\r"),
        ("t.csv", workbook({"a": [["id", "n"], [1, "é"], [2, "ã"]]})),
        ("t.xlsx", workbook({"a": [["id", "n"], [1, "é"], [2, "ã"]]})),
        ("t.csv.gz", packed("id,n\n1,é\n2,ã\n".encode(), "gzip")),
        ("t.csv.zip", packed("id,n\n1,é\n2,ã\n".encode(), "zip")),
        ("t.zip", packed("id,n\n1,é\n2,ã\n".encode(), "zip")),
        ("t.json", '[{"id": 1, "n": "é"},\n {"id": 2, "n": "ã"}]'),
        ("t.json", "id,n\n1,é\n2,ã\n"),
        ("t.csv", '{"id": 1, "n": "é"}\n{"id": 2, "n": "ã"}\n'),
    ],
)
def test_a_table_is_one_however_it_is_written(name: str, data: str | bytes, folder: Path) -> None:
    types, rows, _ = read(folder, {name: data})
    assert (types, rows) == ({"id": "BIGINT", "n": "VARCHAR"}, [(1, "é"), (2, "ã")])


def test_what_lies_in_a_folder_for_other_reasons_is_no_table(folder: Path) -> None:
    files: dict[str, str | bytes] = {
        "t.csv": "a\n1\n",
        "t.xlsx": b"PK",
        "~$x.xlsx": b"x",
        "two.zip": b"PK\x03\x04",
        "empty/1.csv": "",
        "notes.txt": "x",
    }
    read(folder, files)
    warehouse = Folder(str(folder), folder)
    assert [table.name for table in warehouse.tables()] == ["empty", "t"]
    warehouse.close()


def test_types_are_those_that_each_file_alone_has(folder: Path) -> None:
    days = {
        "t/1.csv": "a,d,z\n1,25/12/2026,01\n",
        "t/2.csv": "a,d,z\n2.5,2026-01-02,2\n",
        "t/3.csv": "a,d,z\n",
        "t/4.csv": "",
    }
    types, rows, told = read(folder, days)
    assert types == {"a": "DOUBLE", "d": "DATE", "z": "VARCHAR"}
    assert (rows, told) == ([(1.0, date(2026, 12, 25), "01"), (2.5, date(2026, 1, 2), "2")], [])
    odd = {"o/1.csv": "a,a,\n1,2,3\n", "o/2.csv": "a,a,\n4,5,x\n"}
    assert read(folder, odd, "o")[0] == {"a": "BIGINT", "a_1": "BIGINT", "column2": "VARCHAR"}


def test_an_empty_field_is_missing_and_a_quoted_one_a_text(folder: Path) -> None:
    for text in ('id,n\n1,""\n2,\n', 'id,n\r\n1,""\n2,\r\n', 'Title\nid,n\n1,""\n2,\n'):
        assert read(folder, {"t.csv": text})[1] == [(1, ""), (2, None)]


def test_the_check_of_a_model_tells_it(folder: Path) -> None:
    (folder / "t.csv").write_text("Customers 2026\nid,n\n1,2\n2\n3,4\n4,5,6\n")
    warehouse = Folder(str(folder), folder)
    model = read_model({"kind": "model", "profile": {"table": "t", "key": "id", "traits": {"n": {"type": "integer"}}}})
    found = [(one.severity, one.message) for one in check_model(model, warehouse) if one.path == "tables.t"]
    warehouse.close()
    assert found == [
        ("warning", "t.csv: lines 4, 6 are no rows and were put aside."),
        ("note", "t.csv: The first line stands above the table and was left out."),
    ]
