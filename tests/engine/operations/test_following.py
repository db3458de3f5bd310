"""Audiences that follow events: always what looking at everybody would find, and delivered once each."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent import futures
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.destinations.protocol import Later
from engine.domain.documents import dump_yaml
from engine.ingest.messages import Received
from engine.ingest.news import Part
from engine.locks import holding
from engine.operations import Workspace, activating, following
from engine.operations.collecting import collecting_into
from engine.operations.depending import quality_reason
from engine.operations.following import Follower
from engine.operations.touching import followed_tables
from engine.warehouses.local import publishing
from tests.support.delivering import Memory
from tests.support.shop import MODEL, NAMES, RULES, Shop


@pytest.fixture(params=["text", "integer", "users"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, integer=request.param == "integer", users=request.param == "users")
    yield made
    made.workspace.close()


def test_each_step_finds_what_looking_at_everybody_finds(shop: Shop) -> None:
    operations.run(shop.workspace, list(RULES))
    follower = Follower(shop.workspace)
    changed = 0
    for turn in range(12):
        shop.land(shop.rng.randrange(1, 6), people=40 + 3 * turn)  # some of them nobody has heard of
        found = follower.step()
        assert found is not None
        assert found.whole == ()
        assert found.touched <= 5
        changed += found.run is not None
        for name in RULES:
            assert shop.now(name) == shop.whole(name), (turn, name)
        if turn == 6:
            follower = Follower(shop.workspace)  # another process goes on
    assert changed > 5
    assert follower.step() is None
    history = operations.snapshots(shop.workspace, "buyers")
    assert len(history) <= 3, "of single steps the last of each hour stays"
    before = len(shop.workspace.library.index.conditions())
    operations.clean_store(shop.workspace)
    assert len(shop.workspace.library.index.conditions()) == before > 0, "what the last whole run found is still used"
    assert shop.now("both") == shop.whole("both")


def test_events_of_a_later_moment_than_a_run_are_not_passed_over(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.land(6)
    operations.run(shop.workspace, list(RULES), as_of=datetime.now(UTC) - timedelta(minutes=5))
    assert shop.now("buyers") == []
    follower = Follower(shop.workspace)
    assert follower.step().added > 0  # type: ignore[union-attr]
    assert shop.now("buyers") == shop.whole("buyers") != []
    shop.land(1)
    assert follower.step().touched == 1  # type: ignore[union-attr]
    shop.workspace.close()


def test_what_lands_after_it_was_corrected_is_followed_too(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    operations.run(shop.workspace, list(RULES))
    follower = Follower(shop.workspace)
    bought = {"messageId": "late", "type": "track", "event": "Bought", "properties": {"amount": 5}}
    with collecting_into(shop.workspace.folder) as collecting:
        collecting.journal.write([Received(datetime.now(UTC), "web", (bought,)).as_bytes()])
        collecting.journal.close()
        collecting.lander.land(collecting.journal.landed)
    follower.step()
    before = shop.now("buyers")
    told = tmp_path / "aside.jsonl"
    operations.collect_aside(shop.workspace, told)
    line = json.loads(told.read_text())
    told.write_text(json.dumps(line | {"message": line["message"] | {"userId": "u39"}}))
    assert operations.collect_replay(shop.workspace, told).rows == {"bought": 1, "tracks": 1}
    found = follower.step()
    assert found is not None
    assert found.touched == 1
    assert shop.now("buyers") == shop.whole("buyers") != before
    assert follower.step() is None
    shop.workspace.close()


def test_freshness_says_what_is_in_and_what_waits(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    operations.run(shop.workspace, list(RULES))
    follower = Follower(shop.workspace)
    shop.land(3)
    (before,) = operations.freshness_of(shop.workspace, ["buyers"])
    assert (before.follows, before.waiting) == (True, 1)
    follower.step()
    (after,) = operations.freshness_of(shop.workspace, ["buyers"])
    assert (after.follows, after.waiting) == (True, 0)
    assert after.received_at is not None
    assert str(after.as_of) > max(str(before.as_of), after.received_at)
    shop.workspace.close()


def test_very_many_at_once_are_left_to_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path)
    operations.run(shop.workspace, list(RULES))
    follower = Follower(shop.workspace)
    monkeypatch.setattr(following, "_MOST", 3)
    shop.land(20)
    found = follower.step()
    assert found is not None
    assert (sorted(found.whole), found.run) == (sorted(RULES), None)
    (task,) = operations.tasks(shop.workspace)
    operations.cancel_task(shop.workspace, task.id)
    shop.workspace.reload()
    operations.run(shop.workspace, list(RULES))
    shop.land(1)
    found = follower.step()
    assert found is not None
    assert (found.whole, found.touched) == ((), 1)
    assert shop.now("both") == shop.whole("both")
    shop.workspace.close()


def test_a_run_waits_for_a_step(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with futures.ThreadPoolExecutor(1) as beside, Workspace(shop.workspace.folder) as other:
        with holding(shop.workspace.folder / "run.lock", "convoke daemon", "bitmaps", "audiences are being run"):
            running = beside.submit(operations.run, other, ["buyers"])
            with pytest.raises(futures.TimeoutError):
                running.result(0.5)
        assert running.result(30).audiences[0].size == len(shop.whole("buyers"))
    shop.workspace.close()


def test_who_cannot_be_run_is_not_asked_for_again_and_again(tmp_path: Path) -> None:
    with Shop(tmp_path).workspace as workspace, Workspace(workspace.folder) as beside:
        shop = Shop.__new__(Shop)
        vars(shop).update(rng=random.Random(1), sent=10_000, name=NAMES[False], users=False, workspace=workspace)
        follower = Follower(beside)
        shop.land(1)
        assert sorted(follower.step().whole) == sorted(RULES)  # type: ignore[union-attr]
        (task,) = operations.tasks(workspace)
        operations.cancel_task(workspace, task.id)
        shop.land(1)
        assert follower.step().whole == ()  # type: ignore[union-attr]
        operations.run(workspace, [name for name in RULES if name != "heavy"])
        model = dict(MODEL, events={name: one for name, one in MODEL["events"].items() if name != "seen"})
        shop.save("seen", {"did": "seen"})
        operations.run(workspace, ["seen"])
        operations.apply_model_text(workspace, dump_yaml(model))
        shop.land(1)
        found = follower.step()
        assert found is not None
        assert "seen" not in found.whole, "its rule means nothing any more, which its runs say"
        assert operations.on_data_audiences(beside).whole == ["seen"]
        assert quality_reason(beside, beside.audiences.get("seen").audience) is None


def deliver_to(shop: Shop, *names: str, **more: Any) -> None:
    document = {"kind": "destination", "id": "out", "type": "memory", "identifiers": [], "max_removal": 100}
    operations.save_destination(shop.workspace, document | more)
    for name in names:
        shop.save(name, RULES[name], destinations=["out"])


def test_deliveries_look_at_who_came_and_went_alone(shop: Shop, out: Memory) -> None:
    deliver_to(shop, "both")
    operations.run(shop.workspace, list(RULES))
    operations.sync(shop.workspace, [])
    follower = Follower(shop.workspace)
    sent = 0
    for _ in range(8):
        shop.land(3, people=44)
        out.effects.clear()
        found = follower.step()
        assert found is not None
        assert [one.state for one in found.syncs] == ["done"] * len(found.syncs)
        assert sum(one.summary["members"] for one in found.syncs) <= 3, "nobody else was looked at"
        assert set(out.state) == {str(one) for one in shop.now("both")}
        sent += len(out.effects)
    assert 0 < sent <= 24
    assert operations.sync(shop.workspace, ["both"])[0].summary["add"] == 0, "nothing was left for a whole delivery"


def test_a_missed_delivery_is_made_up_for_by_who_moved_since(tmp_path: Path, out: Memory) -> None:
    shop = Shop(tmp_path)
    deliver_to(shop, "both")
    operations.run(shop.workspace, list(RULES))
    operations.sync(shop.workspace, [])
    follower = Follower(shop.workspace)
    with holding(shop.workspace.folder / "sync.lock", "somebody", "refused", "delivering"):
        for _ in range(3):
            shop.land(3, people=60)
            found = follower.step()
            assert found is not None
            assert found.syncs == ()
    assert not operations.has_due_syncs(shop.workspace), "it is left to the follower for a while"
    delivered = 0
    for _ in range(6):
        shop.land(3, people=60)
        found = follower.step()
        assert found is not None
        for one in found.syncs:
            assert one.state == "done"
            assert one.summary["members"] <= 12, "those of the missed steps and of this one"
            delivered += 1
        if found.syncs:
            assert set(out.state) == {str(one) for one in shop.now("both")}
    assert delivered > 0
    assert operations.sync(shop.workspace, ["both"])[0].summary["add"] == 0
    shop.workspace.close()


def test_whom_nobody_follows_any_more_the_daemon_delivers(tmp_path: Path, out: Memory, monkeypatch: Any) -> None:
    shop = Shop(tmp_path)
    deliver_to(shop, "both")
    operations.run(shop.workspace, list(RULES))
    operations.sync(shop.workspace, [])
    follower = Follower(shop.workspace)
    with holding(shop.workspace.folder / "sync.lock", "somebody", "refused", "delivering"):
        while (found := follower.step()) is None or "both" not in found.audiences:
            shop.land(3, people=60)
    del follower  # it dies
    assert not operations.has_due_syncs(shop.workspace)
    later = lambda: datetime.now(UTC) + timedelta(seconds=11)  # noqa: E731
    monkeypatch.setattr(activating, "clock", later)
    assert operations.has_due_syncs(shop.workspace)
    assert [one.state for one in operations.sync_due(shop.workspace)] == ["done"]
    assert set(out.state) == {str(one) for one in shop.now("both")}
    shop.workspace.close()


def test_what_was_not_delivered_is_later(tmp_path: Path, out: Memory) -> None:
    def down(batch: Any) -> None:
        raise Later("it is down")

    shop = Shop(tmp_path)
    deliver_to(shop, "never")
    operations.run(shop.workspace, list(RULES))
    operations.sync(shop.workspace, [])
    follower = Follower(shop.workspace)
    out.before = down
    for _ in range(3):
        shop.land(4)
        follower.step()
    out.before = lambda batch: None
    assert set(out.state) != {str(one) for one in shop.now("never")}
    operations.sync(shop.workspace, ["never"])
    with shop.workspace.database.transaction():
        shop.workspace.database.run("syncs_ahead", dict.fromkeys(("now", "limit"), "2000-01-01T00:00:00Z"))
    operations.sync(shop.workspace, ["never"])
    assert set(out.state) == {str(one) for one in shop.now("never")}
    shop.workspace.close()


def test_somebody_who_stays_keeps_an_address_that_is_shared(tmp_path: Path, out: Memory) -> None:
    shop = Shop(tmp_path)
    model = dict(MODEL, identifiers={"email": {"table": "mails", "profile": "id", "column": "mail", "kind": "email"}})
    with publishing(shop.workspace.folder / "warehouse", "test") as connection:
        connection.execute("CREATE TABLE people (id VARCHAR, city VARCHAR)")
        connection.execute("INSERT INTO people VALUES ('u50', 'SP'), ('u51', 'SP'), ('u52', 'SP')")
        connection.execute("CREATE TABLE visits AS SELECT id, TIMESTAMP '2026-01-01' AS ts FROM people")
        connection.execute("CREATE TABLE mails AS SELECT id, 'one@example.com' AS mail FROM people")
    shop.workspace.reload()
    operations.apply_model_text(shop.workspace, dump_yaml(model))
    deliver_to(shop, "never", identifiers=["email"])
    operations.run(shop.workspace, list(RULES))
    operations.sync(shop.workspace, [])
    removed: list[Any] = []
    out.before = lambda batch: removed.extend(row.values for row in batch.rows if batch.operation == "remove")
    shop.name = lambda number: "u51"
    shop.land(1)
    found = Follower(shop.workspace).step()
    assert found is not None
    assert found.removed == 1
    assert removed == [()], "she goes, the address that others have stays"
    shop.workspace.close()


def test_what_means_something_else_is_run_as_a_whole(tmp_path: Path) -> None:
    with Shop(tmp_path).workspace as workspace, Workspace(workspace.folder) as beside:
        shop = Shop.__new__(Shop)
        vars(shop).update(rng=random.Random(1), sent=10_000, name=NAMES[False], users=False, workspace=workspace)
        follower = Follower(beside)
        shop.land(2)
        found = follower.step()
        assert found is not None
        assert sorted(found.whole) == sorted(RULES), "nobody was ever looked at"
        (task,) = operations.tasks(workspace)
        assert (sorted(task.audiences), task.cause) == (sorted(RULES), "data")
        shop.land(2)
        follower.step()
        assert len(operations.tasks(workspace)) == 1, "it is asked for once"
        operations.cancel_task(workspace, task.id)
        workspace.reload()
        operations.run(workspace, list(RULES))
        shop.land(2)
        assert follower.step().whole == ()  # type: ignore[union-attr]
        shop.save("heavy", {"did": "bought", "measure": {"sum": "amount"}, "gte": 10})
        shop.land(2)
        found = follower.step()
        assert found is not None
        assert sorted(found.whole) == ["both", "heavy"], "one refers to the other"
        operations.cancel_task(workspace, operations.tasks(workspace)[0].id)
        workspace.reload()
        operations.run(workspace, ["both", "heavy"])
        shop.land(2)
        found = follower.step()
        assert found is not None
        assert found.whole == ()
        assert shop.now("both") == shop.whole("both")


@pytest.mark.parametrize(
    ("rule", "more", "tables"),
    [
        ({"did": "bought"}, {}, {"bought"}),
        ({"any": [{"did": "bought"}, {"did": "seen"}, {"did": "old"}]}, {}, {"bought", "tracks"}),
        ({"did": "old"}, {}, set()),
        ({"did": "bought"}, {"top": {"n": 3, "by": {"trait": "city"}}}, None),
        ({"sql": "SELECT user_id FROM collected.tracks"}, {}, None),
        ({"sql": "SELECT id FROM people"}, {}, set()),
        ({"audience": "heavy"}, {}, {"bought"}),
        ({"did": "big"}, {}, {"bought"}),
    ],
)
def test_what_an_audience_is_read_from(tmp_path: Path, rule: Any, more: Any, tables: Any) -> None:
    shop = Shop(tmp_path)
    shop.save("one", rule, **more)
    found = followed_tables(shop.workspace, shop.workspace.audiences.get("one").audience)
    assert found == (None if tables is None else {Part(one, "user_id", "ts") for one in tables})
    shop.workspace.close()
