"""Computed traits are what a plain loop finds, are in force together, and are traits like any other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.targets import ById
from tests.support.filling import insert

MODEL: dict[str, Any] = {
    "kind": "model",
    "sites": {
        "column": "site",
        "list": {"MX": {"timezone": "America/Mexico_City"}, "BR": {"timezone": "America/Sao_Paulo"}},
    },
    "profile": {"table": "people", "key": "id", "traits": {"age": {"type": "integer"}}},
    "events": {
        "bought": {
            "table": "orders",
            "profile": "who",
            "time": "ts",
            "properties": {"amount": {"type": "decimal"}, "category": {"type": "string"}, "n": {"type": "integer"}},
        }
    },
    "objects": {"card": {"table": "cards", "profile": "who", "properties": {"limit_": {"type": "float"}}}},
}
NOW = datetime.now(UTC).replace(tzinfo=None)


class Shop:
    def __init__(self, folder: Path) -> None:
        rng = random.Random(3)
        self.rows = [
            (rng.randrange(30), NOW - timedelta(days=rng.random() * 60), rng.randrange(100), rng.choice("abc"), i)
            for i in range(400)
        ]
        with duckdb.connect(str(folder / "data.duckdb")) as made:
            made.execute(
                "CREATE TABLE people AS SELECT i AS id, 20 AS age, ['MX', 'BR'][i % 2 + 1] AS site FROM range(40) t(i)"
            )
            made.execute(
                "CREATE TABLE orders (who BIGINT, ts TIMESTAMP, amount DECIMAL(10, 2), category VARCHAR, n BIGINT)"
            )
            insert(made, "orders", self.rows)
            made.execute("CREATE TABLE cards AS SELECT i AS who, i * 10.5 AS limit_ FROM range(10) t(i)")
        self.workspace = operations.init(folder / "ws")
        operations.connect(self.workspace, str(folder / "data.duckdb"))
        operations.apply_model_text(self.workspace, dump_yaml(MODEL))

    def write(self, identifier: str, **more: Any) -> None:
        folder = self.workspace.folder / "traits"
        folder.mkdir(exist_ok=True)
        document = {"kind": "trait", "id": identifier, **more}
        (folder / f"{identifier}.yaml").write_text(dump_yaml(document), encoding="utf-8")

    def values(self, trait: str) -> dict[int, Any]:
        """Everybody who has a value."""
        model = self.workspace.model.profile
        field = model.traits[trait]
        query = f'SELECT id, "{field.column}" FROM ({model.source.sql}) WHERE "{field.column}" IS NOT NULL'
        return dict(self.workspace.warehouse.rows(query))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.workspace.close()


def test_each_measure_is_what_a_plain_loop_finds(shop: Shop) -> None:
    measures: dict[str, Any] = {
        "times": True, "days": True, "recency": True, "sum": "amount", "avg": "amount", "min": "amount", "max": "amount",
        "distinct": "category", "first": "category", "last": "category", "most_frequent": "category",
        "percentile": {"of": "amount", "p": 0.9}, "trend": "amount",
    }  # fmt: skip
    for kind, subject in measures.items():
        shop.write(f"t_{kind}", event="bought", within="30d", measure={kind: subject})
    found = {one.id: one for one in operations.trait_run(shop.workspace)}
    assert {one.state for one in found.values()} == {"computed"}
    as_of = datetime.fromisoformat(found["t_sum"].as_of).replace(tzinfo=None)
    rows = {
        who: [r for r in shop.rows if r[0] == who and as_of - timedelta(days=30) <= r[1] < as_of] for who in range(40)
    }
    some = {who: mine for who, mine in rows.items() if mine}
    zones = {0: -6, 1: -3}
    expected: dict[str, dict[int, Any]] = {
        "times": {who: len(mine) for who, mine in rows.items()},
        "days": {
            who: len({(r[1] + timedelta(hours=zones[who % 2])).date() for r in mine}) for who, mine in rows.items()
        },
        "recency": {who: (as_of - max(r[1] for r in mine)).days for who, mine in some.items()},
        "sum": {who: sum(r[2] for r in mine) for who, mine in rows.items()},
        "avg": {who: sum(r[2] for r in mine) / len(mine) for who, mine in some.items()},
        "min": {who: min(r[2] for r in mine) for who, mine in some.items()},
        "max": {who: max(r[2] for r in mine) for who, mine in some.items()},
        "distinct": {who: len({r[3] for r in mine}) for who, mine in rows.items()},
        "first": {who: min(mine, key=lambda r: r[1])[3] for who, mine in some.items()},
        "last": {who: max(mine, key=lambda r: r[1])[3] for who, mine in some.items()},
        "most_frequent": {
            who: min(Counter(r[3] for r in mine).items(), key=lambda one: (-one[1], one[0]))[0]
            for who, mine in some.items()
        },
        "percentile": {who: float(np.quantile([r[2] for r in mine], 0.9)) for who, mine in some.items()},
        "trend": {
            who: float(np.polyfit([(r[1] - NOW).total_seconds() / 86_400 for r in mine], [r[2] for r in mine], 1)[0])
            for who, mine in some.items()
            if len(mine) > 1
        },
    }
    for kind, wanted in expected.items():
        got = shop.values(f"t_{kind}")
        assert set(got) == set(wanted), kind
        for who, value in wanted.items():
            same = (
                got[who] == value
                if isinstance(value, str)
                else float(got[who]) == pytest.approx(float(value), abs=1e-6)
            )
            assert same, (kind, who, got[who], value)


def test_they_are_traits_like_any_other(shop: Shop) -> None:
    shop.write("spend", event="bought", measure={"sum": "amount"}, money=True, label={"pt": "Gasto"})
    shop.write("limits", object="card", measure={"max": "limit_"})
    shop.write("asked", sql="SELECT who, count(*) FROM orders GROUP BY who", type="integer", refresh="on_data")
    operations.trait_run(shop.workspace)
    operations.save(
        shop.workspace,
        {
            "kind": "audience",
            "id": "dear",
            "name": "Dear",
            "rule": {"all": [{"trait": "spend", "gte": 500}, {"trait": "asked", "gte": 10}]},
            "top": {"n": 5, "by": {"trait": "spend"}},
        },
    )
    by_hand: dict[int, list[int]] = {who: [r[2] for r in shop.rows if r[0] == who] for who in range(40)}
    those = [who for who, mine in by_hand.items() if sum(mine) >= 500 and len(mine) >= 10]
    expected = sorted(
        who
        for site in (0, 1)
        for who in sorted((w for w in those if w % 2 == site), key=lambda w: (-sum(by_hand[w]), w))[:5]
    )
    assert operations.members(shop.workspace, [ById("dear")])[0].keys == expected
    assert operations.run(shop.workspace, ["dear"]).audiences[0].size == len(expected)
    assert operations.members_then(shop.workspace, "dear").keys == expected
    assert shop.values("limits") == {who: who * 10.5 for who in range(10)}
    told = operations.overview(shop.workspace)["model"]["profile"]["traits"]
    assert told["spend"] == {"type": "decimal", "label": {"pt": "Gasto"}, "personal": False, "money": True}
    assert "asked" in told
    assert "asked" not in operations.show_model(shop.workspace), "the model itself stays as it was written"
    field = shop.workspace.model.profile.traits["spend"]
    assert (field.money, dict(field.label)) == ("site", {"pt": "Gasto"})


def test_what_is_not_expected_keeps_the_values_before(shop: Shop) -> None:
    shop.write("spend", event="bought", measure={"sum": "amount"}, expect={"share": [0.5, 1], "between": [0, 5000]})
    assert [one.state for one in operations.trait_run(shop.workspace)] == ["computed"]
    before = shop.values("spend")
    shop.write("spend", event="bought", measure={"sum": "amount"}, within="1min", expect={"share": [0.99, 1]})
    (held,) = operations.trait_run(shop.workspace)
    assert held.state == "held"
    assert held.reason is not None
    assert "99.0% to 100.0% are expected" in held.reason
    assert shop.values("spend") == before
    shop.write("other", event="bought", measure={"times": True}, expect={"between": [0, 1]})
    found = {one.id: one.reason for one in operations.trait_run(shop.workspace)}
    assert "and 0 to 1 are expected" in str(found["other"])
    assert [(one.id, one.version) for one in operations.trait_versions(shop.workspace)] == [
        ("other", 1),
        ("spend", 1),
        ("spend", 2),
    ]


def test_they_are_computed_when_due_and_go_with_their_document(shop: Shop) -> None:
    now = datetime.now(UTC)
    assert operations.traits_due(shop.workspace, now) == []
    shop.write("daily", event="bought", measure={"times": True})
    shop.write("fresh", event="bought", measure={"days": True}, refresh="on_data")
    shop.write("never", event="bought", measure={"recency": True}, refresh="manual")
    assert operations.traits_due(shop.workspace, now) == ["daily", "fresh", "never"]
    operations.trait_run(shop.workspace)
    assert operations.traits_due(shop.workspace, now) == []
    assert operations.traits_due(shop.workspace, now + timedelta(days=1, minutes=1)) == ["daily"]
    with duckdb.connect(str(shop.workspace.folder.parent / "data.duckdb")) as made:
        made.execute("INSERT INTO orders VALUES (35, now()::TIMESTAMP - INTERVAL 1 HOUR, 5, 'a', 1)")
    shop.workspace.reload()
    assert operations.traits_due(shop.workspace, now) == ["fresh"]
    operations.trait_run(shop.workspace, ["fresh"])
    assert shop.values("fresh")[35] == 1
    assert shop.values("daily")[35] == 0, "the others keep their values"
    (shop.workspace.folder / "traits" / "never.yaml").unlink()
    assert [(one.id, one.state) for one in operations.trait_run(shop.workspace)][-1] == ("never", "removed")
    assert set(operations.trait_show(shop.workspace)) == {"daily", "fresh"}
    assert "never" not in shop.workspace.model.profile.traits


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"event": "bougt", "measure": {"times": True}}, 'no event "bougt"'),
        ({"event": "bought", "measure": {"sum": "category"}}, "sum needs a number"),
        ({"event": "bought", "measure": {"sum": "amout"}}, 'no property of bought "amout"'),
        ({"object": "card", "measure": {"days": True}}, "no days"),
        ({"object": "card", "measure": {"times": True}, "within": "1d"}, "no within"),
        ({"event": "bought", "measure": {"times": 3}}, "must be true"),
        ({"event": "bought", "measure": {"percentile": {"of": "amount", "p": 3}}}, "no share"),
        ({"sql": "SELECT 1, 2"}, "type is written with sql"),
        ({"sql": "DROP TABLE people", "type": "integer"}, "reads"),
        ({"sql": "SELECT who FROM orders", "type": "integer"}, "returns 1 columns"),
        ({"sql": "SELECT who, n FROM orders", "type": "integer"}, "several values"),
        ({"sql": "SELECT who, any_value(category) FROM orders GROUP BY 1", "type": "integer"}, "cannot be converted"),
        ({"list": "vips"}, 'no list "vips"'),
        ({"event": "bought"}, "by a measure, by sql or"),
        ({"event": "bought", "measure": {"times": True}, "expect": {"share": [1, 0]}}, "no range"),
        ({"event": "bought", "measure": {"times": True}, "refresh": "sometimes"}, "sometimes"),
    ],
)
def test_what_is_wrong_is_said(shop: Shop, document: dict[str, Any], said: str) -> None:
    shop.write("one", **document)
    with pytest.raises(EngineError, match=said) as raised:
        operations.trait_run(shop.workspace)
    assert "one" in str(raised.value)
    assert operations.trait_show(shop.workspace) == {}


def test_a_list_becomes_a_trait(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "vip.csv"
    file.write_text("id\n3\n5\n999\n")
    operations.upload_list(shop.workspace, "vip", file)
    shop.write("is_vip", list="vip")
    operations.trait_run(shop.workspace)
    assert {who for who, value in shop.values("is_vip").items() if value} == {3, 5}
    rule = {"kind": "audience", "id": "one", "name": "One", "rule": {"trait": "is_vip", "eq": False}}
    operations.save(shop.workspace, rule)
    assert len(operations.members(shop.workspace, [ById("one")])[0].keys) == 38


def test_names_and_files(shop: Shop) -> None:
    shop.write("age", event="bought", measure={"times": True})
    with pytest.raises(EngineError, match="the model has a trait of this name"):
        operations.trait_run(shop.workspace)
    with pytest.raises(EngineError, match='no document of a trait "agee"'):
        operations.trait_run(shop.workspace, ["agee"])


def test_another_process_sees_them(shop: Shop) -> None:
    shop.write("spend", event="bought", measure={"sum": "amount"})
    with Workspace(shop.workspace.folder) as other:
        assert "spend" not in other.model.profile.traits
        operations.trait_run(shop.workspace)
        assert "spend" in other.model.profile.traits


def test_where_they_come_from_is_told(shop: Shop) -> None:
    shop.write("spend", event="bought", measure={"sum": "amount"}, where={"property": "category", "eq": "a"})
    shop.write("asked", sql="SELECT who, count(*) FROM orders GROUP BY who", type="integer")
    operations.trait_run(shop.workspace)
    rule = {"kind": "audience", "id": "dear", "name": "Dear", "rule": {"trait": "spend", "gte": 500}}
    operations.save(shop.workspace, rule)
    parts = {f"{one.kind}:{one.name}" for one in operations.lineage_of(shop.workspace, "dear").made_of}
    assert {"trait:spend", "property:bought.amount", "property:bought.category", "column:orders.amount"} <= parts
    whole = {f"{one.kind}:{one.name}" for one in operations.lineage_of(shop.workspace, "table:orders").part_of}
    assert {"trait:asked", "trait:spend", "audience:dear"} <= whole
