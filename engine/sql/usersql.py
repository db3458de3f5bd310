"""SQL that people write: parsed before it runs, one read-only SELECT, never edited as text."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

from engine.errors import EngineError

_READ_ONLY_HINT = "Write one SELECT that only reads."
_WRITES: tuple[type[exp.Expression], ...] = (
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.Command,
    exp.Copy,
    exp.Set,
    exp.Pragma,
    exp.Attach,
    exp.Detach,
    exp.TruncateTable,
    exp.Into,
)


@lru_cache(maxsize=512)
def _parsed(text: str, path: str) -> exp.Query:
    try:
        statements = [s for s in sqlglot.parse(text, dialect="duckdb") if s is not None]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        problem = str(error).split("\n")[0].split(". Line")[0]
        raise EngineError("bad_sql", f"the SQL cannot be read: {problem}", path, _READ_ONLY_HINT) from None
    if len(statements) != 1:
        raise EngineError(
            "bad_sql", f"the SQL holds {len(statements)} statements, it must be one", path, _READ_ONLY_HINT
        )
    query = statements[0]
    if not isinstance(query, exp.Query) or query.find(*_WRITES) is not None:
        raise EngineError("bad_sql", "the SQL does more than read", path, _READ_ONLY_HINT)
    if query.find(exp.Parameter, exp.Placeholder) is not None:
        raise EngineError("bad_sql", "the SQL has parameters", path, "Write the values into it.")
    return query


def select(text: str, path: str) -> exp.Query:
    """The one read-only SELECT in a text; raises EngineError("bad_sql") for anything else."""
    return _parsed(text, path).copy()


def equality(text: str) -> tuple[str, str] | None:
    """The column and the constant of a condition such as `event_type = 'view'`; None for any other."""
    try:
        found = condition(text, "where").unnest()
    except EngineError:
        return None
    if isinstance(found, exp.EQ):
        for one, other in ((found.this, found.expression), (found.expression, found.this)):
            if isinstance(one, exp.Column) and not one.table and isinstance(other, exp.Literal):
                return one.name, other.this
    return None


def condition(text: str, path: str) -> exp.Expression:
    """A SQL condition over a table, as in a model's `where:`."""
    query = _parsed(f"SELECT 1 WHERE {text}", path)
    found = query.args.get("where")
    extra = [key for key in ("group", "order", "limit", "having", "joins") if query.args.get(key)]
    if found is None or extra or not isinstance(query, exp.Select):
        raise EngineError("bad_sql", "the where is not one condition", path, "Write it as in a WHERE clause.")
    inner: exp.Expression = found.this.copy()
    return inner
