"""Where the keys of an uploaded list stand: delimiter, encoding, header and column, as the loader finds them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.ingest.listed import listed_keys
from tests.support.layouts import workbook


def keys(folder: Path, data: str | bytes, wanted: str | None = None, name: str = "list.csv") -> list[str | None]:
    """The keys of a file that says ``data``."""
    file = folder / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return [row.key for row in listed_keys(file, "user_id", wanted)]


@pytest.mark.parametrize(
    "text",
    [
        "user_id;note\n1;x\n2;y\n",
        "note\tuser_id\nx\t1\ny\t2\n",
        "email,USER ID,name\na@x.com,1,Ana\nb@x.com,2,Bea\n",
        "name|Customer_ID\nAna|1\nBea|2\n",
        "user_id\r1\r2\r",
        "user_id\r\n1\r\n2\r\n",
        "\n\nuser_id\n\n1\n\n2\n",
        "1\n2\n",
        '"1"\n"2"',
        "id,user_id\n7,1\n8,2\n",
    ],
)
def test_delimiter_header_and_column_are_found(tmp_path: Path, text: str) -> None:
    assert keys(tmp_path, text) == ["1", "2"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    assert keys(tmp_path, "user_id;nome\njoão;x\n".encode(encoding)) == ["joão"]


def test_a_workbook_or_an_archive_is_read_whatever_it_is_named(tmp_path: Path) -> None:
    sheet = workbook({"Keys": [["nome", "user_id"], ["João", 1], ["Ana", 2]]})
    assert keys(tmp_path, sheet) == ["1", "2"]
    assert keys(tmp_path, gzip.compress(b"user_id\n1\n", mtime=0)) == ["1"]
    with pytest.raises(EngineError, match=r"list\.csv is a PDF document"):
        keys(tmp_path, b"%PDF-1.7\n")


def test_a_key_is_one_value_of_json(tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_text('{"user_id": {"a": 1}}\n{"user_id": "1"}\n', encoding="utf-8")
    rows = list(listed_keys(tmp_path / "list.jsonl", "user_id"))
    assert [(row.key, row.cut) for row in rows[1:]] == [("1", False)]
    assert rows[0].cut
    assert keys(tmp_path, '[{"user_id": 1}, {"user_id": "a"}]', name="list.json") == ["1", "a"]


def test_a_column_that_is_asked_for_is_read_by_name_or_number(tmp_path: Path) -> None:
    assert keys(tmp_path, "a;b\n1;2\n3;4\n", "B") == ["2", "4"]
    assert keys(tmp_path, "1;2\n3;4\n", "2") == ["2", "4"]
    assert keys(tmp_path, "a;user_id\n3;4\n", "2") == ["4"]


@pytest.mark.parametrize(
    ("text", "wanted", "message", "hint"),
    [
        ("customer_id,client_id\n1,2\n", None, "several columns may hold", "--key COLUMN"),
        ("1;x\n2;y\n", None, "the file has 2 columns", "--key COLUMN"),
        ("a;b\n1;2\n", "c", 'no column "c"', "There are: a, b."),
        ("ana@x.com;77\n1;2\n", "c", 'no column "c"', "names no columns"),
    ],
)
def test_one_sentence_says_what_is_not_clear(
    tmp_path: Path, text: str, wanted: str | None, message: str, hint: str
) -> None:
    with pytest.raises(EngineError, match=message) as found:
        keys(tmp_path, text, wanted)
    assert hint in (found.value.hint or "")
    assert "ana@x.com" not in str(found.value)


def test_an_empty_key_is_one_only_in_quotes(tmp_path: Path) -> None:
    text = 'user_id,note\n"",x\n,y\n"  ",z\n1,\n,\n'
    assert keys(tmp_path, text) == ["", None, "  ", "1"]
    assert keys(tmp_path, 'user_id\n""\n\n 1\n') == ["", " 1"]


def test_a_key_that_was_cut_is_none(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("name,user_id\nAna, Maria,1\nBea,2\n", encoding="utf-8")
    assert [(row.line, row.cut) for row in listed_keys(file, "user_id")] == [(2, True), (3, False)]


def test_a_broken_line_costs_itself(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text('user_id,n\n1,a\n"2,b\n3,c\n', encoding="utf-8")
    assert [(row.line, row.key, row.cut) for row in listed_keys(file, "user_id")] == [
        (2, "1", False),
        (3, "", True),
        (4, "3", False),
    ]


def test_json_lines_and_parquet_are_read_too(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    lines = "\n".join(json.dumps(one) for one in ({"n": 1, "user_id": 1}, {"user_id": "b"}, {"n": 2}, "c"))
    assert keys(tmp_path, lines, name="list.jsonl") == ["1", "b", None, "c"]
    file = tmp_path / "list.parquet"
    parquet.write_table(pa.table({"n": [9, 9, 9], "user_id": pa.array([1.0, None, 3.0])}), file)
    assert [row.key for row in listed_keys(file, "user_id")] == ["1", None, "3"]
    file.write_bytes(b"PAR1")
    with pytest.raises(EngineError, match="cannot be read as Parquet"):
        list(listed_keys(file, "user_id"))
