"""A quote that is never closed swallows no rows: the line in which it opens is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import operations
from engine.domain.ingest import IngestDocument
from engine.errors import EngineError
from engine.ingest.quotes import open_quote

ROWS = "".join(f"{number},n{number}\n" for number in range(400))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("id,name\n1,Ana\n", None),
        ("id,name\n1,Ana", None),
        ('id,name\n1,"Ana"', None),
        ('id,name\n1,"Ana\nMaria"\n2,"B ""x"" y"\n', None),
        ('id,name\n1,An"a\n2,b\n', None),
        ('id,name\n1,"Ana\n2,Bruno\n', 2),
        ('id,"name\n1,Ana\n', 1),
        (f'id,name\n{ROWS}9,"Ana\n{ROWS}', 402),
        (f'id,name\n1,"two\nlines","and\nmore"\n{ROWS}9,x,"Ana\n{ROWS}', 405),
        ('id,name\r\n1,"a\r\nb"\r\n2,"Ana\r\n3,c', 4),
        ('id,name\n1,"a\nb","Ana\n3,c', 3),
        ("", None),
    ],
)
def test_the_line_is_found(text: str, line: int | None, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode())
    assert open_quote(tmp_path / "x.csv", "utf-8", ",", '"') == line
    assert open_quote(tmp_path / "x.csv", "utf-8", ",", "") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize(("before", "line"), [("", 2), (ROWS, 402)])
def test_a_load_says_where_and_writes_nothing(before: str, line: int, encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(f'id,name\n{before}9,"José\n{ROWS}'.encode(encoding))
    with operations.init(tmp_path / "ws") as workspace:
        document = IngestDocument("people", "people")
        with pytest.raises(EngineError, match=f"the quote that opens in line {line} is never closed"):
            operations.ingest_load(workspace, document, [file])
        assert not (workspace.warehouse_folder / "warehouse.duckdb").exists()
