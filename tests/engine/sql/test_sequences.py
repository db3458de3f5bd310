"""`same:` in a sequence: missing equals nothing, whatever the type, the number of rows, the tables and the plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.domain.audience_codec import read_audience
from engine.domain.model import DataModel
from engine.domain.model_codec import read_model
from engine.membership.evaluate import Evaluator
from engine.sql.compile import World
from engine.warehouses.duck import DuckSession, connect

PEOPLE = 70
KNOWN = list(range(36, PEOPLE + 1))
"""The profiles whose properties are present; DuckDB plans a join of fewer than 64 rows in another way."""
TYPES = {
    "INTEGER": ("integer", "7"),
    "BIGINT": ("integer", "9007199254740993"),
    "HUGEINT": ("integer", "170141183460469231731687303715884105727"),
    "DECIMAL(9,2)": ("decimal", "7.25"),
    "DECIMAL(38,8)": ("decimal", "7.25"),
    "DOUBLE": ("float", "7.25"),
    "FLOAT": ("float", "7.25"),
    "BOOLEAN": ("boolean", "false"),
    "DATE": ("date", "DATE '2026-01-05'"),
    "TIMESTAMP": ("timestamp", "TIMESTAMP '2026-01-05 10:00:00'"),
    "TIMESTAMPTZ": ("timestamp", "TIMESTAMPTZ '2026-01-05 10:00:00+00'"),
    "VARCHAR": ("string", "''"),
    "UUID": ("string", "'6f1c9a52-3f0e-4f0a-9f6b-1d2c3b4a5e6f'"),
}
PROPERTIES = {name: (name, "NULL") for name in TYPES} | {
    "NaN of 8 bytes": ("DOUBLE", "'NaN'::DOUBLE"),
    "NaN of 4 bytes": ("FLOAT", "'NaN'::FLOAT"),
}
"""By property: its column's type, and how it is missing."""
AT = {"view": 1, "buy": 2, "back": 3}
"""The minute of each event."""


def chains(name: str) -> list[list[dict[str, Any]]]:
    """Sequences that equate the property: by an ASOF join, by pairs, and carried over a step."""
    view: dict[str, Any] = {"did": "view", "as": "v"}
    buy: dict[str, Any] = {"did": "buy", "as": "b", "same": {name: f"v.{name}"}}
    return [
        [view, {**buy, "gap": {"lte": "1h"}, "without": {"did": "back"}}],
        [view, buy, {"did": "back", "gap": {"lte": "1mo"}, "same": {name: f"v.{name}"}}],
    ]


@pytest.fixture(scope="module", params=["one table", "separate tables"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[tuple[DuckSession, DataModel]]:
    """Everybody has one event of each kind; half of them have no property."""
    connection = connect(":memory:", read_only=False)
    connection.execute(f"CREATE TABLE people AS SELECT range::INTEGER AS id FROM range(1, {PEOPLE + 1})")
    values = ", ".join(
        f'(CASE WHEN range < {KNOWN[0]} THEN {missing} ELSE {TYPES[kind][1]} END)::{kind} AS "{name}"'
        for name, (kind, missing) in {f"p {name}": found for name, found in PROPERTIES.items()}.items()
    )
    rows = {
        kind: f"SELECT range::INTEGER AS who, '{kind}' AS kind, TIMESTAMP '2026-01-01' + to_minutes({at}) AS ts, "
        f"{values} FROM range(1, {PEOPLE + 1})"
        for kind, at in AT.items()
    }
    one_table = request.param == "one table"
    tables = {"ev": " UNION ALL ".join(rows.values())} if one_table else rows
    for table, query in tables.items():
        connection.execute(f"CREATE TABLE {table} AS {query}")
    properties = {name: {"type": TYPES[kind][0], "column": f"p {name}"} for name, (kind, _) in PROPERTIES.items()}
    common = {"profile": "who", "time": "ts", "properties": properties}
    sources = {k: {"table": "ev", "where": f"kind = '{k}'"} if one_table else {"table": k} for k in AT}
    document = {
        "kind": "model",
        "profile": {"table": "people", "key": "id", "traits": {}},
        "events": {kind: {**source, **common} for kind, source in sources.items()},
    }
    session = DuckSession("memory:", connection, "made")
    yield session, read_model(document)
    session.close()


@pytest.mark.parametrize("name", PROPERTIES)
def test_missing_equals_nothing_in_a_sequence(warehouse: tuple[DuckSession, DataModel], name: str) -> None:
    session, model = warehouse
    world = World(model, session, session.describe, {}, datetime(2026, 2, 1, tzinfo=UTC))
    every = chains(name)
    assert every
    for steps in every:
        audience = read_audience({"kind": "audience", "id": "it", "rule": {"sequence": steps}})
        found = Evaluator(session, world, {}).members(audience, audience.sites_in(model))
        assert found.tolist() == KNOWN, steps


@pytest.mark.parametrize(
    ("left", "right", "value", "beyond"),
    [
        ("DECIMAL(38,2)", "DECIMAL(12,4)", "7.25", "999999999999999999999999999999999999.99"),
        ("HUGEINT", "DECIMAL(9,2)", "7", "170141183460469231731687303715884105727"),
        ("UHUGEINT", "BIGINT", "7", "340282366920938463463374607431768211455"),
    ],
)
def test_properties_of_two_types_are_equated_exactly(left: str, right: str, value: str, beyond: str) -> None:
    """Half of the people have in one of them a number that the other cannot hold: it equals nothing."""
    connection = connect(":memory:", read_only=False)
    connection.execute(f"CREATE TABLE people AS SELECT range::INTEGER AS id FROM range(1, {PEOPLE + 1})")
    for table, kind, found, at in (
        ("view", left, f"CASE WHEN range < 36 THEN '{beyond}' ELSE '{value}' END", 1),
        ("buy", right, f"'{value}'", 2),
    ):
        connection.execute(
            f"CREATE TABLE {table} AS SELECT range::INTEGER AS who, TIMESTAMP '2026-01-01' + to_minutes({at}) AS ts, "
            f"({found})::{kind} AS x FROM range(1, {PEOPLE + 1})"
        )
    shape = {"profile": "who", "time": "ts"}
    events = {
        table: {"table": table, **shape, "properties": {"x": {"type": "decimal" if "(" in kind else "integer"}}}
        for table, kind in (("view", left), ("buy", right))
    }
    model = read_model({"kind": "model", "profile": {"table": "people", "key": "id", "traits": {}}, "events": events})
    session = DuckSession("memory:", connection, "made")
    world = World(model, session, session.describe, {}, datetime(2026, 2, 1, tzinfo=UTC))
    for steps in (
        [{"did": "view", "as": "v"}, {"did": "buy", "same": {"x": "v.x"}}],
        [{"did": "view", "as": "v"}, {"did": "buy", "same": {"x": "v.x"}, "gap": {"lte": "1mo"}}],
    ):
        audience = read_audience({"kind": "audience", "id": "it", "rule": {"sequence": steps}})
        assert Evaluator(session, world, {}).members(audience, audience.sites_in(model)).tolist() == KNOWN, steps
    session.close()
