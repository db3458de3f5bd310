"""Values of a trait as of a moment are what the same rule finds at that moment, profile by profile."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine import operations
from engine.errors import EngineError
from tests.engine.operations.test_traits import NOW, Shop
from tests.support.api import served

AT = NOW - timedelta(days=20)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.write("times_10d", event="bought", within="10d", measure={"times": True})
    made.write("spent", event="bought", measure={"sum": "amount"})
    made.write("biggest", event="bought", within="10d", measure={"max": "amount"})
    return made


def at_the_moment(shop: Shop, measure: dict[str, Any], operator: dict[str, Any], **more: Any) -> set[str]:
    rule = {"did": "bought", "measure": measure, **operator, **more}
    document = {"kind": "audience", "id": "a", "name": "a", "rule": rule}
    (found,) = operations.members(shop.workspace, [written(shop, document)], as_of=AT)
    return {str(key) for key in found.keys}


def written(shop: Shop, document: dict[str, Any]) -> str:
    from engine.domain.documents import dump_yaml

    path = shop.workspace.folder.parent / "a.yaml"
    path.write_text(dump_yaml(document), encoding="utf-8")
    return str(path)


def test_values_as_of_a_moment_are_those_of_the_rule(shop: Shop) -> None:
    told = operations.trait_run(shop.workspace, as_of=AT)
    assert {one.as_of for one in told} == {AT.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"}
    past = [row for row in shop.rows if row[1] < AT]
    window = [row for row in past if row[1] >= AT - timedelta(days=10)]
    everybody = [str(key) for key in range(40)]
    times = dict(operations.trait_values(shop.workspace, "times_10d", everybody).values)
    assert times == {key: sum(str(row[0]) == key for row in window) for key in everybody}
    spent = dict(operations.trait_values(shop.workspace, "spent").values)
    assert spent == {
        str(who): Decimal(sum(row[2] for row in past if row[0] == who)) for who in {row[0] for row in past}
    }
    biggest = dict(operations.trait_values(shop.workspace, "biggest", everybody).values)
    for value in (1, 2, 3):
        rule = {"did": "bought", "within": "10d", "times": {"eq": value}}
        path = written(shop, {"kind": "audience", "id": "a", "name": "a", "rule": rule})
        (found,) = operations.members(shop.workspace, [path], as_of=AT)
        assert {str(key) for key in found.keys} == {key for key in everybody if times[key] == value}
    low = at_the_moment(shop, {"max": "amount"}, {"lt": 50}, within="10d")
    assert low == {key for key in everybody if biggest[key] is not None and biggest[key] < 50}
    assert None in biggest.values(), "who bought nothing has no largest amount"
    operations.trait_run(shop.workspace)
    now = dict(operations.trait_values(shop.workspace, "spent").values)
    assert sum(now.values()) == sum(row[2] for row in shop.rows) > sum(spent.values())


def test_what_is_not_there_is_said(shop: Shop) -> None:
    operations.trait_run(shop.workspace)
    for name, keys, message in (("spend", (), "no trait"), ("spent", ("1", "nobody"), 'there is no profile "nobody"')):
        with pytest.raises(EngineError, match=message) as raised:
            operations.trait_values(shop.workspace, name, keys)
        assert raised.value.code == "not_found"


def test_single_values_are_for_those_who_may_see_members(shop: Shop) -> None:
    with served(shop.workspace, "read", "write") as client:
        assert client.get("/v1/traits/spent/values").status_code == 403
        told = client.post("/v1/traits/run?as_of=2026-01-01").json()
        shown = client.get("/v1/traits").json()
        assert {one["least"] for one in (*told, *shown)} == {one["greatest"] for one in (*told, *shown)} == {None}
        client.post("/v1/traits/run")
        assert all(one["values"] % 10 == 0 for one in client.get("/v1/traits").json())
    with served(shop.workspace, "read", "members") as client:
        first = client.get("/v1/traits/times_10d/values?most=3").json()["values"]
        rest = client.get("/v1/traits/times_10d/values", params={"after": first[-1]["key"]}).json()["values"]
        all_ = operations.trait_values(shop.workspace, "times_10d").values
        assert [(one["key"], one["value"]) for one in (*first, *rest)] == list(all_)
        (one,) = client.get("/v1/traits/times_10d/values?key=39").json()["values"]
        assert one == {"key": "39", "value": 0}
