"""Erased for good: from the map, what was hashed and every destination; and not taken in again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import operations
from engine.errors import EngineError
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
