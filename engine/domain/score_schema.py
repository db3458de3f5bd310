"""JSON Schemas of the documents of models of people, and of computed traits."""

from __future__ import annotations

from engine.domain.schema_parts import DRAFT, Schema
from engine.domain.schema_parts import FLAG as _FLAG
from engine.domain.schema_parts import NUMBER as _NUMBER
from engine.domain.schema_parts import TEXT as _TEXT
from engine.domain.schema_parts import made as _object
from engine.domain.trait import OF_PROPERTY
from engine.domain.values import ValueType

_TEXTS: Schema = {"type": "array", "items": _TEXT}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_LABELS: Schema = {"oneOf": [_TEXT, {"type": "object", "additionalProperties": _TEXT}]}
_REFRESH: Schema = {"type": ["string", "object"]}
_ID: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"}


def _group() -> Schema:
    return _object({"audience": _TEXT, "list": _TEXT}, oneOf=[{"required": ["audience"]}, {"required": ["list"]}])


def _common() -> Schema:
    guard = _object({"reach": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}, "recall": _SHARE})
    features = _object({"exclude": _TEXTS, "allow": _TEXTS, "traits": _FLAG, "seed_rule": _FLAG})
    return {
        "id": _ID,
        "label": _LABELS,
        "sites": _TEXTS,
        "consent": {"oneOf": [_FLAG, _TEXT]},
        "features": features,
        "retrain": _REFRESH,
        "refresh": _REFRESH,
        "guard": guard,
        "number": {"type": "integer", "minimum": 0},
    }


def lookalike_schema() -> Schema:
    """The schema of a lookalike document."""
    reach = _object({"share": _SHARE, "count": {"type": "integer", "minimum": 1}}, minProperties=1, maxProperties=1)
    own = {"kind": {"const": "lookalike"}, "seed": _group(), "reach": reach, "keep_seed": _FLAG}
    return {"$schema": DRAFT, "title": "Convoke lookalike", **_object(_common() | own, ["kind", "id", "seed"])}


def propensity_schema() -> Schema:
    """The schema of a propensity document."""
    did = _object({"did": _TEXT, "where": {"type": ["array", "object"]}}, ["did"])
    target = {"oneOf": [did, _object({"audience": _TEXT}, ["audience"])]}
    service = _object({"target": target, "label": _LABELS, "value": _NUMBER, "cost": _NUMBER}, ["target"])
    day: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
    own = {
        "kind": {"const": "propensity"},
        "target": target,
        "value": _NUMBER,
        "cost": _NUMBER,
        "services": {"type": "object", "additionalProperties": service, "minProperties": 2},
        "horizon": {"type": "string", "pattern": r"^\d{1,3}d$"},
        "eligible": _group(),
        "uplift": {
            "anyOf": [
                _object({"treated": _group(), "control": _group(), "since": day}, ["treated", "control", "since"]),
                _object({"holdout": {"type": "string"}, "since": day}, ["holdout", "since"]),
            ]
        },
        "best": _object({"did": _TEXT, "channel": _TEXT}, ["did", "channel"]),
    }
    one = [{"required": ["target"]}, {"required": ["services"]}]
    whole = _object(_common() | own, ["kind", "id", "horizon"], oneOf=one)
    return {"$schema": DRAFT, "title": "Convoke propensity", **whole}


def trait_schema() -> Schema:
    """The schema of a computed trait's document."""
    plain = {name: {"const": True} for name in ("times", "days", "recency")}
    named = {name: _TEXT for name in OF_PROPERTY if name != "percentile"}
    percentile = {"percentile": _object({"of": _TEXT, "p": _SHARE}, ["of", "p"])}
    two: Schema = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}
    properties: Schema = {
        "kind": {"const": "trait"},
        "id": _ID,
        "label": _LABELS,
        "type": {"enum": [str(kind) for kind in ValueType]},
        "event": _TEXT,
        "object": _TEXT,
        "where": {"type": ["array", "object"]},
        "within": {"type": ["string", "object"]},
        "measure": _object(plain | named | percentile, minProperties=1, maxProperties=1),
        "sql": _TEXT,
        "list": _TEXT,
        "money": {"oneOf": [_FLAG, {"type": "string", "pattern": "^[A-Z]{3}$"}]},
        "personal": _FLAG,
        "refresh": _REFRESH,
        "expect": _object({"share": two, "between": two}),
    }
    one = [{"required": [name]} for name in ("measure", "sql", "list")]
    return {"$schema": DRAFT, "title": "Convoke computed trait", **_object(properties, ["kind", "id"], oneOf=one)}
