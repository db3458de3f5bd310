"""Tables of collected rows as files: each landing adds one, small ones become a larger one, views are the tables.

A column has the type of its first value, and whole numbers become numbers when one has decimals. A value that does not
fit without losing anything goes to the rest, as JSON.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet

from engine.durable import make_folder, sync_folder
from engine.ingest import exact
from engine.ingest.context import CONTEXT
from engine.ingest.files import named, quoted
from engine.ingest.messages import ASIDE, PAIRS, REST, USERS, Row, columns_of, moment_of
from engine.ingest.stitching import owners

MOST_COLUMNS, MOST_TABLES = 400, 1_000
"""More come from mistakes, or from somebody who found a write key."""
_MERGE = 24
"""So many files of a size become one."""
_SIZES = 1 << 20, 32 << 20
"""Files below the first are merged, and so are those below the second: none is written anew again and again."""
_NEW = 8
"""The newest files are left out: who looks at what is new finds it in files of its own."""
_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}
_WHOLE = 1 << 63
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


@dataclass
class Table:
    """A table: its columns with their types, and its files with (rows, bytes) of each."""

    columns: dict[str, str]
    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def new(cls, name: str) -> Table:
        """A table without rows."""
        return cls({**columns_of(name), REST: "VARCHAR"})

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Table:
        """As it is kept."""
        return cls(dict(told["columns"]), {name: (int(a), int(b)) for name, (a, b) in told["files"].items()})

    def as_json(self) -> dict[str, Any]:
        """To be kept."""
        return {"columns": self.columns, "files": self.files}

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(rows for rows, _ in self.files.values())


def written(folder: Path, table: Table, name: str, number: int, rows: Sequence[Row], suffix: str = "") -> None:
    """Put rows into a file of the table, on disk; columns that are new are added to it."""
    values = [_fitted(table, row.values) for row in rows]
    columns = {one: _column([row.get(one) for row in values], kind) for one, kind in table.columns.items()}
    path = f"{name}/{number:012d}{suffix}.parquet"
    put_parquet(folder, path, pa.table(columns))
    table.files[path] = len(rows), (folder / path).stat().st_size


def _column(values: Sequence[Any], kind: str) -> Any:
    if kind == "DOUBLE":  # some may have come while the column was one of whole numbers
        values = [None if one is None else float(one) for one in values]
    return pa.array(values, type=_TYPES[kind])


def put_parquet(folder: Path, name: str, made: Any) -> None:
    """Write an Arrow table to a file in a table's folder; it is on disk afterwards."""
    path = folder / name
    make_folder(path.parent)
    with path.open("wb") as file:
        pyarrow.parquet.write_table(made, file, compression="zstd", write_page_checksum=True)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    sync_folder(folder)


def _fitted(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by columns; what fits no column goes to the rest."""
    found: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    columns = table.columns
    for name, value in values.items():
        if value is None:
            continue
        kind = columns.get(name)
        if kind == "VARCHAR" and type(value) is str:  # most values are texts in columns of these
            found[name] = value
            continue
        if name == REST and isinstance(value, dict):
            rest |= value
            continue
        if kind is None:
            if len(columns) >= MOST_COLUMNS:
                rest[name] = value
                continue
            kind = columns[name] = "VARCHAR" if name in CONTEXT else _type(value)
        elif kind == "BIGINT" and isinstance(value, float) and not value.is_integer():
            kind = columns[name] = "DOUBLE"  # JavaScript writes 12.0 as 12, so prices may begin as whole numbers
        fits, made = _as(value, kind)
        if fits:
            found[name] = made
        else:
            rest[name] = value
    if rest:
        found[REST] = exact.written(rest, default=str)
    return found


def _type(value: object) -> str:
    match value:
        case bool():
            return "BOOLEAN"
        case int() if -_WHOLE <= value < _WHOLE:
            return "BIGINT"
        case Decimal() if _is_whole(value):
            return "BIGINT"
        case int() | float() | Decimal():
            return "DOUBLE"
        case datetime():
            return "TIMESTAMP"
        case str() if _MOMENT.fullmatch(value) and moment_of(value) is not None:
            return "TIMESTAMP"
    return "VARCHAR"


def _as(value: Any, kind: str) -> tuple[bool, Any]:
    """Whether a value fits a type without losing anything, and what it is then."""
    if kind == "TIMESTAMP" and isinstance(value, datetime):
        return True, (value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None)
    match kind, value:
        case "BOOLEAN", bool():
            return True, value
        case "BIGINT", int() if not isinstance(value, bool) and -_WHOLE <= value < _WHOLE:
            return True, value
        case "BIGINT", float() if value.is_integer() and abs(value) < 2**53:
            return True, int(value)
        case "BIGINT", Decimal() if _is_whole(value):
            return True, int(value)
        case "DOUBLE", int() if not isinstance(value, bool) and abs(value) <= 2**53:
            return True, float(value)
        case "DOUBLE", float():
            return True, float(value)
        case "TIMESTAMP", str():
            found = moment_of(value) if _MOMENT.fullmatch(value) else None
            return found is not None, None if found is None else found.replace(tzinfo=None)
        case "VARCHAR", str():
            return True, value
        case "VARCHAR", bool() | int() | float() | Decimal():
            return True, exact.written(value)
    return False, None


def _is_whole(value: Decimal) -> bool:
    """Whether a decimal is a whole number that a column of these holds."""
    return value.adjusted() < 20 and value == value.to_integral_value() and -_WHOLE <= value < _WHOLE


def merged(folder: Path, table: Table, name: str, number: int) -> list[str]:
    """Make one file of many small ones, at landing ``number``; the files that are no longer of the table. It is called
    by the last file of the journal whose rows are in it, as every file is."""
    old = sorted(table.files, key=landed_in)[:-_NEW]
    small: list[str] = []
    for least, most in zip((0, *_SIZES), _SIZES, strict=False):
        some = [one for one in old if least <= table.files[one][1] < most]
        small = small or (some if len(some) >= _MERGE else [])
    if not small:
        return []
    path = f"{name}/{max(map(landed_in, small)):012d}-{number}-{len(small)}.parquet"
    with duckdb.connect() as connection:
        listed = ", ".join(quoted(str(folder / one)) for one in small)
        query = f"SELECT * FROM read_parquet([{listed}], union_by_name = true) ORDER BY received_at"  # noqa: S608
        made = connection.execute(query).to_arrow_table()
    put_parquet(folder, path, made)
    rows = sum(table.files[one][0] for one in small)
    for one in small:
        del table.files[one]
    table.files[path] = rows, (folder / path).stat().st_size
    return small


def landed_in(file: str) -> int:
    """The last file of the journal whose rows are in a file of a table."""
    return int(Path(file).stem.split("-")[0])


def catalog(folder: Path, name: str, tables: Mapping[str, Table]) -> None:
    """A file of views over all tables; the users with the newest value of each trait are one too."""
    path = folder / name
    path.unlink(missing_ok=True)
    pairs = None if PAIRS not in tables else _reading(folder, tables[PAIRS], list(tables[PAIRS].files))
    connection = duckdb.connect(str(path))
    try:
        for one, table in sorted(tables.items()):
            if one == PAIRS:
                continue
            rows = _reading(folder, table, list(table.files))
            if pairs is not None and one != ASIDE:
                rows = _stitched(table, rows, pairs)
            connection.execute(f"CREATE VIEW {named(one)} AS SELECT * FROM {rows}")  # noqa: S608 - quoted
        if "identifies" in tables:
            connection.execute(_users(folder, tables["identifies"]))
    finally:
        connection.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _reading(folder: Path, table: Table, files: Sequence[str]) -> str:
    listed = ", ".join(quoted(str((folder / one).resolve())) for one in files)
    columns = ", ".join(map(named, table.columns))
    missing = "" if len(files) < 2 else ", union_by_name = true"
    return f"(SELECT {columns} FROM read_parquet([{listed}]{missing}))"  # noqa: S608 - quoted


def _stitched(table: Table, rows: str, pairs: str) -> str:
    """The rows with the user as their profile where the anonymous id belongs to one; those with a user of their own are
    not looked up."""
    columns = ", ".join("{profile} AS profile" if one == "profile" else f"rows.{named(one)}" for one in table.columns)
    known, looked_up = (columns.format(profile=one) for one in ("rows.user_id", _OWNER))
    return (
        f"(SELECT {known} FROM {rows} AS rows WHERE rows.user_id IS NOT NULL "  # noqa: S608 - quoted
        f"UNION ALL SELECT {looked_up} FROM {rows} AS rows LEFT JOIN {owners(pairs)} AS owners "
        "ON rows.anonymous_id = owners.anonymous_id WHERE rows.user_id IS NULL)"
    )


_OWNER = "coalesce(owners.user_id, rows.anonymous_id)"


def _users(folder: Path, table: Table) -> str:
    own = [one for one in table.columns if one not in CONTEXT and one not in columns_of("identifies") and one != REST]
    newest = "".join(f", arg_max({named(one)}, ts) AS {named(one)}" for one in own)
    return (
        f"CREATE VIEW {USERS} AS SELECT user_id, min(ts) AS first_seen, max(ts) AS last_seen{newest} "  # noqa: S608 - quoted
        f"FROM {_reading(folder, table, list(table.files))} WHERE user_id IS NOT NULL GROUP BY user_id"
    )
