"""Checks carried out: what each one measured, judged, as a sentence; and what breaks one, masked."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from engine.quality.conditions import bad, quoted
from engine.quality.contracts import BY_ROW, Check
from engine.quality.measuring import Table, measured

State = Literal["green", "yellow", "red"]
Past = Callable[[Check], Sequence[float]]
"""What a check measured on the same weekday in the weeks before."""
_LEAST_WEEKS = 3


@dataclass(frozen=True)
class Result:
    """What a check came to. ``value`` is what its bound is of (bad rows, a share, seconds, rows); None when it could
    not be carried out, which is red."""

    check: Check
    value: float | None
    state: State
    sentence: str


def carried_out(
    checks: Sequence[Check], table: Table, past: Past = lambda _: (), now: datetime | None = None
) -> list[Result]:
    """The results of a table's checks, in their order."""
    lower = {name.lower(): name for name in table.columns}
    missing = {
        one.id: name for one in checks for name in one.columns if name.lower() not in lower and one.kind != "sql"
    }
    sound = [one for one in checks if one.id not in missing]
    found = measured(sound, table, now or datetime.now(UTC))
    results = []
    for one in checks:
        if one.id in missing:
            message = f'the table has no column "{missing[one.id]}"'
            results.append(failed(one, message))
        elif one.id in found.wrong:
            results.append(failed(one, found.wrong[one.id]))
        else:
            results.append(_judged(one, found.values[one.id], found.rows, past))
    return results


def failed(one: Check, why: str) -> Result:
    """What a check came to that could not be carried out."""
    return Result(one, None, _wrong(one), why)


def failing(one: Check, table: Table, most: int = 8) -> list[str]:
    """Some values that break a check of single rows, masked; none for other checks."""
    if one.kind not in BY_ROW or one.kind in ("required", "missing"):
        return []
    column = quoted(one.columns[0])
    query = f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM {table.relation} WHERE {bad(one, column)} LIMIT {most}"  # noqa: S608
    return sorted({masked(str(value)) for (value,) in table.rows(query) if value is not None})


def masked(value: str) -> str:
    """The first character of a value, and how long it is: letters as a, digits as 0, so that its form can be seen."""
    hidden = "".join("a" if c.isalpha() else "0" if c.isdigit() else c for c in value[1:24])
    return value[:1] + hidden + ("…" if len(value) > 24 else "")


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
