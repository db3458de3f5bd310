"""A drafted model is one that works, and the check counts what is wrong."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.domain.documents import load_one
from engine.domain.model_codec import read_model, write_model
from engine.drafting.draft import Inference, infer_model
from engine.errors import EngineError
from engine.operations.targets import ById
from engine.quality.model_check import check_model
from engine.warehouses.opening import open_warehouse
from tests.support.made_sources import SOURCES, Made, write
from tests.support.small import make_workspace


def test_the_draft_of_the_marketplace_is_usable(demo: operations.Workspace) -> None:
    found = operations.infer(demo)
    model = read_model(load_one(found.document))
    assert (model.profile.source.table, model.profile.key) == ("users", "user_id")
    assert model.sites["MLB"].timezone == "America/Sao_Paulo"
    assert {"view", "purchase", "ad_click"} <= set(model.events)
    assert "email" in model.identifiers
    assert "ads_personalisation" in model.consents
    assert "card" in model.objects
    personal = {(c.table, c.column) for c in found.columns if c.personal}
    assert {("user_emails", "email"), ("user_phones", "phone")} <= personal
    assert all(c.samples == () for c in found.columns if c.personal)
    assert not found.frame().empty


def test_the_check_counts(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    findings = {(f.severity, f.path): f for f in operations.check(workspace).findings}
    assert findings["warning", "events.purchase.profile"].count == 1
    assert findings["note", "profile"].count == 5
    assert ("note", "events.view.time") in findings
    assert operations.check(workspace).sound
    workspace.reload()
    connection = duckdb.connect(str(tmp_path / "data.duckdb"))
    connection.execute("INSERT INTO users (user_id, site_id) VALUES (NULL, 'MLX'); ALTER TABLE cards DROP COLUMN brand")
    connection.close()
    found = operations.check(workspace)
    assert not found.sound
    assert "1 of 6" in next(f.message for f in found.findings if f.severity == "error")


def entries(model: dict[str, Any]) -> dict[str, str]:
    """A model's document as flat entries, as the made sources write what they expect."""
    profile = model["profile"]
    found = {"profile.key": profile["key"]}
    for site, one in model.get("sites", {}).get("list", {}).items():
        found[f"sites.{site}"] = f"{one['timezone']} {one.get('currency', '')}".strip()
    found |= {f"profile.traits.{name}": told(one) for name, one in profile["traits"].items()}
    for section in ("events", "objects"):
        for kind, one in model.get(section, {}).items():
            parts = (one["profile"], one.get("time"), one.get("timezone"))
            found[f"{section}.{kind}"] = " ".join(part for part in parts if part)
            found |= {f"{section}.{kind}.{name}": told(field) for name, field in one.get("properties", {}).items()}
    found |= {
        f"identifiers.{name}": f"{one['kind']} {one['profile']}" for name, one in model.get("identifiers", {}).items()
    }
    return found | {f"consents.{name}": one["profile"] for name, one in model.get("consents", {}).items()}


def told(field: dict[str, Any]) -> str:
    flags = [flag for flag in ("personal", "money") if field.get(flag)]
    return " ".join([field["type"], *flags, *([field["timezone"]] if "timezone" in field else [])])


def drafted(source: Made, folder: Path, answers: dict[str, str] | None = None) -> Inference:
    warehouse = open_warehouse(f"duckdb:///{write(source, folder / 'data.duckdb')}", folder)
    found = infer_model(warehouse, answers=answers)
    assert [one for one in check_model(found.model, warehouse) if one.severity == "error"] == []
    warehouse.close()
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_the_draft_is_what_an_analyst_would_set(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]()
    found = drafted(source, tmp_path)
    got = entries(write_model(found.model))
    wrong = {
        one: (got.get(one), source.expected.get(one))
        for one in got | dict(source.expected)
        if got.get(one) != source.expected.get(one)
    }
    assert got["profile.key"] == source.expected["profile.key"]
    assert len(wrong) <= 0.1 * len(source.expected), wrong
    notes = " ".join(found.notes)
    for table in source.left_out:
        assert f"the table {table} was left out" in notes


@pytest.mark.parametrize(
    ("name", "event", "wanted"),
    [
        ("marketplace", "order_payment", "SELECT count(DISTINCT customer_unique_id) FROM customers"),
        ("loja", "venda", "SELECT count(DISTINCT cod_cliente) FROM vendas"),
        ("mailing", "compra", "SELECT count(DISTINCT lower(email)) FROM compras"),
    ],
)
def test_audiences_of_a_draft_are_right(name: str, event: str, wanted: str, tmp_path: Path) -> None:
    file = write(SOURCES[name](), tmp_path / "data.duckdb")
    workspace = operations.init(tmp_path / "ws")
    operations.connect(workspace, f"duckdb:///{file}")
    operations.apply_model_text(workspace, operations.infer(workspace).document)
    operations.save(workspace, {"kind": "audience", "id": "all", "name": "All", "rule": {"did": event}})
    ((count,),) = workspace.warehouse.rows(wanted)
    assert len(operations.members(workspace, [ById("all")])[0].keys) == count > 0
    workspace.close()


def test_no_value_of_a_person_leaves_the_draft(tmp_path: Path) -> None:
    source = SOURCES["loja"]()
    found = drafted(source, tmp_path)
    _, rows = source.tables["clientes"]
    personal = {str(value) for row in rows for value in row[1:5]}
    assert len(personal) > 1_000
    said = json.dumps([asdict(found.model.profile), *map(asdict, found.columns)], default=str, ensure_ascii=False)
    said += json.dumps([*found.notes, *map(asdict, found.guesses), *map(asdict, found.questions)], ensure_ascii=False)
    assert [value for value in personal if value in said] == []
    facts = {f"{one.table}.{one.column}": one for one in found.columns}
    assert facts["clientes.e_mail"].personal == "email"
    assert facts["clientes.aceita_email"].personal is None
    assert facts["clientes.doc"].evidence == "100 % of 300 values are valid CPF"
    sql = found.model.consents["aceita_email"].source.sql or ""
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        agreed = connection.execute(f"SELECT count(*) FILTER (aceita_email) FROM ({sql})").fetchone()
        assert agreed == connection.execute("SELECT count(*) FROM clientes WHERE aceita_email = 'S'").fetchone()


def test_sources_without_persons_are_refused(tmp_path: Path) -> None:
    rows = [(at, f"thing {at}", 1.5) for at in range(40)]
    with pytest.raises(EngineError, match="no table looks like profiles"):
        drafted(Made({"products": ("product_id BIGINT, title VARCHAR, price DOUBLE", rows)}, {}), tmp_path)


def test_tables_of_one_name_in_two_schemas_are_two_events(tmp_path: Path) -> None:
    file = tmp_path / "data.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE customers AS SELECT i AS customer_id FROM range(50) t(i)")
        for schema in ("shop", "web"):
            connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute(
                f"CREATE TABLE {schema}.orders AS SELECT i AS order_id, i % 50 AS customer_id, now() AS ts "
                "FROM range(200) t(i)"
            )
    warehouse = open_warehouse(f"duckdb:///{file}", tmp_path)
    events = infer_model(warehouse).model.events
    assert sorted(str(one.source.table) for one in events.values()) == ["shop.orders", "web.orders"]
    assert all(name == one.name for name, one in events.items())
    warehouse.close()
