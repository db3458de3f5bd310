"""Scans that need more memory than they are given are cut smaller until they fit, and mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.bitmap.finding import Setting
from engine.bitmap.library import Library
from engine.domain.audience_codec import read_audience
from engine.errors import EngineError
from engine.jobs import Job
from engine.membership.portfolio import Portfolio
from engine.operations import Workspace
from engine.sql.compile import World
from engine.store.database import Database
from engine.store.ordinals import OrdinalSegments
from engine.warehouses.duck import DuckScratch
from tests.support.small import make_workspace


class Starved(DuckScratch):
    """A session that has memory only for scans of one constant, or of a share of the profiles."""

    refused = 0

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        grouped = "mask" in sql and "GROUP BY" in sql
        many = any(isinstance(p, list) and len(p) > 1 for p in parameters)
        if grouped and (many or ("unnest" not in sql and "%" not in sql)):
            self.refused += 1
            raise EngineError("memory", "the query needs more memory than it is given")
        return super().arrays(sql, parameters, job)


def purchase(where: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"did": "purchase", "where": where, **more}


@pytest.mark.parametrize(
    "nodes",
    [
        [purchase([{"property": "category", "eq": what}]) for what in ("phones", "books", "tv", "x")],
        [purchase([{"property": "amount", "gt": amount}], within=f"{90 + amount}d") for amount in range(6)],
    ],
)
def test_smaller_scans_give_the_same(nodes: list[dict[str, Any]], tmp_path: Path) -> None:
    workspace: Workspace = make_workspace(tmp_path)
    warehouse, model = workspace.warehouse, workspace.model
    world = World(model, warehouse, warehouse.describe, {}, datetime(2026, 6, 15, 12, tzinfo=UTC))
    wanted = [
        (read_audience({"kind": "audience", "id": f"a{i}", "rule": node}), list(model.sites.values()))
        for i, node in enumerate(nodes)
    ]
    found = []
    for starved in (False, True):
        database = Database(tmp_path / f"{starved}.sqlite")
        library = Library(database, tmp_path / str(starved), 1 << 20)
        scratch = Starved(warehouse, warehouse._connection.cursor()) if starved else warehouse.scratch()  # type: ignore[arg-type,attr-defined]
        setting = Setting(warehouse, world, scratch, library, OrdinalSegments(database), {}, 1 << 20)
        found.append([keys.tolist() for keys in Portfolio(setting, {}).members(wanted)])
        assert getattr(scratch, "refused", 1) > 0
    assert found[0] == found[1]
    assert any(found[0])


class Poor(DuckScratch):
    """A session that has memory for a condition's own SQL only over a sixteenth of the profiles."""

    refused = 0

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        if "view" in str(parameters) + sql and "% 16" not in sql:
            self.refused += 1
            raise EngineError("memory", "the query needs more memory than it is given")
        return super().arrays(sql, parameters, job)


STEPS: list[dict[str, Any]] = [{"as": "v", "did": "view"}, {"did": "purchase", "gap": {"lte": "7d"}}]
ALONE: list[dict[str, Any]] = [
    {"sequence": STEPS, "within": "30d"},
    {"sequence": [STEPS[0], {**STEPS[1], "same": {"product_id": "v.product_id"}}]},
    {"not": {"sequence": STEPS}},
    {"did": "view", "measure": {"distinct": "category"}, "gte": 2},
    {"did": "view", "measure": {"days": True}, "gte": 1},
]


@pytest.mark.parametrize("text_keys", [False, True])
@pytest.mark.parametrize("node", ALONE)
def test_a_condition_alone_is_read_by_shares_of_the_profiles(
    node: dict[str, Any], text_keys: bool, tmp_path: Path
) -> None:
    workspace: Workspace = make_workspace(tmp_path)
    if text_keys:
        workspace = as_text(workspace)
    warehouse, model = workspace.warehouse, workspace.model
    world = World(model, warehouse, warehouse.describe, {}, datetime(2026, 6, 15, 12, tzinfo=UTC))
    wanted = [(read_audience({"kind": "audience", "id": "a", "rule": node}), list(model.sites.values()))]
    found = []
    for poor in (False, True):
        database = Database(tmp_path / f"{poor}.sqlite")
        library = Library(database, tmp_path / str(poor), 1 << 20)
        scratch = Poor(warehouse, warehouse._connection.cursor()) if poor else warehouse.scratch()  # type: ignore[arg-type,attr-defined]
        setting = Setting(warehouse, world, scratch, library, OrdinalSegments(database), {}, 1 << 20)
        found.append([keys.tolist() for keys in Portfolio(setting, {}).members(wanted)])
        if poor and "sequence" in str(node):
            assert scratch.refused >= 2  # type: ignore[attr-defined]
    assert found[0] == found[1]
    assert any(found[0])


class Refusing(Poor):
    """A scratch that refuses every query, with an error of this code."""

    code = "memory"

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        if "view" not in str(parameters) + sql:
            return super().arrays(sql, parameters, job)
        self.refused += 1
        assert self.refused < 50, "it asks for ever"
        raise EngineError(self.code, "no")


@pytest.mark.parametrize(("code", "times"), [("memory", 6), ("warehouse", 1)])
def test_a_condition_that_fails_at_any_share_is_given_up(code: str, times: int, tmp_path: Path) -> None:
    workspace: Workspace = make_workspace(tmp_path)
    warehouse, model = workspace.warehouse, workspace.model
    world = World(model, warehouse, warehouse.describe, {}, datetime(2026, 6, 15, 12, tzinfo=UTC))
    wanted = [(read_audience({"kind": "audience", "id": "a", "rule": ALONE[0]}), list(model.sites.values()))]
    database = Database(tmp_path / "x.sqlite")
    scratch = Refusing(warehouse, warehouse._connection.cursor())  # type: ignore[arg-type,attr-defined]
    scratch.code = code
    library = Library(database, tmp_path / "bits", 1 << 20)
    setting = Setting(warehouse, world, scratch, library, OrdinalSegments(database), {}, 1 << 20)
    with pytest.raises(EngineError) as refused:
        list(Portfolio(setting, {}).members(wanted))
    assert refused.value.code == code
    assert scratch.refused <= times


def as_text(workspace: Workspace) -> Workspace:
    """The same people with keys that are text, some of them odd."""
    import duckdb

    file = str(workspace.settings.warehouse).removeprefix("duckdb://")
    workspace.close()
    with duckdb.connect(file) as connection:
        for table in ("users", "events", "cards"):
            connection.execute(f"ALTER TABLE {table} ALTER user_id TYPE VARCHAR USING 'k é' || user_id")
    return Workspace(workspace.folder)
