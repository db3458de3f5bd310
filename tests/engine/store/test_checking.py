"""A damaged page of the store is told in a sentence, and never read as if it were sound."""

from __future__ import annotations

import json
import os
from pathlib import Path

import apsw
import pytest

from engine import operations
from engine.domain.audience_codec import read_audience
from engine.errors import EngineError
from engine.failures import failure_of
from engine.store.audiences import Audiences
from engine.store.checking import problems
from engine.store.checksums import checking
from engine.store.database import Database
from tests.support.everything import convoke


def filled(folder: Path) -> Path:
    """A workspace whose store has texts of several pages; the file."""
    with operations.init(folder) as workspace:
        for number in range(6):
            text = f"kind: audience\nid: a{number}\ndescription: {'x' * 9_000}\nrule: {{all: []}}\n"
            rule = {"kind": "audience", "id": f"a{number}", "description": "x" * 9_000, "rule": {"all": []}}
            Audiences(workspace.database).save(read_audience(rule), text, "me", "app")
        assert problems(workspace.database) == []
    return folder / "store.sqlite"


def test_every_zeroed_page_is_noticed(tmp_path: Path) -> None:
    path = filled(tmp_path / "ws")
    sound = path.read_bytes()
    size = int.from_bytes(sound[16:18], "big")
    unnoticed, sentences = [], set()
    step = int(os.environ.get("CONVOKE_STEP", "9"))
    for page in range(0, len(sound) // size, step):
        path.write_bytes(sound[: page * size] + bytes(size) + sound[(page + 1) * size :])
        for beside in ("store.sqlite-wal", "store.sqlite-shm"):
            path.with_name(beside).unlink(missing_ok=True)
        if page and sound[page * size : (page + 1) * size] == bytes(size):
            continue
        for command in (["list"], ["store", "check"]):
            out = convoke(*command, "-w", str(path.parent), expect=(0, 1, 2, 3))
            assert "did not expect" not in out
            assert "Traceback" not in out
            sentences.add(out.strip().split("\n")[0])
        if "all sound" in out:
            unnoticed.append(page)
    assert unnoticed == []
    assert len(sentences) > 2
    path.write_bytes(sound)
    assert "all sound" in convoke("store", "check", "-w", str(path.parent))


def test_a_text_of_zeroes_in_the_store_is_a_damaged_store(tmp_path: Path) -> None:
    path = filled(tmp_path / "ws")
    connection = apsw.Connection(str(path), vfs=checking())
    connection.execute("UPDATE audience_version SET parsed = replace(parsed, 'a', char(0)) WHERE audience_id = 'a3'")
    connection.close()
    with operations.Workspace(path.parent) as workspace:
        assert problems(workspace.database) == ["store.sqlite: audience_version.parsed holds zeroed bytes"]
        with pytest.raises(json.JSONDecodeError) as met:
            workspace.audiences.all()
        told = failure_of(met.value)
    assert isinstance(told, EngineError)
    assert told.code == "store"
    out = convoke("show", "a3", "-w", str(path.parent), expect=3)
    assert out.startswith(
        "convoke: the workspace's store is damaged: a stored text cannot be read. Run convoke store check"
    )


def test_a_sound_store_has_no_problem(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    assert problems(database) == []
    database.close()
