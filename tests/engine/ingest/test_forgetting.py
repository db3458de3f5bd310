"""A person leaves what loads put aside and what was collected; everybody else's rows stay."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engine.ingest.forgetting import Erased, Place, erase_collected, erase_kept, places_in
from engine.ingest.journal import Journal
from engine.ingest.landing import JOURNAL, Lander
from engine.ingest.messages import Policy, Received
from engine.warehouses.collected import COLLECTED, state

ANA = {"ana@mail.com", "u1"}


def leads(places: Collection[Place]) -> set[Place]:
    return {one for one in places if one[1].lower() in ANA}


def test_every_value_is_looked_at() -> None:
    value = {"a": ["x", {"b": 7}], "c": '{"d": "e"}', "message_id": "no", "f": "one, two", "g": None, "h": True}
    assert set(places_in("", value)) == {
        ("a", "x"),
        ("b", "7"),
        ("d", "e"),
        ("f", "one, two"),
        ("f", "one"),
        ("f", "two"),
    }


def test_bad_rows_of_the_person_go(tmp_path: Path) -> None:
    folder = tmp_path / "0123456789ab"
    folder.mkdir()
    lines = [
        {"reasons": ["age: not a whole number"], "row": {"email": "ANA@mail.com", "age": "x"}},
        {"reasons": ["age: not a whole number"], "row": {"email": "bia@mail.com", "age": "ñ"}},
        {"line": 7, "reasons": ["too many columns"], "text": 'u9;"ana@mail.com";1;2'},
        {"line": 8, "reasons": ["too many columns"], "text": "u9;bia@mail.com;1;2"},
        {"reasons": ["age: not a whole number"], "row": {"id": "u1", "reason": "", "age": "x"}},
    ]
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines), encoding="utf-8")
    assert erase_kept(tmp_path, leads) == Erased(1, 3, 0)
    left = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert left == [lines[1], lines[3]]
    assert path.stat().st_mode & 0o777 == 0o600
    assert erase_kept(tmp_path, leads) == Erased(1, 0, 0)


def events(folder: Path, lander: Lander, first: int) -> None:
    journal = Journal(folder / COLLECTED / JOURNAL, 1 << 30, lander.last)
    messages = [
        {"type": "track", "messageId": f"m{first + at}", "userId": f"u{at % 3}", "event": "Seen", "properties": told}
        for at, told in enumerate([{"n": 1}, {"n": 2}, {"n": 3}, {"mail": "Ana@mail.com"}, {"cart": [{"by": "u1"}]}])
    ]
    journal.write([Received(datetime.now(UTC), "web", tuple(messages)).as_bytes()])
    journal.close()
    lander.land(journal.landed)


def rows(folder: Path, table: str) -> list[str]:
    found = state(folder)
    assert found is not None
    with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
        return [one for (one,) in opened.execute(f"SELECT message_id FROM {table} ORDER BY 1").fetchall()]


@pytest.mark.parametrize("times", [1, 24])
def test_collected_events_of_the_person_go(tmp_path: Path, times: int) -> None:
    lander = Lander(tmp_path, Policy())
    for number in range(times):  # 24 small files have become one
        events(tmp_path, lander, 100 + 5 * number)
    other = Lander(tmp_path, Policy(), owner=False)
    found = erase_collected(other, leads)
    assert (found.rows, found.left) == (6 * times, 0), "three events, in the table of tracks and in the event's own"
    assert rows(tmp_path, "seen") == [f"m{100 + 5 * one + at}" for one in range(times) for at in (0, 2)]
    files = sorted((tmp_path / COLLECTED).glob("*/*.parquet"))
    assert [b"ana@mail" in path.read_bytes().lower() for path in files] == [False] * len(files)
    events(tmp_path, lander, 900)
    assert len(rows(tmp_path, "seen")) == 2 * times + 5, "who had it open goes on from what is in force"
    assert rows(tmp_path, "tracks") == rows(tmp_path, "seen"), "a message goes with all its rows"
    again = Lander(tmp_path, Policy())
    assert erase_collected(again, leads).rows == 6
    assert erase_collected(again, leads).rows == 0
    for one in (lander, other, again):
        one.close()


def test_nothing_is_landed_meanwhile(tmp_path: Path) -> None:
    lander, other = Lander(tmp_path, Policy()), Lander(tmp_path, Policy(), owner=False)
    with other.alone() as mine:
        assert mine
        events(tmp_path, lander, 1)
        assert state(tmp_path) is None
    journal = Journal(tmp_path / COLLECTED / JOURNAL, 1 << 30, 0)
    assert lander.land(journal.landed).messages == 5
    for one in (lander, other):
        one.close()
