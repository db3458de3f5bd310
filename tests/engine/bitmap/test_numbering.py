"""Ordinals kept between live sizes: numbered once, gone when profiles change, when a run comes, and when there are
many."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.bitmap.ordinals import SiteOrdinals
from engine.domain.audience_codec import read_audience
from engine.membership.portfolio import Portfolio
from engine.operations import Workspace
from engine.operations.context import bitmap_setting, prepare
from engine.operations.targets import Named

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)
MODEL = {
    "kind": "model",
    "sites": {"column": "site", "list": {"A": {"timezone": "UTC"}, "B": {"timezone": "UTC"}}},
    "profile": {"table": "users", "key": "k", "traits": {"age": {"type": "integer"}}},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Profiles with text keys in two sites."""
    path = tmp_path / "data.duckdb"
    write(path, "SELECT 'u' || (i * 7919 % 100) k, i % 90 age, if(i % 2 = 0, 'A', 'B') site FROM range(100) t(i)")
    workspace = operations.init(tmp_path / "ws")
    operations.connect(workspace, str(path))
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    operations.apply_model(workspace, tmp_path / "model.json")
    return workspace


def write(path: Path, select: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE OR REPLACE TABLE users AS {select}")


def size(workspace: Workspace, age: int) -> int:
    """How many profiles are at least so old, by bitmaps."""
    audience = read_audience({"kind": "audience", "id": "a", "rule": {"trait": "age", "gte": age}})
    context = prepare(workspace, [Named(audience, "", None)], AS_OF)
    setting = bitmap_setting(workspace, context.world, None)
    return Portfolio(setting, {}).sizes([(audience, context.sites(audience, None))])[0].size


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sites whose profiles were numbered."""
    seen: list[str] = []
    original = SiteOrdinals.update

    def update(self: SiteOrdinals, *args: Any, **more: Any) -> Any:
        seen.append(self.site)
        return original(self, *args, **more)

    monkeypatch.setattr(SiteOrdinals, "update", update)
    return seen


def test_live_sizes_number_profiles_once(workspace: Workspace, updates: list[str]) -> None:
    assert [size(workspace, age) for age in (0, 10, 80)] == [100, 80, 10]
    assert updates == ["A", "B"]


def test_sizes_before_and_after_a_run(workspace: Workspace, updates: list[str]) -> None:
    operations.save(workspace, {"kind": "audience", "id": "old", "rule": {"trait": "age", "gte": 50}})
    assert size(workspace, 10) == 80
    assert [one.size for one in operations.run(workspace, as_of=AS_OF).audiences] == [40]
    assert size(workspace, 20) == 70
    assert updates == ["A", "B"] * 3  # a run numbers anew, and leaves nothing staged


def test_changed_profiles_are_numbered_again(workspace: Workspace, updates: list[str], tmp_path: Path) -> None:
    assert size(workspace, 0) == 100
    workspace.reload()
    write(tmp_path / "data.duckdb", "SELECT 'v' || i k, i % 90 age, 'A' site FROM range(50) t(i)")
    assert size(workspace, 0) == 50
    assert updates == ["A", "B", "A", "B"]


def test_what_takes_too_much_memory_is_given_up(workspace: Workspace, updates: list[str]) -> None:
    workspace.numbering._memory = 50 * 64
    assert [size(workspace, age) for age in (0, 10)] == [100, 80]
    assert updates == ["A", "B", "A", "B"]
