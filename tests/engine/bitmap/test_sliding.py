"""Windows that slide, over a busy world: moved counters give exactly what one SQL per audience gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bitmap.counters import Counts, read_counts, write_counts
from engine.bitmap.finding import Setting
from engine.bitmap.library import Library
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.documents import iso
from engine.domain.model_codec import read_model
from engine.domain.operators import Compare
from engine.membership.evaluate import Evaluator
from engine.membership.running import Due, Runner
from engine.membership.snapshots import Snapshots
from engine.sql.compile import World
from engine.store.database import Database
from engine.store.ordinals import OrdinalSegments
from engine.store.runs import Runs
from engine.warehouses.duck import DuckSession, connect
from tests.support.filling import insert

MODEL = {
    "kind": "model",
    "profile": {"table": "users", "key": "id", "traits": {}},
    "events": {
        "buy": {
            "table": "events",
            "profile": "id",
            "time": "ts",
            "properties": {"what": {"type": "string"}, "much": {"type": "integer"}},
        }
    },
}
START = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


def bought(what: str | None, window: str | None, times: dict[str, int], **more: Any) -> Audience:
    node: dict[str, Any] = {"did": "buy", "times": times}
    if what is not None:
        node["where"] = [{"property": "what", "eq": what}]
    if more:
        node.setdefault("where", []).append({"property": "much", **more})
    if window is not None:
        node["within"] = window
    name = f"{what}-{window}-{times}-{more}"
    identifier = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
    return read_audience({"kind": "audience", "id": identifier, "name": name, "rule": node})


AUDIENCES = [
    bought(what, window, times)
    for what in ("tea", "jam", "nothing", None)
    for window in ("2d", "7d", "36h", None)
    for times in ({"gte": 1}, {"gte": 2}, {"lte": 1}, {"eq": 3})
] + [
    bought("tea", "7d", {"gte": 2}, gt=3),
    bought("tea", "2d", {"gte": 1}, gt=3),
    bought("jam", "7d", {"gte": 2}, gt=3),
]


class Shop:
    """A warehouse that goes on day by day, and a run after each."""

    def __init__(self, folder: Path, seed: int, apart: int = 1) -> None:
        self.rng = Random(seed)
        self.apart = apart  # far apart, keys are listed instead of being a run
        self.connection = connect(":memory:", read_only=False)
        self.connection.execute(
            "CREATE TABLE users (id BIGINT); CREATE TABLE events (id BIGINT, ts TIMESTAMP, what VARCHAR, much INTEGER)"
        )
        self.warehouse = DuckSession("memory:", self.connection, "0")
        self.model = read_model(MODEL)
        database = Database(folder / "store.sqlite")
        self.library = Library(database, folder / "bitmaps", 1 << 20)
        self.segments, self.runs = OrdinalSegments(database), Runs(database)
        self.snapshots = Snapshots(self.runs, self.segments, self.library)
        self.as_of = START
        self.people(range(1, 25))
        self.events(START - timedelta(days=20), START, 500)

    def touched(self) -> None:
        self.warehouse._version = str(int(self.warehouse._version) + 1)

    def people(self, keys: Any) -> None:
        insert(self.connection, "users", [[key * self.apart] for key in keys])
        self.touched()

    def events(self, start: datetime, end: datetime, count: int) -> None:
        rng, length = self.rng, int((end - start).total_seconds())
        rows = [
            [
                rng.randrange(1, 40) * self.apart,
                (start + timedelta(seconds=rng.randrange(length))).replace(tzinfo=None),
                rng.choice(["tea", "jam", "tea", None]),
                rng.randrange(8),
            ]
            for _ in range(count)
        ]
        insert(self.connection, "events", rows)
        self.touched()

    def run(self, audiences: list[Audience] = AUDIENCES, memory: int = 1 << 20) -> tuple[int, int]:
        """Run, compare with one SQL per audience; how many windows were moved, and counted anew."""
        world = World(self.model, self.warehouse, self.warehouse.describe, {}, self.as_of)
        catalogue: dict[tuple[str, int | None], Audience] = {(a.id, None): a for a in audiences}
        scratch = self.warehouse.scratch()
        setting = Setting(self.warehouse, world, scratch, self.library, self.segments, {}, memory, slide_from=0)
        run = self.runs.start(iso(self.as_of), self.warehouse.data_version(), [])
        sites = list(self.model.sites.values())
        report = Runner(setting, catalogue, self.runs, run).all([Due(a, 1, "") for a in audiences], sites)
        assert not report.failures
        self.runs.finish(run, {}, {})
        scratch.close()
        evaluator = Evaluator(self.warehouse, world, catalogue)
        for audience in audiences:
            newest = max(self.snapshots.history(audience.id), key=lambda one: one[0].run_id)
            found = self.snapshots.members(newest).tolist()
            assert found == evaluator.members(audience, sites).tolist(), audience.name
        scans = [scan for site in report.sites for scan in site["scans"]]
        return sum(scan["moved"] for scan in scans), sum(scan["recounted"] for scan in scans)


@pytest.mark.parametrize("seed", range(3))
def test_day_after_day(seed: int, tmp_path: Path) -> None:
    shop = Shop(tmp_path, seed)
    assert shop.run() == (0, 0)
    for day in range(5):
        shop.events(shop.as_of, shop.as_of + timedelta(days=1), 40)
        shop.as_of += timedelta(days=1)
        assert shop.run(memory=shop.rng.choice([1, 1 << 20])) == (10, 0), (
            day
        )  # 4 windows by constant, 4 without, 2 with much


def test_only_the_clock_moves_even_by_a_minute_or_not_at_all(tmp_path: Path) -> None:
    shop = Shop(tmp_path, 5)
    shop.run()
    for step in (timedelta(minutes=1), timedelta(hours=30), timedelta(0)):
        shop.as_of += step
        moved, recounted = shop.run()
        assert recounted == 0
        assert moved == (10 if step else 0)  # the very same moment needs nothing at all


@pytest.mark.parametrize("apart", [1, 10**12])
def test_new_vanished_and_returning_profiles(apart: int, tmp_path: Path) -> None:
    shop = Shop(tmp_path, 6, apart)
    shop.run()
    for change, keys in (("new", (30, 31)), ("gone", (2, 30)), ("new", (2, 39))):
        if change == "new":
            shop.people(keys)
        else:
            shop.connection.execute("DELETE FROM users WHERE id IN (SELECT unnest(?))", [[key * apart for key in keys]])
            shop.touched()
        shop.as_of += timedelta(hours=30)
        moved, recounted = shop.run()
        assert apart == 1 or (moved, recounted) == (10, 0)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO events VALUES (3, TIMESTAMP '2026-02-28 09:00:00', 'tea', 5)",
        "DELETE FROM events WHERE ts < TIMESTAMP '2026-02-28' AND ts > TIMESTAMP '2026-02-27'",
        "UPDATE events SET what = 'jam' WHERE id = 4",
        "UPDATE events SET id = 5 WHERE id = 4",
        "UPDATE events SET ts = ts + INTERVAL 1 DAY WHERE id = 7",
    ],
)
def test_late_deleted_and_changed_rows_are_noticed(change: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, 7)
    shop.run()
    shop.as_of += timedelta(days=1)
    shop.run()
    shop.connection.execute(change)
    shop.touched()
    shop.as_of += timedelta(days=1)
    _, recounted = shop.run()
    assert recounted > 0
    shop.as_of += timedelta(days=1)
    moved, recounted = shop.run()
    assert (moved, recounted) == (10, 0)


def test_other_constants_windows_and_moments(tmp_path: Path) -> None:
    shop = Shop(tmp_path, 8)
    shop.run(AUDIENCES[:8])
    shop.as_of += timedelta(days=1)
    shop.run()  # more constants and windows than were counted
    shop.as_of -= timedelta(days=3)
    shop.run()  # back in time
    shop.as_of += timedelta(days=30)
    shop.run()  # so far ahead that nothing overlaps


def test_a_lost_counter_is_counted_anew(tmp_path: Path) -> None:
    shop = Shop(tmp_path, 9)
    shop.run()
    for file in (tmp_path / "bitmaps" / "counters").iterdir():
        file.write_bytes(b"lost")
    shop.as_of += timedelta(days=1)
    assert shop.run() == (0, 0)
    shop.as_of += timedelta(days=1)
    assert shop.run() == (10, 0)


pairs = st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 2**32 - 1)), st.integers(1, 300), max_size=12)


def counts_of(found: dict[tuple[int, int], int]) -> Counts:
    codes = np.array([code for code, _ in found], dtype=np.int64)
    ordinals = np.array([ordinal for _, ordinal in found], dtype=np.int64)
    return Counts.of(codes, ordinals, np.array(list(found.values()), dtype=np.int64))


@given(pairs, pairs)
def test_counts_add_up_and_take_away(one: dict[tuple[int, int], int], other: dict[tuple[int, int], int]) -> None:
    both = counts_of(one).plus(counts_of(other))
    expected = {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}
    assert dict(zip(both.keys.tolist(), both.counts.tolist(), strict=True)) == {
        (code << 32) + ordinal: count for (code, ordinal), count in expected.items()
    }
    assert both.keys.tolist() == sorted(both.keys.tolist())
    back = both.plus(counts_of(other), -1)
    assert back.keys.tolist() == counts_of(one).keys.tolist()
    assert back.counts.tolist() == counts_of(one).counts.tolist()
    for code in range(4):
        found = {ordinal for (c, ordinal), count in expected.items() if c == code and count >= 2}
        assert set(both.passing(code, Compare("gte", 2), wanted=True).tolist()) == found


def test_what_was_never_counted_cannot_be_taken_away(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="below zero"):
        counts_of({(0, 1): 1}).plus(counts_of({(0, 2): 1}), -1)
    with pytest.raises(ValueError, match="below zero"):
        counts_of({(0, 1): 1}).plus(counts_of({(0, 1): 2}), -1)
    counts = counts_of({(0, 5): 1, (2, 3): 70_000})
    name, sha256 = write_counts(tmp_path, b"key", counts, 3)
    read = read_counts(tmp_path / name, sha256)
    assert read is not None
    assert (read.keys.tolist(), read.counts.tolist()) == (counts.keys.tolist(), counts.counts.tolist())
    assert read_counts(tmp_path / name, "0" * 64) is None
