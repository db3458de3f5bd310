"""The process dies, or the power fails, at any point of collecting and of loading: what was acknowledged is there once."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.domain.ingest import IngestDocument
from engine.ingest.messages import Received
from engine.ingest.replaying import replay
from engine.operations import Workspace
from engine.operations.collecting import collecting_into
from engine.settings import read_settings, write_settings
from engine.warehouses.collected import state
from tests.support.faults import Faults, Kind, under
from tests.support.power import Tree, copy

STEP = int(os.environ.get("CONVOKE_STEP", "41"))
"""`make proof-points` has all of them, this is a sample."""
STITCH = "on" if STEP == 1 else "off"
"""Which costs a sample more than it tells: pairs land by the same step as every other table."""
ORDERS = IngestDocument("orders", "orders", mode="upsert", key=("id",))


def acknowledge(path: Path, *names: str) -> None:
    """Told to somebody else, so that no power loss takes it back."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{name}\n" for name in names)


def collect(folder: Path, told: Path, rounds: int = 3) -> None:
    """Some requests, each acknowledged, landed in between; at the end what is aside once more."""
    with collecting_into(folder) as collecting:
        for number in range(rounds):
            for part in range(2):
                names = [f"m{number}{part}{place}" for place in range(2)]
                ids = {"anonymousId": "a"}, {"anonymousId": "a", "userId": "u"}
                said = {"type": "track", "event": "Seen"}
                messages = tuple({**said, **who, "messageId": one} for one, who in zip(names, ids, strict=True))
                lost = {"type": "track", "event": "Seen", "messageId": f"a{number}{part}"}
                collecting.journal.write([Received(datetime.now(UTC), "web", (*messages, lost)).as_bytes()])
                acknowledge(told, *names, lost["messageId"])
            collecting.journal.close()
            collecting.lander.land(collecting.journal.landed)
        with collecting.lander.alone():
            replay(collecting.lander)


def finish(folder: Path) -> None:
    """What the next collector does first."""
    with collecting_into(folder) as collecting:
        collecting.journal.close()
        collecting.lander.land(collecting.journal.landed)


def wrong_of_collecting(folder: Path, told: Path) -> dict[str, int]:
    """How many acknowledged messages are not there, and how many are there more than once, in the tables of a reader."""
    known = told.read_text().split() if told.exists() else []
    found = state(folder / "warehouse")
    rows: list[str] = []
    unstitched = 0
    if found is not None:
        with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
            there = {str(name) for (name,) in opened.execute("SELECT view_name FROM duckdb_views()").fetchall()}
            for table in sorted({"seen", "aside"} & there):
                rows += [str(one) for (one,) in opened.execute(f"SELECT message_id FROM {table}").fetchall()]
            if {"seen", "tracks"} <= there:
                query = "SELECT message_id FROM {} ORDER BY 1"
                if STITCH == "on":
                    unstitched = len(opened.execute("SELECT 1 FROM tracks WHERE profile <> 'u'").fetchall())
                assert (
                    opened.execute(query.format("seen")).fetchall() == opened.execute(query.format("tracks")).fetchall()
                )
    counted = Counter(rows)
    lost, doubled = sum(one not in counted for one in known), sum(one > 1 for one in counted.values())
    return {"lost": lost, "doubled": doubled, "unstitched": unstitched}


def load(folder: Path, told: Path) -> None:
    """Two files of a watched folder, each acknowledged when it was loaded."""
    with Workspace(folder) as workspace:
        for name in ("a", "b"):
            (found,) = operations.ingest_load(workspace, ORDERS, [folder.parent / f"{name}.csv"], watched=True)
            acknowledge(told, f"{name} {found.state}")


def load_again(folder: Path) -> None:
    """The owner tries both files again."""
    load(folder, folder.parent / "again")


def wrong_of_loading(folder: Path, told: Path) -> dict[str, int]:
    """A file that was loaded and is loaded again; rows that are lost, doubled or of half a file."""
    before = told.read_text().splitlines() if told.exists() else []
    again = (folder.parent / "again").read_text().splitlines()
    twice = sum(f"{name} loaded" in before and f"{name} known" not in again for name in "ab")
    with Workspace(folder) as workspace:
        rows = workspace.warehouse.rows("SELECT id, amount FROM orders ORDER BY id")
        (loads,) = workspace.warehouse.rows("SELECT count(*) FROM convoke.loads")
    wanted = [(number, number + (100 if number >= 30 else 0)) for number in range(60)]
    return {"twice": twice, "rows": int([(i, int(a)) for i, a in rows] != wanted), "loads": abs(int(loads[0]) - 3)}


Work = tuple[Callable[[Path, Path], None], Callable[[Path], None], Callable[[Path, Path], dict[str, int]]]
WORK: dict[str, Work] = {
    "collecting": (collect, finish, wrong_of_collecting),
    "loading": (load, load_again, wrong_of_loading),
}


def template(folder: Path) -> None:
    """A workspace with a warehouse, and one file loaded, and two of which the second corrects half of the first."""
    for name, first, more in (("a", 0, 0), ("b", 30, 100)):
        lines = "".join(f"{number},{number + more}\n" for number in range(first, 60))
        (folder.parent / f"{name}.csv").write_text(f"id,amount\n{lines}")
    with operations.init(folder) as workspace:
        write_settings(folder, replace(read_settings(folder), collect_stitch=STITCH))
        (folder.parent / "first.csv").write_text("id\n1\n")
        operations.ingest_load(workspace, IngestDocument("first", "first"), [folder.parent / "first.csv"])


def tried(base: Path, folder: Path, what: str, kind: Kind, at: int) -> tuple[str, dict[str, int]]:
    """How the work ended with a fault, and what is wrong after the next process did its own."""
    work, after, wrong = WORK[what]
    told = folder.parent / "told"
    for path in (told, folder.parent / "again"):
        path.unlink(missing_ok=True)
    copy(base, folder)
    tree = Tree(folder / "warehouse")
    ended = under(Faults(kind, at, seed=at, tree=tree), lambda faults: work(folder, told))
    again = under(Faults(), lambda faults: after(folder))
    found: list[dict[str, int]] = []
    checked = under(Faults(), lambda faults: _write(folder.parent / "wrong", wrong(folder, told)))
    if checked == "done":
        found.append(json.loads((folder.parent / "wrong").read_text()))
    odd = int(ended not in ("done", "killed", "said") or again != "done" or checked != "done")
    return f"{ended}, {again}, {checked}", {**(found[0] if found else {}), "odd": odd}


def _write(path: Path, told: Any) -> None:
    path.write_text(json.dumps(told))


@pytest.mark.parametrize("kind", ["kill", "power"])
@pytest.mark.parametrize("what", WORK)
def test_any_point(tmp_path: Path, what: str, kind: Kind) -> None:
    base, folder = tmp_path / "base", tmp_path / "ws"
    assert under(Faults(), lambda _: template(base)) == "done"  # DuckDB's threads do not survive a fork
    count = Faults(tree=Tree(folder / "warehouse"))
    copy(base, folder)
    assert under(count, lambda _: WORK[what][0](folder, tmp_path / "told")) == "done"
    assert count.points > 10
    step = min(STEP, count.points // 5)
    for at in range(1 + (step // 2 if kind == "power" else 0), count.points + 1, step):
        ended, wrong = tried(base, folder, what, kind, at)
        assert not any(wrong.values()), (what, kind, at, ended, wrong)


def test_a_disk_that_forgets_what_was_not_synced(tmp_path: Path) -> None:
    """The model itself: without a sync a file may be gone, with it never."""
    root = tmp_path / "disk"
    root.mkdir()
    outcomes = set()
    for seed in range(40):
        for path in root.iterdir():
            path.unlink()
        tree = Tree(root)
        tree.begin()
        (root / "plain").write_bytes(b"x" * 50)
        with (root / "kept").open("wb") as file:
            file.write(b"y" * 50)
            file.flush()
            os.fsync(file.fileno())
            tree.synced(file.fileno())
        descriptor = os.open(root, os.O_RDONLY)
        tree.synced(descriptor)
        os.close(descriptor)
        (root / "later").write_bytes(b"z")
        import random

        tree.lose(random.Random(seed))
        assert (root / "kept").read_bytes() == b"y" * 50
        outcomes.add(((root / "plain").read_bytes() == b"x" * 50, (root / "later").exists()))
    assert outcomes == {(True, True), (True, False), (False, True), (False, False)}


MODEL = """
kind: model
profile: {table: collected.users, key: user_id, traits: {plan: {type: string}}}
events: {seen: {table: collected.seen, profile: profile, time: ts, properties: {site: {type: string}}}}
"""


@pytest.mark.parametrize(("stitch", "size"), [("on", 1), ("off", 0)])
def test_an_audience_counts_what_its_people_did_before_they_were_known(tmp_path: Path, stitch: str, size: int) -> None:
    with operations.init(tmp_path / "ws") as workspace:
        folder = workspace.folder
    write_settings(folder, replace(read_settings(folder), collect_stitch=stitch))
    seen = {"type": "track", "event": "Seen", "messageId": "m1", "anonymousId": "a1", "properties": {"site": "MLB"}}
    who = {"type": "identify", "messageId": "m2", "anonymousId": "a1", "userId": "ana", "traits": {"plan": "pro"}}
    with collecting_into(folder) as collecting:
        collecting.journal.write([Received(datetime.now(UTC), "web", (seen, who)).as_bytes()])
        collecting.journal.close()
        collecting.lander.land(collecting.journal.landed)
    with Workspace(folder) as workspace:
        operations.apply_model_text(workspace, MODEL)
        file = tmp_path / "buyers.yaml"
        file.write_text("{kind: audience, id: b, name: B, sites: '*', rule: {did: seen, within: 7d}}")
        assert operations.size(workspace, [str(file)])[0].size == size
        state = operations.collect_state(workspace)
        assert [one.name for one in state.tables] == ["identifies", "seen", "tracks"]
        assert (state.stitched, state.shared) == ((1, 0) if stitch == "on" else (None, None))
    assert main(["collect", "status", "-w", str(folder)]) == 0
