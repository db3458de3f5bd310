"""The embedded local warehouse: one DuckDB file in the workspace with one owner at a time.

Readers open it read-only. A writer takes the warehouse lock, writes a new file beside it and publishes it by
an atomic rename, so readers keep what they read and the last good data stays when a write fails.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from engine.errors import EngineError
from engine.warehouses.duck import connect
from engine.warehouses.files import DuckDBFile

FILE = "warehouse.duckdb"
_LOCK = "warehouse.lock"


class LocalWarehouse(DuckDBFile):
    """The workspace's own warehouse, for reading."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        if not path.exists():
            raise EngineError(
                "warehouse_file", "the local warehouse is empty", hint="Fill it: convoke demo makes sample data."
            )
        super().__init__("local:", path)


@contextmanager
def publishing(folder: Path, who: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a new warehouse file, which becomes the warehouse when the block ends well."""
    folder.mkdir(parents=True, exist_ok=True)
    with _owning(folder, who):
        fresh = folder / f"{FILE}.new"
        for leftover in (fresh, Path(f"{fresh}.wal")):
            leftover.unlink(missing_ok=True)
        connection = connect(str(fresh), read_only=False)
        try:
            yield connection
            connection.execute("CHECKPOINT")
        except BaseException:
            connection.close()
            fresh.unlink(missing_ok=True)
            raise
        connection.close()
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(fresh, folder / FILE)


@contextmanager
def _owning(folder: Path, who: str) -> Iterator[None]:
    """Hold the warehouse lock; free at once when the process dies."""
    path = folder / _LOCK
    with path.open("a+", encoding="utf-8") as file:
        try:
            _lock(file.fileno())
        except OSError:
            file.seek(0)
            holder = "another process"
            with suppress(ValueError, KeyError):
                owner = json.loads(file.read())
                holder = f"{owner['who']} (process {owner['pid']})"
            raise EngineError(
                "warehouse_file",
                f"the local warehouse is being written by {holder}",
                hint="Wait until it has finished.",
            ) from None
        file.truncate(0)
        file.write(json.dumps({"who": who, "pid": os.getpid()}))
        file.flush()
        yield


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
