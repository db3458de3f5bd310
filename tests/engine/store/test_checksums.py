"""Every page of the store has a checksum: what the disk changed is said, whatever it was."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import apsw
import pytest
from pyroaring import BitMap

from engine import operations
from engine.errors import EngineError
from engine.operations import Workspace
from engine.store.checksums import RESERVED, SINCE, checking
from engine.store.database import Database
from engine.store.models import Lists

_KEYS = [f"key-{number:05d}" for number in range(3_000)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    database = Database(tmp_path / "store.sqlite")
    Lists(database).save("x", _KEYS, "me")
    database.close()
    return tmp_path / "store.sqlite"


def read(path: Path) -> list[str]:
    database = Database(path)
    try:
        return Lists(database).keys("x")
    finally:
        database.close()


def read_or_refused(path: Path) -> list[str] | None:
    with suppress(EngineError):
        return read(path)
    return None


def test_a_flipped_bit_of_a_value_is_said(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in (data.index(b"key-00123"), data.index(b"key-02999") + 8, 20, 60, 300):
        broken = bytearray(data)
        broken[place] ^= 1
        path.write_bytes(broken)
        with pytest.raises(EngineError, match="is damaged") as error:
            read(path)
        assert error.value.hint
    path.write_bytes(data)
    assert read(path) == _KEYS


def test_pages_that_were_lost_or_changed_places_are_said(path: Path) -> None:
    data, rng = path.read_bytes(), random.Random(3)
    whole = len(data) // 4096
    for _ in range(12):
        one, other = (4096 * page for page in sorted(rng.sample(range(1, whole), 2)))
        first, second = data[one : one + 4096], data[other : other + 4096]
        swapped = data[:one] + second + data[one + 4096 : other] + first + data[other + 4096 :]
        for broken in (swapped, data[:one] + bytes(4096) + data[one + 4096 :], data[:other]):
            path.write_bytes(broken)
            assert read_or_refused(path) in (_KEYS, None)  # nothing rests on some pages


def test_a_store_of_an_earlier_version_gets_checksums_when_it_is_alone(path: Path) -> None:
    plain = path.with_name("plain.sqlite")
    earlier = apsw.Connection(str(plain), vfs=apsw.vfs_names()[0])
    earlier.execute("PRAGMA journal_mode = WAL")
    for script in sorted(Path("engine/store/migrations").glob("*.sql")):
        if int(script.name[:4]) < SINCE:
            earlier.execute(script.read_text(encoding="utf-8"))
            earlier.execute(f"PRAGMA user_version = {int(script.name[:4])}")
    earlier.execute("INSERT INTO list VALUES ('x', '', 'me', 1, '')")
    earlier.execute("INSERT INTO list_member VALUES ('x', 'somebody')")
    with pytest.raises(EngineError, match="busy in another program"):
        Database(plain)
    earlier.close()
    assert read(plain) == ["somebody"]
    checked = apsw.Connection(str(plain), vfs=checking())
    assert checked.reserve_bytes() == RESERVED
    checked.close()
    data = bytearray(plain.read_bytes())
    data[data.index(b"somebody")] ^= 1
    plain.write_bytes(data)
    with pytest.raises(EngineError, match="is damaged"):
        read(plain)


def test_a_store_that_is_gone_is_not_begun_again(tmp_path: Path) -> None:
    with operations.init(tmp_path) as workspace:
        workspace.library.add([BitMap([1])])
    store = tmp_path / "store.sqlite"
    for lose in (lambda: store.write_bytes(b""), store.unlink):
        lose()
        with Workspace(tmp_path) as workspace, pytest.raises(EngineError, match="though the workspace has been used"):
            workspace.audiences.ids()
