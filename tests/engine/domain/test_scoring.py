"""Documents of models: what they mean, and one sentence for each thing that is wrong."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from engine.domain.schema import SCHEMAS
from engine.domain.scoring import Group, LookalikeDocument, PropensityDocument, names, read_score
from engine.errors import EngineError

LIKE: dict[str, Any] = {"kind": "lookalike", "id": "like", "seed": {"audience": "vip"}}
LIKELY: dict[str, Any] = {"kind": "propensity", "id": "p", "target": {"did": "buy"}, "horizon": "30d"}


def test_defaults() -> None:
    like, likely = read_score(LIKE), read_score(LIKELY)
    assert isinstance(like, LookalikeDocument)
    assert isinstance(likely, PropensityDocument)
    assert like.seed == Group(audience="vip")
    assert like.learning.consent == "profiling"
    assert like.learning.guard.reach == (0.9, 1.1)
    assert likely.learning.guard.reach == (0.5, 2.0)
    assert names([like, likely]) == ["like", "p"]
    assert read_score(LIKE | {"consent": False}).learning.consent is None


def test_traits_of_services() -> None:
    services = {"a": {"target": {"did": "x"}}, "b": {"target": {"audience": "y"}, "value": 9, "cost": 1}}
    found = read_score(
        {
            "kind": "propensity",
            "id": "p",
            "horizon": "14d",
            "services": services,
            "best": {"did": "open", "channel": "by"},
        }
    )
    assert isinstance(found, PropensityDocument)
    assert found.best == ("open", "by")
    assert names([found]) == ["p_a", "p_b", "p_next", "p_next_value", "p_channel", "p_hour"]


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        ({"kind": "audience"}, "kind", "this is not a model of people"),
        (LIKE | {"id": "Like Me"}, "id", "cannot be a model's id"),
        (LIKE | {"seed": {}}, "seed", "seed is an audience or a list"),
        (LIKE | {"seed": {"audience": "a", "list": "b"}}, "seed", "seed is an audience or a list"),
        (LIKE | {"reach": {"share": 2}}, "reach.share", "is not from 0.0001 to 1"),
        (LIKE | {"reach": {"count": 0}}, "reach.count", "is no number of people"),
        (LIKE | {"reach": {"share": 0.1, "count": 5}}, "reach", "a share or a count"),
        (LIKE | {"features": {"only": []}}, "features", 'features has no "only"'),
        (LIKE | {"guard": {"reach": [2, 3]}}, "guard.reach", "reach is a range around 1"),
        (LIKE | {"retrain": {"every": "soon"}}, None, "soon"),
        (LIKE | {"number": -1}, "number", "no whole number"),
        (LIKELY | {"horizon": "2h"}, "horizon", "is no horizon"),
        (LIKELY | {"horizon": "900d"}, "horizon", "is no horizon"),
        (LIKELY | {"target": {"did": "a", "audience": "b"}}, "target", "an event that people do or an audience"),
        (LIKELY | {"services": {}}, "target", "one target, or several services"),
        (LIKELY | {"uplift": {"treated": {"list": "a"}, "control": {"list": "b"}}}, "uplift.since", "is no day"),
        (
            LIKELY | {"uplift": {"holdout": "a", "treated": {"list": "a"}, "since": "2026-01-01"}},
            "uplift.holdout",
            "both arms",
        ),
        (LIKELY | {"value": "much"}, "value", "is no number"),
        (LIKELY | {"best": {"did": "open"}}, "best.channel", "channel must be text"),
    ],
)
def test_what_is_wrong(document: dict[str, Any], path: str | None, message: str) -> None:
    with pytest.raises(EngineError, match=message) as raised:
        read_score(document)
    if path is not None:
        assert raised.value.path == path


@pytest.mark.parametrize("document", [LIKE, LIKELY, LIKE | {"reach": {"share": 0.1}, "consent": False}])
def test_schemas_take_what_the_codec_takes(document: dict[str, Any]) -> None:
    kind = document["kind"]
    jsonschema.validate(document, SCHEMAS[kind]())
    for bad in ({"horizon": "soon"}, {"reach": {"share": 2}}, {"colour": "red"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document | bad, SCHEMAS[kind]())


def test_the_schema_of_computed_traits() -> None:
    trait = {"kind": "trait", "id": "spend", "event": "buy", "measure": {"sum": "amount"}, "within": "90d"}
    jsonschema.validate(trait, SCHEMAS["trait"]())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(trait | {"sql": "SELECT 1"}, SCHEMAS["trait"]())
