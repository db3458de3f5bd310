"""Avro files as Parquet, with the types that they say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.tabular.repair import private

_AT_ONCE = 20_000
_DAMAGED = (ValueError, EOFError, LookupError, TypeError, OSError)
"""What fastavro raises for bytes that are no Avro."""


def as_parquet(path: Path, into: Path, name: str) -> None:
    """Write an Avro file's records as Parquet; nested values become JSON texts. A damaged file raises
    EngineError("file")."""
    import fastavro
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with path.open("rb") as source:
            reader = fastavro.reader(source)
            written: Any = reader.writer_schema
            fields = written.get("fields") if isinstance(written, dict) else None
            if not fields:
                raise EngineError("file", f"{name} holds no records", hint="Write records, not single values.")
            schema = pa.schema([(str(one["name"]), _type(one["type"])) for one in fields])
            with private(into) as target, parquet.ParquetWriter(target, schema) as writer:
                batch: list[Mapping[str, Any]] = []
                for record in reader:
                    batch.append(record)  # type: ignore[arg-type]
                    if len(batch) >= _AT_ONCE:
                        writer.write_table(_table(batch, schema))
                        batch = []
                writer.write_table(_table(batch, schema))
    except EngineError:
        raise
    except (*_DAMAGED, pa.ArrowException, fastavro.schema.SchemaParseException):
        hint = "Get it again from where it was made."
        raise EngineError("file", f"{name} is a damaged Avro file", hint=hint) from None


def _table(batch: Sequence[Mapping[str, Any]], schema: Any) -> Any:
    import pyarrow as pa

    columns = [[_value(row.get(one.name), one.type) for row in batch] for one in schema]
    return pa.table([pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema=schema)


def _value(value: Any, kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_string(kind) and value is not None and not isinstance(value, str):
        if isinstance(value, bytes):
            return value.hex()
        return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    return value


def _type(said: Any) -> Any:
    """The Arrow type of an Avro one."""
    import pyarrow as pa

    if isinstance(said, list):
        some = [one for one in said if one != "null"]
        return _type(some[0]) if len(some) == 1 else pa.string()
    logical = said.get("logicalType") if isinstance(said, dict) else None
    plain = said.get("type") if isinstance(said, dict) else said
    if isinstance(plain, dict | list):
        return _type(plain)
    match logical:
        case "decimal":
            return (
                pa.decimal128(int(said["precision"]), int(said.get("scale", 0)))
                if said["precision"] <= 38
                else pa.string()
            )
        case "date":
            return pa.date32()
        case "timestamp-millis" | "timestamp-micros":
            return pa.timestamp("us", "UTC")
        case "local-timestamp-millis" | "local-timestamp-micros":
            return pa.timestamp("us")
        case "time-millis" | "time-micros":
            return pa.time64("us")
    kinds = {
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
    }
    return kinds.get(str(plain), pa.string())
