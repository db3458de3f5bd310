"""The embedded local warehouse: one DuckDB file in the workspace with one owner at a time.

Readers open it read-only. A writer takes the warehouse lock, writes a new file beside it and publishes it by
an atomic rename, so readers keep what they read and the last good data stays when a write fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from engine.durable import make_folder, sync_folder
from engine.errors import EngineError
from engine.locks import holding
from engine.warehouses.duck import connect
from engine.warehouses.files import Beside, DuckDBFile
from engine.warehouses.partitions import Sites, begin_writing, end_writing, has_directory, ranges_of

FILE = "warehouse.duckdb"
_LOCK = "warehouse.lock"


class LocalWarehouse(DuckDBFile):
    """The workspace's own warehouse, for reading."""

    def __init__(self, folder: Path, *, apart: bool = False, beside: Beside | None = None) -> None:
        path = folder / FILE
        if not path.exists():
            raise EngineError(
                "warehouse_file", "the local warehouse is empty", hint="Fill it: convoke demo makes sample data."
            )
        super().__init__("local:", path, apart=apart, beside=beside)
        self._divided = has_directory(self._connection)
        self._of_sites: dict[tuple[str, str, Sites, str], Sequence[tuple[int, int]] | None] = {}

    def rows_of_site(self, table: str, profile: str, sites: Sites, site: str) -> Sequence[tuple[int, int]] | None:
        """The rows of a table that may belong to profiles of a site, if its directory tells; asked once a session."""
        asked = table, profile, sites, site
        if not self._divided:
            return None
        if asked not in self._of_sites:
            with self._cursor(None) as cursor:
                self._of_sites[asked] = ranges_of(cursor, *asked)
        return self._of_sites[asked]


@contextmanager
def publishing(folder: Path, who: str, *, keep: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a new warehouse file, which becomes the warehouse when the block ends well; with ``keep`` it
    begins with what is there."""
    make_folder(folder)
    with holding(folder / _LOCK, who, "warehouse_file", "the local warehouse is being written"):
        fresh = folder / f"{FILE}.new"
        for leftover in (fresh, Path(f"{fresh}.wal")):
            leftover.unlink(missing_ok=True)
        if keep and (folder / FILE).exists():
            shutil.copyfile(folder / FILE, fresh)
        connection = connect(str(fresh), read_only=False)
        try:
            if keep:
                begin_writing(connection)
            yield connection
            end_writing(connection)
            connection.execute("CHECKPOINT")
        except BaseException:
            connection.close()
            fresh.unlink(missing_ok=True)
            raise
        connection.close()
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(fresh, folder / FILE)
        sync_folder(folder)


@contextmanager
def reading(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees the warehouse as it is and may read files and make temporary tables; nothing stays."""
    connection = connect(":memory:", read_only=False)
    try:
        if (folder / FILE).exists():
            quoted = str(folder / FILE).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS here (READ_ONLY)")
            connection.execute("USE here")
        yield connection
    finally:
        connection.close()
