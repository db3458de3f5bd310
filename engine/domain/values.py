"""The types of traits and properties, and the scalars a rule may name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | bool | Decimal | date | datetime
"""An operand as written: numbers are int or Decimal (never float, so 19.90 stays 19.90)."""


class ValueType(StrEnum):
    """The type the data model gives a trait or a property."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"

    @property
    def is_number(self) -> bool:
        """Whether values of this type can be summed."""
        return self in (ValueType.INTEGER, ValueType.DECIMAL, ValueType.FLOAT)

    @property
    def is_temporal(self) -> bool:
        """Whether values of this type lie in time."""
        return self in (ValueType.DATE, ValueType.TIMESTAMP)

    @property
    def is_ordered(self) -> bool:
        """Whether `lt`, `between`, `min` … make sense; booleans have no order."""
        return self is not ValueType.BOOLEAN


_WORDS = {
    ValueType.STRING: "text",
    ValueType.INTEGER: "a number",
    ValueType.DECIMAL: "a number",
    ValueType.FLOAT: "a number",
    ValueType.BOOLEAN: "true or false",
    ValueType.DATE: "a date such as 2026-01-31",
    ValueType.TIMESTAMP: "a date or time such as 2026-01-31T09:00:00",
}


def expected(kind: ValueType) -> str:
    """What an operand for this type must be, in words."""
    return _WORDS[kind]


def fits(value: Scalar, kind: ValueType) -> bool:
    """Whether an operand as written can be compared with values of this type."""
    if kind is ValueType.STRING:
        return isinstance(value, str)
    if kind is ValueType.BOOLEAN:
        return isinstance(value, bool)
    if kind.is_number:
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    return parse_moment(value) is not None


def parse_moment(value: Scalar) -> date | datetime | None:
    """A date or a date-time (with or without offset) from an operand; None when it is neither.

    Text is read as ISO 8601. A date stays a date: it compares by local day.
    """
    if isinstance(value, datetime):
        return _in_years(value)
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        if len(text) >= 16 and text[4] == "-" and text[7] == "-":
            return _in_years(datetime.fromisoformat(text))
    except ValueError:
        return None
    return None


def _in_years(moment: datetime) -> datetime | None:
    """A moment; None for one that is outside the years 1 to 9999 in UTC, as a few hours beside their ends are."""
    try:
        if moment.tzinfo is not None:
            moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment
