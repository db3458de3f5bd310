"""What a column physically is, and how it becomes a typed value that is NULL exactly when missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlglot import exp

from engine.domain.durations import zone
from engine.domain.model import Field, Source
from engine.domain.values import ValueType
from engine.errors import EngineError, nearest
from engine.sql.build import Expr, call, cast
from engine.sql.moments import local_to_instant
from engine.sql.numbers import Digits, digits_of


class Physical(Enum):
    """The storage types that matter for meaning."""

    INTEGER = auto()
    DECIMAL = auto()
    FLOAT = auto()
    TEXT = auto()
    BOOLEAN = auto()
    DATE = auto()
    NAIVE = auto()  # a timestamp without zone
    INSTANT = auto()  # a timestamp with zone
    OTHER = auto()


_INTEGERS = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
}  # fmt: skip
_BY_NAME = {
    "FLOAT": Physical.FLOAT,
    "DOUBLE": Physical.FLOAT,
    "VARCHAR": Physical.TEXT,
    "UUID": Physical.TEXT,
    "ENUM": Physical.TEXT,
    "BOOLEAN": Physical.BOOLEAN,
    "DATE": Physical.DATE,
    "TIMESTAMP": Physical.NAIVE,
    "TIMESTAMP_S": Physical.NAIVE,
    "TIMESTAMP_MS": Physical.NAIVE,
    "TIMESTAMP_NS": Physical.NAIVE,
    "TIMESTAMP WITH TIME ZONE": Physical.INSTANT,
}


@lru_cache(maxsize=1024)
def physical(type_name: str) -> Physical:
    """The physical class of a DuckDB type name such as DECIMAL(18,2)."""
    if type_name.endswith("]"):
        return Physical.OTHER
    head = re.split(r"\(", type_name, maxsplit=1)[0].strip().upper()
    if head in _INTEGERS:
        return Physical.INTEGER
    if head == "DECIMAL":
        return Physical.DECIMAL
    return _BY_NAME.get(head, Physical.OTHER)


class Catalog(Protocol):
    """What the compiler asks the warehouse: where a table is and which columns a source has."""

    def locate(self, table: str) -> tuple[str, ...]:
        """The parts of the table's full name; raises EngineError("model_mismatch") when there is none."""

    def columns(self, source: Source, path: str) -> Mapping[str, str]:
        """Column names and DuckDB types of a source; ``path`` is where the model names it."""


def column_type(columns: Mapping[str, str], wanted: str, path: str) -> str:
    """The type of a column that must be there."""
    if wanted in columns:
        return columns[wanted]
    folded = {known.lower(): kind for known, kind in columns.items()}
    if wanted.lower() in folded:
        return folded[wanted.lower()]
    raise EngineError(
        "model_mismatch",
        f'the warehouse has no column "{wanted}" there',
        path,
        nearest(wanted, columns, "column"),
    )


@dataclass(frozen=True)
class Value:
    """A typed value: ``expr`` is NULL when missing; ``naive`` marks a UTC timestamp without zone; ``digits`` are those
    of a whole number or a decimal."""

    type: ValueType
    expr: Expr
    naive: bool = False
    digits: Digits | None = None

    def over(self, expr: Expr) -> Value:
        """The same kind of value from another expression, such as its maximum."""
        return Value(self.type, expr, self.naive, self.digits)

    def sum(self) -> Value:
        """The sum of such values; NULL when there are none."""
        if self.digits is None:
            return self.over(call("sum", self.expr))
        # The sum of UHUGEINT would be a DOUBLE.
        each = cast(self.expr.copy(), "HUGEINT") if self.digits.unsigned_huge else self.expr
        return Value(self.type, call("sum", each), digits=self.digits.summed)


def typed(field: Field, raw: Expr, type_name: str, tz: ZoneInfo, path: str) -> Value:
    """A column as a value of the type the model declares, in a site whose zone is ``tz``."""
    kind = physical(type_name)
    declared = field.type
    if declared is ValueType.STRING:
        text = raw if type_name.upper() == "VARCHAR" else cast(raw, "VARCHAR")
        return Value(declared, text)
    if declared.is_number and kind in (Physical.INTEGER, Physical.DECIMAL, Physical.FLOAT):
        return _number(declared, raw, type_name)
    if declared is ValueType.BOOLEAN and kind in (Physical.BOOLEAN, Physical.INTEGER):
        return Value(declared, raw if kind is Physical.BOOLEAN else cast(raw, "BOOLEAN"))
    if declared.is_temporal and kind in (Physical.DATE, Physical.NAIVE, Physical.INSTANT):
        own = None if field.timezone is None else zone(field.timezone)
        return _date(raw, kind, own, tz) if declared is ValueType.DATE else moment(raw, kind, own, tz)
    raise EngineError(
        "model_mismatch",
        f'the model says "{field.name}" is {declared}, but its column "{field.column}" holds {type_name}',
        path,
        "Correct the type in the model, or cast the column in a sql: source.",
    )


_NESTED = re.compile(r"\]$|^(STRUCT|MAP|UNION|LIST|ARRAY|JSON|VARIANT)\b", re.IGNORECASE)


def is_nested(type_name: str) -> bool:
    """Whether a column holds several values in one cell, or a document: its printed text means nothing to a rule.

    >>> [is_nested(one) for one in ("VARCHAR[]", "JSON", "STRUCT(a INTEGER)", "DECIMAL(9,2)", "VARCHAR")]
    [True, True, True, False, False]
    """
    return _NESTED.search(type_name.strip()) is not None


def refuse_nested(field: Field, type_name: str, path: str) -> None:
    """Raise EngineError("model_mismatch") for a field over a column of lists or documents."""
    if is_nested(type_name):
        raise EngineError(
            "model_mismatch",
            f'the model says "{field.name}" is {field.type}, but its column "{field.column}" holds {type_name}',
            path,
            "Rules cannot read lists, JSON, STRUCT and MAP yet: take one value out of it in a sql: source.",
        )


def _number(declared: ValueType, raw: Expr, type_name: str) -> Value:
    kind = physical(type_name)
    if kind is Physical.FLOAT:
        if declared is ValueType.DECIMAL:
            # NaN and infinities do not cast, so they come out missing.
            return Value(declared, cast(raw, "DECIMAL(38, 8)", safe=True), digits=digits_of("DECIMAL(38,8)"))
        double = cast(raw, "DOUBLE")
        known = exp.Case(ifs=[exp.If(this=call("isnan", double), true=exp.null())], default=double.copy())
        return Value(ValueType.FLOAT, known)
    if declared is ValueType.FLOAT:
        return Value(declared, cast(raw, "DOUBLE"))
    own = ValueType.INTEGER if kind is Physical.INTEGER else ValueType.DECIMAL
    return Value(own, raw, digits=digits_of(type_name))


def _date(raw: Expr, kind: Physical, own: ZoneInfo | None, tz: ZoneInfo) -> Value:
    if kind is Physical.DATE:
        return Value(ValueType.DATE, raw)
    if kind is Physical.NAIVE and own is None:
        return Value(ValueType.DATE, cast(raw, "DATE"))
    instant = raw if kind is Physical.INSTANT else local_to_instant(raw, own or tz)
    return Value(ValueType.DATE, cast(call("timezone", exp.Literal.string(tz.key), instant), "DATE"))


def moment(raw: Expr, kind: Physical, own: ZoneInfo | None, tz: ZoneInfo) -> Value:
    """A time column as instants: with zone as it is; without, read as UTC or in its own zone; a date as the
    midnight of its own zone or the site's."""
    if kind is Physical.INSTANT:
        return Value(ValueType.TIMESTAMP, raw)
    if kind is Physical.DATE:
        return _local(cast(raw, "TIMESTAMP"), own or tz)
    return _local(cast(raw, "TIMESTAMP"), own) if own is not None else Value(ValueType.TIMESTAMP, raw, naive=True)


def _local(local: Expr, tz: ZoneInfo) -> Value:
    if tz.key == "UTC":
        return Value(ValueType.TIMESTAMP, local, naive=True)
    return Value(ValueType.TIMESTAMP, local_to_instant(local, tz))


def aware(value: Value) -> Expr:
    """A timestamp value as TIMESTAMP WITH TIME ZONE."""
    return call("timezone", exp.Literal.string("UTC"), value.expr) if value.naive else value.expr
