"""Looking at the texts of a file: at the first rows, or at all of them, which then stand in a table of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.tabular.naming import named
from engine.tabular.values import coercion, shapes
from engine.tabular.values.candidates import Asked
from engine.tabular.values.guess import Reading, decide

LOOKED_AT = "convoke_looked_at"
_MOST_VALUES = 8_000_000
_LEAST_ROWS = 1_000


def sample_rows(columns: int) -> int:
    """How many rows are looked at first, fewer of a file with very many columns."""
    return min(shapes.SAMPLE, max(_LEAST_ROWS, _MOST_VALUES // max(1, columns)))


def read(
    connection: Any, relation: str, texts: Mapping[str, str], asked: Mapping[str, Asked], *, everything: bool
) -> tuple[dict[str, Reading], bool]:
    """How each column is read, and whether that was decided by the first rows only. ``texts`` are the expressions of
    the relation that the columns are. All rows are looked at where ``everything`` is to be, or where the first ones
    could be meant in two ways."""
    looked = {name: one for name, one in asked.items() if one.type != coercion.TEXT}
    plain = {name: Reading(coercion.Way(coercion.TEXT)) for name in asked if name not in looked}
    if not looked:
        return plain, False
    aside = {name: f"v{place}" for place, name in enumerate(looked)}
    rows = sample_rows(len(looked))
    try:
        count = _put(connection, relation, {aside[name]: texts[name] for name in looked}, f"LIMIT {rows}")
        evidence = shapes.of_some(connection, LOOKED_AT, aside.values())
        of = {aside[name]: one for name, one in looked.items()}
        found = decide(connection, LOOKED_AT, of, evidence)
        partial = count == rows
        if partial and (everything or any(_in_doubt(one, evidence[place]) for place, one in found.items())):
            left = {name: place for name, place in aside.items() if looked[name].type or not evidence[place].text}
            _put(connection, relation, {place: texts[name] for name, place in left.items()}, "")
            evidence |= shapes.of_all(connection, LOOKED_AT, left.values())
            found = decide(connection, LOOKED_AT, of, evidence)
            partial = False
    finally:
        connection.execute(f"DROP TABLE IF EXISTS {LOOKED_AT}")
    return plain | {name: found[place] for name, place in aside.items()}, partial


def _in_doubt(one: Reading, seen: shapes.Evidence) -> bool:
    """Whether later rows may say more: of two meanings, or of a column without a type so far that is no plain text."""
    if one.way.type == coercion.TEXT and not seen.text:
        return True
    return bool(one.others) or any(note.endswith(("_by_others", "_by_type")) for note in one.notes)


def _put(connection: Any, relation: str, columns: Mapping[str, str], limit: str) -> int:
    """Put columns of a relation into a table of their own; how many rows it has."""
    told = ", ".join(f"CAST({text} AS VARCHAR) AS {named(name)}" for name, text in columns.items()) or "1 AS nothing"
    connection.execute("SET preserve_insertion_order = true")  # the first rows are those of the file
    made = f"CREATE OR REPLACE TEMP TABLE {LOOKED_AT} AS SELECT {told} FROM {relation} {limit}"  # noqa: S608 - quoted
    connection.execute(made)
    return int(connection.execute(f"SELECT count(*) FROM {LOOKED_AT}").fetchone()[0])  # noqa: S608 - our name


def doubted(readings: Mapping[str, Reading]) -> Sequence[str]:
    """The columns of numbers that could be meant in two ways."""
    return [name for name, one in readings.items() if one.others and coercion.is_number(one.way.type)]


def decided(reading: Reading, decimal: str) -> Reading:
    """A reading of numbers that could be meant in two ways, after somebody said the decimal separator."""
    way = next((one for one in (reading.way, *reading.others) if one.decimal == decimal), reading.way)
    return replace(reading, way=way, others=())
