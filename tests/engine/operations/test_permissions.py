"""Whatever was done in a workspace: nobody but its owner may read it, and of a person who was erased nothing is left."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import operations
from engine.operations.permissions import exposed
from tests.support.everything import CANARIES, EMAIL, KEY, Everything, passphrase
from tests.support.searching import hits

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    """A workspace in which everything was done once, by somebody whose files are open to all by default."""
    above = tmp_path_factory.mktemp("world")
    before = os.umask(0)
    try:
        made = Everything(above)
        yield made.make()
    finally:
        os.umask(before)


def others_may_reach(folder: Path) -> list[str]:
    """Every file and folder, whatever it is called, that group or others have a right to."""
    return [
        str(path.relative_to(folder))
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]


def test_nobody_else_may_reach_anything(world: Everything) -> None:
    documents = {
        "contracts",
        "contracts/people.yaml",
        "scores",
        "scores/like_fans.yaml",
        "traits",
        "traits/visits.yaml",
    }
    assert set(others_may_reach(world.folder)) <= documents, "only what the test itself wrote"
    places = {path.name for path in world.folder.iterdir()}
    assert {"store.sqlite", "identity", "warehouse", "bitmaps", "spool", "secrets.vault", "convoke.toml"} <= places
    for name in ("members.csv", "members.parquet", "persons.csv", "report.csv"):
        assert stat.S_IMODE((world.files / name).stat().st_mode) == 0o600, name
    assert others_may_reach(world.files.parent / "out") == []


@pytest.mark.parametrize("mask", [0, 0o022])
def test_private_from_the_first_byte_without_a_command_line(mask: int, tmp_path: Path) -> None:
    """A notebook has the umask of its user: what would be readable stands in folders that nobody else may enter."""
    before = os.umask(mask)
    try:
        with operations.init(tmp_path / "new") as made:
            assert not made.audiences.all()
            modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "new").glob("store*")}
            assert modes
            assert set(modes.values()) == {0o600}
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
        (tmp_path / "empty").mkdir(0o777)
        operations.init(tmp_path / "empty").close()
        assert stat.S_IMODE((tmp_path / "empty").stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_the_doctor_tells_and_mends(world: Everything) -> None:
    old = [world.folder, world.folder / "convoke.toml", world.folder / "warehouse" / "warehouse.duckdb"]
    for path in old:
        path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o055)
    with operations.Workspace(world.folder) as opened:
        assert exposed(opened) == tuple(old)
        told = next(one for one in operations.doctor(opened) if one.what == "file permissions")
        assert not told.ok
        assert "other users can reach 3 files" in told.detail
        assert operations.mend_permissions(opened) == 3
    assert not set(others_may_reach(world.folder)) & {".", "convoke.toml", "warehouse/warehouse.duckdb"}
    found = json.loads(world.run("doctor", "--mend", "--json", expect=(0, 1)))["found"]
    told_again = {one["what"]: (one["ok"], one["detail"]) for one in found}
    assert told_again["file permissions"] == (True, "only the owner may read it")
    assert told_again["warehouse"][0], "computed traits beside the warehouse are no table of it"


def test_nothing_of_somebody_who_was_erased_is_left_in_any_byte(world: Everything, tmp_path: Path) -> None:
    shutil.copytree(world.folder, tmp_path / "ws")
    forgotten = Everything.__new__(Everything)
    forgotten.folder = folder = tmp_path / "ws"
    for name in ("warehouse.duckdb.new", ".0123456789abcdef.utf8", ".pull-crm.parquet", "traits/traits-9.duckdb.wal"):
        (folder / "warehouse" / name).write_text(f"1;{EMAIL};{CANARIES['name']}", "utf-8")  # left by a killed process
    (folder / "warehouse" / "warehouse.duckdb.tmp").mkdir()
    (folder / "warehouse" / "warehouse.duckdb.tmp" / "spilled").write_text(KEY, "utf-8")
    with passphrase():
        person = json.loads(forgotten.run("identity", "person", f"email:{EMAIL}", "--json"))
        raw = [bytes.fromhex(one.partition(":")[2]) for one in person["identifiers"]]
        halves = [one[7::-1] for one in raw]  # as a number in an array has them
        assert len(raw) == 3
        looked_for = [*CANARIES.values(), person["id"], *raw, *halves]
        assert {text for _, text in hits(folder, looked_for)} == set(looked_for), "every canary was somewhere"
        looked_for += [one.hex() for one in raw]
        forgotten.run("identity", "forget", f"email:{EMAIL}", "--yes")
        forgotten.run("run", "--all", "--as-of", "2026-07-03T00:00:00Z")
        forgotten.run("sync")
    left = hits(folder, looked_for)
    store = {one for one in left if one[0].startswith("store.sqlite")}
    # Rows of the warehouse are their owner's; the list of who was erased keeps them from coming back.
    assert {where for where, _ in left - store if where != "warehouse/warehouse.duckdb"} <= OWNERS
    named = {(where, key) for where in ("store.sqlite", "store.sqlite-wal", LISTED) for key in (KEY, person["id"])}
    assert store <= named | {("store.sqlite#batch_member.key", person["id"])}, (
        "the record of the delivery that took them out"
    )
    assert (LISTED, KEY) in store


LISTED = "store.sqlite#erased_keys.key"
OWNERS = {"warehouse/warehouse.duckdb#people", "warehouse/warehouse.duckdb#visits"}
