"""SQL that people write, as parts of statements: let in by the gate, and carried over as it was written.

A tree of sqlglot is made of it only to be looked at: what sqlglot would write again means something else now and then
(`~` of DuckDB matches the whole of a text, sqlglot's finds a part).
"""

from __future__ import annotations

from datetime import datetime

import sqlglot
from sqlglot import exp

from engine.errors import EngineError
from engine.selects import gate
from engine.sql.build import Expr


def select(text: str, path: str, at: datetime | None = None) -> Expr:
    """The one read-only SELECT in a text, to stand in parentheses; its clock shows ``at``, and without one it has no
    clock. Raises EngineError("bad_sql") for anything else."""
    found = gate.admitted(text, path)
    if found.looks_at_clock:
        if at is None:
            raise EngineError(
                "bad_sql",
                "the SQL reads the clock, so its rows would change while the data do not",
                path,
                "Compare with the moment in the rule: within, or now() in a sql: of its own.",
            )
        found = gate.as_of(found, at, path)
    return exp.Var(this=found.nested)


def looks_at_clock(text: str) -> bool:
    """Whether a SELECT gives another answer at another time; also False for a text that may not run."""
    try:
        return gate.admitted(text, "sql").looks_at_clock
    except EngineError:
        return False


def tree(text: str, path: str) -> exp.Query:
    """A SELECT that may run as sqlglot reads it, to be looked at; raises EngineError("bad_sql") where it cannot."""
    found = gate.admitted(text, path)
    try:
        parsed = sqlglot.parse_one(found.text, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        parsed = None
    if not isinstance(parsed, exp.Query):
        raise EngineError("bad_sql", "the SQL cannot be read column by column", path)
    return parsed


def equality(text: str) -> tuple[str, str] | None:
    """The column and the constant of a condition such as `event_type = 'view'`; None for any other."""
    try:
        gate.condition(text, "where")
        found = tree(f"SELECT 1 WHERE {text}", "where").args["where"].this.unnest()
    except EngineError:
        return None
    if isinstance(found, exp.EQ):
        for one, other in ((found.this, found.expression), (found.expression, found.this)):
            if isinstance(one, exp.Column) and not one.table and isinstance(other, exp.Literal):
                return one.name, other.this
    return None


def condition(text: str, path: str) -> Expr:
    """A SQL condition over a table, as in a model's `where:`, in parentheses."""
    return exp.Paren(this=exp.Var(this=gate.condition(text, path)))
