"""Sessions are what a plain loop finds, and an event like any other."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.domain.documents import dump_yaml, load_one
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.targets import ById
from tests.support.filling import insert

MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {"table": "people", "key": "id"},
    "events": {
        "seen": {"table": "views", "profile": "who", "time": "ts"},
        "bought": {"table": "orders", "profile": "who", "time": "ts"},
    },
}
START = datetime(2026, 6, 1)
Row = tuple[str, datetime]


def make(folder: Path) -> tuple[Workspace, dict[int, list[Row]]]:
    """A workspace, and what each person did."""
    rng = random.Random(9)
    did: dict[int, list[Row]] = {who: [] for who in range(12)}
    for who in range(11):  # the last one did nothing
        at = START
        for _ in range(40):
            at += timedelta(seconds=rng.choice([0, 60, 1_799, 1_800, 1_801, 7_200]))
            did[who].append((rng.choice(["seen", "seen", "bought"]), at))
    with duckdb.connect(str(folder / "data.duckdb")) as made:
        made.execute("CREATE TABLE people AS SELECT i::BIGINT AS id FROM range(12) t(i)")
        for table, kind in (("views", "seen"), ("orders", "bought")):
            made.execute(f"CREATE TABLE {table} (who BIGINT, ts TIMESTAMP)")
            rows = [(who, at) for who, mine in did.items() for what, at in mine if what == kind]
            insert(made, table, rows)
    workspace = operations.init(folder / "ws")
    operations.connect(workspace, str(folder / "data.duckdb"))
    operations.apply_model_text(workspace, dump_yaml(MODEL))
    return workspace, did


def by_hand(rows: list[Row], gap: int) -> list[tuple[datetime, datetime, int, int, str, str]]:
    found: list[list[Row]] = []
    for what, at in sorted(rows, key=lambda row: (row[1], row[0])):
        if found and (at - found[-1][-1][1]).total_seconds() <= gap:
            found[-1].append((what, at))
        else:
            found.append([(what, at)])
    return [
        (one[0][1], one[-1][1], int((one[-1][1] - one[0][1]).total_seconds()), len(one), one[0][0], one[-1][0])
        for one in found
    ]


def test_they_are_what_a_plain_loop_finds(tmp_path: Path) -> None:
    workspace, did = make(tmp_path)
    made = load_one(operations.model_sessions(workspace, "visit", ["seen", "bought"], "30min"))["visit"]
    query = f"SELECT profile, started, ended, seconds, events, first_event, last_event FROM ({made['sql']})"
    rows = sorted(workspace.warehouse.rows(f"{query} ORDER BY profile, started"))
    found = [(row[0], row[1].replace(tzinfo=None), row[2].replace(tzinfo=None), *row[3:]) for row in rows]
    assert found == [(who, *one) for who, mine in did.items() for one in by_hand(mine, 1_800)]
    workspace.close()


def test_they_are_an_event_like_any_other(tmp_path: Path) -> None:
    workspace, did = make(tmp_path)
    operations.add_to_model(workspace, operations.model_sessions(workspace, "purchase_visit", ["bought"], "1h"))
    rule = {"did": "purchase_visit", "where": {"property": "events", "gte": 2}, "times": {"gte": 2}}
    operations.save(workspace, {"kind": "audience", "id": "loyal", "name": "Loyal", "rule": rule})
    bought = {who: [row for row in mine if row[0] == "bought"] for who, mine in did.items()}
    wanted = [who for who, mine in bought.items() if sum(one[3] >= 2 for one in by_hand(mine, 3_600)) >= 2]
    assert operations.members(workspace, [ById("loyal")])[0].keys == wanted != []
    assert operations.model_sessions(workspace, "again", ["purchase_visit", "seen"], "2h"), (
        "they may be made of sessions"
    )
    workspace.close()


@pytest.mark.parametrize(
    ("name", "events", "gap", "said"),
    [
        ("Visit", ["seen"], "30min", '"Visit" cannot be'),
        ("visit", ["sen"], "30min", 'no event "sen"'),
        ("visit", [], "30min", "no event was named"),
        ("visit", ["seen"], "1mo", '"1mo" is no pause'),
        ("visit", ["seen"], "soon", '"soon" is no pause'),
        ("visit", ["seen"], "0min", '"0min" is no pause'),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, events: list[str], gap: str, said: str) -> None:
    workspace, _ = make(tmp_path)
    with pytest.raises(EngineError, match=said):
        operations.model_sessions(workspace, name, events, gap)
    workspace.close()


NESTED = {
    "tags": "['vip', 'x']",
    "attributes": "'{\"a\": null}'::JSON",
    "plan": "{'name': 'gold'}",
    "prices": "MAP {'a': 1}",
    "fixed": "[1, 2]::INTEGER[2]",
}


@pytest.mark.parametrize("name", NESTED)
def test_lists_and_documents_are_no_text(tmp_path: Path, name: str) -> None:
    columns = ", ".join(f"{value} AS {one}" for one, value in NESTED.items())
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        connection.execute(f"CREATE TABLE users AS SELECT 1 AS user_id, 'x' AS state, 'a@x.com' AS email, {columns}")
        connection.execute("CREATE TABLE visits AS SELECT user_id, now() AS ts, state, email, tags FROM users")
        connection.execute("CREATE TABLE shops AS SELECT 7 AS shop")
        connection.execute(
            "CREATE TABLE consents AS SELECT user_id, true AS ads, DATE '2026-01-01' AS since FROM users"
        )
    workspace = operations.init(tmp_path / "ws")
    operations.connect(workspace, f"duckdb:///{tmp_path / 'data.duckdb'}")
    good = "{state: {type: string}}"
    profile = "kind: model\nprofile: {table: users, key: user_id, traits: %s}\n"
    visits = "events: {visit: {table: visits, profile: user_id, time: ts, properties: {tags: {type: string}}}}\n"
    people = "%s: {x: {table: users, profile: user_id, column: %s%s}}\n"
    wrong = {
        "traits": profile % f"{{{name}: {{type: string}}}}",
        "events": profile % good + visits,
        "identifiers": profile % good + people % ("identifiers", name, ", kind: email"),
        "consents": profile % good + people % ("consents", name, ""),
    }
    for text in wrong.values():
        with pytest.raises(EngineError, match="holds") as refused:
            operations.apply_model_text(workspace, text)
        assert refused.value.code == "model_mismatch"
        (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
        assert not operations.check(workspace, tmp_path / "model.yaml").sound
    operations.apply_model_text(workspace, profile % good)
    assert operations.check(workspace).sound
    draft = operations.infer(workspace)
    assert name not in load_one(draft.document)["profile"]["traits"]
    notes = " ".join(draft.notes)
    for said in (f"users.{name} was left out", "visits.tags was left out", "visits.email was left out: it looks like"):
        assert said in notes
    assert "the table shops was left out" in notes
    assert "consents.since was left out" in notes
    assert "users.email" not in notes  # it is an identifier
    workspace.close()
