"""Whether the store's file is sound: its structure, its references, and texts that a damaged page leaves behind."""

from __future__ import annotations

from typing import Any

import apsw

from engine.store.database import Database, quoted

_MOST = 20


def problems(database: Database) -> list[str]:
    """A sentence for each fault, at most twenty; none when the store is sound. Never a value of the store."""
    found: list[str] = []
    try:
        told = [str(row[0]) for row in database.ask(f"PRAGMA integrity_check({_MOST})")]
        found += [f"store.sqlite: {one}" for one in told if one != "ok"]
        for table, _, parent, _ in database.ask("PRAGMA foreign_key_check"):
            found.append(f"store.sqlite: a row of {table} refers to a row of {parent} that does not exist")
        found += [f"store.sqlite: {table}.{column} holds zeroed bytes" for table, column in _zeroed(database)]
    except apsw.Error:
        found.append("store.sqlite: its pages cannot be read any more")
    return list(dict.fromkeys(found))[:_MOST]


def _zeroed(database: Database) -> list[tuple[Any, Any]]:
    """Columns in which a text has a zero byte: no text of Convoke has one."""
    columns = database.ask(
        "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c "
        "WHERE m.type = 'table' AND upper(c.type) = 'TEXT'"
    )
    return [
        (table, column)
        for table, column in columns
        if database.ask(
            f"SELECT 1 FROM {quoted(table)} WHERE typeof({quoted(column)}) = 'text' "  # noqa: S608 - quoted
            f"AND instr(CAST({quoted(column)} AS BLOB), x'00') LIMIT 1"
        )
    ]
