"""The OpenAPI description: documents by the schemas of `convoke schema`, problems on every route, bearer tokens."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from engine import operations

_MARK = "x-convoke-document"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "error"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "path": {"type": ["string", "null"]},
                "hint": {"type": ["string", "null"]},
            },
        },
    },
}
_STATUSES = ("400", "401", "403", "404", "409", "413", "422", "429", "503", "504")


def describe(api: FastAPI) -> None:
    """Make the application describe itself so; the description is made once, when it is first asked for."""

    def description() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _described(api)
        return api.openapi_schema

    api.openapi = description  # type: ignore[method-assign]


def _described(api: FastAPI) -> dict[str, Any]:
    made = get_openapi(title=api.title, version=api.version, routes=api.routes, description=_text())
    parts = made.setdefault("components", {})
    parts.setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for kind in ("audience", "model", "destination"):
        schemas |= _document(kind)
    for path, methods in made["paths"].items():
        for operation in methods.values():
            _finish(operation, open_to_all=path == "/health")
    return made


def _finish(operation: dict[str, Any], *, open_to_all: bool) -> None:
    kind = operation.pop(_MARK, None)
    if kind is not None:
        content = operation["requestBody"]["content"]["application/json"]
        content["schema"] = {"$ref": f"#/components/schemas/{kind.title()}"}
    if not open_to_all:
        operation["security"] = [{"token": []}]
    refused = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in _STATUSES:
        operation["responses"][status] = {"description": "A problem", "content": refused}


def _document(kind: str) -> dict[str, Any]:
    """A document's schema and its parts, under names of their own."""
    text = json.dumps(operations.schema(kind)).replace("#/$defs/", f"#/components/schemas/{kind.title()}-")
    whole = json.loads(text)
    parts = whole.pop("$defs", {})
    whole.pop("$schema", None)
    return {kind.title(): whole, **{f"{kind.title()}-{name}": part for name, part in parts.items()}}


def _text() -> str:
    return (
        "Every operation of Convoke. Send Authorization: Bearer TOKEN (convoke token add). Errors are problem details "
        "(RFC 9457). A write that carries Idempotency-Key is done once; a day long its answer is given again."
    )
