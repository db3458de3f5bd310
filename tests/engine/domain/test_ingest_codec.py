"""The ingest document: read back as it was written, and what is wrong is named."""

from __future__ import annotations

from typing import Any

import pytest

from engine.domain.documents import dump_yaml, load_one
from engine.domain.ingest_codec import read_ingest, share, write_ingest
from engine.errors import EngineError

GIVEN: dict[str, Any] = {
    "kind": "ingest",
    "id": "crm-daily",
    "into": "people",
    "path": "in/*.csv",
    "mode": "replace",
    "partition": "day",
    "columns": {
        "user_id": {"from": "User ID", "type": "integer"},
        "day": {"type": "date", "format": "%d/%m/%Y"},
        "name": "Nome",
        "balance": {"from": "Saldo", "type": "decimal", "decimal": "."},
    },
    "file": {
        "delimiter": ";",
        "decimal": ",",
        "nulls": ["NULL", "-"],
        "header": False,
        "encoding": "cp1252",
        "skip": 2,
        "footer": 0,
        "sheet": "Jan",
        "comment": "#",
    },
    "evolve": "add",
    "reject": 0.05,
}


def test_what_is_written_is_read_back() -> None:
    found = read_ingest(load_one(dump_yaml(GIVEN)))
    assert read_ingest(load_one(dump_yaml(write_ingest(found)))) == found
    assert (found.columns["day"].source, found.columns["name"].source, str(found.reject)) == ("day", "Nome", "0.05")
    assert write_ingest(read_ingest({"kind": "ingest", "id": "a", "into": "t"})) == {
        "kind": "ingest",
        "id": "a",
        "into": "t",
    }


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"kind": "audience"}, "kind", "not an ingest document"),
        ({"intro": 1}, None, 'no "intro"'),
        ({"into": "People;"}, "into", "cannot be a table"),
        ({"mode": "merge"}, "mode", '"merge" is no mode'),
        ({"mode": "upsert", "partition": None}, "key", "by their key"),
        ({"mode": "insert"}, "partition", "have a partition"),
        ({"partition": "dya"}, "partition", '"dya" is not among the columns'),
        ({"columns": {"A b": {}}}, "columns", "cannot be a column"),
        ({"columns": {"day": {"type": "dat"}}}, "columns.day.type", 'no type "dat"'),
        ({"columns": {"day": {"format": "%d"}}}, "columns.day.format", "only dates, timestamps and numbers"),
        ({"file": {"decimal": ";"}}, "file.decimal", "is no decimal"),
        ({"file": {"header": "yes"}}, "file.header", "is no header"),
        ({"file": {"skip": -1}}, "file.skip", "is no number of lines"),
        ({"file": {"footer": True}}, "file.footer", "is no number of lines"),
        ({"file": {"sheet": 0}}, "file.sheet", "is no sheet"),
        ({"file": {"comment": "//"}}, "file.comment", "is no single character"),
        ({"reject": 2}, "reject", "no share of one"),
        ({"evolve": "yes"}, "evolve", "is no evolve"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], path: str | None, message: str) -> None:
    with pytest.raises(EngineError, match=message) as caught:
        read_ingest(GIVEN | change)
    assert caught.value.path == path


@pytest.mark.parametrize(("share_", "right"), [(0, True), (1, True), (-0.01, False), (1.01, False), (True, False)])
def test_a_share_of_bad_rows_is_from_none_to_all(share_: Any, right: bool) -> None:
    if right:
        assert share(share_, "reject") == share_
    else:
        with pytest.raises(EngineError) as refused:
            share(share_, "reject")
        assert refused.value.path == "reject"
