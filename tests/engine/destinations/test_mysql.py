"""Memberships in a real MariaDB: exactly once, whatever breaks; skipped where the server is not installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.destinations.mysql import MySQLDestination
from engine.destinations.protocol import Later, Misconfigured, Row
from tests.support.destining import ROWS, batch, conforms, host
from tests.support.mariadb import MARIADBD, PASSWORD, MariaDB, mariadb

pytestmark = pytest.mark.skipif(MARIADBD is None, reason="MariaDB is not installed")
SECRETS = {"db": PASSWORD, "other": "wrong"}
TABLE = "odd `name` 100%"


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with mariadb() as running:
        yield running


def state(server: MariaDB, table: str) -> dict[str, Any]:
    quoted = table.replace("`", "``")
    rows = server.rows(f"SELECT `key`, email, phone FROM `{quoted}` WHERE audience = 'sp'")
    return {
        str(key): tuple((n, v) for n, text in (("email", email), ("phone", phone)) for v in json.loads(str(text)))
        for key, email, phone in rows
    }


def test_a_batch_counts_once(server: MariaDB, tmp_path: Path) -> None:
    out = MySQLDestination({**server.settings(), "table": TABLE}, ["email", "phone"], host(tmp_path, SECRETS))
    assert "crm answers to tester@localhost" in out.check()
    conforms(out, lambda: state(server, TABLE))
    ledger = (TABLE + "_batches").replace("`", "``")
    assert server.rows(f"SELECT id, n FROM `{ledger}` ORDER BY id") == [("b1", 3), ("b2", 2), ("b3", 1), ("b4", 2_500)]
    out.close()


def test_keys_that_differ_in_case_or_accents_are_different_people(server: MariaDB, tmp_path: Path) -> None:
    out = MySQLDestination({**server.settings(), "table": "case_"}, ["email", "phone"], host(tmp_path, SECRETS))
    keys = ["a", "A", "á", "a "]
    out.send(batch([Row(key) for key in keys]))
    assert set(state(server, "case_")) >= {"a", "A", "á"}
    out.close()


def test_a_server_that_is_gone_or_wrong_is_said(server: MariaDB, tmp_path: Path) -> None:
    with pytest.raises(Later):
        MySQLDestination({**server.settings(), "socket": str(tmp_path / "no")}, [], host(tmp_path, SECRETS)).check()
    for wrong in (
        {"database": "nowhere"},
        {"user": "nobody"},
        {"password": {"secret": "other"}},
        {"password": {"secret": "gone"}},
    ):
        out = MySQLDestination({**server.settings(), **wrong}, [], host(tmp_path, SECRETS))
        with pytest.raises(Misconfigured):
            out.send(batch(ROWS))
        out.close()
    for change, said in (
        ({"pasword": "x"}, 'no setting "pasword"'),
        ({"password": "plain"}, "must not stand in the document"),
        ({"socket": None, "host": "db.example.org"}, "ca is missing"),
    ):
        with pytest.raises(Misconfigured, match=said):
            MySQLDestination({**server.settings(), **change}, [], host(tmp_path))


def test_a_row_too_long_is_refused_and_nothing_of_its_batch_is_there(server: MariaDB, tmp_path: Path) -> None:
    from engine.destinations.protocol import Refused

    out = MySQLDestination({**server.settings(), "table": "long_"}, ["email", "phone"], host(tmp_path, SECRETS))
    with pytest.raises(Refused):
        out.send(batch([Row("fine"), Row("x" * 300)]))
    out.send(batch([Row("fine")], "b2"))
    assert set(state(server, "long_")) == {"fine"}
    out.close()


def test_the_server_dies_in_the_middle_of_a_batch(
    server: MariaDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = MySQLDestination({**server.settings(), "table": "dying"}, ["email", "phone"], host(tmp_path, SECRETS))
    out.send(batch(ROWS))
    add = MySQLDestination._add

    def dying(self: MySQLDestination, cursor: Any, one: Any) -> None:
        add(self, cursor, one)
        server.stop()

    monkeypatch.setattr(MySQLDestination, "_add", dying)
    with pytest.raises(Later):
        out.send(batch([Row("late")], "b2"))
    monkeypatch.undo()
    server.start()
    assert "late" not in state(server, "dying")
    for _ in range(2):
        out.send(batch([Row("late")], "b2"))
    assert set(state(server, "dying")) == {row.key for row in ROWS} | {"late"}
    out.close()
