"""The store: durable settings, versions, and a killed writer that loses nothing acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from engine.errors import EngineError
from engine.store.audiences import Audiences
from engine.store.database import Database, _migrations
from engine.store.models import Lists

_WRITER = """
import sys
from pathlib import Path
from engine.domain.audience_codec import read_audience
from engine.store.audiences import Audiences
from engine.store.database import Database
database = Database(Path(sys.argv[1]))
audiences = Audiences(database)
for number in range(100_000):
    audience = read_audience({"kind": "audience", "id": "a", "rule": {"trait": "age", "gte": number}})
    with database.transaction():
        audiences.save(audience, f"kind: audience\\nid: a\\nrule: {{trait: age, gte: {number}}}\\n", "me", "app")
    print(number + 1, flush=True)
"""


def test_pragmas_are_the_durable_ones(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    assert database._number("PRAGMA synchronous") == 2
    assert next(iter(database._connection.execute("PRAGMA journal_mode")))[0] == "wal"
    database.close()


@pytest.mark.parametrize("attempt", range(3))
def test_a_killed_writer_loses_no_acknowledged_version(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / "store.sqlite"
    process = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = 0
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged >= 20 + 15 * attempt:
            process.kill()
            break
    process.communicate()
    database = Database(path)
    versions = [v.version for v in Audiences(database).versions("a")]
    assert versions == list(range(1, len(versions) + 1))
    assert len(versions) >= acknowledged
    assert database._connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    with pytest.raises(RuntimeError), database.transaction():
        database.run("save_list", {"id": "x", "saved_at": "", "saved_by": "", "size": 0, "sha256": "", "version": 1})
        raise RuntimeError
    assert Lists(database).sizes() == {}
    assert Lists(database).save("x", ["b", "a", "b"], "me") == 2
    assert Lists(database).keys("x") == ["a", "b"]
    database.close()


def test_what_is_no_database_or_too_new_is_said_clearly(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_text("hello, I am not a database at all, and long enough to be sure" * 20)
    with pytest.raises(EngineError, match="is damaged") as refused:
        Database(path)
    assert (refused.value.code, "hello" in str(refused.value)) == ("store", False)
    newer = Database(tmp_path / "newer.sqlite")
    newer._connection.execute("PRAGMA user_version = 999")
    newer.close()
    with pytest.raises(EngineError, match="newer Convoke"):
        Database(tmp_path / "newer.sqlite")


def test_nothing_deleted_stays_in_the_files(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    values = ({"key": f"canary-{number:05}", "at": "2026-01-01"} for number in range(2_000))
    database.run_many("save_erased_key", values)
    reading = apsw.Connection(str(tmp_path / "store.sqlite"))
    begun = reading.execute("SELECT * FROM erased_keys")
    next(begun)
    database.close()
    again = Database(tmp_path / "store.sqlite")
    again._connection.set_busy_timeout(1)
    again._connection.execute("DELETE FROM erased_keys WHERE key != 'canary-00001'")
    with pytest.raises(EngineError, match="another program is reading it"):
        again.scrub()
    reading.close(force=True)
    again.scrub()
    for path in tmp_path.iterdir():
        assert b"canary-00002" not in path.read_bytes()
    assert b"canary-00001" in (tmp_path / "store.sqlite").read_bytes()
    again.close()


def test_what_is_deleted_is_overwritten_at_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    database.run_many("save_erased_key", ({"key": f"canary-{number:05}", "at": "x"} for number in range(500)))
    database._connection.execute("DELETE FROM erased_keys")
    database._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"canary-" not in (tmp_path / "store.sqlite").read_bytes()
    database.close()


def test_a_writer_that_read_first_still_writes_after_another_wrote(tmp_path: Path) -> None:
    """Begun as a reader it would end with "busy", since what it read is old by then; begun as a writer it has its turn."""
    path = tmp_path / "store.sqlite"
    first, second = Database(path), Database(path)
    first._connection.set_busy_timeout(0)
    second._connection.set_busy_timeout(0)
    with first.transaction():
        assert Lists(first).sizes() == {}
        with pytest.raises(EngineError) as refused:
            Lists(second).save("b", ["1"], "me")
        assert (refused.value.code, "busy" in str(refused.value)) == ("store", True)
        Lists(first).save("a", ["1"], "me")
    Lists(second).save("b", ["1"], "me")
    assert Lists(first).sizes() == {"a": 1, "b": 1}
    first.close()
    second.close()


def test_a_reader_does_not_keep_a_writer_waiting(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    first, second = Database(path), Database(path)
    second._connection.set_busy_timeout(0)
    with first.transaction():
        Lists(first).save("a", ["1"], "me")
        assert Lists(second).sizes() == {}
    assert Lists(second).sizes() == {"a": 1}
    first.close()
    second.close()


def test_each_migration_has_a_number_of_its_own() -> None:
    """Of two with one number the second would never run."""
    numbers = [number for number, _ in _migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_transaction_within_another_ends_with_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    with pytest.raises(RuntimeError), database.transaction():
        with database.transaction():
            Lists(database).save("a", ["1"], "me")
        assert database._connection.in_transaction
        raise RuntimeError
    assert not database._connection.in_transaction
    assert Lists(database).sizes() == {}
    with database.transaction():
        Lists(database).save("a", ["1"], "me")
    assert Lists(database).sizes() == {"a": 1}
    database.close()


def test_a_change_by_another_connection_is_seen_and_one_of_its_own_is_not(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    first, second = Database(path), Database(path)
    before = first.changed()
    Lists(first).save("a", ["1"], "me")
    assert first.changed() == before
    Lists(second).save("b", ["1"], "me")
    assert first.changed() != before
    first.close()
    second.close()


def test_opening_again_migrates_nothing_and_keys_that_refer_are_enforced(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    Database(path).close()
    database = Database(path)
    assert database._number("PRAGMA foreign_keys") == 1
    assert database._number("PRAGMA user_version") == _migrations()[-1][0]
    database.close()


def test_no_two_migrations_have_one_number() -> None:
    """The second of two would never run."""
    numbers = [number for number, _ in _migrations()]
    assert numbers == sorted(set(numbers))
