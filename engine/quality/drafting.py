"""A contract drafted from a table as it is: a proposal for a person to look at, not the truth."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from engine.quality.conditions import quoted
from engine.quality.measuring import Table

_LOGICAL = (
    (("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U"), "integer"),
    (("FLOAT", "DOUBLE", "DECIMAL"), "number"),
    (("BOOLEAN",), "boolean"),
    (("DATE",), "date"),
    (("TIMESTAMP",), "timestamp"),
)
_MOST_VALUES = 20
_LEAST_ROWS = 1_000
"""So many rows there must be before few different values are taken for all that there will be."""


def drafted(name: str, columns: Mapping[str, str], table: Table) -> dict[str, Any]:
    """An ODCS contract as a plain value: types, required, unique, few values, numbers that are never negative."""
    texts = ["count(*)"]
    for column in columns:
        texts += [f"count({quoted(column)})", f"approx_count_distinct({quoted(column)})"]
    (row,) = table.rows(f"SELECT {', '.join(texts)} FROM {table.relation}")  # noqa: S608 - quoted
    rows, properties = int(row[0]), []
    for at, (column, kind) in enumerate(columns.items()):
        there, distinct = int(row[1 + 2 * at]), int(row[2 + 2 * at])
        properties.append(_property(column, kind, rows, there, distinct, table))
    quality = [
        {"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0},
        {"type": "custom", "engine": "convoke", "implementation": {"drift": "rowCount", "tolerance": 0.4}},
    ]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"convoke:{name}")),
        "name": name,
        "version": "0.1.0",
        "status": "draft",
        "schema": [
            {"name": name.rsplit(".", 1)[-1], "physicalName": name, "properties": properties, "quality": quality}
        ],
    }


def _property(column: str, kind: str, rows: int, there: int, distinct: int, table: Table) -> dict[str, Any]:
    logical = next((name for starts, name in _LOGICAL if kind.upper().startswith(starts)), "string")
    found: dict[str, Any] = {"name": column, "logicalType": logical, "physicalType": kind}
    if rows and there == rows:
        found["required"] = True
    if rows > 1 and distinct * 5 > there * 4 and _is_unique(column, there, table):
        found["unique"] = True
    elif logical == "string" and rows >= _LEAST_ROWS and 0 < distinct <= _MOST_VALUES:
        values = table.rows(f"SELECT DISTINCT {quoted(column)} FROM {table.relation} ORDER BY 1")  # noqa: S608 - quoted
        named = [str(one) for (one,) in values if one is not None]
        found["quality"] = [
            {"type": "library", "metric": "invalidValues", "arguments": {"validValues": named}, "mustBe": 0}
        ]
    if logical in ("integer", "number") and there:
        ((least,),) = table.rows(f"SELECT min({quoted(column)}) FROM {table.relation}")  # noqa: S608 - quoted
        if least is not None and least >= 0:
            found["logicalTypeOptions"] = {"minimum": 0}
    return found


def _is_unique(column: str, there: int, table: Table) -> bool:
    ((exact,),) = table.rows(f"SELECT count(DISTINCT {quoted(column)}) FROM {table.relation}")  # noqa: S608 - quoted
    return int(exact) == there
