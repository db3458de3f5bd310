"""How each column of a file is read: the one way in which (nearly) all of its texts are values.

The ways that the shapes allow are tried on the texts themselves, by the very SQL that will read them. Where two ways
give different values for all of them, the file's other columns decide; where they do not, both are told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.tabular.naming import named
from engine.tabular.values import coercion
from engine.tabular.values.candidates import Asked, Candidate, candidates
from engine.tabular.values.coercion import Way, coerced
from engine.tabular.values.moments import MONTH_FIRST
from engine.tabular.values.numbers import written
from engine.tabular.values.shapes import MOST, Evidence

_AT_ONCE = 50
"""Ways that are tried in one query: the time that a query takes to plan grows faster than what it asks."""


@dataclass(frozen=True)
class Reading:
    """How a column is read. ``others``: other ways that give other values for the same texts. ``notes``: names of the
    sentences in :mod:`engine.tabular.values.notes`."""

    way: Way
    others: tuple[Way, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Tried:
    candidate: Candidate
    fit: int


def decide(
    connection: Any, table: str, asked: Mapping[str, Asked], evidence: Mapping[str, Evidence]
) -> dict[str, Reading]:
    """How each column is read, by the texts of the table's column of that name."""
    ways = {name: candidates(one, evidence[name]) for name, one in asked.items()}
    counts = iter(_counted(connection, table, [(name, one.way) for name, many in ways.items() for one in many]))
    found: dict[str, list[_Tried]] = {}
    for name, many in ways.items():
        found[name] = _good(asked[name], evidence[name], [_Tried(one, next(counts)) for one in many])
    differing = _differing(connection, table, found)
    decimals = {d for name, many in found.items() if (d := _sure_decimal(many, differing[name])) is not None}
    orders = {o for name, many in found.items() if (o := _sure_order(many, differing[name])) is not None}
    return {
        name: _reading(asked[name], evidence[name], many, decimals, orders, differing[name])
        for name, many in found.items()
    }


def _counted(connection: Any, table: str, ways: Sequence[tuple[str, Way]]) -> list[int]:
    """How many texts each way makes values of."""
    counts: list[int] = []
    for begin in range(0, len(ways), _AT_ONCE):
        some = ways[begin : begin + _AT_ONCE]
        asked = ", ".join(f"count({coerced(name, named(name), way).value})" for name, way in some)
        counts += map(int, connection.execute(f"SELECT {asked} FROM {table}").fetchone())  # noqa: S608 - quoted
    return counts


def _good(asked: Asked, seen: Evidence, tried: Sequence[_Tried]) -> list[_Tried]:
    """The ways that fit: all of one family, the best first. Where the type was said, the best in any case."""
    values = seen.values
    if asked.type is not None:
        best = max((one.fit for one in tried), default=0)
        return [one for one in tried if _as_good(one, best)]

    def fits(one: _Tried) -> int:
        covers = one.candidate.covers
        return one.fit if covers is None else min(one.fit, covers)

    good = [
        one
        for one in tried
        if values and (fits(one) == values if one.candidate.strict else fits(one) * 100 >= values * MOST)
    ]
    if not good:
        return []
    first = good[0].candidate
    if first.rival is None:
        return good[:1]
    family = [one for one in good if one.candidate.rival == first.rival]
    most = max(one.fit for one in family)
    kept, decimals = [], set()
    for one in family:
        if _as_good(one, most) and (one.candidate.rival != "decimal" or one.candidate.way.decimal not in decimals):
            decimals.add(one.candidate.way.decimal)  # of two types with one separator the first one
            kept.append(one)
    return kept


def _as_good(one: _Tried, best: int) -> bool:
    """Whether a way fits like the best one. Of separators that contradict each other neither is better."""
    return one.fit == best or (one.candidate.rival == "decimal" and one.fit * 100 >= best * MOST > 0)


def _differing(connection: Any, table: str, found: Mapping[str, Sequence[_Tried]]) -> dict[str, bool]:
    """By column, whether its first two ways give different values."""
    pairs = {name: [one.candidate.way for one in many[:2]] for name, many in found.items() if len(many) > 1}
    result = dict.fromkeys(found, False)
    for name, (one, two) in pairs.items():
        values = [coerced(name, named(name), way).value for way in (one, two)]
        kind = "DOUBLE" if coercion.is_number(one.type) else one.type
        first, second = (f"CAST({value} AS {kind})" for value in values)
        query = f"SELECT 1 FROM {table} WHERE {first} IS DISTINCT FROM {second} LIMIT 1"  # noqa: S608 - quoted
        result[name] = connection.execute(query).fetchone() is not None
    return result


def _sure_decimal(many: Sequence[_Tried], differs: bool) -> str | None:
    """The decimal separator of a column in which it is beyond doubt. What a program wrote (9.0, 1e-05) says nothing of
    how a person writes beside it."""
    if not many or differs or not many[0].candidate.sure:
        return None
    if "whole" in many[0].candidate.notes or many[0].candidate.way.type == coercion.FLOAT:
        return None
    return many[0].candidate.way.decimal


def _sure_order(many: Sequence[_Tried], differs: bool) -> bool | None:
    """Whether a column's dates have the day first, where it is beyond doubt."""
    pattern = many[0].candidate.way.format if many else None
    if differs or pattern is None or many[0].candidate.rival != "order" or len(many) > 1:
        return None
    return True if pattern.startswith("%d") else False if pattern.startswith("%m") else None


def _reading(
    asked: Asked,
    seen: Evidence,
    many: Sequence[_Tried],
    decimals: set[str],
    orders: set[bool],
    differs: bool,
) -> Reading:
    if not many:
        if asked.type is None:
            return Reading(Way(coercion.TEXT), notes=_why_text(asked, seen))
        return Reading(Way(asked.type, asked.format, asked.decimal))
    ways = [one.candidate.way for one in many]
    chosen, notes = many[0], ("nothing",) * bool(seen.nothing)
    others: tuple[Way, ...] = ()
    if differs:
        others = tuple(ways[1:])
        if many[0].candidate.rival == "decimal" and len(decimals) == 1:
            (decimal,) = decimals
            chosen = next((one for one in many if one.candidate.way.decimal == decimal), chosen)
            notes, others = (*notes, "decimal_by_others"), ()
        elif many[0].candidate.rival == "order" and len(orders) == 1:
            begin = "%d" if orders == {True} else MONTH_FIRST[:2]
            chosen = next((one for one in many if str(one.candidate.way.format).startswith(begin)), chosen)
            notes, others = (*notes, "order_by_others"), ()
    if asked.type is not None and len(many) == 1 and many[0].candidate.rival == "decimal" and not chosen.candidate.sure:
        notes = (*notes, "decimal_by_type")
    way = chosen.candidate.way
    if asked.format is not None and way.format is None:
        way = replace(way, format=asked.format)
    return Reading(way, others, (*chosen.candidate.notes, *notes))


def _why_text(asked: Asked, seen: Evidence) -> tuple[str, ...]:
    """Why a column of numbers stays text."""
    found = [(one, count) for shape, count in seen.shapes.items() if (one := written(shape)) is not None]
    if seen.text or not seen.values or sum(count for _, count in found) * 100 < seen.values * MOST:
        return ()
    if asked.decimal is not None and any(asked.decimal not in one.scales for one, _ in found):
        return ("other_decimal",)
    if len({one.sign for one, _ in found}) > 1:
        return ("two_signs",)
    return ("two_decimals",) if len({tuple(one.scales) for one, _ in found if len(one.scales) == 1}) > 1 else ()
