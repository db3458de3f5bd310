"""Tables are sorted by what the audiences ask of them: the same rows, and less is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

import engine.operations.layout as layout
from engine import operations
from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.targets import ById
from engine.settings import write_settings
from engine.warehouses.layout import bytes_of
from engine.warehouses.local import publishing

MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {"table": "people", "key": "id"},
    "events": {
        "bought": {
            "table": "orders",
            "profile": "who",
            "time": "ts",
            "properties": {"category": {"type": "string", "column": "cat"}, "shop": {"type": "string"}},
        },
        "seen": {"table": "views", "profile": "who", "time": "ts"},
        "own": {"sql": "SELECT * FROM views", "profile": "who", "time": "ts"},
    },
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    from dataclasses import replace

    found = operations.init(tmp_path / "ws")
    write_settings(found.folder, replace(found.settings, warehouse="local:"))
    vars(found).pop("settings")
    with publishing(found.warehouse_folder, "test") as made:
        made.execute("CREATE TABLE people AS SELECT i::BIGINT AS id FROM range(5000) t(i)")
        made.execute(
            "CREATE TABLE orders AS SELECT (i * 7919) % 5000 AS who, TIMESTAMP '2026-01-01' + INTERVAL (i % 999) HOUR AS ts, "
            "'c' || (i * 31) % 50 AS cat, 's' || i % 3 AS shop FROM range(600000) t(i)"
        )
        made.execute("CREATE TABLE views AS SELECT i AS who, TIMESTAMP '2026-01-01' AS ts FROM range(10) t(i)")
    operations.apply_model_text(found, dump_yaml(MODEL))
    for name, category in (("a", "c1"), ("b", "c10"), ("c", "c10")):
        rule = {"did": "bought", "where": {"property": "category", "eq": category}}
        operations.save(found, {"kind": "audience", "id": name, "name": name, "rule": rule})
    both = [{"property": "shop", "in": ["s0", "s1"]}, {"property": "category", "eq": "c11"}]
    rule = {"did": "bought", "where": {"all": both}}
    operations.save(found, {"kind": "audience", "id": "d", "name": "d", "rule": rule})
    return found


def test_sorted_tables_hold_the_same_and_less_is_read(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    before = {name: operations.members(workspace, [ById(name)])[0].keys for name in "abcd"}
    orders, views = operations.warehouse_layout(workspace)
    assert (orders.table, orders.hot, orders.audiences, orders.order) == ("orders", "cat", 4, ("cat", "who", "ts"))
    assert (orders.needed, orders.read, orders.alone, orders.runs) == (36_000, 600_000, 600_000, 0)
    assert (orders.parts, orders.expected) == ((), 122_880)
    assert (views.hot, views.order, views.events) == (None, ("who", "ts"), ("seen",))
    version = workspace.warehouse.data_version()
    (after, _) = operations.warehouse_layout(workspace, apply=True)
    assert after.after is not None
    assert after.after == orders.expected
    assert 0 < orders.bytes_needed < orders.bytes_read
    assert after.bytes_after is not None
    assert after.bytes_after < orders.bytes_read / 3
    assert workspace.warehouse.data_version() != version
    assert {name: operations.members(workspace, [ById(name)])[0].keys for name in "abcd"} == before
    assert main(["warehouse", "layout", "-w", str(workspace.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (told["read"], told["after"], told["alone"], told["runs"]) == (after.after, None, after.after, 1)
    assert main(["warehouse", "layout", "-w", str(workspace.folder)]) == 0
    assert "cat, who, ts" in capsys.readouterr().out


def test_bytes_are_those_of_the_file(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute(
            "CREATE TABLE x AS SELECT hash(i) AS a, hash(-i) || repeat('y', 9000) AS b, i FROM range(40000) t(i)"
        )
    whole = (tmp_path / "x.duckdb").stat().st_size
    with duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True) as opened:
        parts = [bytes_of(opened, "x", [one]) for one in ("A", "b", "i")]
        assert sum(parts) == bytes_of(opened, "x", ["a", "b", "i"])
    assert parts[0] == pytest.approx(40_000 * 8, rel=0.15), "random numbers cannot be made smaller"
    assert sum(parts) == pytest.approx(whole, rel=0.1)


def of_sites(tmp_path: Path, rows: int = 1_500_000) -> Workspace:
    """Five sites whose accounts have text keys, and two years of two kinds of events in one table."""
    from dataclasses import replace

    found = operations.init(tmp_path / "ws")
    write_settings(found.folder, replace(found.settings, warehouse="local:"))
    vars(found).pop("settings")
    with publishing(found.warehouse_folder, "test") as made:
        made.execute(
            "CREATE TABLE people AS SELECT md5(i::VARCHAR) AS id, ['ar', 'br', 'cl', 'co', 'mx'][1 + i % 5] AS land FROM range(999) t(i)"
        )
        made.execute(
            "CREATE TABLE acts AS SELECT md5((i * 7919 % 999)::VARCHAR) AS who, ['buy', 'see'][1 + (i % 5 > 0)::INT] AS kind, "
            f"(now()::TIMESTAMP - to_days(1)) - INTERVAL 1 SECOND * (i * {63_000_000 // rows}) AS ts, hash(i) % 99 AS cat "
            f"FROM range({rows}) t(i)"
        )
    events = {
        name: {
            "table": "acts",
            "where": f"kind = '{name}'",
            "profile": "who",
            "time": "ts",
            "properties": {"cat": {"type": "integer"}},
        }
        for name in ("buy", "see")
    }
    sites = {"column": "land", "list": {one: {} for one in ("ar", "br", "cl", "co", "mx")}}
    profile = {"table": "people", "key": "id"}
    operations.apply_model_text(
        found, dump_yaml({"kind": "model", "sites": sites, "profile": profile, "events": events})
    )
    for name, event, cat, within in (
        ("a", "buy", 0, "300d"),
        ("b", "see", 1, "60d"),
        ("c", "buy", 98, "20d"),
        ("d", "see", 97, "60d"),
    ):
        rule = {"did": event, "where": {"property": "cat", "eq": cat}, "times": {"gte": 2}, "within": within}
        operations.save(found, {"kind": "audience", "id": name, "name": name, "rule": rule})
    return found


def test_of_a_divided_table_a_run_reads_its_site_and_months(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_LOOKED_AT", 1)
    workspace = of_sites(tmp_path)
    acts, people = operations.warehouse_layout(workspace)
    assert (acts.parts, acts.order, acts.events) == (("site", "month"), ("kind", "cat", "who", "ts"), ("buy", "see"))
    assert (people.order, people.parts, people.needed, people.read) == (("land", "id"), (), 999, 4995)
    as_of = datetime.now(UTC)
    before = {one.id: one.size for one in operations.run(workspace, as_of=as_of).audiences}
    (acts, _) = operations.warehouse_layout(workspace, apply=True)
    assert acts.after == acts.expected
    assert acts.after < 0.8 * acts.read
    (acts, _) = operations.warehouse_layout(workspace)
    assert acts.runs in (5 * 24, 5 * 25, 5 * 26)
    assert {one.id: one.size for one in operations.run(workspace, as_of=as_of).audiences} == before
    assert all(before.values())
    version = workspace.warehouse.data_version()
    assert [one.after for one in operations.warehouse_layout(workspace, apply=True)] == [None, None]
    assert workspace.warehouse.data_version() == version  # it lies so


def test_few_rows_are_not_divided(tmp_path: Path) -> None:
    (acts, _) = operations.warehouse_layout(of_sites(tmp_path, 100_000))
    assert acts.parts == ("site", "month")
    assert acts.expected == acts.read  # whatever is done, one group of rows is read


def test_tables_of_others_are_not_touched(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.warehouse_folder / "warehouse.duckdb").rename(tmp_path / "other.duckdb")
    operations.connect(workspace, str(tmp_path / "other.duckdb"))
    with pytest.raises(EngineError, match="not the workspace's own"):
        operations.warehouse_layout(workspace)


def test_a_table_that_is_held_on_to_stays(workspace: Workspace) -> None:
    with publishing(workspace.warehouse_folder, "test", keep=True) as made:
        made.execute("CREATE OR REPLACE TABLE orders AS SELECT * FROM orders LIMIT 10")
        made.execute("CREATE TABLE convoke_sorted (a INTEGER)")
    workspace.reload()
    with pytest.raises(EngineError, match='the table "orders" cannot be sorted'):
        operations.warehouse_layout(workspace, apply=True)
    assert workspace.warehouse.rows("SELECT count(*) FROM orders") == [(10,)]


def test_tables_are_kept_sorted_day_by_day(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(layout, "_LEAST_ROWS", 500_000)
    now = datetime.now(UTC)
    assert operations.layout_due(workspace, now)
    (sorted_,) = operations.keep_layout(workspace, now)
    assert sorted_.table == "orders"
    assert sorted_.after is not None
    assert sorted_.after < sorted_.read / 3
    later = now + timedelta(days=2)
    assert not operations.layout_due(workspace, later)  # nothing was written since
    with publishing(workspace.warehouse_folder, "test", keep=True) as made:
        made.execute("INSERT INTO views SELECT 1, now()")
    workspace.reload()
    assert not operations.layout_due(workspace, now + timedelta(hours=23))
    assert operations.layout_due(workspace, later)
    version = workspace.warehouse.data_version()
    assert operations.keep_layout(workspace, later) == []  # it lies well still, and nothing is written anew
    assert workspace.warehouse.data_version() == version
    assert not operations.layout_due(workspace, later + timedelta(days=2))
    vars(workspace)["settings"] = replace(workspace.settings, layout="manual")
    (workspace.warehouse_folder / "layout.json").unlink()
    assert not operations.layout_due(workspace, later)


def test_small_tables_and_those_that_lie_well_are_left(workspace: Workspace) -> None:
    version = workspace.warehouse.data_version()
    assert operations.keep_layout(workspace, datetime.now(UTC)) == []
    assert workspace.warehouse.data_version() == version
