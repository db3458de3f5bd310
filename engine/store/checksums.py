"""Checksums of the store's pages, so that a bit the disk lost is noticed before it becomes a number.

SQLite checks the structure of its pages, not their values. Its own checksum VFS (https://sqlite.org/cksumvfs.html) puts
eight bytes at the end of each page and verifies them whenever a page is read, from the file or from its journal. The
checksum does not cover the page's place, and a page of zeros passes; a check of the structure at opening notices those
in stores of the usual size (about 2 ms a MiB).
"""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import apsw.sqlite_extra

from engine.errors import EngineError

VFS = "cksmvfs"
RESERVED = 8
"""Bytes at the end of each page."""
SINCE = 20
"""The migration from which on a store has checksums."""
_CHECKED_UP_TO = 8 << 20
"""Bytes of a store whose structure is checked whenever it is opened."""
_LOADING = threading.Lock()


def checking() -> str:
    """The name of the VFS that verifies checksums, loaded once a process over the one in use."""
    with _LOADING:
        if VFS not in apsw.vfs_names():
            usual = apsw.vfs_names()[0]
            beside = apsw.Connection(":memory:")
            try:
                apsw.sqlite_extra.load(beside, "cksumvfs")
            except (apsw.sqlite_extra.NotAvailable, LookupError, apsw.Error):
                raise EngineError(
                    "missing_part",
                    "this installation of APSW lacks SQLite's checksums (cksumvfs)",
                    hint="Install apsw from its wheel on PyPI.",
                ) from None
            finally:
                beside.close()
            apsw.set_default_vfs(usual)
    return VFS


def begin(connection: apsw.Connection, version: int) -> None:
    """Give a store its checksums: a new one at once, one of an earlier Convoke (below the migration ``SINCE``) by
    rewriting its pages while nobody else has it open. Raises apsw.CorruptError where a store has lost them."""
    if version >= SINCE:
        if connection.reserve_bytes() != RESERVED:
            raise apsw.CorruptError("the pages have no checksums")
        return
    if version and not _alone(connection):
        raise apsw.BusyError("the store is open elsewhere")
    connection.reserve_bytes(reserve=RESERVED)
    if version:
        connection.execute("VACUUM")


def _alone(connection: apsw.Connection) -> bool:
    """Whether the store could be taken out of WAL mode, which SQLite allows the only connection."""
    connection.set_busy_timeout(0)
    try:
        return str(next(iter(connection.execute("PRAGMA journal_mode = DELETE")))[0]) == "delete"
    except apsw.BusyError:
        return False


def check(connection: apsw.Connection, path: Path) -> None:
    """Check the structure of a store of the usual size. Raises apsw.CorruptError."""
    if path.stat().st_size <= _CHECKED_UP_TO:
        check_structure(connection)


def check_structure(connection: apsw.Connection) -> None:
    """Check the structure of a store of any size. Raises apsw.CorruptError."""
    found = next(iter(connection.execute("PRAGMA integrity_check(1)")))[0]
    if found != "ok":
        raise apsw.CorruptError("the structure is damaged")
