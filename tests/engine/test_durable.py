"""Power may fail right after anything was acknowledged: each file with its bytes and its name is on disk by then.

SQLite's own files have tests of their own; here it is all the others: bitmaps, the identity map, the vault, what was
collected and loaded, computed traits.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine import operations
from engine.bitmap.bits import digest
from engine.bitmap.counters import Counts, read_counts, write_counts
from engine.bitmap.ordinals import _write_keys
from engine.bitmap.packs import PackReader, pack_writer
from engine.domain.ingest import IngestDocument, LoadedColumn
from engine.domain.values import ValueType
from engine.durable import read_checked, remove_file, replace_file, with_checksum
from engine.identity import publication
from engine.ingest.journal import Journal, closed, lines
from engine.ingest.messages import Received
from engine.ingest.parts import put_parquet
from engine.operations.collecting import collecting_into
from engine.secrets.vault import Vault, make_key, read_key
from engine.store.bitmaps import Place
from engine.warehouses.local import publishing
from tests.support import people, small
from tests.support.power import Tree, watched

CAN_FSYNC = pytest.mark.skipif(os.name != "posix", reason="folders are synced where there is POSIX")
pytestmark = CAN_FSYNC


def nothing_to_lose(tree: Tree, *but: str) -> None:
    """Only the named beginnings of paths may be lost: what can be made again, and what says nothing."""
    assert [one for one in tree.unsynced() if not one.startswith((*but, "logs/")) and not one.endswith(".lock")] == []


def test_the_tree_notices_bytes_and_names_that_are_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").write_bytes(b"old")
    with watched(tmp_path, monkeypatch) as tree:
        assert tree.unsynced() == []
        with (tmp_path / "named").open("wb") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        assert tree.unsynced() == ["named"], "its folder is not synced"
        folder = os.open(tmp_path, os.O_RDONLY)
        os.fsync(folder)
        assert tree.unsynced() == []
        (tmp_path / "named").write_bytes(b"more")
        (tmp_path / "old").unlink()
        assert (tree.unsynced(), tree.returning()) == (["named"], ["old"])
        os.fsync(folder)
        assert tree.returning() == []
        assert tree.unsynced() == ["named"], "its bytes are not synced"
        os.close(folder)


def test_a_file_that_is_replaced_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(tmp_path, monkeypatch) as tree:
        for data in (b"one", b"another", b""):
            replace_file(tmp_path / "file", data, 0o600)
            assert tree.unsynced() == []
            assert (tmp_path / "file").read_bytes() == data
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    remove_file(tmp_path / "file")
    remove_file(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_pack_is_on_disk_before_the_index_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(tmp_path, monkeypatch) as tree, pack_writer(tmp_path) as writer:
        writer.add(b"bitmap", 3, digest(b"bitmap"))
        name = writer.seal()
        nothing_to_lose(tree)
    reader = PackReader(tmp_path)
    assert reader.read(Place(digest(b"bitmap"), name, 0, 6, 3)) == b"bitmap"
    reader.close()


def test_a_counter_and_the_keys_of_a_site_are_on_disk_before_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counts(np.array([1, 2], dtype=np.int64), np.array([3, 4], dtype=np.int32))
    with watched(tmp_path, monkeypatch) as tree:
        name, sha256 = write_counts(tmp_path, b"0123456789", counts, 1)
        nothing_to_lose(tree)
        _write_keys(tmp_path / "site.arrow", pa.array([1, 2]))
        nothing_to_lose(tree)
    found = read_counts(tmp_path / name, sha256)
    assert found is not None
    assert found.counts.tolist() == [3, 4]


def test_a_key_and_a_secret_are_on_disk_before_anything_is_sealed_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(tmp_path, monkeypatch) as tree:
        make_key(tmp_path / "key")
        nothing_to_lose(tree)
        vault = Vault(tmp_path, lambda: read_key(tmp_path / "key"), lambda: None)
        for value in ("one", "another"):
            vault.set("crm", value)
            nothing_to_lose(tree)
        vault.remove("crm")
        nothing_to_lose(tree)


def test_what_the_journal_acknowledges_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "journal"
    with watched(tmp_path, monkeypatch) as tree:
        folder.mkdir()
        journal = Journal(folder, 1 << 20, 0)
        for text in (b"one", b"two"):
            journal.write([text])
            nothing_to_lose(tree)
        journal.close()
        nothing_to_lose(tree)
        journal.write([b"three"])
        torn = next(folder.glob("*.open"))
        with torn.open("ab") as file:  # a line that reached the disk in part
            file.write(b"torn")
            file.flush()
            os.fsync(file.fileno())
        Journal(folder, 1 << 20, 0)
        nothing_to_lose(tree)
    assert [line for path in closed(folder) for line in lines(path)] == [b"one", b"two", b"three"]


def test_what_is_collected_is_on_disk_when_it_is_landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = {"type": "track", "event": "Seen", "userId": "u", "messageId": "m1"}
    with operations.init(tmp_path):
        pass
    with watched(tmp_path, monkeypatch) as tree:
        with collecting_into(tmp_path) as collecting:
            collecting.journal.write([Received(datetime.now(UTC), "web", (message, {"type": "track"})).as_bytes()])
            nothing_to_lose(tree)
            collecting.journal.close()
            collecting.lander.land(collecting.journal.landed)
        nothing_to_lose(tree)
        assert any(one.suffix == ".parquet" for one in tmp_path.rglob("*"))


def test_tables_and_parts_of_the_local_warehouse_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(tmp_path, monkeypatch) as tree:
        for _ in range(2):
            with publishing(tmp_path, "test", keep=True) as connection:
                connection.execute("CREATE OR REPLACE TABLE t AS SELECT 1 AS x")
            nothing_to_lose(tree)
        (tmp_path / "parts").mkdir()
        put_parquet(tmp_path / "parts", "day/one.parquet", pa.table({"x": [1]}))
        nothing_to_lose(tree)


def test_a_file_and_its_bad_rows_are_on_disk_when_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id;n\n1;5\n2;x\n")
    document = IngestDocument("people", "people", columns={"n": LoadedColumn("n", ValueType.INTEGER)})
    with operations.init(tmp_path / "ws") as workspace, watched(workspace.folder, monkeypatch) as tree:
        (done,) = operations.ingest_load(workspace, replace(document, reject=Decimal(1)), [path])
        assert (done.rows, done.bad) == (1, 1)
        nothing_to_lose(tree)


def test_a_run_leaves_nothing_to_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small.make_workspace(tmp_path) as workspace:
        operations.save(workspace, {"kind": "audience", "id": "a", "rule": {"did": "view", "within": "90d"}})
        with watched(workspace.folder, monkeypatch) as tree:
            operations.run(workspace, ["a"], as_of=datetime(2026, 6, 15, 12, tzinfo=UTC))
            assert any("bitmaps" in one.parts for one in workspace.folder.rglob("*.pack"))
            nothing_to_lose(tree)
            operations.run(workspace, ["a"], as_of=datetime(2026, 6, 16, 12, tzinfo=UTC))
            nothing_to_lose(tree)


def test_the_identity_map_leaves_nothing_to_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with people.make(tmp_path) as workspace, watched(workspace.folder, monkeypatch) as tree:
        real, cleaned = publication.clean, []

        def clean(folder: Path, pointer: publication.Pointer) -> None:
            """The old map goes only when the new one is in force for good."""
            cleaned.append(tree.unsynced())
            real(folder, pointer)

        monkeypatch.setattr(publication, "clean", clean)
        operations.run_identity(workspace)
        nothing_to_lose(tree)
        people.publish(tmp_path, [*people.PEOPLE, ("dora", "d@mail.com", None, None)])
        workspace.reload()
        operations.run_identity(workspace)
        nothing_to_lose(tree)
        operations.forget_person(workspace, "profile:ana-1")
        assert tree.returning() == [], "what was erased stays away"
        assert [[one for one in files if one.startswith("identity/")] for files in cleaned] == [[]] * len(cleaned)
        assert len(cleaned) >= 3
        nothing_to_lose(tree)


_VALUE = {"run": 12, "map": "é.duckdb", "summary": {"people": 7, "share": 0.1}, "sources": []}


def test_every_changed_byte_of_checked_json_is_noticed_or_says_the_same() -> None:
    data = with_checksum(_VALUE)
    assert read_checked(data) == _VALUE
    for place in range(len(data)):
        for bit in range(8):
            broken = data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]
            try:
                found = read_checked(broken)
            except ValueError:
                continue
            assert {name: found.get(name) for name in _VALUE} == _VALUE


def test_json_of_an_earlier_version_has_no_checksum() -> None:
    assert read_checked(json.dumps(_VALUE).encode()) == _VALUE
    with pytest.raises(ValueError, match="no object"):
        read_checked(b"[1]")
