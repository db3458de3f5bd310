"""The ingest document: which files become rows of which table, by which columns and types, and how bad rows are met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from engine.domain.durations import Duration
from engine.domain.values import ValueType

Format = Literal["csv", "jsonl", "parquet"]
Mode = Literal["insert", "upsert", "replace"]
"""Rows are added; or take the place of rows with the same key; or of all rows (of their partitions)."""


@dataclass(frozen=True)
class LoadedColumn:
    """A column of the table: its column in the file, its type (None: as the table has it, or as the values look), the
    pattern of dates (strftime's), such as %d/%m/%Y, and the decimal separator where the file has another one."""

    source: str
    type: ValueType | None = None
    format: str | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Dialect:
    """How files are written; None: found out. ``decimal`` is the decimal separator; ``nulls`` are texts that mean
    nothing, besides the empty one. ``skip`` lines stand above the header and ``footer`` ones below the rows; ``header``
    is how many rows name the columns (True: one, False: none); ``sheet`` is a workbook's, by name or by number from 1;
    lines that begin with ``comment`` are passed over."""

    format: Format | None = None
    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    header: bool | int | None = None
    decimal: str | None = None
    nulls: tuple[str, ...] = ()
    skip: int | None = None
    footer: int | None = None
    sheet: str | int | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Origin:
    """A table of another database, or a SELECT there: ``settings`` are its connection, secrets by reference. With a
    ``watermark`` (a column that is larger in rows that came later) only rows past the last one are read. The daemon
    reads it ``every`` so often; without that it does not."""

    type: Literal["duckdb", "postgresql", "mysql"]
    settings: Mapping[str, Any]
    table: str | None = None
    query: str | None = None
    watermark: str | None = None
    every: Duration | None = None


@dataclass(frozen=True)
class IngestDocument:
    """How files are loaded, or the rows that ``origin`` names. ``path`` is a file, a folder or a pattern (None: named
    when loading); without ``columns`` those of the file. ``evolve``: a column that the table does not have is added to
    it, or the file is refused. A file of which more than ``reject`` (a share) are bad rows is refused as a whole."""

    id: str
    into: str
    path: str | None = None
    mode: Mode = "insert"
    key: tuple[str, ...] = ()
    partition: str | None = None
    columns: Mapping[str, LoadedColumn] = field(default_factory=dict)
    dialect: Dialect = field(default_factory=Dialect)
    evolve: Literal["refuse", "add"] = "refuse"
    reject: Decimal = Decimal("0.01")
    origin: Origin | None = None
