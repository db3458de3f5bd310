"""What was put aside lands once more, once: because a contract changed, or because somebody corrected it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.ingest import landing
from engine.ingest.journal import Journal
from engine.ingest.landing import JOURNAL, Lander, tables_in
from engine.ingest.messages import Policy, Received, Row
from engine.ingest.replaying import Aside, Replayed, replay, set_aside
from engine.warehouses.collected import COLLECTED, state
from tests.support.dying import Killed, dies


def no_debts(table: str, rows: Sequence[Row]) -> list[str | None]:
    return ["price: range" if table == "order" and (row.values.get("price") or 0) < 0 else None for row in rows]


def order(number: int, price: int, **more: Any) -> dict[str, Any]:
    properties = {"price": price}
    return {
        "type": "track",
        "messageId": f"m{number}",
        "userId": "u",
        "event": "Order",
        "properties": properties,
        **more,
    }


def lander(folder: Path, gate: landing.Gate | None = no_debts) -> Lander:
    return Lander(folder, Policy(), gate=gate)


def collect(folder: Path, *messages: Any, after: int = 0) -> None:
    made = Journal(folder / COLLECTED / JOURNAL, 1 << 30, after)
    made.write([Received(datetime.now(UTC), "web", messages).as_bytes()])
    made.close()
    opened = lander(folder)
    opened.land(gone)
    opened.close()


def gone(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink()


def again(folder: Path, corrected: dict[str, Any] | None = None, gate: landing.Gate | None = no_debts) -> Replayed:
    opened = Lander(folder, Policy(), owner=False, gate=gate)
    try:
        with opened.alone() as mine:
            assert mine
            return replay(opened, corrected)
    finally:
        opened.close()


def aside(folder: Path) -> list[Aside]:
    return list(set_aside(folder / COLLECTED, list(tables_in(folder / COLLECTED)["aside"].files)))


def there(folder: Path, sql: str) -> list[Any]:
    found = state(folder)
    assert found is not None
    with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
        return opened.execute(sql).fetchall()


PRICES = 'SELECT message_id, price FROM "order" ORDER BY 1'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    old = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    collect(tmp_path, order(1, 10), order(2, -5), order(3, -7), order(4, 1, timestamp=old), {"type": "track"}, "text")
    return tmp_path


def test_what_is_aside_says_why_and_of_which_table(folder: Path) -> None:
    assert [(one.reason, one.table) for one in aside(folder)] == [
        ("older than 90 days", None),
        ("neither userId nor anonymousId", None),
        ("no object", None),
        ("order: price: range", "order"),
        ("order: price: range", "order"),
    ]
    assert there(folder, PRICES) == [("m1", 10)]


def test_while_nothing_has_changed_nothing_lands_and_nothing_is_lost(folder: Path) -> None:
    before = sorted((one.reason, json.dumps(one.content)) for one in aside(folder))
    found = again(folder)
    assert (found.rows, sum(found.aside.values())) == ({}, 5)
    assert sorted((one.reason, json.dumps(one.content)) for one in aside(folder)) == before


def test_what_another_contract_lets_in_lands_as_it_was(folder: Path) -> None:
    found = again(folder, gate=None)
    assert (found.rows, sum(found.aside.values())) == ({"order": 2}, 3)
    assert there(folder, PRICES) == [("m1", 10), ("m2", -5), ("m3", -7)]
    (kinds,) = there(
        folder, 'SELECT count(DISTINCT typeof(ts) || typeof(received_at)) FROM "order" WHERE ts = received_at'
    )
    assert kinds == (1,), "moments are moments again"
    assert again(folder, gate=None).rows == {}
    assert len(there(folder, PRICES)) == 3


def test_what_was_corrected_lands_and_the_rest_stays(folder: Path) -> None:
    rows = [one for one in aside(folder) if one.table is not None]
    (late, *_) = aside(folder)
    fixed = {rows[0].id: {**rows[0].content, "price": 5}, late.id: {**late.content, "timestamp": None}, "nobody": {}}
    found = again(folder, fixed)
    assert (found.rows, found.aside, found.gone) == ({"order": 2, "tracks": 1}, {}, 1)
    assert there(folder, PRICES) == [("m1", 10), ("m2", 5), ("m4", 1)]
    assert len(aside(folder)) == 3
    again_ = again(folder, fixed)
    assert (again_.rows, again_.gone) == ({}, 3), "the same file lands once"


def test_what_was_corrected_in_vain_is_aside_as_it_is_now(folder: Path) -> None:
    row = next(one for one in aside(folder) if one.table is not None)
    found = again(folder, {row.id: {**row.content, "price": -1, "é": [1]}})
    assert (found.rows, found.aside) == ({}, {"order: price: range": 1})
    assert any(one.content.get("price") == -1 for one in aside(folder) if one.table == "order")


STEPS: dict[str, tuple[Any, str, Callable[..., bool]]] = {
    "before what stays aside": (landing, "put_parquet", lambda *_: True),
    "before any rows": (landing, "written", lambda *_: True),
    "between two tables": (landing, "written", lambda folder, table, name, *_: name == "tracks"),
    "before the catalog": (landing, "catalog", lambda *_: True),
    "before the pointer is in force": (os, "replace", lambda one, other: Path(other).name == "current.json"),
    "before what is no longer needed goes": (landing, "remove_file", lambda *_: True),
}


@pytest.mark.parametrize("step", STEPS)
def test_wherever_it_dies_each_is_there_once(folder: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    (late, *_), rows = aside(folder), [one for one in aside(folder) if one.table is not None]
    fixed = {one.id: {**one.content, "price": 2} for one in rows} | {late.id: {**late.content, "timestamp": None}}
    dies(monkeypatch, *STEPS[step])
    with pytest.raises(Killed):
        again(folder, fixed)
    monkeypatch.undo()
    lander(folder).close()  # a new process finds what died, and removes what nobody names
    again(folder, fixed)
    assert there(folder, PRICES) == [("m1", 10), ("m2", 2), ("m3", 2), ("m4", 1)]
    assert len(aside(folder)) == 2
    collect(folder, order(9, 3), after=1)
    assert len(there(folder, PRICES)) == 5
