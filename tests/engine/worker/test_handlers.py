"""What the worker remembers is of the data as they are: new ones are read once they are published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.jobs import Job
from engine.operations import Workspace, apply_model_text, connect, init
from engine.serving.hosting import Hosted
from engine.settings import write_settings
from engine.warehouses.local import publishing
from engine.worker import handlers
from engine.worker.handlers import Handlers

MODEL = "kind: model\nprofile: {table: users, key: id, traits: {age: {type: integer}}}\n"


def publish(folder: Path, count: int) -> None:
    with publishing(folder / "warehouse", "test") as connection:
        connection.execute(f"CREATE TABLE users AS SELECT range AS id, range % 90 AS age FROM range({count})")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with init(tmp_path / "ws") as workspace:
        write_settings(workspace.folder, replace(workspace.settings, warehouse="local:"))
    publish(tmp_path / "ws", 90)
    with Workspace(tmp_path / "ws") as workspace:
        apply_model_text(workspace, MODEL)
    return tmp_path / "ws"


def size_of(asked: Handlers) -> int:
    document: dict[str, Any] = {"kind": "audience", "id": "a", "name": "a", "rule": {"trait": "age", "gte": 45}}
    return int(asked.call("size", {"document": document}, Job())["size"])


def test_new_data_are_counted_by_an_open_app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_LOOK_SECONDS", 0.0)
    asked = Handlers(folder)
    assert size_of(asked) == 45
    publish(folder, 180)
    assert size_of(asked) == 90
    asked.close()


def test_a_session_that_was_given_up_is_begun_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "_LOOK_SECONDS", 0.0)
    hosted = Hosted(folder, "unix")
    with init(tmp_path / "far") as far:
        connect(far, hosted.location.replace("grpc", "flight", 1))
        apply_model_text(far, MODEL)
    asked = Handlers(tmp_path / "far")
    assert size_of(asked) == 45
    hosted._server._sessions.close_all()
    publish(folder, 180)
    assert size_of(asked) == 90
    asked.close()
    hosted.stop()
