"""`make bench-quality [ROWS=10000000]`: forty checks of a table against one scan of the same columns, in the same run.

One scan is a sum over every column that the checks look at (of texts, of their lengths); beside it the same forty checks one
by one, as a library that runs a query for each does, and by pandera over Polars, the table in memory.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from engine.domain.model import Source
from engine.quality.checking import carried_out
from engine.quality.contracts import read_contract
from engine.quality.measuring import Table
from engine.warehouses.files import DuckDBFile
from tests.benchmarks.report import times, write

TEXTS, NUMBERS = 4, 4


def contract() -> dict[str, Any]:
    """Forty checks: required, ranges, values, patterns, lengths, types, one key, volume, freshness."""
    properties: list[dict[str, Any]] = [{"name": "id", "logicalType": "integer", "required": True, "unique": True}]
    for number in range(TEXTS):
        valid = {
            "type": "library",
            "metric": "invalidValues",
            "arguments": {"validValues": ["MLA", "MLB", "MLC"]},
            "mustBe": 0,
        }
        properties.append(
            {
                "name": f"t{number}",
                "logicalType": "string",
                "required": True,
                "logicalTypeOptions": {"pattern": "^ML", "minLength": 3, "maxLength": 3},
                "quality": [valid],
            }
        )
    properties += [
        {
            "name": f"n{number}",
            "logicalType": "number",
            "required": True,
            "logicalTypeOptions": {"minimum": 0, "maximum": 1_000_000},
            "quality": [{"type": "library", "metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"}],
        }
        for number in range(NUMBERS)
    ]
    properties += [{"name": name, "logicalType": "timestamp", "required": True} for name in ("made_at", "changed_at")]
    quality = [{"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "bench",
        "version": "1.0.0",
        "status": "active",
        "schema": [{"name": "orders", "properties": properties, "quality": quality}],
        "slaProperties": [{"property": "latency", "value": 9_999, "unit": "d", "element": "orders.made_at"}],
    }


def _by_pandera(frame: Any) -> Callable[[], object]:
    """The same checks by pandera; each is made, none breaks. Volume and freshness are one value, as with us."""
    import pandera.polars as pandera

    text = [
        pandera.Check.str_matches("^ML"),
        pandera.Check.str_length(3, 3),
        pandera.Check.isin(["MLA", "MLB", "MLC"]),
    ]
    columns = {"id": pandera.Column(int, nullable=False, unique=True)}
    columns |= {f"t{number}": pandera.Column(str, text, nullable=False) for number in range(TEXTS)}
    within = pandera.Check.in_range(0, 1_000_000)
    columns |= {f"n{number}": pandera.Column(float, within, nullable=False) for number in range(NUMBERS)}
    columns |= {name: pandera.Column(frame.schema[name], nullable=False) for name in ("made_at", "changed_at")}
    schema = pandera.DataFrameSchema(columns)

    def check() -> object:
        schema.validate(frame, lazy=True)
        return len(frame) > 0 and frame["made_at"].max()

    return check


def _read(column: str, kind: str) -> str:
    """What reads every value of a column; a maximum alone is told from statistics."""
    if kind == "VARCHAR":
        return f"sum(strlen({column}))"
    return f"sum(epoch({column}))" if kind == "TIMESTAMP" else f"sum({column})"


def main() -> int:
    """One run."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "w.duckdb"
        with duckdb.connect(str(path)) as made:
            texts = ", ".join(f"['MLA', 'MLB', 'MLC'][1 + (hash(i, {n}) % 3)::BIGINT] AS t{n}" for n in range(TEXTS))
            numbers = ", ".join(f"(hash(i, 9{n}) % 1000000)::DOUBLE AS n{n}" for n in range(NUMBERS))
            made.execute(
                f"CREATE TABLE orders AS SELECT i AS id, {texts}, {numbers}, TIMESTAMP '2026-01-01' + to_seconds(i % 9999999) "
                f"AS made_at, TIMESTAMP '2026-02-01' + to_seconds(i % 99999) AS changed_at FROM range({rows}) AS r(i)"
            )
        warehouse = DuckDBFile("duckdb:", path)
        columns = warehouse.columns(Source(table="orders"), "orders")
        table = Table('"orders"', columns, lambda sql: warehouse.rows(sql))
        checks = read_contract(contract()).checks
        scan = f"SELECT {', '.join(_read(one, kind) for one, kind in columns.items())} FROM orders"
        ours, spread = times(lambda: carried_out(checks, table), 3)
        without = [one for one in checks if one.kind != "unique"]
        light, _ = times(lambda: carried_out(without, table), 3)
        once, _ = times(lambda: warehouse.rows(scan), 3)
        unique, _ = times(lambda: warehouse.rows('SELECT count(DISTINCT id) FROM "orders"'), 3)
        alone, _ = times(lambda: [carried_out([one], table) for one in checks], 3)
        states = {one.state for one in carried_out(checks, table)}
        warehouse.close()
        with duckdb.connect(str(path), read_only=True) as opened:
            began = perf_counter()
            frame = opened.sql("SELECT * FROM orders").pl()
            into_memory = perf_counter() - began
        pandera, _ = times(_by_pandera(frame), 3)
    told = {
        "checks": len(checks),
        "rows": rows,
        "seconds": round(ours, 2),
        "spread": round(spread, 2),
        "without the key": round(light, 2),
    }
    peers = {"one scan": round(once, 2), "count(DISTINCT id) alone": round(unique, 2), "one by one": round(alone, 2)}
    peers |= {"pandera": round(pandera, 2), "into memory for pandera": round(into_memory, 2)}
    line = (
        f"{len(checks)} checks of {rows:,} rows in {ours:.2f} s (spread {spread:.2f}), without the unique key {light:.2f} s; "
        f"one scan of all columns {once:.2f} s ({ours / once:.1f}x, {light / once:.1f}x), the distinct count of the key alone "
        f"{unique:.2f} s; the same checks one by one {alone:.2f} s, by pandera over Polars {pandera:.2f} s and {into_memory:.2f} s "
        "to read the table into memory"
    )
    write("quality", told, peers, ours / once, "seconds", line)
    return 0 if states == {"green"} else 1


if __name__ == "__main__":
    sys.exit(main())
