"""`make bench-portfolio`: refreshing many audiences as one plan against one SQL per audience on DuckDB, ClickHouse
(chDB) and Polars, over the same data in the same run.

The peers answer random audiences of the portfolio (200; Polars 20, as each takes seconds), whose sizes must agree with
ours; what all audiences would take them is their mean times the number, and is said to be extrapolated. Arguments:
profiles (46111111), events (100000000), audiences (20000).
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from tests.benchmarks import seed
from tests.benchmarks.report import BUILD, write

SAMPLED, SAMPLED_POLARS = 200, 20
Ask = Callable[[dict[str, Any]], int]


def condition(node: dict[str, Any], as_of: Any) -> str:
    """A condition of the benchmark's audiences as SQL that DuckDB and ClickHouse both read."""
    if "not" in node:
        return f"NOT ({condition(node['not'], as_of)})"
    if "trait" in node:
        return _trait(node)
    days = int(node["within"][:-1])
    start = (as_of - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")
    end = as_of.strftime("%Y-%m-%d %H:%M:%S")
    return (
        f"user_id IN (SELECT user_id FROM events WHERE event_type = '{node['did']}' "
        f"AND category = {node['where'][0]['eq']} AND ts >= '{start}' AND ts < '{end}' "
        f"GROUP BY user_id HAVING count(*) >= {node['times']['gte']})"
    )


def _trait(node: dict[str, Any]) -> str:
    name = node["trait"]
    if "between" in node:
        return f"{name} BETWEEN {node['between'][0]} AND {node['between'][1]}"
    if "in" in node:
        return f"{name} IN ({', '.join(repr(v) for v in node['in'])})"
    sign, value = next((s, node[k]) for k, s in (("eq", "="), ("gte", ">="), ("lt", "<")) if k in node)
    return f"{name} {sign} {str(value).lower() if isinstance(value, bool) else repr(value)}"


def statement(document: dict[str, Any], as_of: Any) -> str:
    """One SQL that counts an audience's members."""
    rule = document["rule"]
    joiner, nodes = (" AND ", rule["all"]) if "all" in rule else (" OR ", rule["any"])
    return f"SELECT count(*) FROM users WHERE {joiner.join(f'({condition(n, as_of)})' for n in nodes)}"


# -- the peers ---------------------------------------------------------------------------------------------------------


def on_duckdb(warehouse: Path, as_of: Any) -> Ask:
    """DuckDB over the very file Convoke reads."""
    connection = duckdb.connect(str(warehouse), read_only=True)
    return lambda document: int(connection.execute(statement(document, as_of)).fetchall()[0][0])


def on_clickhouse(exported: Path, as_of: Any) -> Ask:
    """Embedded ClickHouse, with the events ordered to suit the questions."""
    session: Any = import_module("chdb.session").Session(str(exported / "chdb"))
    session.query("CREATE DATABASE IF NOT EXISTS b")
    found = str(session.query("SELECT count() FROM system.tables WHERE database = 'b'")).strip()
    if found == "0":
        for table, order in (("users", "user_id"), ("events", "(event_type, category, user_id)")):
            session.query(
                f"CREATE TABLE b.{table} ENGINE = MergeTree ORDER BY {order} AS "
                f"SELECT * FROM file('{exported / table}.parquet', Parquet) SETTINGS schema_inference_make_columns_nullable = 0"
            )
    session.query("USE b")
    return lambda document: int(str(session.query(statement(document, as_of), "TabSeparated")).strip())


def on_polars(exported: Path, as_of: Any) -> Ask:
    """Polars, lazily over Parquet: semi and anti joins."""
    pl: Any = import_module("polars")
    users = pl.scan_parquet(exported / "users.parquet")
    events = pl.scan_parquet(exported / "events.parquet")

    def ids(node: dict[str, Any]) -> Any:
        if "trait" in node:
            return users.filter(pl.sql_expr(_trait(node))).select("user_id")
        end = as_of.replace(tzinfo=None)
        mine = events.filter(
            (pl.col("event_type") == node["did"])
            & (pl.col("category") == node["where"][0]["eq"])
            & (pl.col("ts") >= end - timedelta(days=int(node["within"][:-1])))
            & (pl.col("ts") < end)
        )
        return mine.group_by("user_id").len().filter(pl.col("len") >= node["times"]["gte"]).select("user_id")

    def ask(document: dict[str, Any]) -> int:
        rule = document["rule"]
        if "any" in rule:
            parts = [
                ids(n) if "not" not in n else users.select("user_id").join(ids(n["not"]), on="user_id", how="anti")
                for n in rule["any"]
            ]
            found = pl.concat(parts).unique()
        else:
            found = users.select("user_id")
            for node in rule["all"]:
                how = "anti" if "not" in node else "semi"
                found = found.join(ids(node.get("not", node)), on="user_id", how=how)
        return int(found.select(pl.len()).collect(engine="streaming").item())

    return ask


def export(warehouse: Path, folder: Path) -> None:
    """The same tables as Parquet, for the peers that do not read DuckDB files."""
    if (folder / "events.parquet").exists():
        return
    connection = duckdb.connect(str(warehouse), read_only=True)
    for table in ("users", "events"):
        connection.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 122880)")
    connection.close()


def measure(ask: Ask, chosen: list[dict[str, Any]], sizes: dict[str, int], total: int) -> dict[str, Any]:
    """Each audience once, after one to warm up; sizes must agree."""
    ask(chosen[0])
    taken = []
    for document in chosen:
        started = perf_counter()
        size = ask(document)
        taken.append(perf_counter() - started)
        assert size == sizes[document["id"]], (document, size, sizes[document["id"]])
    low, middle, high = statistics.quantiles(taken, n=4)
    mean = statistics.mean(taken)
    return {
        "audiences": len(chosen),
        "mean_s": round(mean, 4),
        "median_s": round(middle, 4),
        "spread_s": round(high - low, 4),
        "max_s": round(max(taken), 3),
        "extrapolated_total_s": round(mean * total, 1),
    }


def main() -> None:
    """Run ours for two days, then the peers, and compare."""
    given = [int(a) for a in sys.argv[1:]]
    profiles, events, count = (given + [46_111_111, 100_000_000, 20_000][len(given) :])[:3]
    home = BUILD / f"seed-1-{profiles}-{events}"
    warehouse = home / "seed.duckdb"
    if not warehouse.exists():
        seed.make_warehouse(warehouse, 1, profiles, events)
    folder = home / f"portfolio-{count}"
    seed.make_workspace(folder, warehouse, 1, count).close()
    days = [seed.run(folder, seed.DAY + timedelta(days=day)) for day in (0, 1)]
    as_of = seed.DAY + timedelta(days=1)
    sizes = {one["id"]: one["size"] for one in seed.lines(folder)}
    chosen = random.Random(1).sample(seed.audiences(seed.SITES[0], count, 0), SAMPLED)
    export(warehouse, home)
    peers = {
        "duckdb": measure(on_duckdb(warehouse, as_of), chosen, sizes, count),
        "clickhouse (chDB)": measure(on_clickhouse(home, as_of), chosen, sizes, count),
        "polars": measure(on_polars(home, as_of), chosen[:SAMPLED_POLARS], sizes, count),
    }
    best = min(peer["extrapolated_total_s"] for peer in peers.values())
    ratios = {f"day {i + 1}": round(best / day["wall_s"], 1) for i, day in enumerate(days)}
    line = (
        f"{count:,} audiences over {profiles:,} profiles: {days[0]['wall_s']:.0f} s, the day after "
        f"{days[1]['wall_s']:.0f} s; the best peer, one SQL each, would take {best:,.0f} s (extrapolated from "
        f"{SAMPLED}): {ratios['day 1']:.0f} and {ratios['day 2']:.0f} times as long"
    )
    write("portfolio", {"days": days, "ratios": ratios}, peers, ratios["day 1"], "s", line, extra=("chdb", "polars"))


if __name__ == "__main__":
    main()
