"""Loads into a table that is divided: the new rows lie in parts too, and no run misses a row for it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.domain.ingest_codec import read_ingest
from engine.operations import Workspace
from engine.operations.targets import ById
from engine.settings import write_settings
from engine.warehouses.local import reading
from engine.warehouses.partitions import Sites, layout_of, ranges_of, runs_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SITES = ("ar", "br", "mx")
MODEL: dict[str, Any] = {
    "kind": "model",
    "sites": {"column": "land", "list": {one: {} for one in SITES}},
    "profile": {"table": "people", "key": "id"},
    "events": {
        name: {
            "table": "acts",
            "where": f"kind = '{name}'",
            "profile": "who",
            "time": "ts",
            "properties": {"cat": {"type": "string"}},
        }
        for name in ("buy", "see")
    },
}


def people(numbers: range, shift: int = 0) -> str:
    return "id,land\n" + "".join(f"p{one},{SITES[(one + shift) % 3]}\n" for one in numbers)


def acts(rows: int, seed: int) -> str:
    chosen = random.Random(seed)
    lines = []
    for _ in range(rows):
        at = NOW - timedelta(minutes=chosen.randrange(1, 200_000))
        kind, cat = chosen.choice(("buy", "see")), chosen.choice("xyz")
        lines.append(f"p{chosen.randrange(120)},{kind},{at:%Y-%m-%d %H:%M:%S},{cat},{at:%Y-%m-%d}\n")
    return "who,kind,ts,cat,day\n" + "".join(lines)


class Loads:
    """A workspace, and files that are loaded into it one after another."""

    def __init__(self, folder: Path) -> None:
        self.workspace = operations.init(folder / "ws")
        write_settings(self.workspace.folder, replace(self.workspace.settings, layout="manual"))
        self._folder, self._files = folder, 0

    def load(self, into: str, text: str, **more: Any) -> None:
        """A file of its own; it must be good."""
        self._files += 1
        path = self._folder / f"{self._files}.csv"
        path.write_text(text, encoding="utf-8")
        document = {"kind": "ingest", "id": "x", "into": into, "mode": "insert", **more}
        (found,) = operations.ingest_load(self.workspace, read_ingest(document), [path])
        assert (found.state, found.bad) == ("loaded", 0)

    def told(self) -> tuple[int, int]:
        """The runs of the events, and how many rows a site need not read."""
        with reading(self.workspace.warehouse_folder) as connection:
            ((rows,),) = connection.execute("SELECT count(*) FROM acts").fetchall()
            spared = 0
            for site in SITES:
                ranges = ranges_of(connection, "acts", "who", Sites("people", "id", "land"), site) or [(0, rows)]
                spared += rows - sum(min(after, rows) - first for first, after in ranges if first < rows)
            return len(runs_of(connection, "acts")), spared

    def check(self) -> None:
        """A run, which reads by site, finds the members that a question about everybody finds."""
        found = {one.id: one.size for one in operations.run(self.workspace, as_of=NOW).audiences}
        for name in ("a", "b"):
            sets = operations.members(self.workspace, [ById(name)], as_of=NOW)
            assert found[name] == len(sets[0].keys) > 0


@pytest.fixture
def loads(tmp_path: Path) -> Loads:
    found = Loads(tmp_path)
    found.load("people", people(range(100)))
    found.load("acts", acts(3000, 1))
    operations.apply_model_text(found.workspace, dump_yaml(MODEL))
    for name, kind, cat in (("a", "buy", "x"), ("b", "see", "y")):
        rule = {"did": kind, "where": {"property": "cat", "eq": cat}, "times": {"gte": 5}, "within": "90d"}
        operations.save(found.workspace, {"kind": "audience", "id": name, "name": name, "rule": rule})
    return found


def lay(workspace: Workspace) -> None:
    (told, _) = operations.warehouse_layout(workspace, apply=True)
    assert told.parts == ("site", "month")


def test_loads_keep_the_parts(loads: Loads) -> None:
    loads.check()
    lay(loads.workspace)
    runs, spared = loads.told()
    assert (runs, spared > 4500) == (20, True)  # five months of three sites and of nobody that is known
    loads.check()
    loads.load("acts", acts(500, 2))
    more, after = loads.told()
    assert more == 40
    assert after > spared + 700
    loads.check()
    lay(loads.workspace)
    assert loads.told() == (20, after)
    loads.check()


def test_profiles_that_move_or_come_are_found(loads: Loads) -> None:
    lay(loads.workspace)
    spared = loads.told()[1]
    loads.load("people", people(range(30), 1), mode="upsert", key=["id"])
    assert 0 < loads.told()[1] < spared
    loads.check()
    loads.load("people", people(range(100, 130)))  # their events came before them
    loads.check()
    loads.load("people", people(range(130), 2), mode="replace")
    assert loads.told()[1] == 0  # each site has profiles whose events lie among those of each other site
    loads.check()
    lay(loads.workspace)
    assert loads.told()[1] > spared
    loads.check()


@pytest.mark.parametrize(
    "more", [{"mode": "upsert", "key": ["who", "ts"]}, {"mode": "replace"}, {"mode": "replace", "partition": "kind"}]
)
def test_of_rows_that_were_changed_nothing_is_known(loads: Loads, more: dict[str, Any]) -> None:
    lay(loads.workspace)
    text = acts(3000, 1).replace(",x,", ",y,") + acts(1500, 3).split("\n", 1)[1]
    loads.load("acts", text, **more)
    assert loads.told()[1] == 0
    with reading(loads.workspace.warehouse_folder) as connection:
        assert layout_of(connection, "acts") is None
    loads.load("acts", acts(2000, 4).replace("cat", "CAT"))
    loads.check()


def test_replacing_a_part_that_was_not_there_adds_it(loads: Loads) -> None:
    lay(loads.workspace)
    runs, spared = loads.told()
    text = "".join(f"p{one % 100},buy,2026-05-31 23:59:59,x,2030-01-01\n" for one in range(300))
    loads.load("acts", "who,kind,ts,cat,day\n" + text, mode="replace", partition="day")
    assert loads.told() == (runs + 3, spared + 600)
    loads.check()


def test_a_file_without_the_columns_that_are_sorted_by_is_read_by_all(loads: Loads) -> None:
    lay(loads.workspace)
    told = loads.told()
    loads.load("acts", "who,kind,ts\np1,buy,2026-05-31 10:00:00\n")
    assert loads.told() == told
    loads.load("acts", acts(100, 5))
    loads.check()
