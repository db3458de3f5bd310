"""A CSV file with more columns than any table of people has is refused at once, however it comes in."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from engine import operations
from engine.domain.ingest import IngestDocument
from engine.errors import EngineError
from engine.tabular.wide import MOST_COLUMNS, refuse_wide
from engine.warehouses.opening import open_warehouse


def wide(columns: int, delimiter: str = ",") -> str:
    return delimiter.join(f"c{n}" for n in range(columns)) + "\n" + delimiter.join("1" * columns) + "\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_more_columns_than_the_limit(delimiter: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(wide(MOST_COLUMNS + 1, delimiter))
    with pytest.raises(EngineError, match=r"t.csv has more than 10,000 columns"):
        refuse_wide(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text(wide(MOST_COLUMNS, delimiter))
    refuse_wide(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text('id,note\n1,"' + "a," * 20_000 + '"\n')
    refuse_wide(tmp_path / "t.csv")


def test_connected_and_loaded(tmp_path: Path) -> None:
    for name, data in (("t.csv", wide(200_000).encode()), ("u.csv.gz", gzip.compress(wide(50_000).encode()))):
        folder = tmp_path / name.split(".")[0]
        folder.mkdir()
        (folder / name).write_bytes(data)
        with pytest.raises(EngineError, match="has more than 10,000 columns"):
            open_warehouse(str(folder), tmp_path).tables()
    refused = pytest.raises(EngineError, match="has more than 10,000 columns")
    with operations.init(tmp_path / "ws") as workspace, refused:
        operations.ingest_load(workspace, IngestDocument("wide", "wide"), [tmp_path / "t" / "t.csv"])
