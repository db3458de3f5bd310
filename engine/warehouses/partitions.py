"""How a table of events is divided: runs of rows of one site and one month, each sorted within.

A table stays one table for everybody who reads it. Its rows lie in runs, and a directory in the same file says from
which row to which each run reaches and of which site the profiles of its rows are. Months, kinds of events and values
are passed over by the least and greatest values that DuckDB keeps for each group of rows; sites, which no column of the
table need tell, by the directory.

The directory never promises more than it knows: whoever writes the file makes all of it void at first
(:func:`begin_writing`) and what he has not touched, or has told of, sound again at the end (:func:`end_writing`). Rows
behind the runs, and those of profiles that are of no site or of several, are every site's to read. A profile that came
or moved to another site while its events lie among those of a site is a stray: its new site reads both.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, runtime_checkable

from engine.errors import EngineError
from engine.warehouses.naming import quoted

_LAYOUTS, _RUNS, _STRAYS = "convoke.layouts", "convoke.runs", "convoke.strays"
_VOID, _TO_KEEP, _SOUND = 0, 1, 2
END = 1 << 62
"""Beyond every row of a table."""
MOST_RANGES = 8
"""So many ranges of rows DuckDB passes over faster than it reads all; of more, each row is compared with all."""


@dataclass(frozen=True)
class Sites:
    """Where the site of a profile is told: a table, its key and the column of sites."""

    table: str
    key: str
    column: str


@runtime_checkable
class Divided(Protocol):
    """A warehouse that knows which rows of a table may belong to a site."""

    def rows_of_site(self, table: str, profile: str, sites: Sites, site: str) -> Sequence[tuple[int, int]] | None:
        """What :func:`ranges_of` tells."""


@dataclass(frozen=True)
class Layout:
    """How the rows of a table are to lie: divided by the site of their profile and by month, where that is wanted;
    within each part sorted by ``kind`` (the column that tells events of one table apart), the ``hot`` property, the
    profile and the time."""

    table: str
    profile: str
    time: str | None = None
    kind: str | None = None
    hot: str | None = None
    sites: Sites | None = None
    monthly: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """What the table is divided by."""
        return (*(["site"] if self.sites else []), *(["month"] if self.monthly else []))

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that each part is sorted by."""
        wanted = (self.kind, self.hot, self.profile, self.time)
        return tuple(dict.fromkeys(one for one in wanted if one is not None))

    @property
    def site(self) -> str:
        """The site of a row ``t`` whose profile is joined as ``s``, as SQL."""
        return "s.site" if self.sites else "CAST(NULL AS VARCHAR)"

    @property
    def month(self) -> str:
        """The month of a row ``t``, as SQL."""
        if self.time is None or not self.monthly:
            return "CAST(NULL AS DATE)"
        return f"CAST(date_trunc('month', t.{quoted(self.time)}) AS DATE)"

    def joined(self, rows: str, *, few: bool = False) -> str:
        """FROM the ``rows`` (a SELECT) as ``t``, each with the site of its profile; with ``few`` rows only the sites of
        their profiles are looked up. A profile of several sites has none."""
        if self.sites is None:
            return f"({rows}) t"
        key, column = quoted(self.sites.key), quoted(self.sites.column)
        some = f"WHERE {key} IN (SELECT {quoted(self.profile)} FROM ({rows})) " if few else ""  # noqa: S608 - quoted
        sites = (
            f"SELECT {key} AS key, CASE WHEN min({column}) = max({column}) AND count(*) = count({column}) "  # noqa: S608
            f"THEN CAST(min({column}) AS VARCHAR) END AS site FROM {quoted(self.sites.table)} {some}GROUP BY 1"
        )
        return f"({rows}) t LEFT JOIN ({sites}) s ON s.key = t.{quoted(self.profile)}"

    def sorted(self, rows: str, *, few: bool = False) -> str:
        """The ``rows`` (a SELECT) in the order of the layout."""
        order = [self.site, self.month, *(f"t.{quoted(one)}" for one in self.order)]
        return f"SELECT t.* FROM {self.joined(rows, few=few)} ORDER BY {', '.join(order)}"  # noqa: S608 - quoted


@dataclass(frozen=True)
class Run:
    """Rows of one site (None: of none or several) and month, from ``first`` up to, not including, ``next``."""

    site: str | None
    month: date | None
    first: int
    next: int


_Part: TypeAlias = tuple[str | None, date | None]
"""A site and a month."""


# -- the directory -----------------------------------------------------------------------------------------------------


def begin_writing(connection: Any) -> None:
    """Make the directory void, if there is one, until whoever writes says what still holds."""
    if has_directory(connection):
        connection.execute(f"UPDATE {_LAYOUTS} SET state = CASE state WHEN {_SOUND} THEN {_TO_KEEP} ELSE {_VOID} END")  # noqa: S608


def end_writing(connection: Any) -> None:
    """What was not made void meanwhile holds; strays are looked for where the profiles' table was written."""
    if not has_directory(connection):
        return
    rows = connection.execute(f"SELECT told FROM {_LAYOUTS} WHERE state = {_TO_KEEP} AND profiles").fetchall()  # noqa: S608
    for (told,) in rows:
        _note_strays(connection, _read(told))
    connection.execute(f"UPDATE {_LAYOUTS} SET state = {_SOUND}, profiles = false WHERE state = {_TO_KEEP}")  # noqa: S608


def layout_of(connection: Any, table: str) -> Layout | None:
    """How a table lies, if the directory says so."""
    if not has_directory(connection):
        return None
    query = f"SELECT told FROM {_LAYOUTS} WHERE table_name = ? AND state > {_VOID}"  # noqa: S608 - our names
    row = connection.execute(query, [table.lower()]).fetchone()
    return None if row is None else _read(row[0])


def runs_of(connection: Any, table: str) -> list[Run]:
    """The runs of a table, by where they lie."""
    query = f"SELECT site, month, first, next FROM {_RUNS} WHERE table_name = ? ORDER BY first"  # noqa: S608 - our names
    return [Run(*row) for row in connection.execute(query, [table.lower()]).fetchall()]


def remember_profiles(connection: Any, table: str) -> None:
    """Before a table is written: if sites are told there, keep which profile was of which."""
    if not has_directory(connection):
        return
    for (told,) in connection.execute(f"SELECT told FROM {_LAYOUTS} WHERE state = {_TO_KEEP}").fetchall():  # noqa: S608
        sites = _read(told).sites
        if sites is not None and sites.table.lower() == table.lower():
            connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {_before(sites)} AS {_claims(sites)}")
            connection.execute(f"UPDATE {_LAYOUTS} SET profiles = true WHERE told = ?", [told])  # noqa: S608


def forget_layout(connection: Any, table: str) -> None:
    """Rows of the table were changed or removed: nothing is known of where they lie."""
    if has_directory(connection):
        for name in (_LAYOUTS, _RUNS, _STRAYS):
            connection.execute(f"DELETE FROM {name} WHERE table_name = ?", [table.lower()])  # noqa: S608 - our names


def rows_of(connection: Any, table: str) -> int | None:
    """How many rows a table has, if they are numbered without a gap; None where some were removed."""
    ((rows, last),) = connection.execute(f"SELECT count(*), max(rowid) FROM {quoted(table)}").fetchall()  # noqa: S608
    return int(rows) if last is None or int(last) + 1 == int(rows) else None


def note_runs(connection: Any, layout: Layout, since: int) -> None:
    """Rows from ``since`` on were written in the layout's order: tell where each part of them lies. Raises EngineError
    where they do not lie so."""
    rows = f"SELECT rowid AS convoke_row, * FROM {quoted(layout.table)} WHERE rowid >= {since}"  # noqa: S608 - quoted
    found = connection.execute(
        f"SELECT {layout.site}, {layout.month}, min(t.convoke_row), max(t.convoke_row) + 1, count(*) "  # noqa: S608 - quoted
        f"FROM {layout.joined(rows, few=since > 0)} GROUP BY 1, 2"
    ).fetchall()
    for _, _, first, after, count in found:
        if after - first != count:
            raise EngineError("internal", f'the rows of "{layout.table}" do not lie as they were written')
    name = layout.table.lower()
    values = [(name, *row[:4]) for row in found]
    if values:
        connection.executemany(f"INSERT INTO {_RUNS} VALUES (?, ?, ?, ?, ?)", values)  # noqa: S608 - our names


# -- writing -----------------------------------------------------------------------------------------------------------


def untouched(connection: Any, layout: Layout) -> list[tuple[int, int]]:
    """The rows of those parts that lie as the layout wants already: in one run, with no stray, and none of rows whose
    profile was of no site when they were laid and is of one now."""
    if layout_of(connection, layout.table) != layout or rows_of(connection, layout.table) is None:
        return []
    query = f"SELECT count(*) FROM {_STRAYS} WHERE table_name = ?"  # noqa: S608 - our names
    if connection.execute(query, [layout.table.lower()]).fetchone()[0]:
        return []
    runs: dict[_Part, list[Run]] = {}
    for run in runs_of(connection, layout.table):
        runs.setdefault((run.site, run.month), []).append(run)
    moved = _of_a_site_now(connection, layout, runs)
    clean = [several[0] for part, several in runs.items() if len(several) == 1 and part not in moved]
    return merged((one.first, one.next) for one in clean)


def _of_a_site_now(connection: Any, layout: Layout, runs: Mapping[_Part, list[Run]]) -> set[_Part]:
    """The parts that rows of no site belong to by now, and those that they lie in."""
    nobodys = merged((one.first, one.next) for part, several in runs.items() if part[0] is None for one in several)
    if layout.sites is None or not nobodys:
        return set()
    rows = f"SELECT * FROM {quoted(layout.table)} WHERE {within(nobodys, 'rowid')}"  # noqa: S608 - quoted
    query = (
        f"SELECT DISTINCT {layout.site}, {layout.month} FROM {layout.joined(rows, few=True)} WHERE s.site IS NOT NULL"  # noqa: S608
    )
    found = connection.execute(query).fetchall()
    return {part for site, month in found for part in ((site, month), (None, month))}


def lay(connection: Any, layout: Layout) -> None:
    """Write a table anew in parts, each sorted; parts that lie so already are taken over as they are."""
    name = quoted(layout.table)
    clean = untouched(connection, layout)
    inside = within(clean, "rowid")
    kept = [one for one in runs_of(connection, layout.table) if _covered(one, clean)] if clean else []
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(f"CREATE TABLE convoke_sorted AS SELECT * FROM {name} WHERE {inside}")  # noqa: S608 - quoted
    rest = f"SELECT * FROM {name} WHERE NOT {inside}"  # noqa: S608 - quoted
    connection.execute(f"INSERT INTO convoke_sorted {layout.sorted(rest)}")
    connection.execute(f"DROP TABLE {name}")
    connection.execute(f"ALTER TABLE convoke_sorted RENAME TO {name}")
    _directory(connection)
    forget_layout(connection, layout.table)
    at = 0
    for run in kept:
        place = run.site, run.month, at, at + run.next - run.first
        connection.execute(f"INSERT INTO {_RUNS} VALUES (?, ?, ?, ?, ?)", [layout.table.lower(), *place])  # noqa: S608
        at += run.next - run.first
    note_runs(connection, layout, at)
    told = json.dumps(asdict(layout), sort_keys=True)
    connection.execute(f"INSERT INTO {_LAYOUTS} VALUES (?, ?, {_TO_KEEP}, false)", [layout.table.lower(), told])  # noqa: S608


def _covered(run: Run, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= run.first and run.next <= after for first, after in ranges)


def _directory(connection: Any) -> None:
    connection.execute("CREATE SCHEMA IF NOT EXISTS convoke")
    for name, columns in (
        (_LAYOUTS, "table_name VARCHAR, told VARCHAR, state TINYINT, profiles BOOLEAN"),
        (_RUNS, "table_name VARCHAR, site VARCHAR, month DATE, first BIGINT, next BIGINT"),
        (_STRAYS, "table_name VARCHAR, lie VARCHAR, belong VARCHAR"),
    ):
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")


def has_directory(connection: Any) -> bool:
    """Whether the file has a directory."""
    query = (
        "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() "
        "AND schema_name = 'convoke' AND table_name = 'layouts'"
    )
    return connection.execute(query).fetchone() is not None


def _read(told: str) -> Layout:
    found = json.loads(told)
    sites = found.pop("sites")
    return Layout(**found, sites=None if sites is None else Sites(**sites))


def _before(sites: Sites) -> str:
    """The name of what :func:`remember_profiles` keeps until the end of the writing."""
    return f"convoke_before_{zlib.crc32(repr(sites).encode())}"


def _claims(sites: Sites) -> str:
    """Which profile is of which site, as SQL."""
    return (
        f"SELECT {quoted(sites.key)} AS key, CAST({quoted(sites.column)} AS VARCHAR) AS site "  # noqa: S608 - quoted
        f"FROM {quoted(sites.table)} WHERE {quoted(sites.key)} IS NOT NULL AND {quoted(sites.column)} IS NOT NULL"
    )


def _note_strays(connection: Any, layout: Layout) -> None:
    """Profiles that are of a site now, and were not before, whose events lie among those of another one."""
    assert layout.sites is not None  # noqa: S101 - its profiles were written
    new = f"{_claims(layout.sites)} EXCEPT SELECT key, site FROM {_before(layout.sites)}"  # noqa: S608 - our names
    connection.execute(f"CREATE OR REPLACE TEMP TABLE convoke_claims AS {new}")
    if connection.execute("SELECT 1 FROM convoke_claims LIMIT 1").fetchone() is None:
        return
    table = layout.table.lower()
    connection.execute(
        f"INSERT INTO {_STRAYS} SELECT DISTINCT r.table_name, r.site, c.site FROM {quoted(layout.table)} t "  # noqa: S608
        f"JOIN convoke_claims c ON c.key = t.{quoted(layout.profile)} "
        f"JOIN {_RUNS} r ON t.rowid >= r.first AND t.rowid < r.next "
        "WHERE r.table_name = ? AND r.site IS NOT NULL AND r.site != c.site",
        [table],
    )


# -- reading -----------------------------------------------------------------------------------------------------------


def ranges_of(connection: Any, table: str, profile: str, sites: Sites, site: str) -> list[tuple[int, int]] | None:
    """The rows that may belong to profiles of a site, from the first up to, not including, the next (:data:`END`: all
    that follow); None where nothing is known of them. ``profile`` and ``sites`` say how the reader finds the site of a
    row."""
    if not has_directory(connection):
        return None
    query = f"SELECT told FROM {_LAYOUTS} WHERE table_name = ? AND state = {_SOUND}"  # noqa: S608 - our names
    row = connection.execute(query, [table.lower()]).fetchone()
    layout = None if row is None else _read(row[0])
    if layout is None or layout.profile != profile or layout.sites != sites:
        return None
    runs = runs_of(connection, table)
    query = f"SELECT lie FROM {_STRAYS} WHERE table_name = ? AND belong = ?"  # noqa: S608 - our names
    sites_ = {None, site, *(row[0] for row in connection.execute(query, [table.lower(), site]).fetchall())}
    return _fewer(merged([*((one.first, one.next) for one in runs if one.site in sites_), *_unnamed(runs)]))


def _fewer(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """At most so many ranges as are read fast; those with the fewest rows between them become one."""
    while len(ranges) > MOST_RANGES:
        gaps = [after[0] - before[1] for before, after in pairwise(ranges)]
        place = gaps.index(min(gaps))
        ranges = [*ranges[:place], (ranges[place][0], ranges[place + 1][1]), *ranges[place + 2 :]]
    return ranges


def _unnamed(runs: list[Run]) -> list[tuple[int, int]]:
    """The rows between and behind the runs, of which nothing is known."""
    known = merged((one.first, one.next) for one in runs)
    edges = [0, *(edge for one in known for edge in one), END]
    return [(first, after) for first, after in zip(edges[::2], edges[1::2], strict=True) if first < after]


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same rows in as few ranges as possible, in order."""
    found: list[tuple[int, int]] = []
    for first, after in sorted(ranges):
        if found and found[-1][1] >= first:
            found[-1] = found[-1][0], max(found[-1][1], after)
        else:
            found.append((first, after))
    return found


def within(ranges: list[tuple[int, int]], row: str) -> str:
    """Whether a row lies in one of the ranges, as SQL."""
    parts = [f"({row} >= {first} AND {row} < {after})" for first, after in ranges]
    return f"({' OR '.join(parts)})" if parts else "(false)"
