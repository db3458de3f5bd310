"""What makes a row a bad one, as a condition in SQL: one for each check that a row can break by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.quality.contracts import BY_ROW, Bound, Check

_TRUTH = "('true', 'false', 't', 'f', 'yes', 'no', '1', '0')"
_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}
_FITS: Mapping[str, tuple[str, ...]] = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    "number": ("FLOAT", "DOUBLE", "DECIMAL"),
    "boolean": ("BOOLEAN",),
    "date": ("DATE", "TIMESTAMP"),
    "timestamp": ("TIMESTAMP", "DATE"),
}


def bad_rows(checks: Iterable[Check], column: Callable[[str], str | None]) -> dict[str, str]:
    """By the condition that makes a row a bad one its reason, for checks that no row may break; ``column`` gives the
    expression of a column (None: there is none, so it is NULL)."""
    found = {}
    for one in checks:
        if one.kind in BY_ROW and one.bound == Bound("=", 0) and not one.warning:
            name = column(one.columns[0])
            test = "true" if name is None and one.kind == "required" else None if name is None else bad(one, name)
            if test is not None and test != "false":
                found[f"coalesce({test}, false)"] = one.id
    return found


def fitting(one: Check) -> tuple[str, ...]:
    """The SQL types whose values are all of the type that a check asks for."""
    kind = str(one.arguments["type"])
    return (*_FITS[kind], *(_FITS["integer"] if kind == "number" else ()))


def bad(one: Check, column: str) -> str:
    """The condition that a row breaks a check, of a column's expression; it may be NULL where no value is there."""
    given = one.arguments
    match one.kind:
        case "required":
            return f"{column} IS NULL"
        case "missing":
            there = f" OR {_among(column, given['missing'])}" if given["missing"] else ""
            return f"({column} IS NULL{there})"
        case "values":
            return f"NOT {_among(column, given['values'])}"
        case "range":
            return outside(one, column, column)
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


def outside(one: Check, least: str, greatest: str) -> str:
    """The condition that a value breaks a range, or that one of many does, of the least and the greatest of them."""
    signs = {
        "minimum": f"{least} <",
        "exclusiveMinimum": f"{least} <=",
        "maximum": f"{greatest} >",
        "exclusiveMaximum": f"{greatest} >=",
    }
    return " OR ".join(f"{signs[name]} {_literal(value)}" for name, value in one.arguments.items())


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


def _among(column: str, values: Sequence[Any]) -> str:
    """Whether a value is one of some. A function of one column is asked once for each different value of a group of
    rows where these are few, which IN is not."""
    return f"list_contains({_listed(values)}, CAST({column} AS VARCHAR))"


def _listed(values: Sequence[Any]) -> str:
    shown = (str(one).lower() if isinstance(one, bool) else str(one) for one in values)
    return f"[{', '.join(text(one) for one in shown)}]::VARCHAR[]"
