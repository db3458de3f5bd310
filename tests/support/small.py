"""A small warehouse made by hand, on disk, with a workspace over it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from engine import operations
from engine.domain.documents import dump_yaml
from engine.operations import Workspace

MODEL: dict[str, Any] = {
    "kind": "model",
    "sites": {
        "column": "site_id",
        "list": {
            "MLB": {"name": "Brasil", "timezone": "America/Sao_Paulo"},
            "MLC": {"name": "Chile", "timezone": "America/Santiago"},
        },
    },
    "profile": {
        "table": "users",
        "key": "user_id",
        "traits": {
            "age": {"type": "integer"},
            "state": {"type": "string", "label": {"es": "Estado", "pt": "Estado", "en": "State"}},
            "registered_at": {"type": "timestamp"},
            "birth": {"type": "date"},
            "vip": {"type": "boolean"},
            "ltv": {"type": "decimal"},
        },
    },
    "events": {
        "purchase": {
            "table": "events",
            "where": "event_type = 'purchase'",
            "profile": "user_id",
            "time": "ts",
            "properties": {
                "category": {"type": "string"},
                "amount": {"type": "decimal"},
                "product_id": {"type": "string"},
            },
        },
        "view": {
            "table": "events",
            "where": "event_type = 'view'",
            "profile": "user_id",
            "time": "ts",
            "properties": {"category": {"type": "string"}, "product_id": {"type": "string"}},
        },
        "return": {"table": "events", "where": "event_type = 'return'", "profile": "user_id", "time": "ts"},
    },
    "objects": {"card": {"table": "cards", "profile": "user_id", "properties": {"brand": {"type": "string"}}}},
}
AS_OF = "2026-06-15T12:00:00Z"
_DATA = """
CREATE TABLE users AS FROM (VALUES
    (1, 'MLB', 30, 'SP', TIMESTAMP '2026-06-01 10:00:00', DATE '1996-06-16', true, 100.50),
    (2, 'MLB', 44, 'RJ', TIMESTAMP '2020-01-01 00:00:00', DATE '1980-02-29', false, 20.00),
    (3, 'MLB', NULL, '', NULL, NULL, NULL, NULL),
    (4, 'MLC', 25, 'RM', TIMESTAMP '2026-06-15 11:59:59', DATE '2001-06-14', true, 100.50),
    (10, 'MLC', 70, 'VS', TIMESTAMP '2026-06-15 12:00:00', DATE '1956-12-31', false, 3.00)
) AS t(user_id, site_id, age, state, registered_at, birth, vip, ltv);
CREATE TABLE events AS FROM (VALUES
    (1, 'view', TIMESTAMP '2026-06-10 10:00:00', 'phones', 'p1', NULL),
    (1, 'purchase', TIMESTAMP '2026-06-11 10:00:00', 'phones', 'p1', 600.10),
    (1, 'purchase', TIMESTAMP '2026-05-01 10:00:00', 'phones', 'p2', 399.90),
    (2, 'view', TIMESTAMP '2026-06-10 10:00:00', 'phones', 'p1', NULL),
    (2, 'view', TIMESTAMP '2026-06-10 11:00:00', 'books', 'p9', NULL),
    (2, 'return', TIMESTAMP '2026-06-10 12:00:00', NULL, NULL, NULL),
    (2, 'purchase', TIMESTAMP '2026-06-11 10:00:00', 'phones', 'p1', 10.00),
    (4, 'purchase', TIMESTAMP '2026-06-15 12:00:00', 'books', 'p3', 5.00),
    (99, 'purchase', TIMESTAMP '2026-06-01 12:00:00', 'books', 'p3', 5.00)
) AS t(user_id, event_type, ts, category, product_id, amount);
CREATE TABLE cards AS FROM (VALUES (1, 'visa'), (1, 'elo'), (4, 'visa')) AS t(user_id, brand);
"""


def make_warehouse(path: Path) -> Path:
    """The data in a DuckDB file."""
    connection = duckdb.connect(str(path))
    connection.execute(_DATA)
    connection.close()
    return path


def make_workspace(folder: Path) -> Workspace:
    """A workspace connected to the small warehouse, its model applied."""
    file = make_warehouse(folder / "data.duckdb")
    workspace = operations.init(folder / "ws")
    operations.connect(workspace, f"duckdb:///{file}")
    model = folder / "model.yaml"
    model.write_text(dump_yaml(MODEL), encoding="utf-8")
    operations.apply_model(workspace, model)
    return workspace


def write_audience(folder: Path, identifier: str, rule: Any, **more: Any) -> Path:
    """An audience document in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{identifier}.yaml"
    document = {"kind": "audience", "id": identifier, "name": identifier.title(), "rule": rule, **more}
    try:
        text = dump_yaml(document)
    except RecursionError:  # YAML is written by recursion; JSON text is YAML too
        text = json.dumps(document)
    path.write_text(text, encoding="utf-8")
    return path
