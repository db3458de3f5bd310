"""Looking for texts in every byte of a folder, and in what the bytes mean: Parquet and Arrow columns, arrays, tables."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

Hit = tuple[str, str | bytes]
"""(where: the file, and the table and column within it if they are known; the text or bytes)."""


def hits(folder: Path, needles: Collection[str | bytes]) -> set[Hit]:
    """Every place of a folder that holds one of the texts, in any of the ways that a file may hold it."""
    found: set[Hit] = set()
    wanted = [(one, (one if isinstance(one, bytes) else one.encode("utf-8")).lower()) for one in needles]
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found |= {(name, one) for one, raw in wanted if raw in name.encode("utf-8").lower()}
        if path.is_file() and not path.is_symlink():
            for where, data in _texts(path):
                lower = data.lower()
                found |= {(f"{name}{where}", one) for one, raw in wanted if raw in lower}
    return found


def _texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """The file as it is, and what its parts say."""
    data = path.read_bytes()
    yield "", data
    yield "", data.decode("utf-16-le", errors="ignore").encode("utf-8", errors="ignore")
    head = data[:16]
    if head[:4] == b"PAR1":
        yield from _columns(pyarrow.parquet.read_table(path))
    elif head[:6] == b"ARROW1":
        with pa.memory_map(str(path)) as mapped:
            yield from _columns(pyarrow.ipc.open_file(mapped).read_all())
    elif head[:2] == b"PK":
        with np.load(path) as arrays:
            for name in arrays.files:
                yield f"#{name}", _array(arrays[name])
    elif head[:6] == b"\x93NUMPY":
        yield "#", _array(np.load(path))
    elif head[:15] == b"SQLite format 3":
        yield from _sqlite(path)
    elif head[8:12] == b"DUCK":
        yield from _duckdb(path)
    elif head[:2] == b"\x1f\x8b":
        yield "#", gzip.decompress(data)
    yield from _deflated(data)


def _columns(table: pa.Table) -> Iterator[tuple[str, bytes]]:
    for name in table.column_names:
        values = table.column(name).to_pylist()
        yield f"#{name}", "\n".join(map(str, values)).encode("utf-8", errors="ignore")


def _array(values: Any) -> bytes:
    return values.tobytes() if values.dtype.kind != "U" else "\n".join(values.ravel().tolist()).encode("utf-8")


def _sqlite(path: Path) -> Iterator[tuple[str, bytes]]:
    connection = apsw.Connection(f"file:{path}?mode=ro", flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
    try:
        for (table,) in list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")):
            for column in [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]:
                rows = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
                values = [row[0] for row in rows]
                yield f"#{table}.{column}", b"\n".join(_bytes(one) for one in values)
                for one in values:
                    if isinstance(one, bytes):
                        yield from ((f"#{table}.{column}", data) for _, data in _deflated(one))
    finally:
        connection.close()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", errors="ignore")


def _duckdb(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{path}' AS other (READ_ONLY)")
        listed = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'other'"
        for schema, table in connection.execute(listed).fetchall():
            rows = connection.execute(f'SELECT * FROM other."{schema}"."{table}"').fetchall()
            yield f"#{table}", "\n".join(map(str, rows)).encode("utf-8", errors="ignore")


def _deflated(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Parts that zlib compressed, wherever they begin."""
    for head in (b"\x78\x9c", b"\x78\x01", b"\x78\xda"):
        at = data.find(head)
        while at >= 0:
            with suppress(zlib.error):
                yield "#zlib", zlib.decompressobj().decompress(data[at:], 1 << 20)
            at = data.find(head, at + 1)
