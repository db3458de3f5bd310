"""Latency of an exact size with every condition's own: ours against one SQL count for each number, on the same warehouse."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from engine import operations
from engine.domain.audience_codec import read_audience
from engine.domain.documents import dump_yaml
from engine.operations import Workspace
from engine.operations.context import prepare
from engine.operations.sizing import one_size
from engine.operations.targets import Named
from tests.benchmarks.report import BUILD, times, write

CATEGORIES = ("phones", "fashion", "computers", "home", "beauty", "sports", "toys", "games", "books")
BIG_MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {
        "table": "users",
        "key": "user_id",
        "traits": {"age": {"type": "integer"}, "state": {"type": "string"}, "uses_app": {"type": "boolean"}},
    },
    "events": {
        kind: {
            "table": "events",
            "where": f"event_type = '{kind}'",
            "profile": "user_id",
            "time": "ts",
            "properties": {"category": {"type": "string"}},
        }
        for kind in ("view", "purchase")
    },
}
_BIG = """
CREATE TABLE users AS
SELECT range AS user_id, (18 + hash(range) % 60)::INTEGER AS age,
    ['SP', 'RJ', 'MG', 'BA'][1 + (hash(range, 1) % 4)::BIGINT] AS state, hash(range, 2) % 2 = 0 AS uses_app
FROM range({profiles});
CREATE TABLE events AS
SELECT (hash(range) % {profiles})::BIGINT AS user_id, CASE WHEN hash(range, 1) % 20 = 0 THEN 'purchase' ELSE 'view' END AS event_type,
    TIMESTAMP '2026-01-01' - to_seconds((hash(range, 2) % 31536000)::BIGINT) AS ts,
    ['phones','fashion','computers','home','beauty','sports','toys','games','books'][1 + (hash(range, 3) % 9)::BIGINT] AS category
FROM range({events})
ORDER BY event_type, category, user_id;
"""


def rule(count: int) -> dict[str, Any]:
    """A rule of 1, 5 or 20 conditions: traits and events in turn."""
    leaves: list[dict[str, Any]] = [
        {"did": "purchase", "within": "90d"},
        {"trait": "age", "between": [25, 44]},
        {"trait": "state", "in": ["SP", "RJ"]},
        {"did": "view", "where": [{"property": "category", "eq": "phones"}], "times": {"gte": 2}, "within": "60d"},
        {"trait": "uses_app", "eq": True},
    ]
    for i, category in enumerate(CATEGORIES):
        where = [{"property": "category", "eq": category}]
        leaves.append({"did": "view" if i % 2 else "purchase", "where": where, "within": f"{30 + i}d"})
        leaves.append({"trait": "age", "gte": 20 + i})
    return {"any": [{"all": leaves[: max(1, count // 2)]}, {"any": leaves[max(1, count // 2) : count]}]}


def measure(workspace: Workspace, label: str, as_of: datetime) -> list[dict[str, Any]]:
    """Ours and the peer's latency for 1, 5 and 20 conditions."""
    rows = []
    for count in (1, 5, 20):
        audience = read_audience({"kind": "audience", "id": "bench", "rule": rule(count)})
        named = Named(audience, "", None)
        context = prepare(workspace, [named], as_of)
        sites = context.sites(audience, None)
        found = context.evaluator.sizes(audience, sites)
        ours, spread = times(lambda context=context, named=named: one_size(context, named, None), 5)  # type: ignore[misc]
        statements = [
            statement
            for sub in (audience, *_alone(audience))
            for statement in context.evaluator.member_statements(sub, sites)
        ]

        def peer(statements: list[Any] = statements) -> None:
            for s in statements:
                workspace.warehouse.rows(f"SELECT count(*) FROM ({s.sql})", s.parameters)

        theirs, their_spread = times(peer, 3)
        rows.append(
            {
                "profiles": label,
                "conditions": count,
                "size": found.size,
                "ours_ms": round(ours * 1000, 1),
                "ours_spread_ms": round(spread * 1000, 1),
                "peer_ms": round(theirs * 1000, 1),
                "peer_spread_ms": round(their_spread * 1000, 1),
                "ratio": round(theirs / ours, 2),
            }
        )
        sys.stdout.write(f"{rows[-1]}\n")
    return rows


def _alone(audience: Any) -> list[Any]:
    """Each condition as an audience of its own."""
    from dataclasses import replace

    from engine.domain.walk import conditions

    return [replace(audience, rule=leaf) for _, leaf in conditions(audience.rule)]


def big_workspace(folder: Path, profiles: int, events: int) -> Workspace:
    """A uniform synthetic warehouse, made once."""
    workspace = operations.init(folder)
    file = folder / "big.duckdb"
    if not file.exists():
        connection = duckdb.connect(str(file))
        connection.execute(_BIG.format(profiles=profiles, events=events))
        connection.close()
    operations.connect(workspace, f"duckdb:///{file}")
    model = folder / "model.yaml"
    model.write_text(dump_yaml(BIG_MODEL), encoding="utf-8")
    operations.apply_model(workspace, model)
    return workspace


def main() -> None:
    """Measure at 200 thousand (the marketplace) and ten million profiles (uniform)."""
    BUILD.mkdir(exist_ok=True)
    with operations.prepare_demo(BUILD / "bench-demo") as workspace:
        rows = measure(workspace, "200 k (3.9 M events, 9 sites)", datetime.now(UTC).replace(microsecond=0))
    with big_workspace(BUILD / "bench-big", 10_000_000, 50_000_000) as workspace:
        rows += measure(workspace, "10 M (50 M events)", datetime(2026, 1, 1, tzinfo=UTC))
    worst = max(row["ours_ms"] for row in rows if row["profiles"].startswith("200"))
    line = f"exact sizes with every condition's own: at most {worst:.0f} ms for up to 20 conditions at 200 k profiles"
    write(
        "sizes",
        rows,
        "one SQL count for the audience and for each condition, same warehouse",
        rows[2]["ratio"],
        "ms",
        line,
    )


if __name__ == "__main__":
    main()
