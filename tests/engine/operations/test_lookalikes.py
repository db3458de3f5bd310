"""Lookalikes from a document to an audience: they find who was planted, say what they left out, and hold what moved."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.operations.scoring import forget_features
from engine.operations.traits import publishing_traits
from engine.store.erasures import Erasures
from tests.support.likely import MODEL, Market


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A market whose lookalike was trained and applied."""
    market = Market(tmp_path_factory.mktemp("market"))
    market.upload("fans", market.fans(300))
    market.write("like_fans", kind="lookalike", seed={"list": "fans"}, reach={"share": 0.1}, label={"es": "Como fans"})
    operations.lookalike_train(market.workspace, ["like_fans"])
    operations.lookalike_apply(market.workspace, ["like_fans"])
    yield market
    market.workspace.close()


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    made = Market(tmp_path)
    yield made
    made.workspace.close()


def card(market: Market, identifier: str = "like_fans") -> dict[str, Any]:
    found: dict[str, Any] = operations.lookalike_show(market.workspace, identifier)["card"]
    return found


def test_finds_who_likes_phones(trained: Market) -> None:
    values = trained.values("like_fans")
    top = [key for key, value in values.items() if value > 90]
    assert trained.likes[top].mean() > 2 * trained.likes.mean()
    (size,) = operations.size(trained.workspace, ["like_fans"])
    assert size.size == len(top)
    assert abs(size.size - 0.1 * len(values)) <= 1


def test_who_has_a_score(trained: Market) -> None:
    """Neither the seed nor anybody who did not agree; the best is 100, and no two are equal."""
    values = trained.values("like_fans")
    fans = set(trained.fans(300).tolist())
    assert set(values) == {key for key in range(len(trained.likes)) if trained.agreed[key]} - fans
    ordered = sorted(values.values())
    assert ordered[-1] == 100
    assert len(set(ordered)) == len(ordered)


def test_what_was_left_out_is_said(trained: Market) -> None:
    found = {one["name"]: one["why"] for one in card(trained)["excluded"]}
    assert found == {
        "gender": "sensitive",
        "email": "personal",
        "never": "missing",
        "same": "constant",
        "code": "values",
    }
    shown = json.dumps(card(trained)["factors"])
    assert "view[category=phones]" in shown


def test_reach_is_as_expected(trained: Market) -> None:
    """The part of a seed kept apart that is found is near the part of others drawn alike that is found."""
    expected = operations.lookalike_reach(trained.workspace, "like_fans", share=0.2)
    values = trained.values("like_fans")
    others = [key for seed in range(2, 12) for key in trained.fans(300, seed).tolist() if key in values]
    found = float(np.mean([values[key] > 80 for key in others]))
    assert expected.low - 0.05 < found < expected.high + 0.05
    assert expected.lift == pytest.approx(expected.recall / 0.2)
    assert operations.lookalike_reach(trained.workspace, "like_fans", count=240).share == pytest.approx(0.1, abs=0.01)


def test_same_data_same_audience(trained: Market) -> None:
    before = trained.values("like_fans")
    forget_features(trained.workspace)
    operations.lookalike_train(trained.workspace, ["like_fans"])
    operations.lookalike_apply(trained.workspace, ["like_fans"])
    assert trained.values("like_fans") == before


def test_why_and_rule(trained: Market) -> None:
    values = trained.values("like_fans")
    best = max(values, key=lambda key: values[key])
    why = operations.lookalike_why(trained.workspace, "like_fans", str(best))
    assert any(one["feature"].startswith("view[category=phones]") and one["towards"] for one in why["because"])
    refused = str(int(np.flatnonzero(~trained.agreed)[0]))
    with pytest.raises(EngineError, match="there is no profile"):
        operations.lookalike_why(trained.workspace, "like_fans", refused)
    found = operations.lookalike_rule(trained.workspace, "like_fans", share=0.1)
    assert found["precision"] > 0.4
    assert found["recall"] > 0.4
    operations.save(trained.workspace, {"kind": "audience", "id": "as-a-rule", "rule": found["rule"]})


def test_a_preview_is_what_the_audience_would_be(trained: Market) -> None:
    rule = {"did": "buy", "where": [{"property": "category", "eq": "phones"}]}
    operations.save(trained.workspace, {"kind": "audience", "id": "buyers", "rule": rule})
    told = operations.lookalike_preview(trained.workspace, "like_fans", share=0.1)
    values = trained.values("like_fans")
    top = {key for key, value in values.items() if value > 90}
    (buyers,) = operations.members(trained.workspace, ["buyers"])
    both = top & {int(one) for one in buyers.array.tolist()}
    assert (told["people"], told["share"], told["keeps_seed"]) == (len(top), 0.1, False)
    assert {one["id"]: one["both"] for one in told["others"]}["buyers"] == len(both) >= 50
    assert told["seed"]["people"] > told["seed"]["within"] >= 50
    by_count = operations.lookalike_preview(trained.workspace, "like_fans", count=len(top))
    assert by_count["people"] == pytest.approx(len(top), abs=1)
    few = operations.lookalike_preview(trained.workspace, "like_fans", count=20)
    assert (few["people"], few["others"]) == (20, []), "of fewer than fifty nothing is told"
    with pytest.raises(EngineError, match="a reach is some of the"):
        operations.lookalike_preview(trained.workspace, "like_fans", share=1.5)


def test_lineage_goes_through(trained: Market) -> None:
    told = operations.lineage_of(trained.workspace, "trait:like_fans")
    assert {"fans", "view"} <= {one.name for one in told.made_of}
    assert "like_fans" in {one.name for one in told.part_of if one.kind == "audience"}


def test_files_hold_no_people(trained: Market) -> None:
    files = [one for one in (trained.workspace.folder / "models").rglob("v*") if one.is_file()]
    assert {one.suffix for one in files} >= {".json", ".npz"}
    for path in files:
        assert b"@x.com" not in path.read_bytes()
        assert b"\x80\x04" not in path.read_bytes()[:2]  # how a pickle begins


def test_what_the_rule_of_the_seed_looks_at_is_left_out(market: Market) -> None:
    rule = {"all": [{"did": "buy", "where": [{"property": "category", "eq": "phones"}], "within": "90d"}]}
    operations.save(market.workspace, {"kind": "audience", "id": "buyers", "rule": rule})
    market.write("like_buyers", kind="lookalike", seed={"audience": "buyers"}, reach={"count": 200})
    operations.lookalike_train(market.workspace, ["like_buyers"])
    left = {one["name"]: one["why"] for one in card(market, "like_buyers")["excluded"]}
    assert left["buy"] == "seed"
    operations.lookalike_apply(market.workspace)
    (size,) = operations.size(market.workspace, ["like_buyers"])
    assert abs(size.size - 200) <= 1


def test_a_list_that_a_trait_gives_away(market: Market) -> None:
    fans = market.fans(300)
    market.change("ALTER TABLE people ADD COLUMN tier VARCHAR DEFAULT 'none'")
    market.change("UPDATE people SET tier = 'gold' WHERE id IN (SELECT unnest(?::BIGINT[]))", [fans.tolist()])
    traits = MODEL["profile"]["traits"] | {"tier": {"type": "string"}}
    operations.apply_model_text(market.workspace, dump_yaml(MODEL | {"profile": MODEL["profile"] | {"traits": traits}}))
    market.upload("fans", fans)
    market.write("like_fans", kind="lookalike", seed={"list": "fans"})
    operations.lookalike_train(market.workspace)
    left = {one["name"]: one["why"] for one in card(market)["excluded"]}
    assert left["tier=gold"] == "leaks"


def test_bad_seeds(market: Market) -> None:
    market.upload("few", range(50))
    market.upload("all", range(2_999))
    market.write("few", kind="lookalike", seed={"list": "few"})
    market.write("all", kind="lookalike", seed={"list": "all"})
    market.write("none", kind="lookalike", seed={"audience": "nobody"})
    market.write("asked", kind="lookalike", seed={"list": "few"}, consent="marketing")
    for name, message in (
        ("few", "people who may be learnt from, and 100 are needed"),
        ("all", "the seed is everybody but 1: nobody is left"),
        ("none", 'there is no audience "nobody"'),
        ("asked", 'the data model has no consent "marketing"'),
    ):
        with pytest.raises(EngineError, match=message):
            operations.lookalike_train(market.workspace, [name])
    market.change("UPDATE people SET profiling = false")
    with pytest.raises(EngineError, match='nobody agreed to "profiling"'):
        operations.lookalike_train(market.workspace, ["few"])


def test_a_worse_model_and_a_moved_reach_are_held(market: Market) -> None:
    market.upload("fans", market.fans(300))
    market.write(
        "like_fans",
        kind="lookalike",
        seed={"list": "fans"},
        reach={"share": 0.1},
        guard={"recall": 1.0, "reach": [0.99, 1.01]},
    )
    operations.lookalike_train(market.workspace)
    operations.lookalike_apply(market.workspace)
    before = market.values("like_fans")
    rng = np.random.default_rng(0)
    market.upload("fans", rng.choice(3_000, 300, replace=False))  # anybody: nothing to learn
    (held,) = operations.lookalike_train(market.workspace)
    assert held.state == "held"
    assert "of its seed within 10.0%" in (held.reason or "")
    assert operations.lookalike_show(market.workspace, "like_fans")["version"] == 1
    market.upload("fans", range(1_500))  # many more are left out of the ranking
    (moved,) = operations.lookalike_apply(market.workspace)
    assert moved.state == "held"
    assert "people are within reach" in (moved.reason or "")
    assert market.values("like_fans") == before
    assert set(operations.score_troubles(market.workspace)) == {"like_fans"}
    (taken,) = operations.lookalike_apply(market.workspace, accept=True)
    assert taken.state == "applied"
    assert operations.score_troubles(market.workspace) == {}


def test_a_changed_document_or_model(market: Market) -> None:
    market.upload("fans", market.fans(300))
    market.write("like_fans", kind="lookalike", seed={"list": "fans"})
    with pytest.raises(EngineError, match="has no model yet"):
        operations.lookalike_apply(market.workspace)
    operations.lookalike_train(market.workspace)
    market.write("like_fans", kind="lookalike", seed={"list": "fans"}, number=3)
    with pytest.raises(EngineError, match="is another one than its model was trained by"):
        operations.lookalike_apply(market.workspace)
    operations.lookalike_train(market.workspace)
    without = {"view": MODEL["events"]["view"]}
    operations.apply_model_text(market.workspace, dump_yaml(MODEL | {"events": without}))
    with pytest.raises(EngineError, match='the data model has no "buy" any more'):
        operations.lookalike_apply(market.workspace)


def test_cancelled_half_way_leaves_nothing(market: Market) -> None:
    market.upload("fans", market.fans(300))
    market.write("like_fans", kind="lookalike", seed={"list": "fans"})

    def stop(share: float, step: str) -> None:
        if step == "choosing the model" and share > 0.4:
            job.cancel()

    job = Job(stop)
    with pytest.raises(Cancelled):
        operations.lookalike_train(market.workspace, job=job)
    assert operations.lookalike_list(market.workspace)[0]["state"] == "new"
    assert not (market.workspace.folder / "models").exists()
    operations.lookalike_train(market.workspace)
    assert operations.lookalike_list(market.workspace)[0]["version"] == 1


def test_erased_people_are_in_no_features(market: Market) -> None:
    market.upload("fans", market.fans(300))
    market.write("like_fans", kind="lookalike", seed={"list": "fans"})
    operations.lookalike_train(market.workspace)
    operations.lookalike_apply(market.workspace)
    gone = next(iter(market.values("like_fans")))
    Erasures(market.workspace.database).add([str(gone)], [])
    assert forget_features(market.workspace) >= 2
    operations.lookalike_apply(market.workspace)
    assert gone not in market.values("like_fans")


def test_scores_go_with_their_document(market: Market) -> None:
    market.upload("fans", market.fans(300))
    path = market.write("like_fans", kind="lookalike", seed={"list": "fans"})
    market.write("other", kind="lookalike", seed={"list": "fans"})
    operations.lookalike_train(market.workspace)
    operations.lookalike_apply(market.workspace)
    assert market.values("like_fans")
    path.unlink()
    found = operations.lookalike_apply(market.workspace)
    assert [one.state for one in found] == ["applied", "removed"]
    assert "like_fans" not in market.workspace.model.profile.traits


def test_a_name_that_is_taken(market: Market) -> None:
    market.upload("fans", market.fans(300))
    market.write("age", kind="lookalike", seed={"list": "fans"})
    operations.lookalike_train(market.workspace)
    with pytest.raises(EngineError, match='there is a trait "age" already'):
        operations.lookalike_apply(market.workspace)


def test_killed_half_way(market: Market) -> None:
    """Whatever a training had written when it was killed counts for nothing, and the next one goes well."""
    market.upload("fans", market.fans(300))
    market.write("like_fans", kind="lookalike", seed={"list": "fans"})
    folder = market.workspace.folder
    command = [sys.executable, "-m", "engine.cli", "lookalike", "train", "-w", str(folder)]
    going = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list((folder / "features").glob("*.json")):
        assert going.poll() is None
        time.sleep(0.02)
    going.send_signal(signal.SIGKILL)
    going.wait()
    assert operations.lookalike_list(market.workspace)[0]["state"] == "new"
    (trained,) = operations.lookalike_train(market.workspace)
    assert (trained.state, trained.version) == ("trained", 1)


def test_traits_are_not_put_in_force_by_two_at_once(market: Market) -> None:
    market.upload("fans", market.fans(300))
    market.write("like_fans", kind="lookalike", seed={"list": "fans"})
    operations.lookalike_train(market.workspace)
    with publishing_traits(market.workspace, "somebody"), pytest.raises(EngineError, match="traits are being computed"):
        operations.lookalike_apply(market.workspace)
    assert operations.lookalike_apply(market.workspace)[0].state == "applied"
