"""What the columns of a file would become, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.ingest.planning import Plan
from engine.tabular.values.coercion import Coercion, is_number
from engine.tabular.values.looking import sample_rows

_AT_ONCE = 50
_ROWS = 8_192
_LOOKED_AT = "convoke_seen"


@dataclass(frozen=True)
class Alternative:
    """Another way in which a column's values could be meant: its pattern or its decimal separator, and what some texts
    would become as they are read, and in this way."""

    type: str
    format: str | None
    decimal: str | None
    examples: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True)
class Seen:
    """What a column would become: how many of the first rows do not fit, and values (as written, as they would be).
    ``alternatives``: how they could be meant besides. ``notes``: names of the sentences in
    :mod:`engine.tabular.values.notes`."""

    source: str
    target: str
    type: str
    format: str | None
    ambiguous: bool
    misfits: int
    examples: tuple[tuple[str | None, str | None], ...]
    decimal: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """A file before it is loaded: what each column would become, the columns that the table does not have, and
    ``remarks``, sentences about how the file was read."""

    columns: Sequence[Seen]
    not_in_table: Sequence[str]
    remarks: Sequence[str]


def previewed(connection: Any, plan: Plan, examples: int = 5) -> list[Seen]:
    """Look at every column; values that do not fit come first."""
    columns = ", ".join(dict.fromkeys(plan.texts.values()))
    rows = sample_rows(len(plan.coercions))
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_LOOKED_AT} AS SELECT {columns} FROM {plan.relation} LIMIT {rows}"  # noqa: S608
    )
    try:
        return [
            _seen(connection, plan, one, pairs, examples)
            for one, pairs in zip(plan.coercions, _pairs(connection, plan.coercions), strict=True)
        ]
    finally:
        connection.execute(f"DROP TABLE IF EXISTS {_LOOKED_AT}")


def _pairs(connection: Any, columns: Sequence[Coercion]) -> list[Counter[tuple[str, str | None]]]:
    """By column, texts with what becomes of them, and how often. Some columns at a time: the time that a query takes to
    plan grows faster than what it asks."""
    found = []
    for begin in range(0, len(columns), _AT_ONCE):
        some = columns[begin : begin + _AT_ONCE]
        counts = [Counter[tuple[str, str | None]]() for _ in some]
        asked = ", ".join(f"CAST({one.text} AS VARCHAR), CAST({one.value} AS VARCHAR)" for one in some)
        for batch in connection.execute(f"SELECT {asked} FROM {_LOOKED_AT}").to_arrow_reader(_ROWS):  # noqa: S608
            for place, count in enumerate(counts):
                texts, values = (batch.column(2 * place + one).to_pylist() for one in (0, 1))
                count.update((a, b) for a, b in zip(texts, values, strict=True) if a is not None)
        found += counts
    return found


def _seen(connection: Any, plan: Plan, one: Coercion, pairs: Counter[tuple[str, str | None]], examples: int) -> Seen:
    misfits = sum(count for (_, value), count in pairs.items() if value is None)
    first = sorted(pairs.items(), key=lambda item: (item[0][1] is not None, -item[1], item[0][0]))[:examples]
    told = tuple(pair for pair, _ in first)
    alternatives = tuple(_alternative(connection, plan, one, other, told) for other in one.others)
    return Seen(
        plan.sources[one.target],
        one.target,
        one.type,
        one.format,
        one.ambiguous,
        misfits,
        told,
        one.decimal,
        alternatives,
        one.notes,
    )


def _alternative(
    connection: Any, plan: Plan, one: Coercion, other: Coercion, pairs: Sequence[tuple[str, str | None]]
) -> Alternative:
    """What texts would become in the other way."""
    texts = [text for text, _ in pairs]
    column = plan.texts[one.target]
    query = f"SELECT CAST({other.value} AS VARCHAR) FROM (SELECT unnest(?::VARCHAR[]) AS {column})"  # noqa: S608 - quoted
    found = [value for (value,) in connection.execute(query, [texts]).fetchall()]
    told = tuple((text, value, again) for (text, value), again in zip(pairs, found, strict=True))
    return Alternative(other.type, other.format, other.decimal if is_number(other.type) else None, told)
