"""Uploaded lists: what becomes of every row."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import operations
from engine.errors import EngineError
from tests.support.small import AS_OF, make_workspace, write_audience


def test_every_row_is_told(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    file = tmp_path / "vip.csv"
    file.write_text("user_id,name\n1,ana\n\n 2 ,bea\n1,again\n77,nobody\nx7,odd\n004,zeros\n", encoding="utf-8")
    found = operations.upload_list(workspace, "vip", file)
    assert [(row.line, row.key, row.outcome) for row in found.rows] == [
        (2, "1", "matched"),
        (4, "2", "matched"),
        (5, "1", "duplicate"),
        (6, "77", "unknown"),
        (7, "x7", "malformed"),
        (8, "4", "matched"),
    ]
    assert found.as_json() == {
        "id": "vip", "size": 4, "rows": 6, "matched": 3, "unknown": 1, "duplicate": 1, "malformed": 1,
    }  # fmt: skip
    write_audience(tmp_path / "a", "in-list", {"list": "vip"})
    assert operations.members(workspace, [str(tmp_path / "a")], as_of=AS_OF)[0].keys == [1, 2, 4]
    operations.apply(workspace, tmp_path / "a")
    assert operations.run(workspace, as_of=AS_OF).audiences[0].size == 3
    file.write_text("2\n", encoding="utf-8")
    operations.upload_list(workspace, "vip", file)
    run = operations.run(workspace, as_of=AS_OF)  # the same moment and data, another list
    assert (run.audiences[0].size, run.audiences[0].removed) == (1, 2)


def test_without_a_warehouse_rows_stay_unchecked(tmp_path: Path) -> None:
    workspace = operations.init(tmp_path / "ws")
    file = tmp_path / "vip.txt"
    file.write_text("a\nb\na\n", encoding="utf-8")
    assert operations.upload_list(workspace, "vip", file).counts() == {"duplicate": 1, "unchecked": 2}
    file.write_text("\n\n", encoding="utf-8")
    with pytest.raises(EngineError, match="holds no keys"):
        operations.upload_list(workspace, "vip", file)
