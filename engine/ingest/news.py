"""Whom collected events are about that came since a moment: read from the files that are new, and from no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from engine.ingest.landing import tables_in
from engine.ingest.messages import PAIRS, USERS
from engine.ingest.parts import landed_in
from engine.ingest.stitching import users_of

_IDENTIFIES = "identifies"
"""The users are a view over these."""
_PROFILE = "profile"
"""The column that is the user of an anonymous id where they are stitched."""


@dataclass(frozen=True)
class Part:
    """What an audience is read from: a table, the column of the profile, and that of the time if there is one."""

    table: str
    profile: str
    time: str | None = None


@dataclass(frozen=True)
class News:
    """Distinct values of a column in rows that are new, and when the newest of them was received; how many bytes were
    read for it."""

    values: Any
    received: Any
    bytes: int


def news(folder: Path, part: Part, since: int, as_of: datetime) -> News:
    """The profiles in what is new to somebody who looked as of a moment, up to a file of the journal: the rows of files
    that landed after it, and those before it whose time had not come. A file that was merged since may bring some older
    rows along."""
    found, received, read = [], [], 0
    for path, landed in _files(folder, _IDENTIFIES if part.table == USERS else part.table):
        with pyarrow.parquet.ParquetFile(path) as file:
            if part.profile not in file.schema_arrow.names:
                continue
            time = None if landed > since else part.time
            if landed <= since and not _reaches(file, time, as_of):
                continue
            rows = file.read([part.profile, "received_at", *([] if time in (None, "received_at") else [time])])
        if time is not None:
            rows = rows.filter(pc.greater_equal(rows.column(time), pa.scalar(_plain(as_of), pa.timestamp("us"))))
        found.append(pc.unique(rows.column(part.profile).combine_chunks()).drop_null().cast(pa.string()))
        received.append(pc.max(rows.column("received_at")).as_py())
        read += path.stat().st_size
    if part.profile == _PROFILE:
        more, size = _stitched(folder, found, since)
        found, read = [*found, *more], read + size
    values = pc.unique(pa.concat_arrays(found)) if found else pa.array([], pa.string())
    return News(values, max((one for one in received if one is not None), default=None), read)


def _stitched(folder: Path, found: list[pa.Array], since: int) -> tuple[list[pa.Array], int]:
    """The users of anonymous ids among profiles; and whoever came together with an id anew, with that id and everybody
    it came with before: what the id did counts for another one from now on, or for nobody. With the bytes read."""
    files = list(_files(folder, PAIRS))
    if not files:
        return [], 0
    fresh = [
        pyarrow.parquet.read_table(path, columns=["anonymous_id"]).column(0).combine_chunks()
        for path, landed in files
        if landed > since
    ]
    ids = pc.unique(pa.concat_arrays([*found, *fresh])) if found or fresh else pa.array([], pa.string())
    users = users_of(folder, [path.relative_to(folder).as_posix() for path, _ in files], ids)
    people = {one for some in users.values() for one in some}
    return [*fresh, pa.array(sorted(people), pa.string())], sum(path.stat().st_size for path, _ in files)


def _files(folder: Path, table: str) -> Iterator[tuple[Path, int]]:
    """The files of a table, each with the last file of the journal whose rows are in it."""
    known = tables_in(folder).get(table)
    for name in () if known is None else known.files:
        yield folder / name, landed_in(name)


def _reaches(file: pyarrow.parquet.ParquetFile, time: str | None, as_of: datetime) -> bool:
    """Whether a file has rows of a moment or later, as its footer says."""
    if time not in file.schema_arrow.names or not pa.types.is_timestamp(file.schema_arrow.field(time).type):
        return False
    place, groups = file.schema_arrow.names.index(time), file.metadata
    for number in range(groups.num_row_groups):
        told = groups.row_group(number).column(place).statistics
        if told is None or not told.has_min_max or told.max >= _plain(as_of):
            return True
    return False


def _plain(moment: datetime) -> datetime:
    """As the files have it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
