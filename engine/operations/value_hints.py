"""Why a condition on text finds nobody: its value does not occur, and this is the nearest one that does.

A value of the data goes into a hint. That is for whoever may see values: the callers decide. Values of personal traits
and properties are never among them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from engine.domain.audience import Audience
from engine.domain.model import DataModel, Field
from engine.domain.operators import Among, Compare, Operator, TextMatch
from engine.domain.rule import Did, Has, PropertyIs, TraitIs, Where, WhereAll, WhereAny
from engine.domain.values import ValueType
from engine.domain.walk import conditions
from engine.jobs import Job
from engine.membership.evaluate import NodeSize
from engine.sql.sources import Sources
from engine.sql.values import frequent_values
from engine.warehouses.protocol import Warehouse

MOST_VALUES = 1_000
"""A trait with more different values is not looked at further than its most frequent ones."""
_MOST_CONDITIONS = 5
_ALIKE = 0.75
_TRUTH = {
    "false": ("no", "n", "off", "0", "não", "nao"),
    "true": ("yes", "y", "on", "1", "sí", "si", "sim", "s"),
    "no": ("false", "n", "0", "off"),
    "yes": ("true", "y", "1", "on"),
}


@dataclass(frozen=True)
class ValueHint:
    """A condition that finds nobody: the text that it asks for, of which trait or property, and the nearest text that
    occurs there."""

    path: str
    name: str
    asked: str
    nearest: str

    def __str__(self) -> str:
        return f'{self.path}: "{self.asked}" does not occur in {self.name}; the nearest value is "{self.nearest}"'

    def as_json(self) -> dict[str, str]:
        """As `convoke size --json` prints it."""
        return {"path": self.path, "name": self.name, "asked": self.asked, "nearest": self.nearest}


def value_hints(
    model: DataModel,
    warehouse: Warehouse,
    audience: Audience,
    sizes: Sequence[NodeSize],
    job: Job | None = None,
) -> tuple[ValueHint, ...]:
    """A hint for each text of a condition whose own size is 0 that does not occur in the data. The warehouse is asked
    for nothing while every condition finds somebody."""
    nobody = {one.path for one in sizes if one.size == 0}
    asked = [found for path, node in conditions(audience.rule) if path in nobody for found in _asked(path, node, model)]
    known: dict[tuple[str | None, str], list[str]] = {}
    hints: list[ValueHint] = []
    for path, source, field, operator in asked[:_MOST_CONDITIONS]:
        if field.personal or field.type is not ValueType.STRING:
            continue
        place = source, field.name
        if place not in known:
            statement = frequent_values(Sources(model, warehouse), field.name, source, MOST_VALUES)
            rows = warehouse.rows(statement.sql, statement.parameters, job)
            known[place] = [str(value) for value, _ in rows]
        for text in _texts(operator):
            found = nearest_value(text, known[place], operator)
            if found is not None:
                hints.append(ValueHint(path, field.name, text, found))
    return tuple(hints)


_Asked = tuple[str, str | None, Field, Operator]


def _asked(path: str, node: object, model: DataModel) -> Iterator[_Asked]:
    """(path, event or object, field, operator) of each comparison that a condition needs."""
    match node:
        case TraitIs(trait, operator) if trait in model.profile.traits:
            yield path, None, model.profile.traits[trait], operator
        case Did(event, where) if event in model.events:
            yield from ((path, event, model.events[event].properties[one], how) for one, how in _needed(where))
        case Has(thing, where) if thing in model.objects:
            yield from ((path, thing, model.objects[thing].properties[one], how) for one, how in _needed(where))


def _needed(where: Where | None) -> Iterator[tuple[str, Operator]]:
    if where is None or where.muted:
        return
    match where:
        case PropertyIs(name, operator):
            yield name, operator
        case WhereAll(children) | WhereAny(children):
            for child in children:
                yield from _needed(child)


def _texts(operator: Operator) -> list[str]:
    match operator:
        case Compare("eq", str(text)):
            return [text]
        case Among("in", values):
            return [value for value in values if isinstance(value, str)][:3]
        case TextMatch("contains" | "starts_with" | "ends_with", text):
            return [text]
    return []


def nearest_value(text: str, values: Sequence[str], operator: Operator) -> str | None:
    """The value that is nearest to a text which none of the values satisfies, by blanks, case, accents, yes and no, and
    letters; None when the text occurs, or nothing is near."""
    if any(_satisfies(value, text, operator) for value in values):
        return None
    plain: dict[str, str] = {}
    for value in values:
        plain.setdefault(_plain(value), value)
    wanted = _plain(text)
    if isinstance(operator, TextMatch):
        return next((value for alike, value in plain.items() if _satisfies(alike, wanted, operator)), None)
    for candidate in (wanted, *_TRUTH.get(wanted, ())):
        if candidate in plain:
            return plain[candidate]
    close = get_close_matches(wanted, plain, n=1, cutoff=_ALIKE)
    return plain[close[0]] if close else None


def _satisfies(value: str, text: str, operator: Operator) -> bool:
    if getattr(operator, "ignore_case", False):
        value, text = value.lower(), text.lower()
    match operator:
        case TextMatch("contains"):
            return text in value
        case TextMatch("starts_with"):
            return value.startswith(text)
        case TextMatch("ends_with"):
            return value.endswith(text)
    return value == text


def _plain(text: str) -> str:
    """Without blanks around, capitals and accents."""
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    return " ".join("".join(one for one in decomposed if not unicodedata.combining(one)).split())
