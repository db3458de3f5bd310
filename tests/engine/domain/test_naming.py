"""Amounts are said in the currency of the sites an audience covers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.domain.audience_codec import read_audience
from engine.domain.describe import describe
from engine.domain.model_codec import read_model, write_model
from engine.errors import EngineError

MODEL: dict[str, Any] = {
    "kind": "model",
    "sites": {
        "column": "site",
        "list": {"MLB": {"name": "Brasil", "currency": "BRL"}, "MLA": {"name": "Argentina", "currency": "ARS"}},
    },
    "profile": {
        "table": "users",
        "key": "id",
        "traits": {"ltv": {"type": "decimal", "money": True}, "card": {"type": "integer", "money": "USD"}},
    },
    "events": {
        "buy": {
            "table": "e", "profile": "id", "time": "t", "properties": {"amount": {"type": "decimal", "money": True}}
        }
    },
}  # fmt: skip


CURRENCY = re.compile(r"\b[A-Z]{3}\b")


def said(rule: dict[str, Any], sites: list[str] | None, language: str = "en") -> str:
    document: dict[str, Any] = {"kind": "audience", "id": "a", "name": "a", "rule": rule}
    audience = read_audience(document | ({} if sites is None else {"sites": sites}))
    return describe(audience, language, read_model(MODEL))


@pytest.mark.parametrize(
    ("rule", "sites", "wanted"),
    [
        ({"trait": "ltv", "gte": 1500}, ["MLB"], "BRL 1,500"),
        ({"trait": "ltv", "gte": 1500}, ["MLA"], "ARS 1,500"),
        ({"trait": "ltv", "between": [1, 2]}, ["MLB"], "BRL 1 and BRL 2"),
        ({"trait": "card", "in": [5, 6]}, None, "USD 5, USD 6"),
        ({"did": "buy", "measure": {"sum": "amount"}, "gte": 20}, ["MLB"], "BRL 20"),
        ({"did": "buy", "where": [{"property": "amount", "lt": 3}]}, ["MLB"], "BRL 3"),
    ],
)
def test_an_amount_has_its_currency(rule: dict[str, Any], sites: list[str] | None, wanted: str) -> None:
    assert wanted in said(rule, sites)


def test_sites_that_differ_and_counts_have_none() -> None:
    for mixed in (None, ["MLA", "MLB"], ["MLB", "MLA"]):
        sentence = said({"trait": "ltv", "gte": 1500}, mixed)
        assert " 1,500" in sentence
        assert not CURRENCY.search(sentence)
    assert not CURRENCY.search(said({"did": "buy", "measure": {"distinct": "amount"}, "gte": 20}, ["MLB"]))
    assert "BRL 1.500" in said({"trait": "ltv", "gte": 1500}, ["MLB"], "pt_BR")


def test_money_is_kept_and_what_cannot_be_money_is_refused() -> None:
    assert write_model(read_model(MODEL))["profile"]["traits"]["ltv"] == {"type": "decimal", "money": True}
    assert write_model(read_model(MODEL))["profile"]["traits"]["card"] == {"type": "integer", "money": "USD"}
    for kind, money, path in (("string", True, "money"), ("decimal", "reais", "money"), ("decimal", 3, "money")):
        bad = {**MODEL, "profile": {"table": "u", "key": "id", "traits": {"x": {"type": kind, "money": money}}}}
        with pytest.raises(EngineError) as caught:
            read_model(bad)
        assert caught.value.path == f"profile.traits.x.{path}"


@pytest.mark.parametrize(
    ("count", "wanted"), [(1, "in the last 1 complete month"), (2, "in the last 2 complete months")]
)
def test_one_period_is_said_in_the_singular(count: int, wanted: str) -> None:
    rule = {"did": "buy", "within": {"calendar": "month", "last": count}}
    assert wanted in said(rule, ["MLB"])
    assert ("months" in said(rule, ["MLB"])) is (count > 1)
