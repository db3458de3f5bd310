"""The schemas for editors refuse what the codecs refuse."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import jsonschema
import pytest

from engine.domain.schema import identity_schema, model_schema
from engine.domain.score_schema import lookalike_schema
from tests.support.small import MODEL

PERSONS: dict[str, Any] = {
    "kind": "identity",
    "id": "persons",
    "kinds": {"email": {"most": 5}},
    "probable": {"table": "t", "profile": "id", "compare": {"a": "name", "b": "name"}, "block": [["a"]]},
}
FANS: dict[str, Any] = {"kind": "lookalike", "id": "like_fans", "seed": {"audience": "fans"}}


def admits(schema: dict[str, Any], document: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(document))


def test_a_model() -> None:
    assert admits(model_schema(), MODEL)
    for wrong in (5, {"type": "integral"}, {"column": "age"}, {"type": "integer", "colunm": "x"}):
        changed = deepcopy(MODEL)
        changed["profile"]["traits"]["age"] = wrong
        assert not admits(model_schema(), changed), wrong
        changed = deepcopy(MODEL)
        changed["events"]["view"]["properties"]["category"] = wrong
        assert not admits(model_schema(), changed), wrong


@pytest.mark.parametrize("name", ["recall", "threshold"])
def test_a_share_of_one_in_an_identity_document(name: str) -> None:
    for share, right in ((0, False), (0.001, True), (1, True), (1.001, False)):
        assert admits(identity_schema(), PERSONS | {"probable": PERSONS["probable"] | {name: share}}) is right
    assert not admits(identity_schema(), PERSONS | {"probable": PERSONS["probable"] | {"block": []}})


@pytest.mark.parametrize("identifier", ["Fans", "1st", "a b", "", "x" * 64])
def test_a_score_has_an_id_that_can_be_a_trait(identifier: str) -> None:
    assert admits(lookalike_schema(), FANS)
    assert not admits(lookalike_schema(), FANS | {"id": identifier})
