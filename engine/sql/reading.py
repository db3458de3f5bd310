"""Which columns of which tables a SELECT reads for each of its own columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify

from engine.errors import EngineError
from engine.sql import usersql

Tables = Mapping[str, Mapping[str, str]]
"""Tables by name (`orders`, `crm.users`), with their columns and types."""
Read = Mapping[str, frozenset[tuple[str, str]]]
"""By a column of the SELECT, in lower case, what it is made of: (table, column)."""


def columns_read(text: str, tables: Tables) -> Read | None:
    """What each column of a SELECT is made of; None when it cannot be told, such as where it reads a file."""
    schema, names = _schema(tables), {name.lower(): name for name in tables}
    try:
        query: exp.Query = usersql.tree(text, "sql")
        for table in query.find_all(exp.Table):
            if not table.db and table.name.lower() in names:
                table.set("db", exp.to_identifier("main"))
        whole: Any = qualify(query.copy(), schema=schema, dialect="duckdb", validate_qualify_columns=False)
        wanted = [one.alias_or_name for one in whole.selects]
        if "*" in wanted:
            return None
        return {name.lower(): _leaves(name, query, schema, tables, names) for name in wanted}
    except (EngineError, sqlglot.errors.SqlglotError, ValueError, KeyError, AttributeError, RecursionError):
        return None


def row_by_row(text: str) -> tuple[str, Mapping[str, str]] | None:
    """The table of a SELECT that makes each of its rows of one row there, with what is nothing but a column: by its
    name in the SELECT, in lower case, the column's (`*`: all others keep their names). None for every other SELECT: one
    that joins, counts, orders, or takes some alone."""
    try:
        query = usersql.tree(text, "sql")
    except EngineError:
        return None
    origin = query.find(exp.From)
    table = None if origin is None else origin.this
    used = {key for key, value in query.args.items() if value} - {"expressions", "from", "from_", "where"}
    more = (exp.AggFunc, exp.Window, exp.Query, exp.UDTF, exp.Unnest)
    if not isinstance(query, exp.Select) or used or not isinstance(table, exp.Table) or table.args.get("joins"):
        return None
    if any(one is not query and isinstance(one, more) for one in query.walk()):
        return None
    columns: dict[str, str] = {}
    for one in query.expressions:
        inner = one.this if isinstance(one, exp.Alias) else one
        if isinstance(one, exp.Star):
            if any(one.args.values()):
                return None
            columns["*"] = "*"
        elif isinstance(inner, exp.Column) and not isinstance(inner.this, exp.Star):
            columns[one.alias_or_name.lower()] = inner.name
    return ".".join(part.name for part in table.parts).lower(), columns


def _schema(tables: Tables) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, columns in tables.items():
        *above, table = name.lower().split(".")
        inside = found
        for part in above or ["main"]:
            inside = inside.setdefault(part, {})
        inside[table] = {column.lower(): "VARCHAR" for column in columns}
    return found


def _leaves(
    column: str, query: exp.Query, schema: dict[str, Any], tables: Tables, names: Mapping[str, str]
) -> frozenset[tuple[str, str]]:
    found = set()
    for leaf in lineage(column, query.copy(), schema=schema, dialect="duckdb").walk():
        owner = leaf.expression
        if not isinstance(owner, exp.Table) or leaf.downstream:
            continue
        known = names.get(f"{owner.db}.{owner.name}".lower()) or names.get(owner.name.lower())
        real = {} if known is None else {one.lower(): one for one in tables[known]}
        name = real.get(leaf.name.rsplit(".", 1)[-1].strip('"').lower())
        if known is not None and name is not None:
            found.add((known, name))
    return frozenset(found)
