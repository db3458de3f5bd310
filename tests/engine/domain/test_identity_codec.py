"""The identity document: read, written, and refused with the place of what is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.domain.documents import dump_yaml, load_one
from engine.domain.identity_codec import read_identity, write_identity
from engine.errors import EngineError

HASH = "email:" + "0123456789abcdef" * 2
LIKELY: dict[str, Any] = {"table": "t", "profile": "id", "compare": {"a": "name", "b": "name"}, "block": [["a"]]}
WHOLE: dict[str, Any] = {
    "kind": "identity",
    "id": "persons",
    "name": "Persons",
    "tenant": "shop",
    "kinds": {
        "profile": {"most": 5},
        "cpf": {"most": 1},
        "email": {"most": 5, "within": "1y", "blocked": ["^shop@"], "links": 10},
        "mobile": {"normaliser": "phone", "country": "BR", "shared": None},
    },
    "sources": {
        "crm": {
            "table": "crm",
            "where": "x > 1",
            "time": "at",
            "identifiers": {"email": "mail", "mobile": ["ddd", "number"]},
        }
    },
    "rules": [{"name": "strong", "kinds": ["profile", "cpf"]}, {"name": "rest", "kinds": ["email"]}],
    "manual": [{"apart": [HASH, HASH[:-1] + "0"], "reason": "twins"}],
    "households": ["mobile"],
    "quality": {"largest": 50, "churn": 5, "quarantine": 10, "precision": 95},
    "refresh": {"every": "1d"},
    "probable": {
        "table": "crm",
        "profile": "id",
        "compare": {"first": "name", "born": "date"},
        "block": [["first"], ["born"]],
        "threshold": Decimal("0.9"),
    },
}


def test_what_is_written_is_what_was_read() -> None:
    found = read_identity(WHOLE)
    assert write_identity(found) == WHOLE
    assert read_identity(load_one(dump_yaml(write_identity(found)))) == found
    assert found.ranks() == (0, 0, 1, 2), "what no rule set names comes last"
    plain = read_identity({"kind": "identity", "id": "p", "kinds": {"email": None}})
    assert [one.name for one in plain.kinds] == ["profile", "email"]
    assert plain.ranks() == (0, 1)


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"kind": "model"}, "kind", "not an identity document"),
        ({"id": "No"}, "id", "cannot be an id"),
        ({"kinds": {}}, "kinds", "no kind of identifier"),
        ({"kinds": {"E mail": {}}}, "kinds", "cannot be a kind"),
        ({"kinds": {"email": {"normaliser": "emial"}}}, "kinds.email.normaliser", "there is no normaliser"),
        ({"kinds": {"email": {"country": "Brasil"}}}, "kinds.email.country", "is not a country"),
        ({"kinds": {"email": {"within": "1y"}}}, "kinds.email.within", "limits nothing without most"),
        ({"kinds": {"email": {"most": 0}}}, "kinds.email.most", ""),
        ({"kinds": {"email": {"blocked": ["("]}}}, "kinds.email.blocked[0]", "cannot be read"),
        ({"sources": {"a": {"identifiers": {"email": "x"}}}}, "sources.a", "either a table or a sql"),
        ({"sources": {"a": {"table": "t"}}}, "sources.a.identifiers", "names nobody"),
        ({"probable": LIKELY | {"tabel": "t"}}, "probable", "tabel"),
        ({"probable": LIKELY | {"compare": {"a": "name"}}}, "probable.compare", ""),
        ({"quality": {"churn": 101}}, "quality.churn", ""),
        ({"quality": {"precision": 101}}, "quality.precision", ""),
        ({"quality": {"largest": -1}}, "quality.largest", ""),
        ({"quality": {"larger": 1}}, "quality", "larger"),
        ({"sources": {"a": {"table": "t", "identifiers": {"phone": "x"}}}}, "sources.a.identifiers", "no kind"),
        ({"sources": {"a": {"table": "t", "identifiers": {"email": []}}}}, "sources.a.identifiers.email", "no column"),
        ({"rules": [{"kinds": ["email"]}, {"kinds": ["email"]}]}, "rules[1].kinds", "already"),
        ({"manual": [{"apart": ["ana@mail.com", HASH], "reason": "x"}]}, "manual[0].apart", "not an identifier"),
        ({"manual": [{"apart": [HASH], "reason": "x"}]}, "manual[0].apart", "it takes two"),
        ({"manual": [{"apart": [HASH, HASH]}]}, "manual[0].reason", ""),
        ({"manual": [{"reason": "x"}]}, "manual[0]", "either together or apart"),
        ({"households": ["city"]}, "households[0]", "no kind"),
        ({"probable": {"table": "t", "profile": "id", "compare": {"a": "name"}}}, "probable.compare", "fewer than two"),
        ({"probable": LIKELY | {"compare": {"a": "nam", "b": "name"}}}, "probable.compare.a", "no comparison"),
        ({"probable": LIKELY | {"block": [["c"]]}}, "probable.block[0]", "is not compared"),
        ({"probable": LIKELY | {"block": []}}, "probable.block", "what are looked at"),
        ({"probable": LIKELY | {"threshold": 2}}, "probable.threshold", "no share of one"),
        ({"refresh": {"cron": "x"}}, "refresh.cron", "is no cron time"),
        ({"quality": {"churn": 101}}, "quality.churn", "no share of a hundred"),
        ({"kinsd": {}}, "", 'has no "kinsd"'),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], path: str, said: str) -> None:
    good = {"kind": "identity", "id": "persons", "kinds": {"email": {}}}
    with pytest.raises(EngineError) as caught:
        read_identity({**good, **change})
    assert (caught.value.path or "").startswith(path)
    assert said in caught.value.message


@pytest.mark.parametrize("share", [0, 100])
def test_a_share_may_be_all_or_nothing(share: int) -> None:
    found = read_identity(WHOLE | {"quality": {"churn": share, "precision": share}})
    assert (found.quality.churn, found.quality.precision) == (share, share)
