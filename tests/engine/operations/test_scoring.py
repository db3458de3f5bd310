"""Features are what a plain loop finds, as of their moment, and are built once for the same data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.domain.feature import Feature, sensitive
from engine.domain.scoring import read_score
from engine.errors import EngineError
from engine.lookalike.table import FeatureTable
from engine.operations.scoring import Scoring, day
from tests.support.likely import MODEL, TODAY, Market


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    made = Market(tmp_path_factory.mktemp("market"), people=400)
    yield made
    made.workspace.close()


def table(market: Market, **more: Any) -> FeatureTable:
    """The features of a document, as of noon three days ago: inside a day, and before the last events."""
    learning = read_score({"kind": "lookalike", "id": "x", "seed": {"list": "y"}, **more}).learning
    return Scoring(market.workspace, None).table(learning, TODAY - timedelta(days=3, hours=12))


def values(found: FeatureTable) -> dict[str, dict[int, float]]:
    """Every feature of everybody."""
    (block,) = list(found.blocks())
    keys = [int(key) for key in block.keys.to_pylist()]
    return {
        one.name: dict(zip(keys, block.values[:, place].tolist(), strict=True))
        for place, one in enumerate(found.features)
    }


def rows(market: Market, kind: str, days: int) -> list[tuple[int, int, str, float]]:
    """(who, whole days before the moment, category, amount) of the events in the days before it."""
    at = (TODAY - timedelta(days=3, hours=12)).replace(tzinfo=None)
    told = market.workspace.warehouse.rows("SELECT who, ts, category, amount FROM events WHERE kind = $1", [kind])
    near = [(who, at - ts, category, float(amount)) for who, ts, category, amount in told]
    inside = [one for one in near if timedelta(0) < one[1] <= timedelta(days=days)]
    least = timedelta(microseconds=1)
    return [(who, (ago - least).days, category, amount) for who, ago, category, amount in inside]


def test_features_are_what_a_loop_finds(market: Market) -> None:
    found = values(table(market))
    people = list(found["age"])
    assert people == sorted(people)
    assert set(people) == {key for key in range(400) if market.agreed[key]}
    for kind in ("view", "buy"):
        year, month, quarter = rows(market, kind, 365), rows(market, kind, 30), rows(market, kind, 90)
        for who in people:
            mine = [one for one in year if one[0] == who]
            assert found[f"{kind}.times.365d"][who] == len(mine)
            assert found[f"{kind}.times.30d"][who] == sum(one[0] == who for one in month)
            assert found[f"{kind}.active_days.90d"][who] == len({one[1] for one in quarter if one[0] == who})
            recency = found[f"{kind}.recency"][who]
            assert np.isnan(recency) if not mine else recency == min(one[1] for one in mine)
            phones = found[f"{kind}[category=phones].times.365d"][who]
            assert phones == sum(one[2] == "phones" for one in mine)


def test_amounts_are_by_the_mean_of_their_site(market: Market) -> None:
    found = values(table(market))["buy.sum(amount).365d"]
    year = [one for one in rows(market, "buy", 365) if market.agreed[one[0]]]
    assert {who % 2 for who in found} == {0, 1}
    for rest in (0, 1):
        mean = np.mean([one[3] for one in year if one[0] % 2 == rest])
        for who in (one for one in found if one % 2 == rest):
            assert found[who] == pytest.approx(sum(one[3] for one in year if one[0] == who) / mean, rel=1e-4)


def test_traits_as_numbers(market: Market) -> None:
    found = values(table(market))
    told = market.workspace.warehouse.rows("SELECT id, age, city, member, since FROM people")
    assert sum(bool(market.agreed[who]) for who, *_ in told) > 20
    for who, age, city, member, since in told:
        if not market.agreed[who]:
            continue
        assert np.isnan(found["age"][who]) if age is None else found["age"][who] == age
        assert found["city=north"][who] == (city == "north")
        assert found["member"][who] == member
        days = (TODAY - timedelta(days=3, hours=12)).date() - since
        assert np.isnan(found["since.days"][who]) if days.days < 0 else abs(found["since.days"][who] - days.days) <= 1


def test_policies(market: Market) -> None:
    plain = {one.name for one in table(market).features}
    assert not {name for name in plain if name.startswith(("gender", "email", "code"))}
    allowed = table(market, features={"allow": ["gender"], "exclude": ["buy", "view.category", "age"]})
    names = {one.name for one in allowed.features}
    assert "gender=f" in names
    assert not {name for name in names if name.startswith(("buy", "age")) or "category" in name}
    assert {"buy", "age", "view.category"} <= {one.name for one in allowed.excluded if one.why == "document"}
    settings = market.workspace.settings
    vars(market.workspace)["settings"] = replace(settings, sensitive="city, channel")
    assert not {one.name for one in table(market).features if one.source == "city"}
    vars(market.workspace)["settings"] = settings


def test_sites_and_blocks(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, only = values(table(market)), values(table(market, sites=["BR"]))
    assert set(only["age"]) == {who for who in whole["age"] if who % 2}
    for name in ("view.times.365d", "buy.recency", "city=north"):
        assert all(np.array_equal(only[name][who], whole[name][who], equal_nan=True) for who in only[name])
    (block,) = list(table(market).blocks())
    monkeypatch.setattr("engine.lookalike.building.LEAST_BLOCK", 50)
    monkeypatch.setattr("engine.lookalike.building._COPIES", 1 << 40)
    parts = Scoring(market.workspace, None)
    learning = read_score(
        {"kind": "lookalike", "id": "x", "seed": {"list": "y"}, "features": {"exclude": ["nothing"]}}
    ).learning
    blocks = list(parts.table(learning, TODAY - timedelta(days=3, hours=12)).blocks())
    assert [len(one.values) for one in blocks[:-1]] == [50] * (len(blocks) - 1)
    again = np.concatenate([one.values for one in blocks])
    assert np.array_equal(again, block.values, equal_nan=True)


def test_built_once(market: Market) -> None:
    first = table(market).path
    stamp = first.stat().st_mtime_ns
    assert table(market).path.stat().st_mtime_ns == stamp
    first.with_suffix(".json").unlink()  # what was begun and not finished counts for nothing
    assert table(market).path.stat().st_mtime_ns > stamp


def test_features_say_themselves() -> None:
    cases: list[tuple[Feature, Any]] = [
        (Feature("number", "age"), {"trait": "age", "gte": 30}),
        (Feature("flag", "member"), {"trait": "member", "eq": True}),
        (Feature("value", "city", value="north"), {"trait": "city", "eq": "north"}),
        (Feature("age", "since"), {"trait": "since", "more_than_ago": "30d"}),
        (Feature("times", "view", days=30), {"did": "view", "within": "30d", "times": {"gte": 30}}),
        (Feature("recency", "view"), {"not": {"did": "view", "within": "30d"}}),
        (Feature("active", "view", days=90), None),
        (Feature("sum", "buy", "amount", days=365, money=True), None),
        (
            Feature("times", "view", "category", "phones", 365),
            {
                "did": "view",
                "where": [{"property": "category", "eq": "phones"}],
                "within": "365d",
                "times": {"gte": 30},
            },
        ),
        (
            Feature("sum", "view", "n", days=365),
            {"did": "view", "within": "365d", "measure": {"sum": "n"}, "gte": 30},
        ),
    ]
    for one, wanted in cases:
        assert one.condition("gte", 29.6 if one.kind in ("times", "age", "recency") else 30) == wanted
        assert Feature.from_json(one.as_json()) == one
    assert Feature("value", "city", value="north").condition("lt", 0.5) == {"not": {"trait": "city", "eq": "north"}}


def test_sensitive_names() -> None:
    assert sensitive("ethnic_origin") == "sensitive"
    assert sensitive("codigo_postal_cep") == "proxy"
    assert sensitive("zip_code") == "proxy"
    assert sensitive("first_name") == "proxy"
    assert sensitive("loyalty_level") is None
    assert sensitive("club", ("club",)) == "sensitive"


def test_folder(market: Market, tmp_path: Path) -> None:
    """Nothing of people is in what is kept of a table but the table itself."""
    found = table(market)
    told = found.path.with_suffix(".json").read_text()
    assert '"people": ' in told
    assert "x.com" not in told


def test_dates_are_local(tmp_path: Path) -> None:
    """A day counts from its midnight in the site of the profile."""
    market = Market(tmp_path, people=400)
    market.change("CREATE TABLE days AS SELECT id AS who, DATE '2026-06-10' AS day FROM people")
    visit = {"table": "days", "profile": "who", "time": "day", "properties": {}}
    model = MODEL | {"events": MODEL["events"] | {"visit": visit}}
    operations.apply_model_text(market.workspace, dump_yaml(model))
    learning = read_score({"kind": "lookalike", "id": "x", "seed": {"list": "y"}}).learning
    at = datetime(2026, 6, 10, 4, 30, tzinfo=UTC)  # after midnight in São Paulo, before it in México
    found = values(Scoring(market.workspace, None).table(learning, at))["visit.times.30d"]
    assert all(count == who % 2 for who, count in found.items())
    market.workspace.close()


def test_not_over_a_served_warehouse(tmp_path: Path) -> None:
    with operations.init(tmp_path) as workspace:
        vars(workspace)["settings"] = replace(workspace.settings, warehouse="flight+tls://there:1")
        with pytest.raises(EngineError, match="this warehouse is served by another machine"):
            Scoring(workspace, None)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "soon"])
def test_a_day_beyond_the_years_of_the_calendar_is_no_moment(text: str) -> None:
    with pytest.raises(EngineError, match="is no moment"):
        day(text)
