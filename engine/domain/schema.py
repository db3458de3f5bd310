"""JSON Schemas of the documents, made from the same tables the codecs read by.

Editors use them to complete and check; the codecs stay the judge (they know names and types, a schema does not).
"""

from __future__ import annotations

from typing import Any

from engine.domain.audience_codec import ID_PATTERN, KEYS
from engine.domain.durations import CALENDAR_UNITS, UNITS
from engine.domain.identity_codec import COMPARISONS, NORMALISERS
from engine.domain.operator_codec import AMONGS, COMPARES, NUMBER_OPERATORS, RELATIVES, TEXTS
from engine.domain.rule_codec import PROPERTY_MEASURES
from engine.domain.schema_parts import DRAFT, Schema
from engine.domain.schema_parts import FLAG as _FLAG
from engine.domain.schema_parts import NUMBER as _NUMBER
from engine.domain.schema_parts import TEXT as _TEXT
from engine.domain.schema_parts import made as _object
from engine.domain.score_schema import lookalike_schema, propensity_schema, trait_schema
from engine.domain.values import ValueType

_SCALAR: Schema = {"type": ["string", "number", "boolean"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _operand(name: str, scalar: Schema) -> Schema:
    if name in COMPARES:
        return scalar
    if name in AMONGS:
        return _list(scalar)
    if name == "between":
        return _list(scalar, minItems=2, maxItems=2)
    if name in TEXTS:
        return {"type": "string"}
    if name == "is_set":
        return _FLAG
    return _ref("duration")


def _named(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _one_operator(subject: Schema, names: tuple[str, ...], required: list[str], scalar: Schema = _SCALAR) -> Schema:
    """An object with ``subject`` keys and exactly one operator."""
    operators = {name: _operand(name, scalar) for name in names}
    return _object(
        {**subject, **operators, "ignore_case": _FLAG},
        required,
        oneOf=[{"required": [name]} for name in names],
    )


_ALL_OPERATORS = (*COMPARES, *AMONGS, "between", *TEXTS, "is_set", *RELATIVES, "anniversary_within_next")
_MARKS: Schema = {"note": {"type": "string"}, "muted": _FLAG}


def _definitions() -> Schema:
    measure = {
        "oneOf": [
            *(_object({kind: _TEXT}, [kind]) for kind in PROPERTY_MEASURES),
            _object({"days": {"const": True}}, ["days"]),
        ]
    }
    comparison = {name: _operand(name, _SCALAR) for name in _ALL_OPERATORS}
    counted: Schema = {
        "where": {"oneOf": [_list(_ref("where")), _ref("where")]},
        "times": {"oneOf": [{"type": "integer"}, _ref("count")]},
        "measure": measure,
        "ignore_case": _FLAG,
        **comparison,
        **_MARKS,
    }
    leaves = {
        "trait": _one_operator({"trait": _TEXT, **_MARKS}, _ALL_OPERATORS, ["trait"]),
        "did": _object({"did": _TEXT, "within": _ref("window"), **counted}, ["did"]),
        "has": _object({"has": _TEXT, **counted}, ["has"]),
        "sequence": _object(
            {"sequence": _list(_ref("step"), minItems=1), "within": _ref("window"), **_MARKS}, ["sequence"]
        ),
        "audience": _object({"audience": _TEXT, "version": {"type": "integer", "minimum": 1}, **_MARKS}, ["audience"]),
        "list": _object({"list": _TEXT, **_MARKS}, ["list"]),
        "sample": _object(
            {
                "sample": _object(
                    {
                        "percent": {"type": "number", "minimum": 0, "maximum": 100},
                        "seed": {"type": ["string", "integer"]},
                    },
                    ["percent"],
                ),
                **_MARKS,
            },
            ["sample"],
        ),
        "sql": _object({"sql": _TEXT, **_MARKS}, ["sql"]),
        "all": _object({"all": _list(_ref("node")), **_MARKS}, ["all"]),
        "any": _object({"any": _list(_ref("node")), **_MARKS}, ["any"]),
        "not": _object({"not": _ref("node"), **_MARKS}, ["not"]),
    }
    return {
        "duration": {"type": "string", "pattern": rf"^\d+({'|'.join(UNITS)})$"},
        "node": {"oneOf": list(leaves.values())},
        "where": {
            "oneOf": [
                _one_operator({"property": _TEXT, **_MARKS}, _ALL_OPERATORS, ["property"]),
                _object({"all": _list(_ref("where")), **_MARKS}, ["all"]),
                _object({"any": _list(_ref("where")), **_MARKS}, ["any"]),
                _object({"not": _ref("where"), **_MARKS}, ["not"]),
            ]
        },
        "count": _one_operator({}, NUMBER_OPERATORS, [], _NUMBER),
        "window": _window(),
        "step": _step(),
    }


def _window() -> Schema:
    return {
        "oneOf": [
            _ref("duration"),
            _object({"from": _TEXT, "to": _TEXT}, minProperties=1),
            _object({"ago": _list(_ref("duration"), minItems=2, maxItems=2)}, ["ago"]),
            _object(
                {"calendar": {"enum": list(CALENDAR_UNITS)}, "last": {"type": "integer", "minimum": 1}},
                ["calendar", "last"],
            ),
            _object(
                {"calendar": {"enum": list(CALENDAR_UNITS)}, "current": {"const": True}},
                ["calendar", "current"],
            ),
        ]
    }


def _step() -> Schema:
    where = {"oneOf": [_list(_ref("where")), _ref("where")]}
    return _object(
        {
            "did": _TEXT,
            "where": where,
            "as": _TEXT,
            "gap": _object({"lte": _ref("duration"), "gte": _ref("duration")}, minProperties=1),
            "same": {"type": "object", "additionalProperties": {"type": "string", "pattern": r"^.+\..+$"}},
            "without": _object({"did": _TEXT, "where": where}, ["did"]),
        },
        ["did"],
    )


def audience_schema() -> Schema:
    """The schema of an audience document."""
    properties: Schema = {key: {} for key in KEYS}
    properties |= {
        "kind": {"const": "audience"},
        "id": {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "owner": {"type": "string"},
        "folder": {"type": "string"},
        "tags": _list(_TEXT),
        "sites": {"oneOf": [{"type": "string"}, _list({"type": ["string", "integer"]}, minItems=1)]},
        "rule": _ref("node"),
        "top": _object(
            {
                "n": {"type": "integer", "minimum": 0},
                "by": _object({"trait": _TEXT}, ["trait"]),
                "order": {"enum": ["asc", "desc"]},
            },
            ["n", "by"],
        ),
    }
    return {
        "$schema": DRAFT,
        "title": "Convoke audience",
        **_object(properties, ["kind", "id", "rule"]),
        "$defs": _definitions(),
    }


def model_schema() -> Schema:
    """The schema of a data model document."""
    persons: Schema = {"anyOf": [_FLAG, _object({"latest": _TEXT}, ["latest"])]}
    labels = {"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": _TEXT}]}
    source: Schema = {"table": _TEXT, "sql": _TEXT, "where": _TEXT}
    field = _object(
        {
            "type": {"enum": [str(kind) for kind in ValueType]},
            "column": _TEXT,
            "timezone": _TEXT,
            "label": labels,
            "personal": _FLAG,
            "money": {"oneOf": [_FLAG, {"type": "string", "pattern": "^[A-Z]{3}$"}]},
        },
        ["type"],
    )
    fields: Schema = {"type": "object", "additionalProperties": field}
    rows: Schema = {**source, "profile": _TEXT}
    properties = {
        "kind": {"const": "model"},
        "sites": _object(
            {
                "column": _TEXT,
                "list": _named(
                    {
                        "oneOf": [
                            {"type": "null"},
                            _object({"name": _TEXT, "timezone": _TEXT, "currency": _TEXT}),
                        ]
                    }
                ),
            },
            ["list"],
        ),
        "profile": _object(
            {
                **source,
                "key": _TEXT,
                "traits": fields,
                "identity": persons,
            },
            ["key"],
        ),
        "events": _named(
            _object(
                {**rows, "time": _TEXT, "timezone": _TEXT, "properties": fields, "label": labels},
                ["profile", "time"],
            )
        ),
        "objects": _named(_object({**rows, "properties": fields, "label": labels}, ["profile"])),
        "identifiers": _named(_object({**rows, "column": _TEXT, "kind": _TEXT}, ["profile", "column"])),
        "consents": _named(_object({**rows, "column": _TEXT}, ["profile", "column"])),
    }
    return {
        "$schema": DRAFT,
        "title": "Convoke data model",
        **_object(properties, ["kind", "profile"]),
    }


def destination_schema() -> Schema:
    """The schema of a destination document."""
    share: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
    properties: Schema = {
        "kind": {"const": "destination"},
        "id": {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
        "name": _TEXT,
        "type": _TEXT,
        "settings": {"type": "object"},
        "identifiers": {"type": "array", "items": _TEXT},
        "profile": _TEXT,
        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "min_size": {"type": "integer", "minimum": 0},
        "max_removal": share,
        "rate": {"type": "integer", "minimum": 1},
        "priority": {"type": "array", "items": _TEXT, "uniqueItems": True},
    }
    return {"$schema": DRAFT, "title": "Convoke destination", **_object(properties, ["kind", "id", "type"])}


def identity_schema() -> Schema:
    """The schema of an identity document."""
    number: Schema = {"type": "integer", "minimum": 1}
    kind = _object(
        {
            "normaliser": {"enum": list(NORMALISERS)},
            "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "blocked": _list(_TEXT),
            "within": _TEXT,
            **{name: {"anyOf": [number, {"type": "null"}]} for name in ("most", "shared", "links")},
        }
    )
    source = _object(
        {
            **dict.fromkeys(("table", "sql", "where", "time", "watermark"), _TEXT),
            "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "identifiers": _named({"anyOf": [_TEXT, _list(_TEXT, minItems=1)]}),
        },
        ["identifiers"],
    )
    pair = _list(_TEXT, minItems=2, maxItems=2)
    whole: Schema = {"type": "integer", "minimum": 0}
    properties: Schema = {
        "kind": {"const": "identity"},
        "id": {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
        "name": _TEXT,
        "tenant": _TEXT,
        "kinds": _named({"anyOf": [kind, {"type": "null"}]}),
        "sources": _named(source),
        "rules": _list(_object({"name": _TEXT, "kinds": _list(_TEXT)}, ["kinds"])),
        "manual": _list(_object({"together": pair, "apart": pair, "reason": _TEXT}, ["reason"])),
        "households": _list(_TEXT),
        "quality": _object(dict.fromkeys(("largest", "churn", "quarantine", "precision"), whole)),
        "refresh": {"type": ["string", "object"]},
        "probable": _object(
            {
                **dict.fromkeys(("table", "sql", "where", "profile"), _TEXT),
                "compare": _named({"enum": list(COMPARISONS)}),
                "block": _list({"anyOf": [_TEXT, _list(_TEXT, minItems=1)]}, minItems=1),
                **{name: {"type": "number", "exclusiveMinimum": 0, "maximum": 1} for name in ("recall", "threshold")},
            },
            ["profile", "compare", "block"],
        ),
    }
    return {"$schema": DRAFT, "title": "Convoke identity", **_object(properties, ["kind", "id", "kinds"])}


def ingest_schema() -> Schema:
    """The schema of an ingest document."""
    name: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"}
    kinds = [str(one) for one in ValueType]
    column = _object({"from": _TEXT, "type": {"enum": kinds}, "format": _TEXT, "decimal": {"enum": [".", ","]}})
    file = {
        "format": {"enum": ["csv", "jsonl", "parquet"]},
        **dict.fromkeys(("delimiter", "quote", "encoding", "comment"), _TEXT),
        **{key: {"type": "integer", "minimum": 0} for key in ("skip", "footer")},
        "sheet": {"type": ["string", "integer"]},
        "header": {"type": ["boolean", "integer"]},
        "decimal": {"enum": [".", ","]},
        "nulls": {"anyOf": [_TEXT, _list(_TEXT)]},
    }
    properties: Schema = {
        "kind": {"const": "ingest"},
        "id": {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
        "into": name,
        "path": _TEXT,
        "mode": {"enum": ["insert", "upsert", "replace"]},
        "key": {"anyOf": [_TEXT, _list(_TEXT)]},
        "partition": _TEXT,
        "columns": _named({"anyOf": [_TEXT, column, {"type": "null"}]}),
        "file": _object(file),
        "evolve": {"enum": ["refuse", "add"]},
        "reject": {"type": "number", "minimum": 0, "maximum": 1},
        "from": _object(
            {
                "type": {"enum": ["duckdb", "postgresql", "mysql"]},
                "settings": {"type": "object"},
                **dict.fromkeys(("table", "query", "watermark"), _TEXT),
            },
            ["type"],
        ),
    }
    return {"$schema": DRAFT, "title": "Convoke ingest", **_object(properties, ["kind", "id", "into"])}


SCHEMAS = {
    "audience": audience_schema,
    "model": model_schema,
    "destination": destination_schema,
    "identity": identity_schema,
    "ingest": ingest_schema,
    "trait": trait_schema,
    "lookalike": lookalike_schema,
    "propensity": propensity_schema,
}
