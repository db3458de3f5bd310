"""How one column is read: the SQL that makes its texts values, and tells the texts of which nothing can be made."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.values import ValueType
from engine.tabular.naming import is_one
from engine.tabular.values import moments, numbers, truths

TEXT, WHOLE, DECIMAL, FLOAT, TRUTH = "VARCHAR", "BIGINT", "DECIMAL(18,4)", "DOUBLE", "BOOLEAN"
DATE, MOMENT, INSTANT = "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"
_SQL_TYPES = {
    ValueType.STRING: TEXT,
    ValueType.INTEGER: WHOLE,
    ValueType.DECIMAL: DECIMAL,
    ValueType.FLOAT: FLOAT,
    ValueType.BOOLEAN: TRUTH,
    ValueType.DATE: DATE,
    ValueType.TIMESTAMP: MOMENT,
}
_OTHERS = ("TIME", "BLOB", "UUID", "BIT", "INTERVAL", "JSON")


@dataclass(frozen=True)
class Way:
    """One way to read a column. ``format``: the pattern of dates (strftime's, or one of :data:`moments.FORMATS`), or
    the sign that stands beside numbers (``%``, a currency). ``decimal``: the decimal separator. ``dressed``: numbers
    with groups of thousands, signs or brackets. ``nothing``: words that stand where there is no value. ``strict``:
    digits with leading zeros, or too many of them, are codes and do not fit, since nobody said that these are numbers.
    """

    type: str
    format: str | None = None
    decimal: str | None = None
    dressed: bool = False
    nothing: tuple[str, ...] = ()
    strict: bool = False


@dataclass(frozen=True)
class Coercion:
    """How one column of a table is made: from which expression (text), into which SQL type; ``text`` is the value as it
    is written, None where it means nothing, and ``value`` what it becomes, None where it cannot. ``format`` and
    ``decimal`` are how dates and numbers were read. ``others``: how all of them could be read besides, with other
    values. ``notes``: what a person should know about the reading (see :mod:`engine.tabular.values.notes`)."""

    target: str
    type: str
    text: str
    value: str
    format: str | None = None
    decimal: str | None = None
    others: tuple[Coercion, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> bool:
        """Whether the values could be meant in another way."""
        return bool(self.others)

    @property
    def way(self) -> str:
        """The way in which dates and numbers were read, in short: the pattern, or 1.5 or 1,5."""
        return self.format or f"1{self.decimal or '.'}5"

    def misfit(self, value: str | None = None) -> str:
        """Whether there is a value that cannot be made into the type; ``value``: what holds what it became. The text is
        only looked at where nothing came of it."""
        return f"(CASE WHEN {value or self.value} IS NULL THEN {self.text} IS NOT NULL ELSE false END)"


def sql_type(kind: ValueType) -> str:
    """The type of a table's column."""
    return _SQL_TYPES[kind]


def type_of(sql: str) -> ValueType | None:
    """The type that a document gives such a column; None for one that only the table can say."""
    return (
        ValueType.TIMESTAMP if sql == INSTANT else next((kind for kind, one in _SQL_TYPES.items() if one == sql), None)
    )


def is_number(sql: str) -> bool:
    """Whether a type is one of numbers."""
    return sql not in (TEXT, TRUTH, DATE, MOMENT, INSTANT) and not sql.startswith(_OTHERS) and not sql.endswith("]")


def is_date(sql: str) -> bool:
    """Whether a type is one of dates or moments."""
    return sql in (DATE, MOMENT, INSTANT)


def coerced(target: str, text: str, way: Way) -> Coercion:
    """A text read in that way, as strictly as one reads: 12.5 is no whole number, 31/02 no date."""
    if way.type == TEXT:
        return Coercion(target, way.type, text, text)
    trimmed = f"nullif(trim({text}), '')"
    if way.nothing:
        text = f"CASE WHEN {is_one(f'lower(trim({text}))', way.nothing)} THEN NULL ELSE {text} END"
        trimmed = f"nullif(trim({text}), '')"
    if way.type == TRUTH:
        value = truths.value(text, trimmed)
    elif is_date(way.type):
        value = moments.value(text, trimmed, way.type, way.format)
    elif is_number(way.type):
        value = numbers.value(text, trimmed, way.type, way.decimal, way.format, dressed=way.dressed, strict=way.strict)
    else:
        value = f"coalesce(TRY_CAST({text} AS {way.type}), TRY_CAST({trimmed} AS {way.type}))"
    return Coercion(target, way.type, trimmed, value, way.format, way.decimal if is_number(way.type) else None)
