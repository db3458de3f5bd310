"""The ingest document to and from plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.domain import reading
from engine.domain.audience_codec import read_id
from engine.domain.ingest import Dialect, IngestDocument, LoadedColumn, Origin
from engine.domain.values import ValueType
from engine.errors import nearest

KEYS = ("kind", "id", "into", "path", "mode", "key", "partition", "columns", "file", "evolve", "reject", "from")
_ORIGIN_KEYS = ("type", "settings", "table", "query", "watermark", "every")
_COLUMN_KEYS = ("from", "type", "format", "decimal")
_FILE_KEYS = (
    "format",
    "delimiter",
    "quote",
    "encoding",
    "header",
    "decimal",
    "nulls",
    "skip",
    "footer",
    "sheet",
    "comment",
)
_MOST_LINES = 1_000_000
_SIGN = re.compile(r"[^\d\s,()+-]{1,4}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "mode": ("insert", "upsert", "replace"),
    "evolve": ("refuse", "add"),
    "format": ("csv", "jsonl", "parquet"),
    "decimal": (".", ","),
}


def read_ingest(value: Any) -> IngestDocument:
    """The document in a plain value; raises EngineError with the path of what is wrong."""
    found = reading.mapping(value, "", "the document")
    if found.get("kind") != "ingest":
        raise reading.fail("kind", f"this is not an ingest document: kind is {reading.shown(found.get('kind'))}")
    reading.known_keys(found, KEYS, "", "an ingest document")
    mode = _choice(found.get("mode", "insert"), "mode", "mode")
    key = _texts(found.get("key"), "key")
    if mode == "upsert" and not key:
        raise reading.fail("key", "rows take the place of others by their key, and there is none", "Write key: [id].")
    document = IngestDocument(
        read_id(found.get("id"), "Use lower-case letters, digits, - and _, at most 63, such as crm-daily."),
        table_name(found.get("into"), "into"),
        reading.optional_text(found.get("path"), "path", "path"),
        mode,  # type: ignore[arg-type]
        key,
        reading.optional_text(found.get("partition"), "partition", "partition"),
        {
            name: _column(name, one)
            for name, one in reading.mapping(found.get("columns") or {}, "columns", "columns").items()
        },
        _dialect(found.get("file")),
        _choice(found.get("evolve", "refuse"), "evolve", "evolve"),  # type: ignore[arg-type]
        share(found.get("reject", IngestDocument.reject), "reject"),
        None if found.get("from") is None else _origin(found["from"]),
    )
    if document.origin is not None and document.path is not None:
        raise reading.fail("path", "rows come from files or from a database, not from both", "Leave one out.")
    return checked(document)


def checked(document: IngestDocument) -> IngestDocument:
    """The document; raises EngineError when its parts do not fit."""
    named = document.columns
    for path, columns in (("key", document.key), ("partition", (document.partition,) if document.partition else ())):
        for one in columns:
            if named and one not in named:
                raise reading.fail(path, f'"{one}" is not among the columns', nearest(one, named, "column"))
    if document.partition is not None and document.mode != "replace":
        raise reading.fail("partition", "only rows that are replaced have a partition", "Write mode: replace.")
    return document


def table_name(value: Any, path: str) -> str:
    """A table's name; anything else raises EngineError."""
    text = reading.text(value, path, "a table")
    if not _NAME.fullmatch(text):
        raise reading.fail(path, f"{reading.shown(text)} cannot be a table", "Use lower-case letters, digits and _.")
    return text


def share(value: Any, path: str) -> Decimal:
    """A share of one, 0 and 1 included."""
    number = reading.scalar(value, path, "a share")
    if not isinstance(number, int | Decimal) or isinstance(number, bool) or not 0 <= number <= 1:
        raise reading.fail(path, f"{reading.shown(value)} is no share of one", "Write a number such as 0.01.")
    return Decimal(number)


def column_type(value: Any, path: str) -> ValueType:
    """A column's type."""
    kinds = [str(one) for one in ValueType]
    if value not in kinds:
        raise reading.fail(path, f"there is no type {reading.shown(value)}", nearest(str(value), kinds, "type"))
    return ValueType(value)


def _column(name: str, value: Any) -> LoadedColumn:
    path = f"columns.{name}"
    if not _NAME.fullmatch(name):
        raise reading.fail(
            "columns", f"{reading.shown(name)} cannot be a column", "Use lower-case letters, digits and _."
        )
    if isinstance(value, str):
        return LoadedColumn(value)
    found = reading.mapping(value or {}, path, "a column")
    reading.known_keys(found, _COLUMN_KEYS, path, "a column")
    kind = None if found.get("type") is None else column_type(found["type"], f"{path}.type")
    pattern = reading.optional_text(found.get("format"), f"{path}.format", "format")
    if pattern is not None:
        _check_format(pattern, kind, f"{path}.format")
    source = reading.optional_text(found.get("from"), f"{path}.from", "from") or name
    decimal = found.get("decimal")
    if decimal is not None:
        decimal = _choice(decimal, f"{path}.decimal", "decimal")
    return LoadedColumn(source, kind, pattern, decimal)


def _check_format(pattern: str, kind: ValueType | None, path: str) -> None:
    """Raise EngineError for a format that a column of this type cannot have."""
    if kind in (ValueType.DATE, ValueType.TIMESTAMP):
        return
    if kind not in (ValueType.INTEGER, ValueType.DECIMAL, ValueType.FLOAT):
        raise reading.fail(path, "only dates, timestamps and numbers have a format", "Write type: date.")
    if not _SIGN.fullmatch(pattern):
        message = f"{reading.shown(pattern)} is no sign that stands beside numbers"
        raise reading.fail(path, message, "Write % or a currency such as R$ or BRL.")


def _dialect(value: Any) -> Dialect:
    found = reading.mapping(value or {}, "file", "how the file is written")
    reading.known_keys(found, _FILE_KEYS, "file", "how the file is written")
    texts = {key: reading.optional_text(found.get(key), f"file.{key}", key) for key in _FILE_KEYS[:4]}
    decimal = found.get("decimal")
    for key in ("delimiter", "comment"):
        if found.get(key) is not None and len(str(found[key])) != 1:
            raise reading.fail(
                f"file.{key}", f"{reading.shown(found[key])} is no single character", "Write one, quoted."
            )
    if texts["quote"] is not None and len(texts["quote"]) > 1:
        raise reading.fail("file.quote", f"{reading.shown(found['quote'])} is no single character", 'Write "\'" or "".')
    return Dialect(
        None if texts["format"] is None else _choice(texts["format"], "file.format", "format"),  # type: ignore[arg-type]
        texts["delimiter"],
        texts["quote"],
        texts["encoding"],
        _header(found.get("header")),
        None if decimal is None else _choice(decimal, "file.decimal", "decimal"),
        _texts(found.get("nulls"), "file.nulls"),
        _lines(found.get("skip"), "skip"),
        _lines(found.get("footer"), "footer"),
        _sheet(found.get("sheet")),
        reading.optional_text(found.get("comment"), "file.comment", "comment"),
    )


def _header(value: Any) -> bool | int | None:
    """Whether a row names the columns, or how many do."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and 0 <= value <= 10:
        return value
    hint = "Write true, false, or the number of rows that name the columns."
    raise reading.fail("file.header", f"{reading.shown(value)} is no header", hint)


def _lines(value: Any, key: str) -> int | None:
    """How many lines to leave out."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_LINES:
        raise reading.fail(f"file.{key}", f"{reading.shown(value)} is no number of lines", "Write a number such as 3.")
    return value


def _sheet(value: Any) -> str | int | None:
    """A sheet by name, or by number from 1."""
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise reading.fail("file.sheet", f"{reading.shown(value)} is no sheet", "Write its name, or its number from 1.")
    return value


def _origin(value: Any) -> Origin:
    found = reading.mapping(value, "from", "where rows come from")
    reading.known_keys(found, _ORIGIN_KEYS, "from", "where rows come from")
    kinds = ("duckdb", "postgresql", "mysql")
    if found.get("type") not in kinds:
        hint = f"Write one of {', '.join(kinds)}."
        raise reading.fail("from.type", f"{reading.shown(found.get('type'))} is no database that is read", hint)
    texts = {key: reading.optional_text(found.get(key), f"from.{key}", key) for key in ("table", "query", "watermark")}
    if (texts["table"] is None) == (texts["query"] is None):
        raise reading.fail("from", "rows come from a table or from a query", "Write one of them.")
    settings = reading.mapping(found.get("settings") or {}, "from.settings", "settings")
    every = None if found.get("every") is None else reading.duration(found["every"], "from.every", "every")
    if every is not None and (every.exact is None or not every.count):
        raise reading.fail("from.every", f"{reading.shown(found['every'])} is no such time", "Write 15min, 1h or 1d.")
    return Origin(found["type"], dict(settings), texts["table"], texts["query"], texts["watermark"], every)


def _choice(value: Any, path: str, name: str) -> str:
    if value not in _CHOICES[name]:
        hint = f"Write one of {', '.join(_CHOICES[name])}."
        raise reading.fail(path, f"{reading.shown(value)} is no {name}", hint)
    return str(value)


def _texts(value: Any, path: str) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value or []
    return tuple(
        reading.text(one, f"{path}[{i}]", "a text") for i, one in enumerate(reading.sequence(given, path, path))
    )


def write_ingest(document: IngestDocument) -> dict[str, Any]:
    """The document as plain values, defaults left out."""
    result: dict[str, Any] = {"kind": "ingest", "id": document.id, "into": document.into}
    if document.path is not None:
        result["path"] = document.path
    if document.origin is not None:
        told = {key: getattr(document.origin, key) for key in _ORIGIN_KEYS}
        told["every"] = None if document.origin.every is None else str(document.origin.every)
        result["from"] = {key: value for key, value in told.items() if value not in (None, {})}
    for key in ("mode", "evolve", "reject"):
        if getattr(document, key) != getattr(IngestDocument, key):
            result[key] = getattr(document, key)
    if document.key:
        result["key"] = list(document.key)
    if document.partition is not None:
        result["partition"] = document.partition
    if document.columns:
        result["columns"] = {name: _write_column(one) for name, one in document.columns.items()}
    written = {key: getattr(document.dialect, key) for key in _FILE_KEYS}
    written = {key: value for key, value in written.items() if value != getattr(Dialect, key)}
    if written:
        result["file"] = {key: list(value) if isinstance(value, tuple) else value for key, value in written.items()}
    return result


def _write_column(column: LoadedColumn) -> dict[str, Any]:
    result: dict[str, Any] = {"from": column.source}
    if column.type is not None:
        result["type"] = str(column.type)
    for key in ("format", "decimal"):
        if getattr(column, key) is not None:
            result[key] = getattr(column, key)
    return result
