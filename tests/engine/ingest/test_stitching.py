"""What an anonymous id did counts for the one user whom it came together with, and for nobody when there are several."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet
import pytest

from engine.ingest.forgetting import Place, erase_collected
from engine.ingest.journal import Journal
from engine.ingest.landing import JOURNAL, Lander, tables_in
from engine.ingest.messages import PAIRS, Policy, Received
from engine.ingest.news import Part, news
from engine.ingest.stitching import counted
from engine.warehouses.collected import COLLECTED, state

ON, OFF = Policy(stitch=True), Policy()


def seen(name: str, anonymous: str | None = None, user: str | None = None, **more: Any) -> dict[str, Any]:
    said = {"type": "track", "messageId": name, "anonymousId": anonymous, "userId": user, "event": "Seen"}
    return said | more


def land(folder: Path, policy: Policy, *messages: dict[str, Any]) -> None:
    """Land messages by a process of its own, each in a file of its own."""
    lander = Lander(folder, policy)
    try:
        for one in messages:
            journal = Journal(folder / COLLECTED / JOURNAL, 1 << 30, lander.last)
            journal.write([Received(datetime.now(UTC), "web", (one,)).as_bytes()])
            journal.close()
            lander.land(journal.landed)
    finally:
        lander.close()


def profiles(folder: Path, table: str = "tracks") -> dict[str, str]:
    found = state(folder)
    assert found is not None
    with duckdb.connect(str(found.folder / found.catalog), read_only=True) as opened:
        return dict(opened.execute(f"SELECT message_id, profile FROM {table} ORDER BY 1").fetchall())


def identify(name: str, anonymous: str, user: str) -> dict[str, Any]:
    return seen(name, anonymous, user, type="identify")


MESSAGES = [
    seen("before", "a1"),
    identify("who", "a1", "ana"),
    seen("after", "a1"),
    seen("both", "a1", "ana"),
    seen("other", "a2"),
]


def test_what_an_anonymous_id_did_before_and_after_counts_for_its_user_in_any_order(tmp_path: Path) -> None:
    wanted = {"before": "ana", "after": "ana", "both": "ana", "other": "a2"}
    for place, some in enumerate([MESSAGES, MESSAGES[::-1], [*MESSAGES[2:], *MESSAGES[:2]]]):
        land(tmp_path / str(place), ON, *some)
        assert profiles(tmp_path / str(place)) == wanted
        assert profiles(tmp_path / str(place), "seen") == wanted, "in the event's own table too"


def test_by_default_nobody_is_stitched(tmp_path: Path) -> None:
    land(tmp_path, OFF, *MESSAGES)
    assert profiles(tmp_path) == {"before": "a1", "after": "a1", "both": "ana", "other": "a2"}
    assert PAIRS not in tables_in(tmp_path / COLLECTED)


def test_an_id_that_several_users_share_belongs_to_none_of_them(tmp_path: Path) -> None:
    land(tmp_path, ON, *MESSAGES)
    land(tmp_path, ON, seen("third", "a1", "bia"))
    assert profiles(tmp_path) == {"before": "a1", "after": "a1", "both": "ana", "other": "a2", "third": "bia"}
    pairs = tables_in(tmp_path / COLLECTED)[PAIRS]
    assert counted(tmp_path / COLLECTED, list(pairs.files)) == (0, 1)


def test_an_alias_links_the_former_id(tmp_path: Path) -> None:
    alias = {"type": "alias", "messageId": "alias", "previousId": "a1", "userId": "ana"}
    land(tmp_path, ON, seen("before", "a1"), alias, {**alias, "messageId": "same", "previousId": "ana"})
    assert profiles(tmp_path) == {"before": "ana"}


def test_the_setting_may_be_changed_at_any_time(tmp_path: Path) -> None:
    land(tmp_path, OFF, *MESSAGES)
    land(tmp_path, ON)
    assert profiles(tmp_path)["before"] == "ana", "what came before it was switched on counts"
    land(tmp_path, OFF)
    assert profiles(tmp_path)["before"] == "a1"
    land(tmp_path, OFF, seen("third", "a1", "bia"))
    land(tmp_path, ON)
    assert profiles(tmp_path)["before"] == "a1", "and what came while it was off"
    before = state(tmp_path)
    land(tmp_path, ON)
    assert state(tmp_path) == before, "nothing changes without need"


@pytest.mark.parametrize("policy", [ON, OFF])
def test_erasing_a_user_erases_what_their_anonymous_ids_did(tmp_path: Path, policy: Policy) -> None:
    def leads(places: Collection[Place]) -> set[Place]:
        return {one for one in places if one[1] == "ana"}

    bad = seen("bad", "a1", event="")
    shared = [identify("w2", "a3", "ana"), identify("w3", "a3", "bia"), seen("shared", "a3")]
    land(
        tmp_path,
        policy,
        *MESSAGES,
        bad,
        *shared,
        seen("hers", "a4", "bia", properties={"friend": "ana"}),
        seen("x", "a4"),
    )
    lander = Lander(tmp_path, policy, owner=False)
    assert erase_collected(lander, leads).left == 0
    assert set(profiles(tmp_path)) == {"other", "shared", "x"}
    assert set(profiles(tmp_path, "identifies")) == {"w3"}
    found = state(tmp_path)
    assert found is not None
    for path in found.folder.glob("*/*.parquet"):
        text = str(pyarrow.parquet.read_table(path).to_pylist())
        assert "'ana'" not in text
        assert "a1" not in text, "what was put aside of the anonymous id is gone as well"
    lander.close()
    land(tmp_path, policy, seen("again", "a1"), identify("back", "a1", "ana"))
    assert profiles(tmp_path)["again"] == ("ana" if policy.stitch else "a1")


def touched(folder: Path, since: int, profile: str = "profile") -> list[str]:
    found: list[str] = news(
        folder / COLLECTED, Part("seen", profile, "ts"), since, datetime.now(UTC)
    ).values.to_pylist()
    return sorted(found)


def test_who_follows_looks_at_everybody_whose_past_is_another_one_now(tmp_path: Path) -> None:
    land(tmp_path, ON, *MESSAGES)

    def landed() -> int:
        found = state(tmp_path)
        assert found is not None
        return found.landed

    def after(*messages: Sequence[Any] | dict[str, Any]) -> list[str]:
        since = landed()
        land(tmp_path, ON, *messages)  # type: ignore[arg-type]
        return touched(tmp_path, since)

    assert after(seen("n1", "a1")) == ["a1", "ana"]
    assert after(seen("n2", "a2")) == ["a2"]
    assert after(identify("n3", "a2", "bia")) == ["a2", "bia"], "what it did before counts for her"
    assert after(identify("n4", "a2", "caio")) == ["a2", "bia", "caio"], "and for nobody since another one came"
    assert after(seen("n5", "a9", "dora")) == ["a9", "dora"]
    since = landed()
    land(tmp_path, ON, seen("n6", "a1"))
    assert touched(tmp_path, since, "user_id") == [], "who counts by user alone is not asked"
