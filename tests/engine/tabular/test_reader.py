"""One table in every way in which people and programs write it is the same table."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.domain.ingest import Dialect
from engine.errors import EngineError
from engine.ingest.files import opened, reading
from engine.tabular.reader import Readable, readable
from tests.support.layouts import LAYOUTS, csv_text, packed, workbook

HEADS = ["id", "nome", "valor"]
ROWS: list[list[object]] = [
    [1, "José Peña", "1,50"],
    [2, 'Conceição; "a"', "2,25"],
    [3, "Ana, B|C", "10"],
    [4, "duas\nlinhas", None],
]
WANTED = [
    ("1", "José Peña", "1,50"),
    ("2", 'Conceição; "a"', "2,25"),
    ("3", "Ana, B|C", "10"),
    ("4", "duas\nlinhas", None),
]


def read(folder: Path, data: str | bytes, name: str = "t.csv", **said: Any) -> tuple[list[tuple[Any, ...]], Readable]:
    """The rows of a file, and how it was read; nothing of it stays behind."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with duckdb.connect() as connection, opened(connection, path, Dialect(**said), folder) as file:
        if file.readable.file != path:
            assert stat.S_IMODE(file.readable.file.stat().st_mode) == 0o600 or os.name == "nt"
        columns = ", ".join(f'"{one}"' for one in file.columns)
        rows = connection.execute(f"SELECT {columns} FROM {reading(file.relation)}").fetchall()
        found = file.readable
    assert os.listdir(folder) == [name]
    path.unlink()
    return rows, found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_layout_is_the_same_table(layout: str, delimiter: str, tmp_path: Path) -> None:
    rows, found = read(tmp_path, LAYOUTS[layout](HEADS, ROWS, delimiter))
    wanted = [
        (*row[:1], (row[1] or "").replace("\n", "\r\n") if layout == "crlf" else row[1], row[2]) for row in WANTED
    ]
    if layout == "crlf":
        wanted[3] = WANTED[3]
    assert (list(found.columns), rows, found.broken) == (HEADS, wanted, ())
    assert found.is_original == (layout in ("plain", "quoted", "blank between", "no end"))
    assert bool(found.notes) == (layout in ("title", "padded", "total"))


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252"),
        ("mac-roman", "Mac Roman"),
    ],
)
def test_every_encoding_is_the_same_table(encoding: str, told: str | None, tmp_path: Path) -> None:
    rows, found = read(tmp_path, csv_text(HEADS, ROWS, ";").encode(encoding))
    assert (rows, list(found.notes)) == (WANTED, [] if told is None else [f"The text was read as {told}."])


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.bin"])
@pytest.mark.parametrize("how", ["gzip", "zstd", "zip"])
def test_every_compression_is_the_same_table(how: str, name: str, tmp_path: Path) -> None:
    rows, found = read(tmp_path, packed(csv_text(HEADS, ROWS).encode("cp1252"), how), name)
    assert (rows, found.encoding) == (WANTED, "cp1252")
    twice = packed(packed(csv_text(HEADS, ROWS).encode(), "gzip"), "zip", "t.csv.gz")
    assert read(tmp_path, twice, name)[0] == WANTED


def test_what_a_file_holds_counts_and_not_its_name(tmp_path: Path) -> None:
    import fastavro
    import pyarrow as pa
    from pyarrow import parquet

    made = io.BytesIO()
    parquet.write_table(pa.table({"a": [1, 2]}), made)
    assert read(tmp_path, made.getvalue(), "t.csv")[0] == [(1,), (2,)]
    made = io.BytesIO()
    fields = [
        {"name": "a", "type": ["null", "long"]},
        {"name": "d", "type": {"type": "int", "logicalType": "date"}},
        {"name": "m", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "l", "type": {"type": "array", "items": "string"}},
    ]
    from decimal import Decimal

    rows = [
        {"a": 1, "d": date(2026, 1, 2), "m": Decimal("1.10"), "l": ["x"]},
        {"a": None, "d": date(2026, 1, 3), "m": Decimal("-2.00"), "l": []},
    ]
    fastavro.writer(made, {"type": "record", "name": "r", "fields": fields}, rows)
    assert read(tmp_path, made.getvalue(), "t.csv")[0] == [
        (1, date(2026, 1, 2), Decimal("1.10"), '["x"]'),
        (None, date(2026, 1, 3), Decimal("-2.00"), "[]"),
    ]
    assert read(tmp_path, csv_text(HEADS, ROWS, "\t"), "t.xls")[0] == WANTED
    for name in ("t.json", "t.txt"):
        lines, found = read(tmp_path, '[{"a": 12345678901234.5678},\n {"a": "x]\\"{"}]', name)
        assert (found.format, lines) == ("jsonl", [('{"a": 12345678901234.5678}',), ('{"a": "x]\\"{"}',)])


def test_a_workbook_is_the_same_table(tmp_path: Path) -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "Nota": [],
        "Vendas": [
            ["Relatório de vendas"],
            [],
            ["id", "quando", "valor", "ativo", "nome"],
            [11987654321, date(2026, 1, 2), 1.1 * 3, True, "José"],
            [2, None, 1234.5, False, "a\nb"],
            ["Total", None, 1237.8],
        ],
        "Outra": [["x"], [1]],
    }
    rows, found = read(tmp_path, workbook(sheets), "v.xlsx")
    assert list(found.columns) == ["id", "quando", "valor", "ativo", "nome"]
    assert rows == [("11987654321", "2026-01-02", "3.3", "true", "José"), ("2", None, "1234.5", "false", "a\nb")]
    assert list(found.notes) == [
        'The sheet "Vendas" was read, the first of 2 with rows.',
        "The first 2 lines stand above the table and were left out.",
        "The last line is a total or a remark and was left out.",
    ]
    assert read(tmp_path, workbook(sheets), "v.csv", sheet="outra")[0] == [("1",)]
    one, _ = read(tmp_path, workbook(sheets), "v.csv", sheet=3), None
    assert (one[0], one[1].fingerprint != found.fingerprint) == ([("1",)], True)
    assert read(tmp_path, workbook(sheets, hidden=["Vendas"]), "v.xlsx")[0] == [("1",)]
    with pytest.raises(EngineError, match="has no sheet 7"):
        read(tmp_path, workbook(sheets), "v.xlsx", sheet=7)


@pytest.mark.parametrize(
    ("text", "rows", "broken"),
    [
        ("id,n\n1,a\n2\n3,c\n", [("1", "a"), ("3", "c")], [3]),
        ('id,n\n1,"a\n2,b\n3,c\n', [("2", "b"), ("3", "c")], [2]),
        ('id,n\n1,"a\n2,b\n3,"c"\n', [("2", "b"), ("3", "c")], [2]),
        ('id,n\r\n1,a\r\n2,"x"y\n3,c\r4,d,e\n', [("1", "a"), ("3", "c")], [3, 5]),
        ('Title\n\nid,n\n1,a\n2,b,c\n"3","x\ny"\n4\n', [("1", "a"), ("3", "x\ny")], [5, 8]),
        ("id,n\n1,a\n\n2\n3,ção\n4,", [("1", "a"), ("3", "ção"), ("4", None)], [4]),
    ],
)
def test_a_broken_line_costs_itself_and_has_its_number(
    text: str, rows: list[tuple[str, str]], broken: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    with readable(path, Dialect(), tmp_path, careful=True) as file:
        assert [one.line for one in file.broken] == broken
    with duckdb.connect() as connection, opened(connection, path, Dialect(), tmp_path) as opened_:
        found = connection.execute(f"FROM {reading(opened_.relation, 'put_aside')}").fetchall()
        rejected = opened_.rejected(connection, "put_aside")
        assert sorted(one.line for one in (*opened_.broken, *rejected)) == broken
        assert found == rows


def test_bytes_that_are_no_text_cost_their_line(tmp_path: Path) -> None:
    data = "id;nome\n1;José María ãõ\n2;x".encode() + b"\xe9\n3;ok\n"
    rows, found = read(tmp_path, data)
    assert (rows, [(one.line, one.why) for one in found.broken]) == (
        [("1", "José María ãõ"), ("3", "ok")],
        [(3, "invalid encoding")],
    )


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        (
            "Cliente;;Compra;\nid;nome;dia;valor\n1;A;2026-01-01;5\n",
            ["Cliente id", "Cliente nome", "Compra dia", "Compra valor"],
            1,
        ),
        ("2025;;2026;\nqtd;valor;qtd;valor\n1;2;3;4\n", ["2025 qtd", "2025 valor", "2026 qtd", "2026 valor"], 1),
        ("1;Ana;2026-01-01\n2;Bea;2026-01-02\n", ["c1", "c2", "c3"], 2),
        ("1\n2\n3\n", ["c1"], 3),
        ("produto;2024;2025\nA;10;20\nB;1;2\n", ["produto", "2024", "2025"], 2),
        (",nome\n0,Ana\n1,Bea\n", ["c1", "nome"], 2),
        ('"a","b"\n"1",10,x\n"2",30,y\n', ["row", "a", "b"], 2),
        ("#,nome\n1,Ana\n2,Bea\n", ["#", "nome"], 2),
        ("# made by a shop\nid,nome\n1,Ana\n", ["id", "nome"], 1),
        ("comment\nhello\nhi, there\nok\nyes, a, b\n", ["comment"], 4),
        ("Vendas, janeiro\nid;nome;valor\n1;Ana;1,50\n2;Bea;2,50\n", ["id", "nome", "valor"], 2),
        ("marca;valor\nShell;10\nTotal;20\n", ["marca", "valor"], 2),
        ("id;valor\n1;10\n2;20\nTotal;30\n", ["id", "valor"], 2),
        ("email\na@x.com\n\nb@x.com\n\n", ["email"], 2),
        ("'id','nome'\n'1','Ana, B'\n", ["id", "nome"], 1),
        ('id,nome\n1,"Ana \\"B\\", x"\n2,"c"\n', ["id", "nome"], 2),
        ("nome;cidade\nAna;SP\nBea;RJ\n", ["nome", "cidade"], 2),
    ],
)
def test_where_names_and_rows_are(text: str, columns: list[str], rows: int, tmp_path: Path) -> None:
    found, file = read(tmp_path, text)
    assert (list(file.columns), len(found)) == (columns, rows)


@pytest.mark.parametrize(
    ("said", "columns", "rows"),
    [
        ({"skip": 1}, ["a", "b"], [("1", "2"), ("#3", "4"), ("5", "6")]),
        ({"skip": 1, "footer": 1}, ["a", "b"], [("1", "2"), ("#3", "4")]),
        ({"skip": 1, "header": False}, ["c1", "c2"], [("a", "b"), ("1", "2"), ("#3", "4"), ("5", "6")]),
        ({"skip": 1, "header": 2}, ["a 1", "b 2"], [("#3", "4"), ("5", "6")]),
        ({"skip": 1, "comment": "#"}, ["a", "b"], [("1", "2"), ("5", "6")]),
        ({"skip": 0, "delimiter": ";"}, ["x,y"], [("a,b",), ("1,2",), ("#3,4",), ("5,6",)]),
    ],
)
def test_what_is_said_is_not_found_out(
    said: dict[str, Any], columns: list[str], rows: list[tuple[str, ...]], tmp_path: Path
) -> None:
    found, file = read(tmp_path, "x,y\na,b\n1,2\n#3,4\n5,6\n", **said)
    assert (list(file.columns), found) == (columns, rows)


@pytest.mark.parametrize(
    ("data", "said", "message"),
    [
        (b"<!DOCTYPE html><table><tr><td>1</td></tr></table>", {}, "is an HTML page, not a table"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", {}, "is an XML document, not a table"),
        (b"%PDF-1.7\n", {}, "is a PDF document"),
        (b"PK\x03\x04\x14\x00", {}, "is a damaged ZIP archive or workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, {}, "is a damaged workbook"),
        (b"\x1f\x8b\x08\x00broken", {}, "is a damaged gzip file"),
        (b"Obj\x01broken", {}, "is a damaged Avro file"),
        (b"\n\n", {}, "has no rows"),
        (b"a,b\n1,2\n", {"sheet": "x"}, "is no workbook"),
        (b"a,b\n1,2\n", {"skip": 9}, "has only 2 lines"),
        (b"a,b\n1,2\n", {"format": "parquet"}, "is not Parquet"),
        (b"PAR1", {"format": "csv"}, "is parquet, not csv"),
    ],
)
def test_what_holds_no_rows_gets_one_sentence(data: bytes, said: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=message):
        read(tmp_path, data, **said)
    assert os.listdir(tmp_path) == ["t.csv"], "nothing else stays behind"
