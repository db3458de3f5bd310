"""Contracts of a workspace: checked, kept, accepted for a while; red data hold deliveries and open an alert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.daemon import child
from engine.domain.documents import dump_yaml, iso
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations import Workspace
from engine.operations.alerting import Seen
from engine.store.alerts import Alerts
from engine.store.quality import Qualities, QualityRow
from tests.support.small import AS_OF

CONTRACT: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "c",
    "version": "1.0.0",
    "status": "active",
    "schema": [
        {
            "name": "users",
            "properties": [{"name": "id", "primaryKey": True}, {"name": "plan", "required": True}],
            "quality": [
                {"type": "custom", "engine": "convoke", "implementation": {"drift": "rowCount", "tolerance": 0.4}}
            ],
        },
        {"name": "orders", "properties": [{"name": "user_id", "required": True}]},
    ],
}
MODEL = {
    "kind": "model",
    "profile": {"table": "users", "key": "id", "traits": {"plan": {"type": "string"}}},
    "events": {
        "order": {"table": "orders", "profile": "user_id", "time": "ts"},
        "visit": {"table": "visits", "profile": "user_id", "time": "ts"},
    },
}


def data(folder: Path, *sql: str) -> None:
    with duckdb.connect(str(folder / "data.duckdb")) as made:
        for one in sql:
            made.execute(one)


def contract(workspace: Workspace, document: Any, name: str = "c.yaml") -> None:
    (workspace.folder / "contracts").mkdir(exist_ok=True)
    (workspace.folder / "contracts" / name).write_text(dump_yaml(document))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    data(
        tmp_path,
        "CREATE TABLE users AS SELECT i AS id, 'pro' AS plan FROM range(20) AS r(i)",
        "CREATE TABLE orders AS SELECT i AS user_id, TIMESTAMP '2026-06-01' AS ts FROM range(20) AS r(i)",
        "CREATE TABLE visits AS FROM orders",
    )
    with operations.init(tmp_path / "ws") as made:
        operations.connect(made, str(tmp_path / "data.duckdb"))
        made.models.save(dump_yaml(MODEL), "test")
        contract(made, CONTRACT)
        yield made


def spoil(workspace: Workspace) -> None:
    workspace.warehouse.close()
    data(workspace.folder.parent, "UPDATE orders SET user_id = NULL WHERE user_id = 3")
    workspace.reload()


def test_results_are_kept_and_only_of_contracts_that_are_there(workspace: Workspace) -> None:
    found = operations.quality_run(workspace)
    assert {(one.table, one.check, one.state) for one in found} == {
        ("users", "id: required", "green"),
        ("users", "id: primary key", "green"),
        ("users", "plan: required", "green"),
        ("users", "drift", "green"),
        ("orders", "user_id: required", "green"),
    }
    spoil(workspace)
    (red,) = [one for one in operations.quality_run(workspace, ["orders"]) if one.state == "red"]
    assert red.sentence == "1 of 20 rows are bad, must be = 0"
    assert operations.red_tables(workspace) == {"orders": "user_id: required: 1 of 20 rows are bad, must be = 0"}
    with pytest.raises(EngineError, match='no contract is of a table "order"'):
        operations.quality_run(workspace, ["order"])
    contract(workspace, CONTRACT | {"schema": CONTRACT["schema"][:1]})
    assert operations.red_tables(workspace) == {}, "its contract is gone"


def test_what_is_accepted_is_yellow_until_its_time_is_over(workspace: Workspace) -> None:
    spoil(workspace)
    operations.quality_run(workspace)
    with pytest.raises(EngineError, match="needs a reason"):
        operations.quality_accept(workspace, "orders", "user_id: required", " ", 3)
    with pytest.raises(EngineError, match='no check "x" that was run'):
        operations.quality_accept(workspace, "orders", "x", "why", 3)
    found = operations.quality_accept(workspace, "orders", "user_id: required", "guests, since May", 3)
    assert (found.state, found.accepted) == ("yellow", "guests, since May")
    assert operations.red_tables(workspace) == {}
    (one,) = Qualities(workspace.database).accepted()
    Qualities(workspace.database).accept(type(one)(**{**vars(one), "until": "2026-01-01T00:00:00Z"}))
    assert "orders" in operations.red_tables(workspace)


def test_drift_is_told_from_the_same_weekdays_that_were_kept(workspace: Workspace) -> None:
    store, today = Qualities(workspace.database), datetime.now(UTC)
    for weeks, rows in ((1, 50), (2, 52), (3, 48), (4, 5_000)):
        state = "red" if rows == 5_000 else "green"
        at = iso(today - timedelta(weeks=weeks))
        store.save([QualityRow("users", "drift", at, "v", rows, state, "")])
    store.save([QualityRow("users", "drift", iso(today - timedelta(days=3)), "v", 20, "green", "")])
    found = next(one for one in operations.quality_run(workspace) if one.check == "drift")
    assert (found.state, found.sentence) == ("red", "20 rows, where 50 are usual on this weekday")


def test_a_contract_that_cannot_be_read_is_named_holds_and_lets_nothing_in(
    workspace: Workspace, tmp_path: Path
) -> None:
    contract(workspace, CONTRACT | {"version": 1}, "broken.yaml")
    with pytest.raises(EngineError) as caught:
        operations.quality_run(workspace)
    assert caught.value.path == "broken.yaml: version" or "broken.yaml" in str(caught.value)
    assert not operations.quality_due(workspace, datetime.now(UTC)), "an alert says so"
    operations.watch(workspace, Seen())
    (alert,) = Alerts(workspace.database).all(open_only=True)
    assert (alert.kind, alert.subject) == ("quality", "contracts")
    contract(workspace, CONTRACT, "broken.yaml")
    with pytest.raises(EngineError, match="in another contract too"):
        operations.contracts_of(workspace)


def test_a_table_that_is_not_there_is_red(workspace: Workspace) -> None:
    contract(
        workspace,
        CONTRACT | {"schema": [*CONTRACT["schema"], {"name": "gone", "properties": [{"name": "x", "required": True}]}]},
    )
    found = {one.table: one for one in operations.quality_run(workspace)}
    assert (found["gone"].state, found["gone"].sentence) == ("red", 'the warehouse has no table "gone"')


def test_only_audiences_that_are_read_from_red_data_wait(workspace: Workspace, tmp_path: Path) -> None:
    given = {"kind": "destination", "id": "crm", "type": "folder", "settings": {"path": str(tmp_path / "out")}}
    operations.save_destination(workspace, given)
    for name, rule in (("buyers", {"did": "order"}), ("visitors", {"did": "visit"}), ("both", {"audience": "buyers"})):
        document = {"kind": "audience", "id": name, "name": name, "rule": rule, "destinations": ["crm"]}
        operations.save(workspace, document)
    text = "SELECT user_id FROM orders"
    operations.save(
        workspace, {"kind": "audience", "id": "by-sql", "name": "S", "rule": {"sql": text}, "destinations": ["crm"]}
    )
    spoil(workspace)
    operations.quality_run(workspace)
    operations.run(workspace, [], as_of=AS_OF)
    operations.sync(workspace, [])
    states = {one.audience_id: one for one in operations.syncs(workspace) if one.state != "superseded"}
    assert {name: one.state for name, one in states.items()} == {
        "buyers": "held",
        "both": "held",
        "by-sql": "held",
        "visitors": "done",
    }
    assert states["buyers"].reason == (
        "the data are red: orders (user_id: required: 1 of 20 rows are bad, must be = 0); see convoke quality show"
    )
    assert operations.release_red(workspace) == []
    operations.quality_accept(workspace, "orders", "user_id: required", "known", 3)
    child._do(workspace.folder, {"op": "watch", "seen": {}}, Job())  # as the daemon looks after a change
    assert {one.audience_id for one in operations.sync_due(workspace)} == {"buyers", "both", "by-sql"}
    assert "done" in [one.state for one in operations.syncs(workspace) if one.audience_id == "buyers"]


def test_the_daemon_checks_when_data_or_contracts_are_other_ones(workspace: Workspace) -> None:
    now = datetime.now(UTC)
    assert operations.quality_due(workspace, now)
    answer = child._do(workspace.folder, {"op": "quality"}, Job())
    assert {one["state"] for one in answer["checks"]} == {"green"}
    assert not operations.quality_due(workspace, now)
    spoil(workspace)
    assert operations.quality_due(workspace, now)
    operations.quality_run(workspace)
    operations.watch(workspace, Seen())
    (alert,) = Alerts(workspace.database).all(open_only=True)
    assert (alert.kind, alert.subject) == ("quality", "orders")
    fresh = [{"property": "latency", "value": 900, "unit": "d", "element": "orders.ts"}]
    contract(workspace, CONTRACT | {"slaProperties": fresh})
    assert operations.quality_due(workspace, now), "a check that was never run"
    operations.quality_run(workspace)
    assert not operations.quality_due(workspace, now)
    assert operations.quality_due(workspace, now + timedelta(hours=2)), "data grow old"


def test_from_the_command_line(workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    where = ["-w", str(workspace.folder)]
    assert main(["quality", "run", *where]) == 0
    assert "0 of 20 rows are bad" in capsys.readouterr().out
    spoil(workspace)
    assert main(["quality", "run", "orders", "--json", *where]) == 1
    assert json.loads(capsys.readouterr().out)["state"] == "red"
    assert main(["quality", "show", *where]) == 1
    assert main(["quality", "accept", "orders", "user_id: required", "--reason", "known", *where]) == 0
    assert main(["quality", "show", *where]) == 0
    assert "(accepted: known)" in capsys.readouterr().out
    assert main(["quality", "draft", "visits", "--out", str(tmp_path / "v.yaml"), *where]) == 0
    (workspace.folder / "contracts" / "v.yaml").write_text((tmp_path / "v.yaml").read_text())
    assert main(["quality", "run", "visits", *where]) == 0
