"""`make bench-seed`: a day of 180,000 audiences over 415 million profiles in nine sites, run for real.

Makes a warehouse in the read layout (events sorted by site, type, category, profile) and a workspace with the
audiences, both once; then runs `convoke run --all` twice, a day apart, as a process of its own and measures wall time,
peak memory, and bytes read and written. Arguments: sites (9), profiles a site (46111111), events a site (100000000),
audiences a site (20000).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from engine import operations
from engine.domain.audience_codec import read_audience
from engine.domain.canonical import canonical_json
from engine.domain.documents import dump_yaml
from engine.operations import Workspace
from tests.benchmarks.report import BUILD, write

SITES = ("MLA", "MLB", "MLM", "MCO", "MLC", "MPE", "MLU", "MEC", "MLV")
TYPES = ("view", "search", "cart", "purchase")
SHARES = (0.62, 0.22, 0.10, 0.06)
CATEGORIES = 501
WINDOWS = ("7d", "30d", "90d")
COUNTS = (1, 2, 3)
STATES = ("SP", "RJ", "MG", "BA", "RS", "PR", "PE", "CE")
DAY = datetime(2026, 6, 1, tzinfo=UTC)

_USERS = """
INSERT INTO users
SELECT $site AS site_id, range AS user_id, (18 + hash(range) % 60)::UTINYINT AS age,
    ['SP', 'RJ', 'MG', 'BA', 'RS', 'PR', 'PE', 'CE'][1 + ((hash(range, 1) % 97) * (hash(range, 1) % 89) / 1100)::INTEGER] AS state,
    hash(range, 2) % 5 < 2 AS uses_app, (hash(range, 3) % 6)::UTINYINT AS level,
    (hash(range, 4) % 1000)::USMALLINT AS spend
FROM range($first, $first + $profiles);
"""
# Heavy users and a Zipf-like choice of categories; sorting one number a row is all the layout takes.
_EVENTS = """
INSERT INTO events
SELECT $site, $type, ((k >> 34))::USMALLINT, (k & 17179869183) + $first, TIMESTAMP '2026-06-02' - to_seconds(s)
FROM (
    SELECT (least(500, floor(pow(501, u1) - 1))::BIGINT << 34)
        | ((floor($profiles * pow(u2, 1.7))::BIGINT * 2654435761) % $profiles) AS k, (u3 * 10368000)::BIGINT AS s
    FROM (
        SELECT (hash(range, $seed) >> 11)::DOUBLE / 9007199254740992 AS u1,
            (hash(range, $seed, 1) >> 11)::DOUBLE / 9007199254740992 AS u2,
            (hash(range, $seed, 2) >> 11)::DOUBLE / 9007199254740992 AS u3
        FROM range($events)
    )
)
ORDER BY k;
"""


def model(sites: int) -> dict[str, Any]:
    """The data model of the benchmark's warehouse."""
    return {
        "kind": "model",
        "sites": {"column": "site_id", "list": {site: {"timezone": "America/Sao_Paulo"} for site in SITES[:sites]}},
        "profile": {
            "table": "users",
            "key": "user_id",
            "traits": {
                "age": {"type": "integer"},
                "state": {"type": "string"},
                "uses_app": {"type": "boolean"},
                "level": {"type": "integer"},
                "spend": {"type": "integer"},
            },
        },
        "events": {
            kind: {
                "table": "events",
                "where": f"event_type = '{kind}'",
                "profile": "user_id",
                "time": "ts",
                "properties": {"category": {"type": "integer"}},
            }
            for kind in TYPES
        },
    }


def make_warehouse(path: Path, sites: int, profiles: int, events: int) -> None:
    """The warehouse, sorted as the read layout asks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    connection = duckdb.connect(str(fresh))
    connection.execute("SET memory_limit = '10GB'")
    connection.execute(
        "CREATE TABLE users (site_id VARCHAR, user_id BIGINT, age UTINYINT, state VARCHAR, uses_app BOOLEAN, "
        "level UTINYINT, spend USMALLINT)"
    )
    connection.execute(
        "CREATE TABLE events (site_id VARCHAR, event_type VARCHAR, category USMALLINT, user_id BIGINT, ts TIMESTAMP)"
    )
    for number, site in enumerate(SITES[:sites]):
        started = perf_counter()
        head = {"site": site, "first": number * profiles, "profiles": profiles}
        connection.execute(_USERS, head)
        for i, (kind, share) in enumerate(zip(TYPES, SHARES, strict=True)):
            values = head | {"type": kind, "events": int(events * share), "seed": 100 * number + i}
            connection.execute(_EVENTS, values)
        connection.execute("CHECKPOINT")
        sys.stdout.write(f"{site} made in {perf_counter() - started:.0f} s\n")
        sys.stdout.flush()
    connection.close()
    os.replace(fresh, path)


def traits() -> list[dict[str, Any]]:
    """Sixty-seven dense conditions on traits."""
    ages = [{"trait": "age", "between": [low, low + width]} for low in range(18, 60, 6) for width in (5, 9, 19)]
    states = [{"trait": "state", "eq": state} for state in STATES] + [{"trait": "state", "in": ["SP", "RJ"]}]
    levels = [{"trait": "level", "gte": level} for level in range(1, 6)]
    spends = [{"trait": "spend", "gte": 50 * i} for i in range(1, 20)] + [
        {"trait": "spend", "lt": 30 * i} for i in range(1, 12)
    ]
    return [*ages, *states, *levels, *spends, {"trait": "uses_app", "eq": True}, {"trait": "uses_app", "eq": False}][
        :67
    ]


def audiences(site: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Audiences of two to four conditions, chosen as Zipf would: a few conditions everywhere, most of them rarely."""
    rng = random.Random(seed)
    dense = traits()
    result = []
    for number in range(count):
        nodes: list[dict[str, Any]] = [rng.choice(dense)] if rng.random() < 0.8 else []
        while len(nodes) < rng.choice((2, 2, 3, 4)):
            category = min(CATEGORIES - 1, int(CATEGORIES ** rng.random()) - 1 + rng.randrange(3))
            node: dict[str, Any] = {
                "did": rng.choice(TYPES),
                "where": [{"property": "category", "eq": category}],
                "times": {"gte": rng.choice(COUNTS)},
                "within": rng.choice(WINDOWS),
            }
            nodes.append({"not": node} if nodes and rng.random() < 0.2 else node)
        rule = {"any": nodes} if rng.random() < 0.1 else {"all": nodes}
        result.append(
            {
                "kind": "audience",
                "id": f"{site.lower()}-{number}",
                "name": f"{site} {number}",
                "sites": [site],
                "rule": rule,
            }
        )
    return result


def make_workspace(folder: Path, warehouse: Path, sites: int, count: int) -> Workspace:
    """A new workspace with its audiences: what an earlier benchmark found must not be reused."""
    shutil.rmtree(folder, ignore_errors=True)
    workspace = operations.init(folder)
    operations.connect(workspace, f"duckdb:///{warehouse}")
    file = folder / "model.yaml"
    file.write_text(dump_yaml(model(sites)), encoding="utf-8")
    operations.apply_model(workspace, file)
    started = perf_counter()
    for number, site in enumerate(SITES[:sites]):
        with workspace.database.transaction():
            for document in audiences(site, count, number):
                workspace.audiences.save(read_audience(document), canonical_json(document), "benchmark", "files")
    sys.stdout.write(f"{sites * count:,} audiences saved in {perf_counter() - started:.0f} s\n")
    return workspace


def lines(folder: Path) -> list[dict[str, Any]]:
    """What the last run printed, a line an audience."""
    return [json.loads(line) for line in (folder / "run.jsonl").read_text(encoding="utf-8").splitlines()]


def run(folder: Path, as_of: datetime) -> dict[str, Any]:
    """One `convoke run --all` as a process; its wall time, peak memory and disk traffic."""
    started = perf_counter()
    command = [
        sys.executable,
        "-m",
        "engine.cli",
        "run",
        "--all",
        "--as-of",
        as_of.isoformat(),
        "-w",
        str(folder),
        "--json",
    ]
    with (folder / "run.jsonl").open("wb") as out, subprocess.Popen(command, stdout=out) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = perf_counter() - started
    found = lines(folder)
    assert process.returncode == 0, found[-1:]
    return {
        "wall_s": round(wall, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_gb": round(usage.ru_maxrss / 1e6, 2),
        "read_gb": round(usage.ru_inblock * 512 / 1e9, 2),
        "written_gb": round(usage.ru_oublock * 512 / 1e9, 2),
        "audiences": len(found),
        "members": sum(one["size"] for one in found),
        "added": sum(one["added"] for one in found),
        "removed": sum(one["removed"] for one in found),
    }


def main() -> None:
    """Make, run two days, report."""
    given = [int(a) for a in sys.argv[1:]]
    sites, profiles, events, count = (given + [9, 46_111_111, 100_000_000, 20_000][len(given) :])[:4]
    home = BUILD / f"seed-{sites}-{profiles}-{events}"
    warehouse = home / "seed.duckdb"
    if not warehouse.exists():
        make_warehouse(warehouse, sites, profiles, events)
    folder = home / f"workspace-{count}"
    make_workspace(folder, warehouse, sites, count).close()
    days = [run(folder, DAY + timedelta(days=day)) for day in (0, 1)]
    stored = sum(p.stat().st_size for p in (folder / "bitmaps").rglob("*") if p.is_file()) / 1e9
    ours = {
        "sites": sites,
        "profiles": sites * profiles,
        "events": sites * events,
        "warehouse_gb": round(warehouse.stat().st_size / 1e9, 2),
        "bitmaps_gb": round(stored, 2),
        "store_gb": round((folder / "store.sqlite").stat().st_size / 1e9, 3),
        "days": days,
    }
    first, second = days
    line = (
        f"{first['audiences']:,} audiences over {sites * profiles:,} profiles and {sites * events:,} events: first day "
        f"{first['wall_s'] / 60:.1f} min, {first['peak_gb']:.1f} GB; the day after {second['wall_s'] / 60:.1f} min, "
        f"{second['peak_gb']:.1f} GB"
    )
    write("seed", ours, None, None, "min", line)


if __name__ == "__main__":
    main()
