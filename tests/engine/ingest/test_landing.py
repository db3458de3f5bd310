"""What was acknowledged lands once, wherever landing dies; what fails changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.ingest import landing
from engine.ingest.journal import Journal, closed
from engine.ingest.landing import JOURNAL, Landed, Lander, tables_in
from engine.ingest.messages import Policy, Received, Row
from engine.warehouses.collected import COLLECTED, state
from tests.support.dying import Killed, dies


def message(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": f"m{number}", "userId": f"u{number % 3}", "event": "Seen", **more}


def journal(folder: Path, after: int = 0) -> Journal:
    return Journal(folder / COLLECTED / JOURNAL, 1 << 30, after)


def keep(folder: Path, *messages: Any, after: int = 0) -> None:
    """Acknowledge messages."""
    made = journal(folder, after)
    made.write([Received(datetime.now(UTC), "web", tuple(messages)).as_bytes()])
    made.close()


def land(folder: Path) -> Landed:
    """Land as a new process would, and end well."""
    lander = Lander(folder, Policy())
    try:
        return lander.land(gone)
    finally:
        lander.close()


def gone(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink()


def there(folder: Path) -> list[str]:
    """The ids of what landed, as a reader of the tables finds them."""
    found = state(folder)
    if found is None:
        return []
    with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
        rows = opened.execute("SELECT message_id FROM seen ORDER BY 1").fetchall()
        assert rows == opened.execute("SELECT message_id FROM tracks ORDER BY 1").fetchall()
    return [str(one) for (one,) in rows]


def test_each_message_lands_once_however_often_it_comes(tmp_path: Path) -> None:
    keep(tmp_path, message(1), message(2), message(1))
    found = land(tmp_path)
    assert (found.messages, found.again, found.rows) == (3, 1, {"seen": 2, "tracks": 2})
    keep(tmp_path, message(2), message(3), after=1)
    assert land(tmp_path).again == 1
    assert there(tmp_path) == ["m1", "m2", "m3"]
    assert land(tmp_path) == Landed()
    assert not closed(tmp_path / COLLECTED / JOURNAL)


def test_what_cannot_be_used_is_a_row_of_what_was_put_aside(tmp_path: Path) -> None:
    keep(tmp_path, message(1), "text", {"type": "track"}, {**message(2), "userId": None})
    found = land(tmp_path)
    assert (found.aside, found.rows["aside"]) == (3, 3)
    assert there(tmp_path) == ["m1"]


STEPS: dict[str, tuple[Any, str, Callable[..., bool]]] = {
    "before any rows": (landing, "written", lambda *_: True),
    "between two tables": (landing, "written", lambda folder, table, name, *_: name == "tracks"),
    "before the catalog": (landing, "catalog", lambda *_: True),
    "before the state": (landing, "_write", lambda path, _: path.name.startswith("state")),
    "before the pointer is written": (landing, "replace_file", lambda path, *_: path.name == "current.json"),
    "before the pointer is in force": (os, "replace", lambda one, other: Path(other).name == "current.json"),
    "before what is no longer needed goes": (landing, "remove_file", lambda *_: True),
    "before the list of those seen": (landing._Seen, "add", lambda *_: True),
}


@pytest.mark.parametrize("step", STEPS)
def test_wherever_it_dies_each_message_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    keep(tmp_path, message(1))
    land(tmp_path)
    keep(tmp_path, message(2), message(1), message(3), after=1)
    dies(monkeypatch, *STEPS[step])
    with pytest.raises(Killed):
        land(tmp_path)
    monkeypatch.undo()
    assert there(tmp_path) in (["m1"], ["m1", "m2", "m3"]), "all of it or nothing"
    land(tmp_path)
    assert there(tmp_path) == ["m1", "m2", "m3"]
    keep(tmp_path, message(3), message(2), after=9)
    assert land(tmp_path).again == 2
    assert there(tmp_path) == ["m1", "m2", "m3"]
    left = {path.name for path in (tmp_path / COLLECTED).iterdir() if path.is_file()}
    found = state(tmp_path)
    assert found is not None
    versions = (found.version - 1, found.version)  # the one before, for who had just read the pointer
    named = {f"catalog-{one}.duckdb" for one in versions} | {f"state-{one}.json" for one in versions}
    assert {one for one in left if one.startswith(("catalog", "state"))} == named, "nothing else is left lying about"


def test_what_fails_is_tried_again_by_the_same_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lander = Lander(tmp_path, Policy())
    keep(tmp_path, message(1, properties={"n": 1}))
    dies(monkeypatch, *STEPS["before the state"])
    with pytest.raises(Killed):
        lander.land(lambda _: None)
    monkeypatch.undo()
    assert tables_in(tmp_path / COLLECTED) == {}
    lander.land(lambda paths: None)
    assert there(tmp_path) == ["m1"]
    lander.close()


def test_names_that_are_ours_are_no_obstacle(tmp_path: Path) -> None:
    odd = {"rest": "x", "first_seen": "y", "last seen": 3, "user_id": "evil", "message": {"id": 1}, "": 1, "é": 2}
    keep(
        tmp_path,
        message(1, properties=odd, event="Users"),
        {"type": "identify", "messageId": "i", "userId": "u", "traits": odd},
    )
    assert land(tmp_path).rows == {"identifies": 1, "tracks": 1, "users_event": 1}
    found = state(tmp_path)
    assert found is not None
    with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
        assert opened.execute("SELECT user_id, rest_, first_seen_, last_seen_ FROM users").fetchall() == [
            ("u", "x", "y", 3)
        ]
        assert opened.execute("SELECT rest, rest_, user_id_ FROM users_event").fetchall() == [(None, "x", "evil")]


def test_there_are_only_so_many_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "MOST_TABLES", 3)
    keep(tmp_path, *(message(n, event=f"E {n}", properties={"n": n}) for n in range(5)))
    land(tmp_path)
    assert set(tables_in(tmp_path / COLLECTED)) == {"tracks", "e_0", "e_1"}
    found = state(tmp_path)
    assert found is not None
    with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
        rows = opened.execute(
            "SELECT message_id, properties FROM tracks WHERE properties IS NOT NULL ORDER BY 1"
        ).fetchall()
    assert rows == [("m2", '{"n": 2}'), ("m3", '{"n": 3}'), ("m4", '{"n": 4}')]


def test_very_many_landings_leave_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "_GRACE", -1)
    for number in range(60):
        keep(tmp_path, message(number), after=number)
        land(tmp_path)
    assert len(list((tmp_path / COLLECTED / "seen").iterdir())) < 26
    assert len(there(tmp_path)) == 60


def test_who_read_the_pointer_just_before_finds_what_it_named(tmp_path: Path) -> None:
    keep(tmp_path, message(1))
    land(tmp_path)
    before = state(tmp_path)
    assert before is not None
    lander = Lander(tmp_path, Policy())
    keep(tmp_path, message(2), after=lander.last)
    lander.land(gone)
    with duckdb.connect(str(before.folder / before.catalog), read_only=True) as opened:
        assert opened.execute("SELECT message_id FROM seen").fetchall() == [("m1",)]
    keep(tmp_path, message(3), after=lander.last)
    lander.land(gone)
    lander.close()
    assert len(list(before.folder.glob("catalog-*"))) == len(list(before.folder.glob("state-*"))) == 2
    assert there(tmp_path) == ["m1", "m2", "m3"]


def test_rows_that_a_contract_keeps_out_are_put_aside_once(tmp_path: Path) -> None:
    """However often landing dies: each message is in its table or aside, once."""
    keep(tmp_path, *(message(number, properties={"n": number}) for number in range(10)))

    def gate(table: str, rows: Sequence[Row]) -> Sequence[str | None]:
        return ["n: odd" if table == "seen" and row.values["n"] % 2 else None for row in rows]

    for _ in range(3):
        lander = Lander(tmp_path, Policy(), gate=gate)
        lander.land(lambda paths: None)  # the journal stays, as if it had died
        lander.close()
    found = state(tmp_path)
    assert found is not None
    with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
        inside = opened.execute("SELECT n FROM seen ORDER BY 1").fetchall()
        aside = opened.execute("SELECT reason, message_id, message FROM aside ORDER BY message_id").fetchall()
        every = opened.execute("SELECT count(*) FROM tracks").fetchall()
    assert [n for (n,) in inside] == [0, 2, 4, 6, 8]
    assert [(reason, key) for reason, key, _ in aside] == [("seen: n: odd", f"m{n}") for n in (1, 3, 5, 7, 9)]
    assert '"n": 1' in aside[0][2]
    assert every == [(10,)]
