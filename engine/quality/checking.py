"""Checks carried out: all of a table that count rows in one scan, each other one by itself; and bad rows told apart."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from engine.errors import EngineError
from engine.quality.contracts import BY_ROW, Bound, Check
from engine.sql.usersql import select

State = Literal["green", "yellow", "red"]
Rows = Callable[[str], Sequence[tuple[Any, ...]]]
"""Runs a SELECT and gives its rows."""
Past = Callable[[Check], Sequence[float]]
"""What a check measured on the same weekday in the weeks before."""
_LEAST_WEEKS = 3
_MOST_BITS, _ALWAYS_BITS, _BITS_A_ROW = 1 << 28, 1 << 20, 64
"""Bits (32 MB a thread) that different whole numbers are counted by at most; up to so many however few rows there are;
and so many for each row."""
_BIT_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_TRUTH = "('true', 'false', 't', 'f', 'yes', 'no', '1', '0')"
_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}
_FITS: Mapping[str, tuple[str, ...]] = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    "number": ("FLOAT", "DOUBLE", "DECIMAL"),
    "boolean": ("BOOLEAN",),
    "date": ("DATE", "TIMESTAMP"),
    "timestamp": ("TIMESTAMP", "DATE"),
}


@dataclass(frozen=True)
class Result:
    """What a check came to. ``value`` is what its bound is of (bad rows, a share, seconds, rows); None when it could
    not be carried out, which is red."""

    check: Check
    value: float | None
    state: State
    sentence: str


@dataclass(frozen=True)
class Table:
    """A table to check: its FROM item, its columns with their SQL types (as they are called in the contract), and what
    runs a SELECT."""

    relation: str
    columns: Mapping[str, str]
    rows: Rows


def carried_out(
    checks: Sequence[Check], table: Table, past: Past = lambda _: (), now: datetime | None = None
) -> list[Result]:
    """The results of a table's checks, in their order."""
    lower = {name.lower(): name for name in table.columns}
    missing = {
        one.id: name for one in checks for name in one.columns if name.lower() not in lower and one.kind != "sql"
    }
    sound = [one for one in checks if one.id not in missing]
    values, wrong, rows = _measured(sound, table, now or datetime.now(UTC))
    results = []
    for one in checks:
        if one.id in missing:
            message = f'the table has no column "{missing[one.id]}"'
            results.append(failed(one, message))
        elif one.id in wrong:
            results.append(failed(one, wrong[one.id]))
        else:
            results.append(_judged(one, values[one.id], rows, past))
    return results


def failed(one: Check, why: str) -> Result:
    """What a check came to that could not be carried out."""
    return Result(one, None, _wrong(one), why)


def bad_rows(checks: Iterable[Check], column: Callable[[str], str | None]) -> dict[str, str]:
    """By the condition that makes a row a bad one its reason, for checks that no row may break; ``column`` gives the
    expression of a column (None: there is none, so it is NULL)."""
    found = {}
    for one in checks:
        if one.kind in BY_ROW and one.bound == Bound("=", 0) and not one.warning:
            name = column(one.columns[0])
            test = "true" if name is None and one.kind == "required" else None if name is None else _bad(one, name)
            if test is not None and test != "false":
                found[f"coalesce({test}, false)"] = one.id
    return found


def failing(one: Check, table: Table, most: int = 8) -> list[str]:
    """Some values that break a check of single rows, masked; none for other checks."""
    if one.kind not in BY_ROW or one.kind in ("required", "missing"):
        return []
    column = quoted(one.columns[0])
    query = f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM {table.relation} WHERE {_bad(one, column)} LIMIT {most}"  # noqa: S608
    return sorted({masked(str(value)) for (value,) in table.rows(query) if value is not None})


def masked(value: str) -> str:
    """The first character of a value, and how long it is: letters as a, digits as 0, so that its form can be seen."""
    hidden = "".join("a" if c.isalpha() else "0" if c.isdigit() else c for c in value[1:24])
    return value[:1] + hidden + ("…" if len(value) > 24 else "")


# -- measuring ---------------------------------------------------------------------------------------------------------


def _measured(checks: Sequence[Check], table: Table, now: datetime) -> tuple[dict[str, Any], dict[str, str], int]:
    """What each check measures, why some cannot be carried out, and how many rows there are."""
    ((count,),) = table.rows(f"SELECT count(*) FROM {table.relation}")  # noqa: S608 - quoted
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    plain = {one.id: text for one in checks if (text := _aggregate(one, table)) is not None}
    _scan(plain | _by_bits(checks, table, int(count)), plain, table, found, wrong)
    for one in checks:
        if one.kind in ("rows", "drift"):
            found[one.id] = count
        elif one.kind == "freshness" and one.id in found:
            found[one.id] = _age(found[one.id], now)
        elif one.kind in ("reference", "sql"):
            try:
                found[one.id] = _number(table.rows(_own_query(one, table)))
            except EngineError as error:
                wrong[one.id] = _reason(error)
    return found, wrong, int(count)


def _by_bits(checks: Sequence[Check], table: Table, count: int) -> dict[str, str]:
    """Different whole numbers counted as the bits of one string from the least to the greatest, as exact as a table of
    them and several times faster; for columns in which they lie near each other. DuckDB tells edges from what it keeps
    of each group of rows."""
    names = {one.id: one.columns[0] for one in checks if one.kind == "unique" and _is_whole(one, table)}
    if not names:
        return {}
    wanted = ", ".join(f"min({quoted(name)}), max({quoted(name)})" for name in names.values())
    try:
        (edges,) = table.rows(f"SELECT {wanted} FROM {table.relation}")  # noqa: S608 - quoted
    except EngineError as error:
        _reason(error)
        return {}
    found = {}
    for place, (check, name) in enumerate(names.items()):
        least, greatest = edges[2 * place : 2 * place + 2]
        if least is not None and greatest - least < min(_MOST_BITS, max(_ALWAYS_BITS, _BITS_A_ROW * count)):
            column = quoted(name)
            found[check] = f"count({column}) - bit_count(bitstring_agg({column}, {least}, {greatest}))"
    return found


def _is_whole(one: Check, table: Table) -> bool:
    kinds = {name.lower(): kind.upper() for name, kind in table.columns.items()}
    return len(one.columns) == 1 and kinds.get(one.columns[0].lower()) in _BIT_TYPES


def _scan(
    texts: Mapping[str, str], plain: Mapping[str, str], table: Table, found: dict[str, Any], wrong: dict[str, str]
) -> None:
    """Count all in one scan; where that fails, each ``plain``-ly by itself, so that one does not keep the others."""
    if not texts:
        return
    try:
        (row,) = table.rows(f"SELECT {', '.join(texts.values())} FROM {table.relation}")  # noqa: S608 - quoted
        found.update(zip(texts, row, strict=True))
    except EngineError as error:
        reason = _reason(error)
        if len(texts) == 1:
            wrong[next(iter(texts))] = reason
            return
        for name in texts:
            _scan({name: plain[name]}, plain, table, found, wrong)


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
    if one.kind == "type":
        kind = table.columns[next(name for name in table.columns if name.lower() == one.columns[0].lower())]
        if any(kind.upper().startswith(fit) for fit in _fitting(one)):
            return "count(*) FILTER (false)"
        if kind.upper() != "VARCHAR":
            return f"count({names[0]})"
    if one.kind in BY_ROW:
        return f"count(*) FILTER ({_bad(one, names[0])})"
    return None


def _fitting(one: Check) -> tuple[str, ...]:
    kind = str(one.arguments["type"])
    return (*_FITS[kind], *(_FITS["integer"] if kind == "number" else ()))


def _bad(one: Check, column: str) -> str:
    """The condition that a row breaks a check, of a column's expression; it may be NULL where no value is there."""
    given = one.arguments
    match one.kind:
        case "required":
            return f"{column} IS NULL"
        case "missing":
            return (
                f"({column} IS NULL OR CAST({column} AS VARCHAR) IN {_listed(given['missing'])})"
                if given["missing"]
                else f"{column} IS NULL"
            )
        case "values":
            return f"CAST({column} AS VARCHAR) NOT IN {_listed(given['values'])}"
        case "range":
            signs = {"minimum": "<", "exclusiveMinimum": "<=", "maximum": ">", "exclusiveMaximum": ">="}
            return " OR ".join(f"{column} {signs[name]} {_literal(value)}" for name, value in given.items())
        case "length":
            signs = {"minLength": "<", "maxLength": ">"}
            return " OR ".join(
                f"length(CAST({column} AS VARCHAR)) {signs[name]} {int(value)}" for name, value in given.items()
            )
        case "pattern":
            return f"NOT regexp_matches(CAST({column} AS VARCHAR), {text(given['pattern'])})"
        case "type":
            if given["type"] == "boolean":
                return f"lower(CAST({column} AS VARCHAR)) NOT IN {_TRUTH}"
            return f"{column} IS NOT NULL AND TRY_CAST({column} AS {_TYPES[str(given['type'])]}) IS NULL"
    return "false"


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
    select(query, one.id)  # one SELECT, and nothing that changes anything
    return query


def _number(rows: Sequence[tuple[Any, ...]]) -> float | None:
    value = rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else None
    return float(value) if isinstance(value, int | float | Decimal) else None


def _age(newest: Any, now: datetime) -> float | None:
    if newest is None:
        return None
    at = newest if newest.tzinfo else newest.replace(tzinfo=UTC)
    return float((now - at).total_seconds())


# -- judging -----------------------------------------------------------------------------------------------------------


def _judged(one: Check, value: float | None, rows: int, past: Past) -> Result:
    if one.kind == "drift":
        return _drifted(one, rows, past(one))
    if value is None:
        message = "there is no row" if one.kind == "freshness" else "the query gives no number"
        return failed(one, message)
    shown = 100 * float(value) / rows if one.percent and rows else float(value)
    good = one.bound.holds(shown)
    return Result(one, shown, "green" if good else _wrong(one), _message(one, shown, rows))


def _drifted(one: Check, rows: int, before: Sequence[float]) -> Result:
    if len(before) < _LEAST_WEEKS:
        message = f"{rows:,} rows; too few weeks to compare with"
        return Result(one, rows, "green", message)
    usual, tolerance = statistics.median(before), float(one.arguments["tolerance"])
    good = abs(rows - usual) <= tolerance * usual
    message = f"{rows:,} rows, where {usual:,.0f} are usual on this weekday"
    return Result(one, rows, "green" if good else _wrong(one), message)


def _wrong(one: Check) -> State:
    return "yellow" if one.warning else "red"


def _message(one: Check, value: float, rows: int) -> str:
    number = f"{value:,.2f} %" if one.percent else f"{value:,.0f}"
    match one.kind:
        case "rows":
            return f"{number} rows, must be {one.bound}"
        case "freshness":
            return f"the newest is {_duration(value)} old, at most {one.arguments['text']}"
        case "sql":
            return f"the query gives {value:,g}, must be {one.bound}"
    return f"{number} of {rows:,} rows are bad, must be {one.bound}"


def _duration(seconds: float) -> str:
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:,.0f} s"


# -- SQL ---------------------------------------------------------------------------------------------------------------


def quoted(name: str) -> str:
    """An identifier as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: object) -> str:
    """A text as SQL has it."""
    return "'" + str(value).replace("'", "''") + "'"


def _literal(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text(value)
    return repr(value)


def _listed(values: Sequence[Any]) -> str:
    shown = (str(one).lower() if isinstance(one, bool) else str(one) for one in values)
    return f"({', '.join(text(one) for one in shown)})"
