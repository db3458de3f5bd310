"""What checks of a table measure: first what DuckDB tells from what it keeps of each group of rows, then everything
else that counts rows in one scan; each other check by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.errors import EngineError
from engine.quality.conditions import bad, fitting, outside, quoted
from engine.quality.contracts import BY_ROW, Check
from engine.selects.gate import admitted

Rows = Callable[[str], Sequence[tuple[Any, ...]]]
"""Runs a SELECT and gives its rows."""
_MOST_BITS, _ALWAYS_BITS, _BITS_A_ROW = 1 << 28, 1 << 20, 64
"""Bits (32 MB a thread) that different whole numbers are counted by at most; up to so many however few rows there are;
and so many for each row."""
_BIT_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


@dataclass(frozen=True)
class Table:
    """A table to check: its FROM item, its columns with their SQL types (as they are called in the contract), and what
    runs a SELECT."""

    relation: str
    columns: Mapping[str, str]
    rows: Rows


@dataclass
class Measured:
    """What each check measures, why some cannot be carried out, and how many rows there are."""

    rows: int
    values: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


def measured(checks: Sequence[Check], table: Table, now: datetime) -> Measured:
    """What the checks of a table measure, at a moment; what breaks off the whole (cancelled, no memory) is raised."""
    ((count,),) = table.rows(f"SELECT count(*) FROM {table.relation}")  # noqa: S608 - quoted
    found = Measured(int(count), {one.id: 0 for one in checks if _fits(one, table)})
    plain = {one.id: text for one in checks if (text := _aggregate(one, table)) is not None}
    better = _known(checks, table, found)
    left = {name: better.get(name, text) for name, text in plain.items() if name not in found.values}
    _scan(left, plain, table, found)
    for one in checks:
        if one.kind in ("rows", "drift"):
            found.values[one.id] = count
        elif one.kind == "freshness" and one.id in found.values:
            found.values[one.id] = _age(found.values[one.id], now)
        elif one.kind in ("reference", "sql"):
            try:
                found.values[one.id] = _number(table.rows(_own_query(one, table)))
            except EngineError as error:
                found.wrong[one.id] = _reason(error)
    return found


def _known(checks: Sequence[Check], table: Table, found: Measured) -> dict[str, str]:
    """Note what the edges of columns tell: what is missing, how new the newest is, that no value is out of its range.
    For whole numbers that lie near each other, by the check, how the different ones are counted then."""
    asked = [(one, what, text) for one in checks for what, text in _from_edges(one, table)]
    if not asked:
        return {}
    try:
        (row,) = table.rows(f"SELECT {', '.join(text for *_, text in asked)} FROM {table.relation}")  # noqa: S608 - quoted
    except EngineError as error:
        _reason(error)
        return {}
    edges: dict[str, list[int]] = {}
    for (one, what, _), value in zip(asked, row, strict=True):
        match what:
            case "value":
                found.values[one.id] = value
            case "outside" if not value:
                found.values[one.id] = 0
            case "edge" if value is not None:
                edges.setdefault(one.id, []).append(value)
    columns = {one.id: quoted(one.columns[0]) for one in checks if one.id in edges}
    near = min(_MOST_BITS, max(_ALWAYS_BITS, _BITS_A_ROW * found.rows))
    return {
        check: f"count({columns[check]}) - bit_count(bitstring_agg({columns[check]}, {least}, {greatest}))"
        for check, (least, greatest) in edges.items()
        if greatest - least < near
    }


def _kind(one: Check, table: Table) -> str:
    """The SQL type of a check's column, in capitals; nothing where it is not about one column."""
    kinds = {name.lower(): kind.upper() for name, kind in table.columns.items()}
    return kinds[one.columns[0].lower()] if len(one.columns) == 1 and one.kind != "sql" else ""


def _fits(one: Check, table: Table) -> bool:
    """Whether every value of a column is of a check's type by the column's own."""
    return one.kind == "type" and _kind(one, table).startswith(fitting(one))


def _from_edges(one: Check, table: Table) -> Iterator[tuple[str, str]]:
    """What of a check needs the edges of its column alone: a text has none that are exact."""
    kind = _kind(one, table)
    column = quoted(one.columns[0]) if kind else ""
    least, greatest = f"min({column})", f"max({column})"
    if one.kind == "required" and kind:
        yield "value", f"count(*) - count({column})"
    elif one.kind == "freshness" and kind.startswith(("DATE", "TIMESTAMP")):
        yield "value", f"CAST({greatest} AS TIMESTAMP)"
    elif one.kind == "range" and kind and kind != "VARCHAR":
        yield "outside", f"coalesce({outside(one, least, greatest)}, false)"
    elif one.kind == "unique" and kind in _BIT_TYPES:
        yield from (("edge", least), ("edge", greatest))


def _scan(texts: Mapping[str, str], plain: Mapping[str, str], table: Table, found: Measured) -> None:
    """Count all in one scan; where that fails, each ``plain``-ly by itself, so that one does not keep the others."""
    if not texts:
        return
    try:
        (row,) = table.rows(f"SELECT {', '.join(texts.values())} FROM {table.relation}")  # noqa: S608 - quoted
        found.values.update(zip(texts, row, strict=True))
    except EngineError as error:
        reason = _reason(error)
        if len(texts) == 1:
            found.wrong[next(iter(texts))] = reason
            return
        for name in texts:
            _scan({name: plain[name]}, plain, table, found)


def _reason(error: EngineError) -> str:
    """What a person may read of a failure; raises what is no failure of a check."""
    if error.code in ("cancelled", "memory", "changed"):
        raise error
    return error.message


def _aggregate(one: Check, table: Table) -> str | None:
    """What counts the bad rows of a check in a scan of the whole table; None for what is not counted so."""
    names = [quoted(name) for name in one.columns]
    if one.kind == "required":
        return f"count(*) - count({names[0]})"
    if one.kind == "unique":
        if len(names) == 1:
            return f"count({names[0]}) - count(DISTINCT {names[0]})"
        return f"count(*) - count(DISTINCT ({', '.join(names)}))"
    if one.kind == "freshness":
        return f"max(CAST({names[0]} AS TIMESTAMP))"
    if one.kind == "type" and _kind(one, table) != "VARCHAR":
        return f"count({names[0]})"
    if one.kind in BY_ROW:
        return f"coalesce(count_if({bad(one, names[0])}), 0)"  # a sum, which costs less than rows picked by FILTER
    return None


def _own_query(one: Check, table: Table) -> str:
    if one.kind == "reference":
        column, other = quoted(one.columns[0]), one.arguments
        there = ".".join(quoted(part) for part in str(other["table"]).split("."))
        return (
            f"SELECT count(*) FROM {table.relation} AS here WHERE {column} IS NOT NULL AND NOT EXISTS "  # noqa: S608 - quoted
            f"(SELECT 1 FROM {there} AS there WHERE there.{quoted(str(other['column']))} = here.{column})"
        )
    query = str(one.arguments["query"]).strip().rstrip(";")
    named = {"table": table.relation, "object": table.relation}
    named |= {"column": quoted(one.columns[0]), "property": quoted(one.columns[0])} if one.columns else {}
    for name, value in named.items():
        query = query.replace(f"${{{name}}}", value).replace(f"{{{name}}}", value)
    own = admitted(query, one.id)
    return f"SELECT * FROM ({own.nested}) AS convoke_own LIMIT 2"  # noqa: S608 - let in by the gate; one row is wanted


def _number(rows: Sequence[tuple[Any, ...]]) -> float | None:
    value = rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else None
    return float(value) if isinstance(value, int | float | Decimal) else None


def _age(newest: Any, now: datetime) -> float | None:
    if newest is None:
        return None
    at = newest if newest.tzinfo else newest.replace(tzinfo=UTC)
    return float((now - at).total_seconds())
