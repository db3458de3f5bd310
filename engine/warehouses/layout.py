"""How a table lies in a file: what conditions on a column have to read, and sorting it anew.

DuckDB keeps the least and greatest value of each column for every group of 122,880 rows and passes over groups that
cannot hold what is asked for. So what is read for `column = x` are the groups whose edges take x in; what is needed are
the rows that have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from engine.errors import EngineError

GROUP = 122_880
"""Rows of a row group, as DuckDB writes tables."""


@dataclass(frozen=True)
class Lies:
    """Of a table: its rows, and for constants that a column is compared with, how many rows have one (``needed``) and
    how many are read for it (``read``), added up."""

    rows: int
    needed: int
    read: int


def measure(connection: Any, table: str, column: str | None, constants: Sequence[Any]) -> Lies:
    """How a table lies for conditions that compare a column with constants; without a column they read everything."""
    name = _quoted(table)
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {name}").fetchall()  # noqa: S608 - quoted
    if column is None or not constants:
        return Lies(int(rows), int(rows), int(rows))
    own = f"CAST({_quoted(column)} AS VARCHAR)"
    wanted = [str(one) for one in constants]
    groups = f"SELECT min({own}) AS low, max({own}) AS high, count(*) AS n FROM {name} GROUP BY rowid // {GROUP}"  # noqa: S608
    asked = "(SELECT unnest(?::VARCHAR[]) AS c)"
    read = f"SELECT coalesce(sum(n), 0) FROM ({groups}) JOIN {asked} ON c BETWEEN low AND high"  # noqa: S608 - quoted
    needed = f"SELECT count(*) FROM {name} JOIN {asked} ON c = {own}"  # noqa: S608
    ((scanned,),) = connection.execute(read, [wanted]).fetchall()
    ((found,),) = connection.execute(needed, [wanted]).fetchall()
    return Lies(int(rows), int(found), int(scanned))


def bytes_of(connection: Any, table: str, columns: Sequence[str]) -> int:
    """What some columns of a table take on disk, compressed: what lies between the beginnings of its parts in blocks,
    and the whole blocks of long texts."""
    parts = (
        "SELECT column_name AS name, block_id AS block, block_offset AS place, len(additional_block_ids) AS more "
        "FROM pragma_storage_info(?) WHERE persistent AND block_id >= 0"
    )
    block = "(SELECT max(block_size) FROM pragma_database_size() WHERE database_name = current_database())"
    ends = f"coalesce(lead(place) OVER (PARTITION BY block ORDER BY place), {block})"
    sizes = f"SELECT block, place, {ends} - place AS size FROM (SELECT DISTINCT block, place FROM parts)"  # noqa: S608
    query = (
        f"WITH parts AS ({parts}), sizes AS ({sizes}) SELECT sum(size + more * {block}) "  # noqa: S608 - no values
        "FROM parts JOIN sizes USING (block, place) WHERE list_contains(?::VARCHAR[], lower(name))"
    )
    ((found,),) = connection.execute(query, [table, [one.lower() for one in columns]]).fetchall()
    return int(found or 0)


def sort(connection: Any, table: str, columns: Sequence[str]) -> None:
    """Write a table anew in the order of some columns; raises EngineError where others hold on to it."""
    name, order = _quoted(table), ", ".join(map(_quoted, columns))
    try:
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"CREATE TABLE convoke_sorted AS SELECT * FROM {name} ORDER BY {order}")  # noqa: S608 - quoted
        connection.execute(f"DROP TABLE {name}")
        connection.execute(f"ALTER TABLE convoke_sorted RENAME TO {name}")
    except duckdb.Error as error:
        line = str(error).split("\n")[0][:200]
        hint = "Nothing was changed."
        raise EngineError("warehouse_file", f'the table "{table}" cannot be sorted: {line}', hint=hint) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
