"""Propensities from a document to traits: learnt from one period, judged by the next, put in force for now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from engine import operations
from engine.domain.delivery import Holdout
from engine.domain.scoring import read_score
from engine.errors import EngineError
from engine.operations.inclining import next_best
from tests.support.likely import TODAY, Market

PHONES = {"did": "buy", "where": [{"property": "category", "eq": "phones"}]}
BOOKS = {"did": "buy", "where": [{"property": "category", "eq": "books"}]}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A market whose two services were learnt and scored."""
    made = Market(tmp_path_factory.mktemp("market"), people=4_000)
    services = {
        "phones": {"target": PHONES, "value": 50, "cost": 1},
        "books": {"target": BOOKS, "value": 20, "cost": 1},
    }
    best = {"did": "view", "channel": "channel"}
    made.write("p", kind="propensity", services=services, horizon="30d", best=best)
    operations.propensity_train(made.workspace, ["p"])
    operations.propensity_apply(made.workspace, ["p"])
    yield made
    made.workspace.close()


def test_probabilities_mean_what_they_say(market: Market) -> None:
    card = operations.propensity_show(market.workspace, "p")["card"]
    judged = card["services"]["phones"]
    assert judged["auc"] > 0.65
    assert judged["ece"] < 0.03
    assert 0.8 < judged["ratio"] < 1.2
    assert card["judged"] == sorted(card["judged"])
    values = market.values("p_phones")
    assert set(values) == {key for key in range(4_000) if market.agreed[key]}
    likely = sorted(values, key=lambda key: values[key])[-400:]
    assert market.likes[likely].mean() > 1.8 * market.likes.mean()


def test_next_best_offer(market: Market) -> None:
    phones, books, best = (market.values(f"p_{name}") for name in ("phones", "books", "next"))
    worth = market.values("p_next_value")
    assert set(best.values()) <= {"phones", "books"}
    for key in list(phones)[:500]:
        gains = {"phones": phones[key] * 50 - 1, "books": books[key] * 20 - 1}
        top = max(gains, key=lambda name: gains[name])
        if gains[top] <= 0:
            assert key not in best
        else:
            assert best[key] == top
            assert worth[key] == pytest.approx(gains[top], abs=1e-5)


def test_channel_and_hour(market: Market) -> None:
    rows = market.workspace.warehouse.rows("SELECT who, ts, channel FROM events WHERE kind = 'view'")
    channels, hours = market.values("p_channel"), market.values("p_hour")
    zones = {0: -6, 1: -3}  # México and São Paulo, without summer time now
    assert len(channels) > 20
    for key in list(channels)[:100]:
        mine = [(channel, (ts + timedelta(hours=zones[key % 2])).hour) for who, ts, channel in rows if who == key]
        for place, value in ((0, channels[key]), (1, hours[key])):
            counts = {one: sum(row[place] == one for row in mine) for one in {row[place] for row in mine}}
            assert value == min(one for one in counts if counts[one] == max(counts.values()))


def test_scores_are_traits_of_rules(market: Market) -> None:
    values = market.values("p_phones")
    rule = {"trait": "p_phones", "gte": 0.2}
    operations.save(market.workspace, {"kind": "audience", "id": "likely", "rule": rule})
    (size,) = operations.size(market.workspace, ["likely"])
    assert size.size == sum(value >= 0.2 for value in values.values())


def test_entering_an_audience_and_who_is_eligible(market: Market) -> None:
    often = {"did": "view", "within": "60d", "times": {"gte": 4}}
    operations.save(market.workspace, {"kind": "audience", "id": "often", "rule": often})
    adults = {"trait": "age", "gte": 30}
    operations.save(market.workspace, {"kind": "audience", "id": "adults", "rule": adults})
    market.write("q", kind="propensity", target={"audience": "often"}, horizon="30d", eligible={"audience": "adults"})
    operations.propensity_train(market.workspace, ["q"], as_of=TODAY)  # one clock: the day may end meanwhile
    operations.propensity_apply(market.workspace, ["q"], as_of=TODAY)
    members = {int(key) for key in operations.members(market.workspace, ["often"], as_of=TODAY)[0].keys}
    ages = dict(market.workspace.warehouse.rows("SELECT id, age FROM people"))
    wanted = {key for key in range(4_000) if market.agreed[key] and (ages[key] or 0) >= 30} - members
    assert set(market.values("q")) == wanted


def test_uplift(market: Market) -> None:
    rng = np.random.default_rng(1)
    treated = rng.random(4_000) < 0.5
    market.upload("treated", np.flatnonzero(treated))
    market.upload("control", np.flatnonzero(~treated))
    since = (TODAY - timedelta(days=60)).date().isoformat()
    arms = {"treated": {"list": "treated"}, "control": {"list": "control"}, "since": since}
    market.write("u", kind="propensity", target={"did": "buy"}, horizon="30d", uplift=arms)
    operations.propensity_train(market.workspace, ["u"])
    told = operations.propensity_show(market.workspace, "u")["card"]["services"]["uplift"]
    assert told["low"] < 0 < told["high"]  # nobody was treated in truth
    operations.propensity_apply(market.workspace, ["u"])
    assert abs(np.mean(list(market.values("u_uplift").values()))) < 0.05
    rule = {"trait": "age", "gte": 0}
    held = {"kind": "audience", "id": "promo", "rule": rule, "holdout": {"percent": 40, "seed": "x"}}
    operations.save(market.workspace, held)
    market.write(
        "u", kind="propensity", target={"did": "buy"}, horizon="30d", uplift={"holdout": "promo", "since": since}
    )
    operations.propensity_train(market.workspace, ["u"])
    told = operations.propensity_show(market.workspace, "u")["card"]["services"]["uplift"]
    assert told["low"] < 0 < told["high"]
    (promo,) = operations.members(market.workspace, ["promo"])
    agreed = [str(key) for key in promo.array.tolist() if market.agreed[key]]
    kept = sum(Holdout(Decimal(40), "x").holds(key) for key in agreed)
    assert (told["control"], told["treated"]) == (kept, len(agreed) - kept)
    operations.save(market.workspace, {key: value for key, value in held.items() if key != "holdout"})
    with pytest.raises(EngineError, match='the audience "promo" holds nobody out'):
        operations.propensity_train(market.workspace, ["u"])
    late = arms | {"since": TODAY.date().isoformat()}
    market.write("u", kind="propensity", target={"did": "buy"}, horizon="30d", uplift=late)
    with pytest.raises(EngineError, match="has not passed yet"):
        operations.propensity_train(market.workspace, ["u"])
    (market.workspace.folder / "scores" / "u.yaml").unlink()


def test_too_few_did_it(market: Market) -> None:
    rare = {"did": "buy", "where": [{"property": "category", "eq": "nothing"}]}
    market.write("r", kind="propensity", target=rare, horizon="30d")
    with pytest.raises(EngineError, match=r"0 of .* people did it in the period learnt from"):
        operations.propensity_train(market.workspace, ["r"])
    (market.workspace.folder / "scores" / "r.yaml").unlink()


def test_next_best_of_nobody_eligible() -> None:
    services = {"a": {"target": {"did": "x"}, "value": 2}, "b": {"target": {"did": "y"}, "value": 1, "cost": 5}}
    document = read_score({"kind": "propensity", "id": "p", "horizon": "30d", "services": services})
    names, worth = next_best(document, {"a": np.array([0.5, np.nan]), "b": np.array([0.5, 0.9])})  # type: ignore[arg-type]
    assert names.tolist() == ["a", None]
    assert worth.tolist()[0] == 1.0
    assert np.isnan(worth[1])
