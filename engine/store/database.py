"""The SQLite file: opening, migrating, transactions, and the queries kept in sql/*.sql.

WAL with synchronous=FULL: a commit that returned survives power loss. Every write is one BEGIN IMMEDIATE transaction.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import apsw

from engine.durable import make_private
from engine.errors import EngineError
from engine.failures import FULL, Cause, cause_of, failure_of, refusal_at
from engine.store.checksums import begin, check, checking

Row = tuple[Any, ...]
_BUSY_MS = 10_000


@cache
def _query(name: str) -> str:
    return files("engine.store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@cache
def _migrations() -> list[tuple[int, str]]:
    folder = files("engine.store").joinpath("migrations")
    found = [
        (int(entry.name[:4]), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    return sorted(found)


class Database:
    """A connection to the store; not shared between threads. One whose structure is damaged is refused, unless it is
    opened to be looked through (not ``checked``)."""

    def __init__(self, path: Path, *, checked: bool = True) -> None:
        self._path = path
        try:
            if not path.exists():
                make_private(path)  # SQLite gives its journal and index the same mode
            self._connection = apsw.Connection(str(path), vfs=checking())
            self._open(path, checked=checked)
        except apsw.Error as error:
            raise _failure(path, error) from None
        except OSError as error:
            raise failure_of(error) or error from None

    def _open(self, path: Path, *, checked: bool) -> None:
        try:
            self._connection.set_busy_timeout(_BUSY_MS)
            version = self._number("PRAGMA user_version")
            begin(self._connection, version)
            self._connection.set_busy_timeout(_BUSY_MS)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            if version and checked:
                check(self._connection, path)
            self._migrate(path)
            if not version:  # the tables are in the file itself from now on, whatever becomes of its journal
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except BaseException:
            self.close()
            raise

    def _migrate(self, path: Path) -> None:
        current = self._number("PRAGMA user_version")
        migrations = _migrations()
        newest = migrations[-1][0]
        if current > newest:
            raise EngineError(
                "store",
                f"{path} was written by a newer Convoke (schema {current})",
                hint="Update Convoke, then try again.",
            )
        with nullcontext() if current else self.transaction():  # a new store is there with one commit, or not at all
            for number, script in migrations:
                if number > current:
                    with self.transaction():
                        now = self._number("PRAGMA user_version")
                        if number > now:
                            self._connection.execute(script)
                            self._connection.execute(f"PRAGMA user_version = {number}")
            if current == 0:  # nothing older is here to be given what it uses
                self.run("granting_done")

    def _number(self, sql: str) -> int:
        return int(next(iter(self._connection.execute(sql)))[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other writers wait. Inside another transaction it is a part of that one."""
        if self._connection.in_transaction:
            yield
            return
        self._control("BEGIN IMMEDIATE")
        try:
            yield
            self._control("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # some failures, such as a full disk, have rolled back already
            self._connection.execute("ROLLBACK")

    def _control(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except apsw.Error as error:
            raise _failure(self._path, error) from None

    def rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of a named query."""
        try:
            return list(self._connection.execute(_query(query), values or {}))
        except apsw.Error as error:
            raise _failure(self._path, error) from None

    def ask(self, sql: str) -> list[Row]:
        """The rows of a question about the file itself; raises apsw.Error."""
        return list(self._connection.execute(sql))

    def run(self, query: str, values: Mapping[str, Any] | None = None) -> None:
        """Run a named statement."""
        self.rows(query, values)

    def run_many(self, query: str, values: Iterator[Mapping[str, Any]]) -> None:
        """Run a named statement for many values."""
        try:
            self._connection.executemany(_query(query), values)
        except apsw.Error as error:
            raise _failure(self._path, error) from None

    def scrub(self) -> None:
        """Leave nothing of what was deleted in the files: the pages are written anew, the journal is cut. Raises
        EngineError when another program reads the journal all the time."""
        try:
            self._connection.execute("VACUUM")
            busy = self._number("PRAGMA wal_checkpoint(TRUNCATE)")
        except apsw.Error as error:
            raise _failure(self._path, error) from None
        if busy:
            message = f"the journal of {self._path} cannot be cut because another program is reading it"
            raise EngineError(
                "store", message, hint="Close the app and other programs on the workspace, then try again."
            )

    def changed(self) -> int:
        """A number that changes when another connection commits."""
        try:
            return self._number("PRAGMA data_version")
        except apsw.Error as error:
            raise _failure(self._path, error) from None

    def close(self) -> None:
        """Close the file. What is not written back from its journal then (a full disk) is so at the next opening."""
        with suppress(apsw.Error):
            self._connection.close()


def quoted(name: str) -> str:
    """A table or column as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def _failure(path: Path, error: apsw.Error) -> EngineError:
    if isinstance(error, apsw.BusyError):
        return EngineError("store", f"{path} is busy in another program", hint="Try again in a moment.")
    code = getattr(error, "extendedresult", 0)  # of what SQLite itself raised
    if isinstance(error, apsw.NotADBError | apsw.CorruptError) or code == apsw.SQLITE_IOERR_DATA:
        return unsound(path)
    cause = FULL if isinstance(error, apsw.FullError) else refusal_at(path) or _cause_beside(path, error)
    if cause is not None:
        return EngineError("store", f"{path} cannot be used: {cause.reason}", hint=cause.hint)
    return EngineError(
        "store",
        f"{path} cannot be used (SQLite: {type(error).__name__})",
        hint="Check the disk and the folder's permissions.",
    )


def _cause_beside(path: Path, error: apsw.Error) -> Cause | None:
    """SQLite writes a journal beside the store: what refuses that is not seen at the store itself."""
    beside = refusal_at(path.with_name(f"{path.name}-journal"))
    if beside is not None:
        return beside
    free = os.statvfs(path.parent).f_bavail if os.name == "posix" else 1
    return FULL if free == 0 else cause_of(error)


def unsound(path: Path) -> EngineError:
    """The sentence for a store that is damaged."""
    return EngineError(
        "store",
        f"{path} is damaged",
        hint="Restore the workspace from a backup; convoke store check says which parts of it are sound.",
    )
