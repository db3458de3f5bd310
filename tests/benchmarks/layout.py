"""`make bench-layout`: a day of audiences over the same events as they came, sorted, and divided by site and month.

Nine sites whose accounts have text keys and a year of events, in the order of time as they would have arrived. Runs
`convoke run --all` over each layout in a fresh workspace and checks that every audience has the same size; tells what
the report counts (rows and bytes read against needed), what another day's load costs with and without the layout, and
what laying anew costs when only that day came. Arguments: profiles a site (200000), events in all (20000000), audiences
a site (200).
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from engine import operations
from engine.domain.audience_codec import read_audience
from engine.domain.canonical import canonical_json
from engine.domain.documents import dump_yaml
from engine.domain.ingest_codec import read_ingest
from engine.operations import Workspace
from engine.operations.layout_wanted import wanted_of
from engine.settings import write_settings
from engine.warehouses.layout import rewrite
from engine.warehouses.local import FILE, publishing, reading
from tests.benchmarks.report import BUILD, write
from tests.benchmarks.seed import DAY, SITES, audiences, lines, model, run

_RUNS = 3
_USERS = """
CREATE TABLE users AS SELECT $sites[1 + i % len($sites)] AS site_id, md5(i::VARCHAR) AS user_id,
    (18 + hash(i) % 60)::UTINYINT AS age, ['SP', 'RJ', 'MG', 'BA', 'RS', 'PR', 'PE', 'CE'][1 + (hash(i, 1) % 8)::INTEGER] AS state,
    hash(i, 2) % 5 < 2 AS uses_app, (hash(i, 3) % 6)::UTINYINT AS level, (hash(i, 4) % 1000)::USMALLINT AS spend
FROM range($profiles) t(i)
"""
_EVENTS = """
SELECT ['view', 'search', 'cart', 'purchase'][1 + (p > 61)::INT + (p > 83)::INT + (p > 93)::INT] AS event_type,
    least(500, floor(pow(501, (hash(i, 2) >> 11)::DOUBLE / 9007199254740992) - 1))::USMALLINT AS category,
    md5(floor($profiles * pow((hash(i, 3) >> 11)::DOUBLE / 9007199254740992, 1.7))::BIGINT::VARCHAR) AS user_id,
    TIMESTAMP '2026-06-01' + to_microseconds((86400000000 * ($from + (i * $days / $events)))::BIGINT) AS ts
FROM (SELECT i, (hash(i + $seed, 1) % 100)::INTEGER AS p FROM range($events) t(i))
"""


def make(path: Path, profiles: int, events: int) -> None:
    """The warehouse as it came: a year until the day of the audiences."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("SET memory_limit = '10GB'")
        everybody = profiles * len(SITES)
        connection.execute(_USERS, {"sites": list(SITES), "profiles": everybody})
        values = {"profiles": everybody, "events": events, "from": -365, "days": 365.0, "seed": 0}
        connection.execute(f"CREATE TABLE events AS {_EVENTS}", values)
    fresh.replace(path)


def workspace_of(folder: Path, came: Path, count: int) -> Workspace:
    """A fresh workspace over a copy of the warehouse."""
    shutil.rmtree(folder, ignore_errors=True)
    workspace = operations.init(folder)
    write_settings(folder, replace(workspace.settings, warehouse="local:", layout="manual"))
    vars(workspace).pop("settings")
    workspace.warehouse_folder.mkdir(exist_ok=True)
    shutil.copyfile(came, workspace.warehouse_folder / FILE)
    operations.apply_model_text(workspace, dump_yaml(model(len(SITES))))
    for number, site in enumerate(SITES):
        with workspace.database.transaction():
            for document in audiences(site, count, number):
                workspace.audiences.save(read_audience(document), canonical_json(document), "benchmark", "files")
    return workspace


def sort_only(workspace: Workspace) -> None:
    """Sorted by kind, category, profile and time, and not divided."""
    with reading(workspace.warehouse_folder) as connection:
        wanted = [one.layouts[-1] for one in wanted_of(workspace, workspace.model, connection)]
    with publishing(workspace.warehouse_folder, "benchmark", keep=True) as connection:
        for layout in wanted:
            rewrite(connection, layout)


def loaded(workspace: Workspace, file: Path) -> float:
    """Seconds of loading one more day."""
    document = read_ingest({"kind": "ingest", "id": "day", "into": "events", "mode": "insert"})
    started = perf_counter()
    (found,) = operations.ingest_load(workspace, document, [file])
    assert found.state == "loaded", found
    return perf_counter() - started


def told(workspace: Workspace) -> dict[str, Any]:
    """What the report says of the events."""
    one = next(one for one in operations.warehouse_layout(workspace) if one.table == "events")
    return {name: value for name, value in one.as_json().items() if name not in ("events", "table", "order")}


def runs(folder: Path, warehouse: Path, count: int) -> dict[str, Any]:
    """Runs of all audiences, each in a fresh workspace: seconds (median and spread), and the size of each audience."""
    found = []
    for _ in range(_RUNS):
        workspace_of(folder, warehouse, count).close()
        found.append(run(folder, DAY))
    walls = sorted(one["wall_s"] for one in found)
    told = {
        "wall_s": walls[len(walls) // 2],
        "spread_s": round(walls[-1] - walls[0], 1),
        "peak_gb": found[-1]["peak_gb"],
    }
    return told | {"cpu_s": found[-1]["cpu_s"], "sizes": {one["id"]: one["size"] for one in lines(folder)}}


def compare(name: str, home: Path, came: Path, count: int, day: Path) -> dict[str, Any]:
    """One layout: what laying takes, what is read, the runs, and one more day."""
    workspace = workspace_of(home / name, came, count)
    started = perf_counter()
    if name == "sorted":
        sort_only(workspace)
    elif name == "divided":
        operations.warehouse_layout(workspace, apply=True)
    found: dict[str, Any] = {"lay_s": round(perf_counter() - started, 1)}
    workspace.reload()
    found["report"] = told(workspace)
    file = workspace.warehouse_folder / FILE
    found["file_gb"] = round(file.stat().st_size / 1e9, 2)
    found["runs"] = runs(home / f"{name}-run", file, count)
    found["load_s"] = round(loaded(workspace, day), 2)
    if name == "divided":
        found["after_load"] = told(workspace)
        started = perf_counter()
        operations.warehouse_layout(workspace, apply=True)
        found["lay_again_s"] = round(perf_counter() - started, 1)
    workspace.close()
    return found


def main() -> None:
    """Make, lay, run, load, report."""
    given = [int(a) for a in sys.argv[1:]]
    profiles, events, count = (given + [200_000, 20_000_000, 200][len(given) :])[:3]
    home = BUILD / f"layout-{profiles}-{events}"
    came = home / "came.duckdb"
    if not came.exists():
        make(came, profiles, events)
    day = home / "day.parquet"
    more = {"profiles": profiles * len(SITES), "events": 1_000_000, "from": 0, "days": 1.0, "seed": 7}
    duckdb.connect().execute(f"COPY ({_EVENTS}) TO '{day}' (FORMAT parquet)", more)
    ours = {}
    for name in ("came", "sorted", "divided"):
        ours[name] = compare(name, home, came, count, day)
        sys.stdout.write(f"{name}: { ({k: v for k, v in ours[name].items() if k != 'runs'}) }\n")
        sys.stdout.flush()
    sizes = [one["runs"].pop("sizes") for one in ours.values()]
    assert sizes[0] == sizes[1] == sizes[2], "an audience has another size in another layout"
    assert sum(sizes[0].values()) > 0
    walls = {name: one["runs"]["wall_s"] for name, one in ours.items()}
    needed = ours["divided"]["report"]["needed"]
    read = {name: one["report"]["read"] / needed for name, one in ours.items()}
    mb = {name: one["report"]["bytes_read"] / 1e6 for name, one in ours.items()}
    line = (
        f"{count * len(SITES):,} audiences over {events:,} events of nine sites, the same sizes: {walls['came']} s as they "
        f"came, {walls['sorted']} s sorted, {walls['divided']} s divided by "
        f"{' and '.join(ours['divided']['report']['parts'])}; rows read by needed {read['came']:.0f}, {read['sorted']:.0f}, "
        f"{read['divided']:.1f} ({mb['came']:,.0f}, {mb['sorted']:,.0f}, {mb['divided']:,.0f} MB); laying {ours['divided']['lay_s']} s, "
        f"again after a day of 1 M events {ours['divided']['lay_again_s']} s; loading that day "
        f"{ours['came']['load_s']} s, into the parts {ours['divided']['load_s']} s"
    )
    peers = {name: ours[name] for name in ("came", "sorted")}
    write("layout", ours["divided"], peers, walls["came"] / walls["divided"], "s", line)


if __name__ == "__main__":
    main()
