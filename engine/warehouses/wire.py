"""What goes over the line between a served warehouse and who reads it: values, errors, types."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import EngineError

TYPES_KEY = b"convoke.types"
"""In an Arrow schema's metadata: the columns' DuckDB types as a JSON list."""


def pack(value: Any) -> Any:
    """A parameter as JSON holds it; what JSON has no word for is a pair of its kind and a text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return {"decimal": str(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case timedelta():
            return {"seconds": value.total_seconds()}
        case bytes():
            return {"bytes": value.hex()}
        case list() | tuple():
            return [pack(one) for one in value]
        case _:
            return pack(value.item())  # a number of numpy


_READERS = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "seconds": lambda text: timedelta(seconds=text),
    "bytes": bytes.fromhex,
}


def unpack(value: Any) -> Any:
    """The parameter that :func:`pack` wrote."""
    if isinstance(value, list):
        return [unpack(one) for one in value]
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _READERS[kind](text)  # type: ignore[operator]
    return value


def encode(body: Any) -> bytes:
    """A message as bytes."""
    return json.dumps(body, ensure_ascii=False).encode()


def decode(line: bytes) -> Any:
    """The message of :func:`encode`."""
    return json.loads(line)


def error_bytes(error: EngineError) -> bytes:
    """An error as it travels beside Flight's own."""
    return encode(error.as_json())


def error_from(line: bytes) -> EngineError | None:
    """The error of :func:`error_bytes`; None when these are other bytes."""
    try:
        found = decode(line)["error"]
        return EngineError(found["code"], found["message"], found["path"], found["hint"])
    except (ValueError, KeyError, TypeError):
        return None
