"""What is loaded into a table keeps its contract: bad rows stay outside, and a file that breaks it is not written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.domain.ingest_codec import read_ingest
from engine.errors import EngineError
from engine.ingest.messages import Received
from engine.operations import Workspace
from engine.operations.collecting import collecting_into
from engine.operations.ingesting import FileLoaded
from tests.support.contracts import CONTRACT

HEAD = "id,email,age,state,seen\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with operations.init(tmp_path / "ws") as made:
        (made.folder / "contracts").mkdir()
        (made.folder / "contracts" / "people.yaml").write_text(dump_yaml(CONTRACT))
        yield made


def load(workspace: Workspace, text: str, reject: float = 0.9, name: str = "f.csv", **more: object) -> FileLoaded:
    path = workspace.folder / name
    path.write_text(HEAD + text)
    document = read_ingest({"kind": "ingest", "id": "people", "into": "people", "reject": reject, **more})
    return operations.ingest_load(workspace, document, [path])[0]


def rows(workspace: Workspace) -> list[int]:
    return [one for (one,) in workspace.warehouse.rows("SELECT id FROM people ORDER BY 1")]


def test_rows_that_break_it_are_kept_aside_with_why_and_replayed_when_corrected(workspace: Workspace) -> None:
    found = load(
        workspace, "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n3,c@x.com,-1,XX,2026-11-25\n4,no,9,RJ,2026-11-25\n"
    )
    assert (found.state, found.rows, found.bad) == ("loaded", 1, 3)
    assert found.reasons == {"email: required": 1, "age: range": 1, "state: invalidValues": 1, "email: pattern": 1}
    assert rows(workspace) == [1]
    (load_,) = [one for one in operations.ingest_status(workspace) if one.kept]
    path = Path(str(load_.kept))
    fixed = (
        path.read_text()
        .replace('"-1"', '"1"')
        .replace('"XX"', '"SP"')
        .replace('"no"', '"no@x.com"')
        .replace('"email": null', '"email": "b@x.com"')
    )
    path.write_text(fixed)
    again = operations.ingest_replay(workspace, load_.id)
    assert (again.state, again.rows, again.bad) == ("loaded", 3, 0)
    assert rows(workspace) == [1, 2, 3, 4]


def test_a_file_with_too_many_is_refused_and_the_last_good_data_stay(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n")
    found = load(workspace, "2,b@x.com,300,SP,2026-11-25\n3,c@x.com,30,SP,2026-11-25\n", 0.1, "g.csv")
    assert found.state == "refused"
    assert rows(workspace) == [1]


def test_a_file_after_which_keys_would_be_twice_is_refused(workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n")
    with pytest.raises(EngineError, match=r'"people" would break its contract \(id: primary key: 1 of 2 rows'):
        load(workspace, "1,b@x.com,30,SP,2026-11-25\n", name="g.csv")
    assert rows(workspace) == [1]
    found = load(workspace, "1,b@x.com,31,SP,2026-11-25\n", name="g.csv", mode="upsert", key=["id"])
    assert (found.state, rows(workspace)) == ("loaded", [1])


def test_a_new_table_that_breaks_it_is_not_made(workspace: Workspace) -> None:
    with pytest.raises(EngineError, match="would break its contract"):
        load(workspace, "1,a@x.com,30,SP,2026-11-25\n1,b@x.com,30,SP,2026-11-25\n")
    assert not operations.ingest_status(workspace)


def test_a_contract_that_cannot_be_read_lets_nothing_in(workspace: Workspace) -> None:
    (workspace.folder / "contracts" / "people.yaml").write_text("kind: DataContract\nschema: [{name: people}]\n")
    with pytest.raises(EngineError, match="the contract is not as ODCS has it"):
        load(workspace, "1,a@x.com,30,SP,2026-11-25\n")


def collected(workspace: Workspace, *prices: object, after: int = 0) -> dict[str, list[object]]:
    """Collect an order of each price; what is in the table now, and why others were put aside."""
    with collecting_into(workspace.folder) as collecting:
        messages = tuple(
            {
                "type": "track",
                "messageId": f"{after}-{place}",
                "userId": "u",
                "event": "Order",
                "properties": {"price": price},
            }
            for place, price in enumerate(prices)
        )
        collecting.journal.write([Received(datetime.now(UTC), "web", messages).as_bytes()])
        collecting.journal.close()
    with collecting_into(workspace.folder) as collecting:
        collecting.lander.land(collecting.journal.landed)
    workspace.reload()
    vars(workspace).pop("settings", None)
    return {
        table: [one for (one,) in workspace.warehouse.rows(f"SELECT {column} FROM collected.{table} ORDER BY 1")]
        for table, column in (("order", "price"), ("aside", "reason"))
        if table in {name.split(".")[-1] for name in (one.name for one in workspace.warehouse.tables())}
    }


def test_a_contract_of_another_table_that_cannot_be_read_stops_nothing(workspace: Workspace) -> None:
    other = workspace.folder / "contracts" / "other.yaml"
    other.write_text("kind: DataContract\nschema: [{name: orders, properties: 7}]\n")
    assert load(workspace, "1,a@x.com,30,SP,2026-11-25\n").rows == 1
    other.write_text("kind: DataContract\nschema: [{name: People, properties: 7}]\n")
    with pytest.raises(EngineError, match=r"other\.yaml"):
        load(workspace, "2,a@x.com,30,SP,2026-11-25\n", name="g.csv")
    other.write_text("kind: [\n# people")
    with pytest.raises(EngineError, match=r"other\.yaml"):
        load(workspace, "2,a@x.com,30,SP,2026-11-25\n", name="g.csv")


def test_what_is_collected_is_looked_at_at_the_door(workspace: Workspace) -> None:
    contract = {name: one for name, one in deepcopy(CONTRACT).items() if name != "slaProperties"}
    contract["schema"] = [
        {
            "name": "collected.order",
            "properties": [{"name": "price", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}}],
        }
    ]
    path = workspace.folder / "contracts" / "orders.yaml"
    path.write_text(dump_yaml(contract))
    assert collected(workspace, 1, -5, 3) == {"order": [1, 3], "aside": ["order: price: range"]}
    mended = workspace.folder / "aside.jsonl"
    assert operations.collect_aside(workspace, mended) == {"order: price: range": 1}
    assert mended.stat().st_mode & 0o077 == 0
    with pytest.raises(EngineError, match="cannot be written: it is there"):
        operations.collect_aside(workspace, mended)
    assert operations.collect_replay(workspace).aside == {"order: price: range": 1}, "nothing has changed"
    (line,) = mended.read_text().splitlines()
    told = json.loads(line)
    told["row"]["price"] = 4
    mended.write_text(json.dumps(told) + "\n\n")
    assert operations.collect_replay(workspace, mended).rows == {"order": 1}
    assert operations.collect_replay(workspace, mended).gone == 1, "it landed before"
    assert collected(workspace, after=9)["order"] == [1, 3, 4]
    for wrong in ("{}", "[1]", "no", '{"id": "1", "row": 3}'):
        mended.write_text(wrong)
        with pytest.raises(EngineError, match=r"aside\.jsonl has no row or message with its id in line 1"):
            operations.collect_replay(workspace, mended)
    path.write_text("no contract")  # what was acknowledged lands; what is wrong with the contract is an alert
    assert collected(workspace, -7, after=1)["order"] == [-7, 1, 3, 4]
    path.unlink()
    assert collected(workspace, -8, after=2)["order"] == [-8, -7, 1, 3, 4]
