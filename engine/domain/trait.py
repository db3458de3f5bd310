"""The trait document: a trait that is computed from what profiles did or have, or by SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, cast

from engine.domain import reading
from engine.domain.model import DataModel, EventType, Labels, ObjectType
from engine.domain.rule import Where
from engine.domain.rule_codec import PROPERTY_MEASURES, read_where
from engine.domain.schedule import read_schedule
from engine.domain.values import ValueType
from engine.domain.window_codec import read_window
from engine.domain.windows import Window
from engine.errors import nearest

MeasureOf = Literal[
    "times", "days", "recency", "sum", "avg", "min", "max", "distinct", "first", "last", "most_frequent", "percentile",
    "trend",
]  # fmt: skip
"""What is computed of the matching events (objects: those that need no time) of a profile: how many, on how many local
days, whole days since the last one; of a property the measures of rules, its most frequent value (of several the
smallest), a percentile (interpolated), and the slope of a straight line through it, a day (least squares)."""
OF_PROPERTY = (*PROPERTY_MEASURES, "most_frequent", "percentile", "trend")
OF_TIME = ("days", "recency", "first", "last", "trend")
ZERO_WITHOUT = ("times", "days", "sum", "distinct")
"""These are 0 for who has no matching event; the others are missing then."""
_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KEYS = (
    "kind", "id", "label", "type", "event", "object", "where", "within", "measure", "sql", "list", "money", "personal",
    "refresh", "expect",
)  # fmt: skip
_NUMBERS = ("times", "days", "recency", "distinct")


@dataclass(frozen=True)
class Measured:
    """A measure over an event's or object's rows. ``share`` is a percentile's, from 0 to 1."""

    kind: MeasureOf
    of: str
    is_event: bool
    property: str | None = None
    share: float | None = None
    where: Where | None = None
    window: Window | None = None


@dataclass(frozen=True)
class Expected:
    """What is to be true of the values before they are in force: the share of profiles that have one, and the least and
    the greatest."""

    share: tuple[float, float] | None = None
    between: tuple[float, float] | None = None


@dataclass(frozen=True)
class TraitDocument:
    """A computed trait, by a measure, by ``sql`` that gives the profile's key and the value, or whether one is in a
    ``list``. ``type`` is given with SQL, else it follows. ``refresh`` is written as an audience's."""

    id: str
    label: Labels
    measure: Measured | None
    sql: str | None
    list: str | None
    type: ValueType | None
    money: str | bool
    personal: bool
    refresh: Any
    expect: Expected = field(default_factory=Expected)


def read_trait(value: Any) -> TraitDocument:
    """The document in a plain value; raises EngineError with the path of what is wrong."""
    found = reading.mapping(value, "", "the document")
    if found.get("kind") != "trait":
        raise reading.fail("kind", f"this is not a trait: kind is {reading.shown(found.get('kind'))}")
    reading.known_keys(found, _KEYS, "", "a trait")
    identifier = found.get("id")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        hint = "Use lower-case letters, digits and _, at most 63, such as spend_90d."
        raise reading.fail("id", f"{reading.shown(identifier)} cannot be a trait's id", hint)
    sql = reading.optional_text(found.get("sql"), "sql", "sql")
    listed = reading.optional_text(found.get("list"), "list", "list")
    if (sql is not None) + (listed is not None) + ("measure" in found) != 1:
        message = "a trait is computed by a measure, by sql or from a list"
        raise reading.fail("measure", message, "Write measure: {sum: PROPERTY}.")
    kind = found.get("type")
    if (sql is None) != (kind is None):
        raise reading.fail("type", "the type is written with sql, and follows otherwise")
    if kind is not None and kind not in list(ValueType):
        raise reading.fail("type", f"{reading.shown(kind)} is not a type", nearest(str(kind), list(ValueType), "type"))
    read_schedule(found.get("refresh", {"every": "1d"}))
    money = found.get("money", False)
    if not (isinstance(money, bool) or (isinstance(money, str) and re.fullmatch(r"[A-Z]{3}", money))):
        raise reading.fail("money", f"{reading.shown(money)} is not a currency", "Write true or BRL.")
    return TraitDocument(
        identifier,
        _labels(found.get("label")),
        _measured(found) if "measure" in found else None,
        sql,
        listed,
        None if kind is None else ValueType(kind),
        money,
        reading.flag(found.get("personal", False), "personal", "personal"),
        found.get("refresh", {"every": "1d"}),
        _expected(found.get("expect")),
    )


def _labels(value: Any) -> Labels:
    if isinstance(value, str):
        return {"en": value}
    return {str(k): reading.text(v, f"label.{k}", "a label") for k, v in (value or {}).items()}


def _measured(found: Mapping[str, Any]) -> Measured:
    of = [key for key in ("event", "object") if key in found]
    if len(of) != 1:
        raise reading.fail("event", "a measure is over an event or an object", "Write event: NAME.")
    is_event = of[0] == "event"
    if not is_event and "within" in found:
        raise reading.fail("within", "objects have no time, so there is no within", "Use an event.")
    what = reading.mapping(found["measure"], "measure", "measure")
    names = ("times", "days", "recency", *OF_PROPERTY)
    reading.known_keys(what, names, "measure", "measure")
    if len(what) != 1:
        raise reading.fail("measure", "measure takes exactly one of " + ", ".join(names))
    ((key, subject),) = what.items()
    if not is_event and key in OF_TIME:
        raise reading.fail("measure", f"objects have no time, so there is no {key}", "Use another measure.")
    share = None
    if key == "percentile":
        told = reading.mapping(subject, "measure.percentile", "percentile")
        reading.known_keys(told, ("of", "p"), "measure.percentile", "percentile")
        subject, share = told.get("of"), _share(told.get("p"), "measure.percentile.p")
    if key in OF_PROPERTY:
        reading.text(subject, f"measure.{key}", "a property")
    elif subject is not True:
        raise reading.fail("measure", f"measure {key} must be true, not {reading.shown(subject)}", code="operand")
    return Measured(
        cast(MeasureOf, key),
        reading.text(found[of[0]], of[0], of[0]),
        is_event,
        subject if key in OF_PROPERTY else None,
        share,
        read_where(found.get("where"), "where"),
        read_window(found["within"], "within") if "within" in found else None,
    )


def _share(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 1:
        raise reading.fail(path, f"{reading.shown(value)} is no share", "Write a number from 0 to 1.", "operand")
    return float(value)


def _expected(value: Any) -> Expected:
    found = reading.mapping(value or {}, "expect", "expect")
    reading.known_keys(found, ("share", "between"), "expect", "expect")
    return Expected(_two(found.get("share"), "expect.share"), _two(found.get("between"), "expect.between"))


def _two(value: Any, path: str) -> tuple[float, float] | None:
    if value is None:
        return None
    two = [one for one in reading.sequence(value, path, path) if isinstance(one, int | float | Decimal)]
    if len(two) != 2 or two[0] > two[1]:
        raise reading.fail(path, f"{reading.shown(value)} is no range", "Write [0.1, 1].")
    return float(two[0]), float(two[1])


def type_of(document: TraitDocument, model: DataModel) -> ValueType:
    """The type of a trait's values; raises EngineError when the model does not know what it is computed of, or it
    cannot be."""
    measure = document.measure
    if document.list is not None:
        return ValueType.BOOLEAN
    if measure is None:
        return cast(ValueType, document.type)
    known: Mapping[str, EventType | ObjectType] = model.events if measure.is_event else model.objects
    what = "event" if measure.is_event else "object"
    if measure.of not in known:
        hint = nearest(measure.of, known, what)
        raise reading.fail(what, f'there is no {what} "{measure.of}"', hint, "unknown_name")
    if measure.property is None:
        return ValueType.INTEGER
    properties = known[measure.of].properties
    if measure.property not in properties:
        hint = nearest(measure.property, properties, "property")
        message = f'there is no property of {measure.of} "{measure.property}"'
        raise reading.fail("measure", message, hint, "unknown_name")
    kind = properties[measure.property].type
    if measure.kind in ("sum", "avg", "percentile", "trend") and not kind.is_number:
        raise reading.fail(
            "measure", f"{measure.kind} needs a number, and {measure.property} is {kind}", None, "operand"
        )
    if measure.kind in _NUMBERS:
        return ValueType.INTEGER
    return ValueType.FLOAT if measure.kind in ("avg", "percentile", "trend") else kind
