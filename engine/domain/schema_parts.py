"""What all JSON Schemas are put together of."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}


def made(properties: Schema, required: list[str] | None = None, **more: Any) -> Schema:
    """An object with these properties and no others."""
    result: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return result | ({"required": required} if required else {})
