"""Which column made a conversion fail, and in how many rows: asked after a query failed, never before.

The failed SQL is read for its casts of plain columns. Each one is tried again with TRY_CAST over the table or SELECT
that the column comes from; only counts and a row number come back, never a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from engine.errors import EngineError
from engine.faults.queries import column_in, type_in
from engine.jobs import Job, limited
from engine.selects.gate import passed

SECONDS = 5.0
"""The time that the search may take; the query has failed already, and somebody waits."""
_MOST = 24
_LONGEST = 200_000
"""Characters of SQL that are read; texts beyond are generated for many audiences at once."""


@dataclass(frozen=True)
class Misfit:
    """A column whose values do not fit a type: of which table (None: of a SELECT), in how many rows, and the number of
    the first (from 1; None where rows have no number)."""

    column: str
    table: str | None
    type: str
    rows: int
    first: int | None

    @property
    def place(self) -> str:
        """The rows in words."""
        many = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return many if self.first is None else f"{many}, the first is row {self.first:,}"


def misfit(cursor: duckdb.DuckDBPyConnection, sql: str, error: Exception, job: Job | None = None) -> Misfit | None:
    """The first column whose values do not fit; None where it cannot be found in time. ``cursor`` is used and left
    open. A cancelled job ends the search."""
    if len(sql) > _LONGEST:
        return None
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    try:
        with limited(cursor.interrupt, SECONDS, job):
            return _found(cursor, tree, error, job)
    except duckdb.InterruptException:
        return None


def _found(cursor: duckdb.DuckDBPyConnection, tree: exp.Expr, error: Exception, job: Job | None) -> Misfit | None:
    for source, column, wanted in islice(_casts(tree, error), _MOST):
        if job is not None:
            job.check()
        try:
            found = _count(cursor, source, column, wanted)
        except duckdb.InterruptException:
            raise
        except (duckdb.Error, EngineError, sqlglot.errors.SqlglotError):
            continue  # its source reads what only the failed query had (temporary tables, parameters), or an odd type
        if found is not None:
            return found
    return None


def _casts(tree: exp.Expr, error: Exception) -> Iterator[tuple[exp.Expression, str, str]]:
    """(source, column, type) of each cast that may have failed; those that DuckDB made by itself from its text."""
    seen = set()
    for select in tree.find_all(exp.Select):
        source = _source(select)
        if source is None:
            continue
        for cast in select.find_all(exp.Cast):
            if type(cast) is exp.Cast and isinstance(cast.this, exp.Column) and cast.parent_select is select:
                one = (source.sql(dialect="duckdb"), cast.this.name, cast.to.sql(dialect="duckdb"))
                if one not in seen:
                    seen.add(one)
                    yield source, one[1], one[2]
    for select in tree.find_all(exp.Select):
        source, wanted = _source(select), type_in(error)
        if source is not None and wanted is not None:
            named = {column.name for column in select.find_all(exp.Column) if column.parent_select is select}
            column = column_in(error, named)
            if column is not None:
                yield source, column, wanted


def _source(select: exp.Select) -> exp.Expression | None:
    """What a SELECT reads, if it is one table or one SELECT that stands for itself."""
    found = select.args.get("from_") or select.args.get("from")
    if found is None or select.args.get("joins"):
        return None
    item = found.this
    if not isinstance(item, exp.Table | exp.Subquery) or item.find(exp.Parameter, exp.Placeholder) is not None:
        return None
    return item


def _count(cursor: duckdb.DuckDBPyConnection, source: exp.Expression, column: str, wanted: str) -> Misfit | None:
    there = exp.column(column, quoted=True)
    tried = exp.TryCast(this=there.copy(), to=exp.DataType.build(wanted, dialect="duckdb"))
    wrong = exp.and_(exp.Not(this=exp.Is(this=there, expression=exp.null())), exp.Is(this=tried, expression=exp.null()))
    counted = exp.select(exp.func("count_if", wrong)).from_(source.copy())
    rows = _single(cursor, counted)
    if not rows:
        return None
    first = None
    if isinstance(source, exp.Table):
        numbered = exp.select(exp.Min(this=exp.column("rowid"))).from_(source.copy()).where(wrong.copy())
        with suppress(duckdb.BinderException):  # a view has no row numbers
            first = int(_single(cursor, numbered)) + 1
    table = source.name if isinstance(source, exp.Table) else _only_table(source)
    return Misfit(column, table, wanted, int(rows), first)


def _single(cursor: duckdb.DuckDBPyConnection, query: exp.Expression) -> Any:
    """The one value of a SELECT. It passes the gate again, for sqlglot may have read the text otherwise than DuckDB."""
    text = passed(query.sql(dialect="duckdb"), "sql", parameters=False).text
    return cursor.execute(text).fetchall()[0][0]


def _only_table(source: exp.Expression) -> str | None:
    names = {one.name for one in source.find_all(exp.Table)}
    return names.pop() if len(names) == 1 else None
