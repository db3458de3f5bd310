"""From a column to the destinations that depend on it, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml, load_one
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.lineage import Node
from tests.engine.operations.test_contracting import CONTRACT, contract

MODEL = {
    "kind": "model",
    "profile": {"table": "users", "key": "id", "traits": {"plan": {"type": "string", "column": "plan_name"}}},
    "events": {
        "order": {
            "table": "orders",
            "profile": "user_id",
            "time": "ts",
            "properties": {"total": {"type": "decimal"}, "coupon": {"type": "string"}},
        },
        "visit": {"table": "visits", "profile": "user_id", "time": "ts"},
    },
    "identifiers": {"email": {"table": "users", "profile": "id", "column": "mail", "kind": "email"}},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with duckdb.connect(str(tmp_path / "data.duckdb")) as made:
        made.execute("CREATE TABLE users AS SELECT 1 AS id, 'pro' AS plan_name, 'a@x.com' AS mail")
        made.execute(
            "CREATE TABLE orders AS SELECT 1 AS user_id, 9.5 AS total, 'X' AS coupon, TIMESTAMP '2026-06-01' AS ts"
        )
        made.execute("CREATE TABLE visits AS SELECT user_id, ts FROM orders")
    with operations.init(tmp_path / "ws") as found:
        operations.connect(found, str(tmp_path / "data.duckdb"))
        found.models.save(dump_yaml(MODEL), "test")
        given = {"kind": "destination", "id": "crm", "type": "folder", "settings": {"path": str(tmp_path / "out")}}
        operations.save_destination(found, given | {"identifiers": ["email"]})
        rules = {
            "buyers": {"did": "order", "measure": {"sum": "total"}, "gte": 5},
            "pro": {"trait": "plan", "eq": "pro"},
            "both": {"all": [{"audience": "buyers"}, {"audience": "pro"}]},
            "by-sql": {"sql": "SELECT user_id FROM visits"},
        }
        for name, rule in rules.items():
            document = {"kind": "audience", "id": name, "name": name, "rule": rule}
            operations.save(found, document | ({"destinations": ["crm"]} if name == "both" else {}))
        contract(
            found, CONTRACT | {"schema": [{"name": "orders", "properties": [{"name": "total", "required": True}]}]}
        )
        yield found


def nodes(*texts: str) -> set[Node]:
    return {Node(kind, name) for kind, name in (one.split(":", 1) for one in texts)}  # type: ignore[arg-type]


def test_from_a_column_to_where_it_goes(workspace: Workspace) -> None:
    found = operations.lineage_of(workspace, "orders.total")
    assert set(found.made_of) == nodes("table:orders")
    assert set(found.part_of) == nodes("property:order.total", "audience:buyers", "audience:both", "destination:crm")
    assert found.checks == ("orders: total: required",)


def test_from_a_destination_to_what_it_is_made_of(workspace: Workspace) -> None:
    made = set(operations.lineage_of(workspace, "crm").made_of)
    assert (
        nodes("audience:both", "audience:buyers", "trait:plan", "column:users.plan_name", "column:users.mail") <= made
    )
    assert not made & nodes("column:orders.coupon", "event:visit", "audience:by-sql")


def test_sql_is_of_the_tables_that_it_names(workspace: Workspace) -> None:
    assert Node("audience", "by-sql") in operations.lineage_of(workspace, "table:visits").part_of


def test_what_is_nowhere_or_several_things_is_told(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    operations.save(workspace, {"kind": "audience", "id": "plan", "name": "P", "rule": {"trait": "plan", "eq": "x"}})
    with pytest.raises(EngineError, match="is several things"):
        operations.lineage_of(workspace, "plan")
    assert operations.lineage_of(workspace, "trait:plan").part_of
    with pytest.raises(EngineError, match=r'nothing that is used is called "orders\.totl"'):
        operations.lineage_of(workspace, "orders.totl")
    assert main(["lineage", "orders.total", "--json", "-w", str(workspace.folder)]) == 0
    assert json.loads(capsys.readouterr().out)["asked"] == {"kind": "column", "name": "orders.total"}
    assert main(["lineage", "orders.total", "-w", str(workspace.folder)]) == 0
    assert "destination  crm" in capsys.readouterr().out


def test_selects_of_the_model_are_followed(workspace: Workspace) -> None:
    model = load_one(dump_yaml(MODEL))
    model["events"]["used"] = {
        "sql": "SELECT o.user_id AS who, o.ts, upper(o.coupon) AS code FROM orders o",
        "profile": "who",
        "time": "ts",
        "properties": {"code": {"type": "string"}},
    }
    operations.apply_model_text(workspace, dump_yaml(model))
    used = operations.lineage_of(workspace, "property:used.code")
    assert Node("column", "orders.coupon") in used.made_of
    assert Node("column", "orders.ts") not in used.made_of
    assert Node("event", "used") in operations.lineage_of(workspace, "column:orders.user_id").part_of
