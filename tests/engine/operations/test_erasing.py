"""Erased for good: from the map, what was hashed and every destination; and not taken in again."""

from __future__ import annotations

import json
from concurrent import futures
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet
import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.ingest.messages import Received
from engine.operations import Workspace
from engine.operations.collecting import collecting_into
from engine.operations.ingesting import kept_folder
from tests.support.people import PEOPLE, make, persons
from tests.support.small import AS_OF

KEYS = [row[0] for row in PEOPLE]


def test_somebody_is_erased_and_does_not_come_back(tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        operations.run_identity(workspace)
        operations.join_identifiers(workspace, "profile:carla-1", "profile:nobody", "she said so")
        given = {
            "kind": "destination",
            "id": "crm",
            "type": "folder",
            "settings": {"path": str(tmp_path / "out"), "format": "jsonl"},
        }
        operations.save_destination(workspace, given | {"max_removal": 100})
        rule = {"kind": "audience", "id": "all", "name": "All", "rule": {"all": []}, "destinations": ["crm"]}
        operations.save(workspace, rule)
        operations.run(workspace, ["all"], as_of=AS_OF)
        operations.sync(workspace, [])
        before = persons(workspace, KEYS)
        operations.cut_identifiers(workspace, "profile:ana-1", "profile:carla-1", "a test")
        operations.cut_identifiers(workspace, "profile:bruno-1", "profile:carla-1", "names who will be gone")
        found = operations.forget_person(workspace, "email:bruno@mail.com")
        assert operations.explain_identity(workspace, "profile:carla-1", "profile:nobody").path, "links of people stay"
        assert (found.keys, found.audiences, found.found) == (1, ("all",), 0)
        assert found.identifiers >= 3
        assert [one.reason for one in operations.identity_decisions(workspace)] == ["she said so", "a test"]
        assert found.searched > 8
        for _ in range(2):
            after = persons(workspace, KEYS)
            assert after == {**before, "bruno-1": None}
            with pytest.raises(EngineError, match="nobody"):
                operations.find_person(workspace, str(before["bruno-1"]))
            operations.run_identity(workspace)
        assert [task.audiences for task in operations.tasks(workspace)] == [("all",)]
        bruno = str(before["bruno-1"]).encode()
        assert not [path for path in (workspace.folder / "bitmaps").rglob("*.*") if bruno in path.read_bytes()]
        operations.sync(workspace, [])
        operations.run(workspace, ["all"], as_of=AS_OF)
        operations.sync(workspace, [])
        sent = [path for path in (tmp_path / "out").rglob("*.jsonl") if "remove" not in path.name]
        assert not [path for path in sent if "erased:" in path.read_text()], "whom the old snapshot had is not sent"
        (removed,) = (tmp_path / "out").rglob("*-remove.jsonl")
        assert [json.loads(line)["key"] for line in removed.read_text().splitlines()] == [before["bruno-1"]]
        operations.rotate_pepper(workspace)
        assert persons(workspace, KEYS) == {**before, "bruno-1": None}, "another pepper does not bring them back"
        with pytest.raises(EngineError, match="nobody is known"):
            operations.forget_person(workspace, "profile:bruno-1")


def collect(workspace: Workspace, *addresses: str) -> None:
    """Acknowledge an event of each address; nothing lands yet."""
    with collecting_into(workspace.folder) as collecting:
        messages = [
            {"type": "track", "messageId": one, "anonymousId": "a", "event": "Seen", "properties": {"mail": one}}
            for one in addresses
        ]
        collecting.journal.write([Received(datetime.now(UTC), "web", tuple(messages)).as_bytes()])
        collecting.journal.close()


def test_bad_rows_and_collected_events_go_too(tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        operations.run_identity(workspace)
        kept = kept_folder(workspace) / "0123456789ab" / "rows.jsonl"
        kept.parent.mkdir(parents=True)
        lines = [json.dumps({"reasons": ["x"], "row": {"mail": one}}) for one in ("BRUNO@mail.com", "ana@mail.com")]
        kept.write_text("\n".join(lines), encoding="utf-8")
        collect(workspace, "Bruno@Mail.com", "ana@mail.com")
        found = operations.forget_person(workspace, "profile:bruno-1")
        assert found.found == 0
        assert kept.read_text(encoding="utf-8") == lines[1]
        events = next((workspace.warehouse_folder / "collected" / "seen").glob("*.parquet"))
        assert pyarrow.parquet.read_table(events)["mail"].to_pylist() == ["ana@mail.com"]


def test_while_a_collector_runs_what_it_acknowledged_is_waited_for(tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        operations.run_identity(workspace)
        collect(workspace, "bruno@mail.com", "ana@mail.com")
        with (
            collecting_into(workspace.folder) as collecting,
            Workspace(workspace.folder) as other,
            futures.ThreadPoolExecutor(1) as beside,
        ):
            erasing = beside.submit(operations.forget_person, other, "profile:bruno-1")
            with pytest.raises(futures.TimeoutError):
                erasing.result(0.5)
            collecting.lander.land(collecting.journal.landed)
            assert erasing.result(60).found == 0
        events = next((workspace.warehouse_folder / "collected" / "seen").glob("*.parquet"))
        assert pyarrow.parquet.read_table(events)["mail"].to_pylist() == ["ana@mail.com"]


def test_their_computed_traits_go_and_do_not_come_back(tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        operations.run_identity(workspace)
        (workspace.folder / "traits").mkdir()
        document = {"kind": "trait", "id": "visits", "event": "visit", "measure": {"times": True}}
        (workspace.folder / "traits" / "visits.yaml").write_text(dump_yaml(document))
        (before,) = operations.trait_run(workspace)
        bruno = str(persons(workspace, ["bruno-1"])["bruno-1"])
        assert operations.forget_person(workspace, "profile:bruno-1").found == 0
        for _ in range(2):
            (file,) = (workspace.warehouse_folder / "traits").glob("*.duckdb")
            assert bruno.encode() not in file.read_bytes()
            assert operations.trait_show(workspace).keys() == {"visits"}
            (after,) = operations.trait_run(workspace)
            assert after.values == before.values - 1
            for old in (workspace.warehouse_folder / "traits").glob("*.duckdb"):
                if old.name != f"traits-{max(_number(one) for one in old.parent.glob('*.duckdb'))}.duckdb":
                    old.unlink()


def _number(path: Path) -> int:
    return int(path.stem.split("-")[1])
