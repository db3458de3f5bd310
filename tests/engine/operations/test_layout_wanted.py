"""What audiences ask of tables, and which layouts these could have for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.operations import Workspace
from engine.operations.layout_wanted import Wanted, hot_properties, wanted_of
from engine.settings import write_settings
from engine.warehouses.layout import Ask
from engine.warehouses.local import publishing, reading
from engine.warehouses.partitions import Layout, Sites

_NEWEST = datetime(2026, 5, 1)
_SITES = {"column": "land", "list": {"br": {}, "mx": {}}}


def event(**more: Any) -> dict[str, Any]:
    return {
        "table": "acts",
        "profile": "who",
        "time": "ts",
        "properties": {"cat": {"type": "integer"}, "shop": {"type": "string", "column": "store"}},
        **more,
    }


def workspace_of(
    tmp_path: Path, rules: list[dict[str, Any]], model: Mapping[str, Any], key: str = "VARCHAR", owner: str = "VARCHAR"
) -> Workspace:
    found = operations.init(tmp_path / "ws")
    write_settings(found.folder, replace(found.settings, warehouse="local:"))
    vars(found).pop("settings")
    with publishing(found.warehouse_folder, "test") as made:
        made.execute(f"CREATE TABLE people AS SELECT i::{key} AS id, 'br' AS land FROM range(3) t(i)")
        made.execute(
            f"CREATE TABLE acts AS SELECT i::{owner} AS who, TIMESTAMP '{_NEWEST}' AS ts, 'a' AS kind, i AS cat, 'x' AS store "
            "FROM range(3) t(i)"
        )
    document = {"kind": "model", "profile": {"table": "people", "key": "id"}, **model}
    operations.apply_model_text(found, dump_yaml(document))
    for number, rule in enumerate(rules):
        operations.save(found, {"kind": "audience", "id": f"a{number}", "name": f"{number}", "rule": rule})
    return found


def wanted(workspace: Workspace) -> list[Wanted]:
    with reading(workspace.warehouse_folder) as connection:
        return wanted_of(workspace, workspace.model, connection)


def did(name: str, within: str | None = None, **equal: Any) -> dict[str, Any]:
    where = [{"property": prop, "in" if isinstance(value, list) else "eq": value} for prop, value in equal.items()]
    return {"did": name} | ({"where": where} if where else {}) | ({"within": within} if within else {})


def test_conditions_of_one_kind_share_a_scan(tmp_path: Path) -> None:
    rules = [
        did("buy", "30d", cat=2),
        did("buy", "7d", cat=[1, 2], shop="x"),
        did("see", cat=5),
        {"any": [did("buy", "10d"), did("buy", "30d", cat=2)]},
    ]
    events = {name: event(where=f"kind = '{name}'") for name in ("buy", "see")}
    workspace = workspace_of(tmp_path, rules, {"events": events})
    (acts,) = wanted(workspace)
    assert (acts.table, acts.events, acts.hot, acts.audiences, acts.sites) == (
        "acts",
        ("buy", "see"),
        "cat",
        4,
        (None,),
    )
    month, week, ten = datetime(2026, 4, 1), datetime(2026, 4, 24), datetime(2026, 4, 21)
    assert acts.alone[0] == Ask("buy", (2,), month)
    assert set(acts.alone[1:]) == {
        Ask("buy", (1,), week),
        Ask("buy", (2,), week),
        Ask("see", (5,)),
        Ask("buy", None, ten),
    }
    scans = {(ask.kind, ask.constants and tuple(sorted(ask.constants)), ask.since) for ask in acts.scans}
    assert scans == {("buy", (1, 2), month), ("see", (5,), None), ("buy", None, ten)}
    whole = Layout("acts", "who", "ts", kind="kind", hot="cat", monthly=True)
    assert acts.layouts == (whole, Layout("acts", "who", "ts", kind="kind", hot="cat"))
    assert hot_properties(workspace) == {("buy", "cat"), ("buy", "shop"), ("see", "cat")}


def test_sites_are_those_of_the_profiles(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path, [did("act", cat=1)], {"sites": _SITES, "events": {"act": event()}})
    acts, people = wanted(workspace)
    assert acts.sites == ("br", "mx")
    assert [one.parts for one in acts.layouts] == [("site", "month"), ("site",), ("month",), ()]
    assert acts.layouts[0].sites == Sites("people", "id", "land")
    assert acts.layouts[0].kind is None
    assert (people.table, people.scans) == ("people", (Ask("br"), Ask("mx")))
    assert people.layouts == (Layout("people", "id", kind="land"),)


@pytest.mark.parametrize(("key", "owner", "alike"), [("INTEGER", "BIGINT", True), ("BIGINT", "VARCHAR", False)])
def test_a_key_of_another_type_tells_no_site(tmp_path: Path, key: str, owner: str, alike: bool) -> None:
    workspace = workspace_of(tmp_path, [did("act")], {"sites": _SITES, "events": {"act": event()}}, key, owner)
    acts, _ = wanted(workspace)
    assert any(one.sites for one in acts.layouts) is alike
    assert len(acts.sites) == (2 if alike else 1)


def test_who_asks_for_nothing_gets_one_order(tmp_path: Path) -> None:
    other = event(where="kind = 'a' AND cat > 2")
    workspace = workspace_of(tmp_path, [], {"events": {"act": event(where="kind = 'a'"), "other": other}})
    (acts,) = wanted(workspace)
    assert (acts.scans, acts.alone) == ((), ())
    assert acts.layouts == (Layout("acts", "who", "ts", kind="kind"),)


@pytest.mark.parametrize("wrong", [{"time": "cat"}, {"profile": "nobody"}, {"table": "seen"}, {"table": "other"}])
def test_of_a_table_that_is_not_as_the_model_says_nothing_is_asked(tmp_path: Path, wrong: dict[str, str]) -> None:
    workspace = workspace_of(tmp_path, [did("act", cat=1)], {"events": {"act": event()}})
    with publishing(workspace.warehouse_folder, "test", keep=True) as made:
        made.execute("CREATE VIEW seen AS FROM acts")
    model = workspace.model
    given = model.events["act"]
    source = replace(given.source, table=wrong.get("table", "acts"))
    bad = replace(given, source=source, profile=wrong.get("profile", "who"), time=wrong.get("time", "ts"))
    with reading(workspace.warehouse_folder) as connection:
        assert wanted_of(workspace, replace(model, events={"act": bad}), connection) == []


def test_all_conditions_share_the_scans_though_few_are_measured_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.operations.layout_wanted._MOST_ALONE", 1)
    rules = [did("act", cat=1), did("act", cat=1), did("act", cat=2)]
    (acts,) = wanted(workspace_of(tmp_path, rules, {"events": {"act": event()}}))
    assert acts.alone == (Ask(None, (1,)),)
    assert acts.scans == (Ask(None, (1, 2)),)
