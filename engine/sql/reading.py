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
        query = usersql.select(text, "sql").copy()
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
