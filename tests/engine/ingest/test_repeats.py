"""Which files that come again are passed over: those whose content their table still holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine import operations
from engine.domain.ingest import IngestDocument, LoadedColumn
from engine.domain.values import ValueType
from engine.operations import Workspace

INSERT = IngestDocument("r", "r")
REPLACE = replace(INSERT, mode="replace")
UPSERT = replace(INSERT, mode="upsert", key=("id",))
A, B = "id,n\n1,10\n2,20\n", "id,n\n1,11\n3,30\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with operations.init(tmp_path / "ws") as made:
        yield made


def load(workspace: Workspace, document: IngestDocument, text: str, name: str = "daily.csv") -> str:
    path = workspace.folder / name
    path.write_text(text, encoding="utf-8")
    return operations.ingest_load(workspace, document, [path], allow_shrink=True)[0].state


def rows(workspace: Workspace) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in workspace.warehouse.rows("SELECT id, n FROM r ORDER BY ALL")]


@pytest.mark.parametrize("names", [("daily.csv",) * 3, ("a.csv", "b.csv", "a.csv")])
def test_a_bad_day_is_rolled_back_by_the_file_before(workspace: Workspace, names: tuple[str, str, str]) -> None:
    for text, name in zip((A, B, A), names, strict=True):
        assert load(workspace, REPLACE, text, name) == "loaded"
    assert rows(workspace) == [(1, 10), (2, 20)]
    assert load(workspace, REPLACE, A, "another-name.csv") == "known", "the table holds just that"


def test_rows_that_were_overwritten_come_again(workspace: Workspace) -> None:
    assert [load(workspace, UPSERT, text) for text in (A, A, B, A, A)] == [
        "loaded",
        "known",
        "loaded",
        "loaded",
        "known",
    ]
    assert rows(workspace) == [(1, 10), (2, 20), (3, 30)]


def test_rows_that_were_added_come_again_only_after_all_were_replaced(workspace: Workspace) -> None:
    assert [load(workspace, INSERT, text) for text in (A, B, A, B)] == ["loaded", "loaded", "known", "known"]
    day = replace(REPLACE, partition="id")
    assert load(workspace, day, "id,n\n7,70\n") == "loaded"
    assert load(workspace, INSERT, A) == "known", "only a part was replaced"
    assert load(workspace, REPLACE, B) == "loaded"
    assert load(workspace, INSERT, A) == "loaded"
    assert load(workspace, INSERT, B) == "known", "the replacement brought it"
    assert rows(workspace) == [(1, 10), (1, 11), (2, 20), (3, 30)]


def test_a_part_and_the_whole_table_are_different_replacements(workspace: Workspace) -> None:
    load(workspace, INSERT, "id,n\n7,70\n")
    assert load(workspace, replace(REPLACE, partition="id"), A) == "loaded"
    assert load(workspace, REPLACE, A) == "loaded"
    assert rows(workspace) == [(1, 10), (2, 20)]


def test_corrected_rows_are_not_taken_out_by_the_same_file(workspace: Workspace) -> None:
    document = replace(REPLACE, reject=Decimal(1), columns={"id": LoadedColumn("id", ValueType.INTEGER)})
    bad = "id,n\n1,10\nx,9\n"
    load(workspace, document, bad)
    (record,) = operations.ingest_status(workspace)
    kept = Path(str(record.kept))
    kept.write_text(kept.read_text(encoding="utf-8").replace('"x"', '"99"'), encoding="utf-8")
    operations.ingest_replay(workspace, record.id)
    assert load(workspace, document, bad) == "known"
    assert [one for (one,) in workspace.warehouse.rows("SELECT id FROM r ORDER BY 1")] == [1, 99]


def test_files_of_a_folder_are_loaded_when_they_are_others_than_last(workspace: Workspace, tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text(A, encoding="utf-8")
    second.write_text(B, encoding="utf-8")

    def states() -> list[str]:
        return [one.state for one in operations.ingest_load(workspace, UPSERT, [first, second])]

    assert (states(), states()) == (["loaded", "loaded"], ["known", "known"])
    first.write_text("id,n\n1,12\n", encoding="utf-8")
    assert (states(), states()) == (["loaded", "known"], ["known", "known"]), "a correction is not overwritten"
    first.write_text(A, encoding="utf-8")
    assert states() == ["loaded", "known"]
    assert rows(workspace)[0] == (1, 10)


def test_a_ledger_of_an_earlier_convoke_is_read(workspace: Workspace) -> None:
    load(workspace, REPLACE, A)
    from engine.warehouses.local import publishing

    with publishing(workspace.warehouse_folder, "test", keep=True) as connection:
        connection.execute("ALTER TABLE convoke.loads DROP COLUMN part")
    assert load(workspace, REPLACE, A) == "known"
    assert load(workspace, INSERT, A) == "known"
    assert [load(workspace, REPLACE, text) for text in (B, A)] == ["loaded", "loaded"]
