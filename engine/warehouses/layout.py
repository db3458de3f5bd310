"""How much of a table is read for what is asked of it, as it lies and as it would lie in another layout.

DuckDB keeps the least and greatest value of each column for every group of rows (122,880, or fewer where a load ended)
and passes over groups that cannot hold what is asked for; of a site only the rows are read that the directory of
:mod:`engine.warehouses.partitions` names. So what is read are the groups whose edges take in what is asked for; what is
needed are the rows that match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from engine.faults.telling import failure
from engine.warehouses.naming import quoted
from engine.warehouses.partitions import END, Layout, lay, ranges_of

_COUNTED = 20_000_000
"""Rows that are counted to choose a layout."""
GROUP = 122_880
"""Rows of a whole group, as DuckDB writes tables."""
_BOUNDS = r"^\[Min: (.*), Max: (.*?)(?:, Has Unicode: .*)?\]\[Has Null"
_VARIANT = 2
_KEPT = 8
"""Of a text only so many bytes are kept as an edge."""


@dataclass(frozen=True)
class Ask:
    """What one scan asks of a table: rows of a ``kind`` whose hot property has one of the ``constants``, since a moment
    and before another (UTC, naive); None asks for all. A scan for several constants reads from the least to the
    greatest of them."""

    kind: Any = None
    constants: tuple[Any, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


def rows_read(connection: Any, layout: Layout, asks: Sequence[Ask], sites: Sequence[str | None]) -> int:
    """How many rows are read of a table as it lies now, each ask once for each site. ``layout`` names its columns."""
    _stage_asks(connection, layout, asks)
    _stage_zones(connection, layout)
    _stage_ranges(connection, layout, sites)
    ((read,),) = connection.execute(
        "SELECT coalesce(sum(rows), 0) FROM (SELECT DISTINCT a.id, r.site, z.first, z.next - z.first AS rows "  # noqa: S608
        "FROM convoke_asks a, convoke_zones z, convoke_ranges r WHERE z.first < r.next AND z.next > r.first "
        f"AND {_takes_in()})"
    ).fetchall()
    return int(read)


def rows_needed(connection: Any, layout: Layout, asks: Sequence[Ask]) -> int:
    """How many rows match, added up over the asks."""
    _stage_asks(connection, layout, asks)
    total = 0
    for kind in (True, False):
        for hot in (True, False):
            columns = [("kind", layout.kind, kind), ("constant", layout.hot, hot)]
            if any(column is None and has for _, column, has in columns):
                continue
            equal = [f"t.{quoted(column)} = a.{mine}" for mine, column, has in columns if has and column is not None]
            which = " AND ".join(f"{mine} IS {'NOT ' if has else ''}NULL" for mine, _, has in columns)
            asked = f"SELECT * FROM convoke_asks LEFT JOIN convoke_constants USING (id) WHERE {which}"  # noqa: S608
            time = "NULL" if layout.time is None else f"CAST(t.{quoted(layout.time)} AS TIMESTAMP)"
            ((found,),) = connection.execute(
                f"SELECT count(*) FROM {quoted(layout.table)} t JOIN ({asked}) a "  # noqa: S608 - quoted
                f"ON {' AND '.join(equal or ['true'])} AND (a.since IS NULL OR {time} >= a.since) "
                f"AND (a.until IS NULL OR {time} < a.until)"
            ).fetchall()
            total += int(found)
    return total


def count_cells(connection: Any, layout: Layout) -> None:
    """Before :func:`rows_expected`: how many rows each site, month, kind and constant has; of a large table by a share
    of its profiles. ``layout`` is the one of the most parts."""
    share = max(1, rows_in(connection, layout.table) // _COUNTED)
    some = f" WHERE hash({quoted(layout.profile)}) % {share} = 0" if share > 1 else ""
    kind = "CAST(NULL AS VARCHAR)" if layout.kind is None else f"t.{quoted(layout.kind)}"
    hot = "CAST(NULL AS VARCHAR)" if layout.hot is None else f"t.{quoted(layout.hot)}"
    rows = layout.joined(f"SELECT * FROM {quoted(layout.table)}{some}", few=share > 1)  # noqa: S608 - quoted
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE convoke_cells AS SELECT {layout.site} AS site, {layout.month} AS month, "  # noqa: S608
        f"{kind} AS kind, {hot} AS constant, count(*) * {share} AS n FROM {rows} GROUP BY ALL"
    )


def rows_expected(connection: Any, layout: Layout, asks: Sequence[Ask], sites: Sequence[str | None]) -> int:
    """How many rows would be read of a table in a layout: the same question to the groups that there would be."""
    _stage_asks(connection, layout, asks)
    return _predicted(connection, layout, sites)


def _predicted(connection: Any, layout: Layout, sites: Sequence[str | None]) -> int:
    keys = [*layout.parts, "kind", "constant"]
    site, mine = ("p.site", "AND (z.site = r.site OR z.site IS NULL)") if layout.sites else ("NULL", "")
    month = "min(p.month) AS time_low, max(p.month) + INTERVAL 1 MONTH" if layout.monthly else "NULL AS time_low, NULL"
    edges = []
    for one in ("kind", "constant"):
        edge = _edge(connection, f"p.{one}", layout, one)
        edges.append(f"min({edge}) AS {one}_low, max({edge}) AS {one}_high")
    ((rows,),) = connection.execute(
        f"WITH cells AS (SELECT {', '.join(keys)}, sum(n) AS n FROM convoke_cells GROUP BY ALL), "  # noqa: S608
        f"places AS (SELECT *, sum(n) OVER (ORDER BY {', '.join(keys)} ROWS UNBOUNDED PRECEDING) AS after FROM cells), "
        f"parts AS (SELECT *, unnest(range(((after - n) // {GROUP})::BIGINT, ((after - 1) // {GROUP})::BIGINT + 1)) "
        f"AS g FROM places), boxes AS (SELECT g, {month} AS time_high, {', '.join(edges)} FROM parts p GROUP BY 1), "
        f"zones AS (SELECT DISTINCT boxes.*, {site} AS site, "
        f"least({GROUP}, (SELECT sum(n) FROM cells) - g * {GROUP}) AS rows FROM boxes JOIN parts p USING (g)), "
        "read AS (SELECT DISTINCT a.id, r.site, z.g, z.rows FROM convoke_asks a, zones z, "
        f"(SELECT unnest($1::VARCHAR[]) AS site) r WHERE {_takes_in()} {mine}) SELECT coalesce(sum(rows), 0) FROM read",
        [list(sites)],
    ).fetchall()
    return int(rows)


def _edge(connection: Any, value: str, layout: Layout, what: str) -> str:
    """A value as DuckDB keeps it as an edge."""
    column = layout.kind if what == "kind" else layout.hot
    type_ = types_of(connection, layout.table).get((column or "").lower(), "VARCHAR")
    return f"left({value}, {_KEPT})" if type_ == "VARCHAR" else value


def _takes_in() -> str:
    """Whether the edges of a group ``z`` take in an ask ``a``; edges that are not known always do."""
    parts = [
        f"(a.{one}_low IS NULL OR z.{one}_low IS NULL OR (a.{one}_low <= z.{one}_high AND a.{one}_high >= z.{one}_low))"
        for one in ("kind", "constant")
    ]
    parts.append("(a.since IS NULL OR z.time_high IS NULL OR z.time_high >= a.since)")
    parts.append("(a.until IS NULL OR z.time_low IS NULL OR z.time_low < a.until)")
    return " AND ".join(parts)


def _stage_asks(connection: Any, layout: Layout, asks: Sequence[Ask]) -> None:
    """Keep what is asked for, each value in the type of its column and as an edge of that type."""
    types = types_of(connection, layout.table)
    kind, hot = types.get((layout.kind or "").lower(), "VARCHAR"), types.get((layout.hot or "").lower(), "VARCHAR")
    pairs = [(number, str(one)) for number, ask in enumerate(asks) for one in ask.constants or ()]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE convoke_constants AS SELECT DISTINCT id, constant FROM (SELECT id, "  # noqa: S608
        f"TRY_CAST(c AS {hot}) AS constant FROM (SELECT unnest($1::BIGINT[]) AS id, unnest($2::VARCHAR[]) AS c)) "
        "WHERE constant IS NOT NULL",
        [[one for one, _ in pairs], [one for _, one in pairs]],
    )
    values = [
        list(range(len(asks))),
        [None if one.kind is None else str(one.kind) for one in asks],
        [one.since for one in asks],
        [one.until for one in asks],
    ]
    low, high = (_edge(connection, f"{pick}(constant)", layout, "constant") for pick in ("min", "max"))
    edge = _edge(connection, "kind", layout, "kind")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE convoke_asks AS SELECT *, {edge} AS kind_low, kind_low AS kind_high FROM ("  # noqa: S608
        f"SELECT id, TRY_CAST(k AS {kind}) AS kind, since, until FROM (SELECT unnest($1::BIGINT[]) AS id, "
        "unnest($2::VARCHAR[]) AS k, unnest($3::TIMESTAMP[]) AS since, unnest($4::TIMESTAMP[]) AS until)) "
        f"LEFT JOIN (SELECT id, {low} AS constant_low, {high} AS constant_high FROM convoke_constants GROUP BY id) "
        "USING (id)",
        values,
    )


def _stage_zones(connection: Any, layout: Layout) -> None:
    """Keep the groups of a table with the edges of the columns that are asked for."""
    types = types_of(connection, layout.table)
    parts = []
    for name, column in (("kind", layout.kind), ("constant", layout.hot), ("time", layout.time)):
        type_ = "TIMESTAMP" if name == "time" else types.get((column or "").lower(), "VARCHAR")
        for edge, pick in (("low", "min"), ("high", "max")):
            # Of a part whose edges cannot be told, nothing is known of the whole group.
            raw = _kept(pick)
            told = f"left({raw}, {_KEPT})" if type_ == "VARCHAR" else f"TRY_CAST({raw} AS {type_})"
            own = f"lower(column_name) = {_text((column or '').lower())}"
            parts.append(
                f"CASE WHEN count(*) FILTER ({own} AND ({told} IS NULL OR contains({raw}, '\\x'))) = 0 "
                f"THEN {pick}({told}) FILTER ({own}) END AS {name}_{edge}"
            )
    counted = f"sum(count) FILTER (lower(column_name) = {_text(layout.profile.lower())})"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE convoke_zones AS SELECT *, next - n AS first FROM (SELECT *, "  # noqa: S608
        "sum(n) OVER (ORDER BY row_group_id ROWS UNBOUNDED PRECEDING) AS next FROM (SELECT row_group_id, "
        f"{counted} AS n, {', '.join(parts)} FROM pragma_storage_info(?) "
        "WHERE segment_type != 'VALIDITY' GROUP BY 1))",
        [layout.table],
    )


def _kept(pick: str) -> str:
    """The least or greatest value of a part as text, out of what DuckDB tells of it: a text before version 2."""
    if int(duckdb.__version__.split(".")[0]) >= _VARIANT:
        return f"CAST(stats.{pick} AS VARCHAR)"
    return f"nullif(regexp_extract(stats, {_text(_BOUNDS)}, {1 if pick == 'min' else 2}), '')"


def _stage_ranges(connection: Any, layout: Layout, sites: Sequence[str | None]) -> None:
    """Keep which rows are read for each site."""
    found: list[tuple[str | None, int, int]] = []
    for site in sites:
        ranges = None
        if site is not None and layout.sites is not None:
            ranges = ranges_of(connection, layout.table, layout.profile, layout.sites, site)
        found += [(site, first, after) for first, after in ranges or [(0, END)]]
    connection.execute("CREATE OR REPLACE TEMP TABLE convoke_ranges (site VARCHAR, first BIGINT, next BIGINT)")
    connection.executemany("INSERT INTO convoke_ranges VALUES (?, ?, ?)", found)


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


def rows_in(connection: Any, table: str) -> int:
    """How many rows a table has."""
    return int(connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0])  # noqa: S608 - quoted


def types_of(connection: Any, table: str) -> dict[str, str]:
    """The types of a table's columns, by their names in small letters; none for what is no table of the file."""
    query = (
        "SELECT lower(column_name), data_type FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = 'main' AND lower(table_name) = ? AND NOT internal AND lower(table_name) IN (SELECT "
        "lower(table_name) FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'main')"
    )
    return dict(connection.execute(query, [table.lower()]).fetchall())


def rewrite(connection: Any, layout: Layout) -> None:
    """Write a table anew in a layout; raises EngineError where others hold on to it."""
    try:
        lay(connection, layout)
    except duckdb.Error as error:
        hint = "Nothing was changed."
        lead = f'the table "{layout.table}" cannot be sorted'
        raise failure("warehouse_file", lead, error, hint=hint) from None


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
