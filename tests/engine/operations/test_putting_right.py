"""Rows that were put aside are corrected cell by cell, and come in; nothing of them is lost on the way."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.ingest.messages import Received
from engine.operations import Workspace
from engine.operations.collecting import collecting_into
from engine.operations.putting_right import PutRight, _value
from tests.engine.operations.test_gating import collected, load, rows, workspace
from tests.support.contracts import CONTRACT

__all__ = ["workspace"]


def orders(workspace: Workspace) -> None:
    """A contract at the collector's door."""
    contract = {name: one for name, one in deepcopy(CONTRACT).items() if name != "slaProperties"}
    least = {"logicalType": "number", "logicalTypeOptions": {"minimum": 0}}
    contract["schema"] = [{"name": "collected.order", "properties": [{"name": "price", **least}]}]
    (workspace.folder / "contracts" / "orders.yaml").write_text(dump_yaml(contract))


def test_rows_of_a_load(workspace: Workspace) -> None:
    text = "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n3,c@x.com,-1,XX,2026-11-25\n"
    load(workspace, text)
    (source,) = operations.aside_sources(workspace)
    assert (source.file, source.into, source.rows) == ("f.csv", "people", 2)
    found = {one.cells["id"]: one for one in operations.aside_rows(workspace, source.id)}
    assert found["3"].reasons == ("age: range", "state: invalidValues")
    assert found["2"].cells["email"] is None
    changes = {found["2"].id: {"email": "b@x.com"}, found["3"].id: {"age": "1"}}
    assert operations.put_right(workspace, source.id, changes) == PutRight(1, 1)
    assert rows(workspace) == [1, 2]
    (left,) = operations.aside_sources(workspace)
    (row,) = operations.aside_rows(workspace, left.id)
    assert (row.reasons, row.cells["age"]) == (("state: invalidValues",), "1")
    operations.put_right(workspace, left.id, {row.id: {"state": "SP"}})
    assert operations.aside_sources(workspace) == []
    assert rows(workspace) == [1, 2, 3]
    with pytest.raises(EngineError, match="there is no load"):
        operations.aside_rows(workspace, left.id)
    for wrong in ("../people", "", "."):
        with pytest.raises(EngineError, match="there is no load"):
            operations.put_right(workspace, wrong, {})


def test_one_of_many_is_corrected_at_a_time(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n" * 9 + "2,,30,SP,2026-11-25\n", reject=0.2, name="g.csv", key=["id"])
    (source,) = operations.aside_sources(workspace)
    (row,) = operations.aside_rows(workspace, source.id)
    assert operations.put_right(workspace, source.id, {row.id: {"age": "31"}}) == PutRight(0, 1)
    (source,) = operations.aside_sources(workspace)
    (row,) = operations.aside_rows(workspace, source.id)
    assert (row.cells["age"], row.cells["email"]) == ("31", None), "what was corrected stays"
    assert (workspace.warehouse_folder / "kept" / source.id / "rows.jsonl").stat().st_mode & 0o077 == 0
    assert operations.put_right(workspace, source.id, {row.id: {"email": "b@x.com"}}) == PutRight(1, 0)


def test_what_is_bad_still_is_replayed_as_strictly_as_before(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n" * 9 + "2,,30,SP,2026-11-25\n", reject=0.2, key=["id"])
    (source,) = operations.aside_sources(workspace)
    operations.put_right(workspace, source.id, {})
    (source,) = operations.aside_sources(workspace)
    assert operations.ingest_replay(workspace, source.id).state == "refused"
    assert operations.aside_sources(workspace) == [source]


def test_killed_before_it_cleaned_up_it_is_loaded_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n3,c@x.com,-1,SP,2026-11-25\n")
    (source,) = operations.aside_sources(workspace)
    found = {one.cells["id"]: one.id for one in operations.aside_rows(workspace, source.id)}
    with monkeypatch.context() as patched:
        patched.setattr("engine.operations.ingesting._leave", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            operations.put_right(workspace, source.id, {found["2"]: {"email": "b@x.com"}})
    workspace.reload()
    assert rows(workspace) == [1, 2]
    assert operations.put_right(workspace, source.id, {found["3"]: {"age": "3"}}) == PutRight(0, 0)
    assert rows(workspace) == [1, 2], "not twice"
    (left,) = operations.aside_sources(workspace)
    (row,) = operations.aside_rows(workspace, left.id)
    assert operations.put_right(workspace, left.id, {row.id: {"age": "3"}}) == PutRight(1, 0)
    assert rows(workspace) == [1, 2, 3]


def test_a_value_with_a_break_of_its_own_stays_one(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n2,\u2028,30,SP,2026-11-25\n")
    (source,) = operations.aside_sources(workspace)
    (row,) = operations.aside_rows(workspace, source.id)
    assert row.cells["email"] == "\u2028"
    assert operations.put_right(workspace, source.id, {row.id: {"email": "b@x.com"}}) == PutRight(1, 0)


def test_what_is_no_json_any_more_is_said(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n")
    (source,) = operations.aside_sources(workspace)
    for text in ("{", "5", "[1]"):
        (workspace.warehouse_folder / "kept" / source.id / "rows.jsonl").write_text(text)
        for ask in (operations.aside_sources, lambda opened: operations.ingest_replay(opened, source.id)):
            with pytest.raises(EngineError, match=r"rows\.jsonl is no JSON in line 1"):
                ask(workspace)


def test_a_load_that_is_refused_keeps_what_was_corrected(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n")
    (source,) = operations.aside_sources(workspace)
    (row,) = operations.aside_rows(workspace, source.id)
    with pytest.raises(EngineError, match="id: primary key"):
        operations.put_right(workspace, source.id, {row.id: {"id": "1", "email": "b@x.com"}})
    assert operations.aside_sources(workspace) == [source]
    (row,) = operations.aside_rows(workspace, source.id)
    assert (row.cells["id"], row.cells["email"]) == ("1", "b@x.com")


def test_lines_that_are_no_rows_stay(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n3,too,many,cells,here,today\n")
    (source,) = operations.aside_sources(workspace)
    by_line = {("line" in one.cells): one for one in operations.aside_rows(workspace, source.id)}
    assert by_line[True].cells == {"line": "3,too,many,cells,here,today"}
    assert operations.put_right(workspace, source.id, {by_line[False].id: {"email": "b@x.com"}}).rows == 1
    (left,) = operations.aside_sources(workspace)
    assert (left.id, left.rows) == (source.id, 1)
    (row,) = operations.aside_rows(workspace, left.id)
    assert row.cells == by_line[True].cells
    with pytest.raises(EngineError, match="none of the bad rows could be read"):
        operations.put_right(workspace, left.id, {row.id: {"line": "3"}})
    written = {"id": "3", "email": "c@x.com", "age": "3", "state": "SP", "seen": "2026-11-25"}
    path = workspace.warehouse_folder / "kept" / left.id / "rows.jsonl"
    path.write_text(json.dumps({"reasons": [], "row": written}) + "\n")
    assert operations.put_right(workspace, left.id, {}) == PutRight(1, 0), "written out as a row"
    assert operations.aside_sources(workspace) == []


def test_what_was_collected(workspace: Workspace) -> None:
    orders(workspace)
    assert collected(workspace, 1, -5, -6)["order"] == [1]
    (source,) = operations.aside_sources(workspace)
    assert (source.id, source.file, source.rows) == ("collected", None, 2)
    found = {one.cells["price"]: one for one in operations.aside_rows(workspace, "collected")}
    assert found["-5"].reasons == ("order: price: range",)
    done = operations.put_right(workspace, "collected", {found["-5"].id: {"price": "5"}})
    assert (done.rows, done.aside) == (1, 0), "the other one is left alone"
    assert collected(workspace, after=9)["order"] == [1, 5]
    assert operations.put_right(workspace, "collected", {found["-5"].id: {"price": "7"}}).rows == 0, "it came in before"
    assert operations.put_right(workspace, "collected", {}).aside == 1, "all of it, as it stands"
    (workspace.folder / "contracts" / "orders.yaml").unlink()
    assert operations.put_right(workspace, "collected", {}).rows == 1
    assert operations.aside_sources(workspace) == []


def test_messages_that_could_not_be_used(workspace: Workspace) -> None:
    from datetime import UTC, datetime

    message = {"type": "track", "messageId": "m", "event": "Order", "properties": {"price": 3}}
    with collecting_into(workspace.folder) as collecting:
        collecting.journal.write([Received(datetime.now(UTC), "web", (message,)).as_bytes()])
        collecting.journal.close()
        collecting.lander.land(collecting.journal.landed)
    workspace.reload()
    vars(workspace).pop("settings", None)
    (row,) = operations.aside_rows(workspace, "collected")
    assert json.loads(row.cells["message"] or "") == message
    with pytest.raises(EngineError, match="no JSON as it was corrected"):
        operations.put_right(workspace, "collected", {row.id: {"message": "{"}})
    mended = json.dumps(message | {"userId": "u"})
    assert operations.put_right(workspace, "collected", {row.id: {"message": mended}}).rows >= 1
    assert operations.aside_sources(workspace) == []


def test_a_message_with_half_a_character_is_shown_as_it_came(workspace: Workspace) -> None:
    from datetime import UTC, datetime

    message = {"type": "track", "messageId": "m", "userId": "u", "event": "Order", "properties": {"t": "\ud83d"}}
    with collecting_into(workspace.folder) as collecting:
        collecting.journal.write([Received(datetime.now(UTC), "web", (message,)).as_bytes()])
        collecting.journal.close()
        collecting.lander.land(collecting.journal.landed)
    workspace.reload()
    vars(workspace).pop("settings", None)
    (row,) = operations.aside_rows(workspace, "collected")
    assert '"t": "\\ud83d"' in str(row.cells["message"])
    mended = str(row.cells["message"]).replace("\\ud83d", "😀")
    assert operations.put_right(workspace, "collected", {row.id: {"message": mended}}).aside == 0


@pytest.mark.parametrize(
    ("before", "text", "typed", "after"),
    [
        ("x", "2", False, "2"),
        (None, "2", False, "2"),
        (1, "2,5", False, "2,5"),
        (1, "2.5", False, 2.5),
        ("x", "2", True, 2),
        ("07", "08", True, "08"),
        ("12", "13", True, "13"),
        (None, "true", True, True),
        ("x", "", True, None),
        (3, "abc", True, "abc"),
        (1, "12345678901234.5678", True, Decimal("12345678901234.5678")),
        (1, "12345678901234.5678", False, "12345678901234.5678"),
        ([1], "[1, 2]", True, [1, 2]),
        ({"a": 1}, "{", True, "{"),
    ],
)
def test_what_is_typed_is_what_stood_there(before: Any, text: str, typed: bool, after: Any) -> None:
    found = _value(before, text, typed=typed)
    assert (found, type(found)) == (after, type(after))


def test_only_so_many_are_shown(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.operations.putting_right.MOST_ROWS", 3)
    load(workspace, "".join(f"{one},,30,SP,2026-11-25\n" for one in range(9)), reject=1)
    (source,) = operations.aside_sources(workspace)
    assert source.rows == 9
    assert len(operations.aside_rows(workspace, source.id)) == 3
