"""Whom collected events are about that came since a moment: read from the files that are new, and from no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from engine.ingest.landing import tables_in
from engine.ingest.messages import USERS

_IDENTIFIES = "identifies"
"""The users are a view over these."""


@dataclass(frozen=True)
class News:
    """Distinct values of a column in rows that are new, and when the newest of them was received; how many bytes were
    read for it."""

    values: Any
    received: Any
    bytes: int


def news(folder: Path, table: str, column: str, since: int) -> News:
    """The values of a table's column in files of rows that landed after a file of the journal. A file that was merged
    since may bring some older ones along."""
    found, received, read = [], [], 0
    for path in _since(folder, _IDENTIFIES if table == USERS else table, since):
        file = pyarrow.parquet.ParquetFile(path)
        names = set(file.schema_arrow.names)
        if column in names:
            rows = file.read([column, "received_at"])
            found.append(pc.unique(rows.column(column).combine_chunks()).drop_null().cast(pa.string()))
            received.append(pc.max(rows.column("received_at")).as_py())
            read += path.stat().st_size
        file.close()
    values = pc.unique(pa.concat_arrays(found)) if found else pa.array([], pa.string())
    return News(values, max((one for one in received if one is not None), default=None), read)


def _since(folder: Path, table: str, landed: int) -> Iterator[Path]:
    known = tables_in(folder).get(table)
    for name in () if known is None else known.files:
        if int(Path(name).stem.split("-")[0]) > landed:
            yield folder / name
