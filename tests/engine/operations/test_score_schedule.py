"""Models are trained and used when they are due; one that fails waits and says why, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import operations
from tests.support.likely import Market


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    made = Market(tmp_path, people=2_000)
    made.upload("fans", made.fans(250))
    made.write("like_fans", kind="lookalike", seed={"list": "fans"}, retrain={"every": "7d"}, refresh={"every": "1d"})
    yield made
    made.workspace.close()


def states(market: Market, at: datetime) -> dict[str, str]:
    """What is done when the clock is there."""
    return {one.id: one.state for one in operations.scores_run(market.workspace, at)}


def test_due_and_not_due(market: Market) -> None:
    workspace, now = market.workspace, datetime.now(UTC)
    assert operations.scores_due(workspace, now)
    assert [one.state for one in operations.scores_run(workspace, now)] == ["trained", "applied"]
    assert not operations.scores_due(workspace, now + timedelta(hours=23))
    tomorrow = now + timedelta(days=1, minutes=1)
    assert operations.scores_due(workspace, tomorrow)
    assert [one.state for one in operations.scores_run(workspace, tomorrow)] == ["applied"]
    assert [one.state for one in operations.scores_run(workspace, now + timedelta(days=7, minutes=1))] == [
        "trained",
        "applied",
    ]
    market.write("like_fans", kind="lookalike", seed={"list": "fans"}, reach={"share": 0.2})
    assert [one.state for one in operations.scores_run(workspace, now)] == ["applied"]  # another use of the same model
    (market.workspace.folder / "scores" / "like_fans.yaml").unlink()
    assert states(market, now) == {"like_fans": "removed"}
    assert not operations.scores_due(workspace, now)


def test_one_that_fails_does_not_stop_others(market: Market) -> None:
    workspace, now = market.workspace, datetime.now(UTC)
    market.upload("few", range(20))
    market.write("a_few", kind="lookalike", seed={"list": "few"})
    assert states(market, now) == {"a_few": "failed", "like_fans": "applied"}
    assert "100 are needed" in operations.score_troubles(workspace)["a_few"]
    assert not operations.scores_due(workspace, now + timedelta(hours=1))
    operations.watch(workspace, operations.Seen())
    assert [(one.kind, one.subject) for one in operations.alerts(workspace, open_only=True)] == [("score", "a_few")]
    market.upload("few", market.fans(150))
    market.write("a_few", kind="lookalike", seed={"list": "few"}, number=1)
    assert states(market, now) == {"a_few": "applied"}
    operations.watch(workspace, operations.Seen())
    assert operations.alerts(workspace, open_only=True) == []


def test_following_the_data(market: Market) -> None:
    workspace, now = market.workspace, datetime.now(UTC)
    market.write("like_fans", kind="lookalike", seed={"list": "fans"}, refresh="on_data")
    operations.scores_run(workspace, now)
    assert not operations.scores_due(workspace, now + timedelta(days=1))
    market.change("INSERT INTO events SELECT * FROM events LIMIT 10")
    assert operations.scores_due(market.workspace, now)
    assert states(market, now) == {"like_fans": "applied"}
    assert not operations.scores_due(market.workspace, now)


def test_documents_that_cannot_be_read(market: Market) -> None:
    operations.scores_run(market.workspace, datetime.now(UTC))
    (market.workspace.folder / "scores" / "odd.yaml").write_text("kind: lookalike\nid: x\nseed: []\n", encoding="utf-8")
    assert not operations.scores_due(market.workspace, datetime.now(UTC) + timedelta(days=30))
    assert "seed must be a mapping" in operations.score_troubles(market.workspace)["scores"]
