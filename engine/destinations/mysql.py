"""Tables in MySQL or MariaDB: one row a member of each audience, and a ledger of batches, so that each counts once.

``TABLE`` has the columns audience, key, a JSON array for each identifier, and since; ``TABLE_batches`` has the ids of
the batches that were taken, in the same transaction as their rows. Both are made when they are not there.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from engine.destinations import mysql_sql
from engine.destinations.files import PROFILES
from engine.destinations.host import Host, SettingsReader, is_loopback
from engine.destinations.protocol import (
    Batch,
    Capabilities,
    Later,
    Misconfigured,
    Operation,
    Receipt,
    Refused,
    Row,
    Sync,
)
from engine.faults.telling import cause_of

if TYPE_CHECKING:
    import pymysql

_KEYS = ("host", "port", "socket", "database", "user", "password", "ca", "table")
_SETUP = (1044, 1045, 1049, 1142, 1143, 1146, 1227, 1698, 1054, 1101, 1060, 3118, 4151)
"""Error numbers that a person must mend: credentials, a locked account, no database, rights, other columns."""
_ROWS = (1048, 1264, 1265, 1366, 1406, 3140, 4025)
_AT_ONCE = 1_000
_PATIENCE, _ANSWER = 15, 120
"""Seconds to connect, and for an answer."""


class MySQLDestination:
    """A table of memberships in a MySQL or MariaDB database.

    ``settings: {host, port, socket, database, user, password, ca, table}``.
    """

    capabilities = Capabilities(batch_rows=25_000, idempotency="batch", proof="protocol", profiles=PROFILES)

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        given = SettingsReader("MySQL", settings, _KEYS)
        self._host, self._port = given.optional("host", "localhost") or "localhost", given.port(3306)
        self._socket, self._ca = (
            None if text is None else str(host.path("MySQL", text))
            for text in (given.optional("socket"), given.optional("ca"))
        )
        self._database, self._user = given.text("database", "crm"), given.text("user", "convoke")
        self._password, self._reveal = given.secret("password"), host.reveal
        far = not is_loopback(self._host) and not host.allows(self._host, self._port)
        if self._socket is None and self._ca is None and far:
            raise Misconfigured(
                "MySQL: ca is missing, and the server is another machine", "Name its authority's PEM file."
            )
        self._table = given.optional("table", "audience_members") or "audience_members"
        self._ledger, self._columns = f"{self._table}_batches", tuple(identifiers)
        self._connection: pymysql.connections.Connection[Any] | None = None
        self._made = False

    # -- the connection --------------------------------------------------------------------------------------------

    def _connected(self) -> pymysql.connections.Connection[Any]:
        import pymysql

        if self._connection is None:
            connection = pymysql.connect(
                host=self._host,
                port=self._port,
                unix_socket=self._socket,
                database=self._database,
                user=self._user,
                password="" if self._password is None else self._reveal(self._password),
                ssl_ca=self._ca,
                ssl_verify_identity=self._ca is not None,
                charset="utf8mb4",
                connect_timeout=_PATIENCE,
                read_timeout=_ANSWER,
                write_timeout=_ANSWER,
                autocommit=False,
                defer_connect=True,
            )
            connection.connect(None if self._socket is None else _unix(self._socket))
            self._connection = connection
            self._made = False
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """One transaction; what goes wrong comes out in the engine's words."""
        import pymysql

        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except (pymysql.MySQLError, OSError) as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            said = f"MySQL: {cause_of(error).words}"
            self.close()  # which rolls back
            if number in _ROWS:
                raise Refused(said) from None
            if number in _SETUP or isinstance(error, pymysql.ProgrammingError):
                raise Misconfigured(said, "Check the destination's settings and rights.") from None
            raise Later(said) from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(Exception):  # it may be broken already
                self._connection.close()
            self._connection = None

    # -- the tables ------------------------------------------------------------------------------------------------

    def _make(self, cursor: Any) -> None:
        """The tables; MySQL commits when it makes one, so this comes before anything else."""
        if self._made:
            return
        cursor.execute(mysql_sql.create_members(self._table, self._columns))
        cursor.execute(mysql_sql.create_ledger(self._ledger))
        self._made = True

    def check(self) -> str:
        """Who we are there, and the server's version."""
        with self._transaction() as cursor:
            cursor.execute("SELECT DATABASE(), CURRENT_USER(), VERSION()")
            database, user, version = cursor.fetchone()
        return f"{database} answers to {user}: {version}."

    def send(self, batch: Batch) -> Receipt:
        """Rows and the batch's id in one transaction; an id that is there already changes nothing."""
        with self._transaction() as cursor:
            self._make(cursor)
            about = (batch.id, batch.sync.audience, batch.sync.id, batch.operation, len(batch.rows))
            taken = cursor.execute(mysql_sql.take(self._ledger), about)
            if taken:
                (self._add if batch.operation == "add" else self._remove)(cursor, batch)
        return Receipt({})

    def _add(self, cursor: Any, batch: Batch) -> None:
        rows = [
            (batch.sync.audience, row.key, *(self._values(row, name) for name in self._columns)) for row in batch.rows
        ]
        statement = mysql_sql.put(self._table, self._columns)
        for first in range(0, len(rows), _AT_ONCE):
            cursor.executemany(statement, rows[first : first + _AT_ONCE])

    @staticmethod
    def _values(row: Row, name: str) -> str:
        return json.dumps([value for column, value in row.values if column == name])

    def _remove(self, cursor: Any, batch: Batch) -> None:
        keys = [row.key for row in batch.rows]
        for first in range(0, len(keys), _AT_ONCE):
            part = keys[first : first + _AT_ONCE]
            cursor.execute(mysql_sql.remove(self._table, len(part)), (batch.sync.audience, *part))

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Every batch was committed already."""


def _unix(path: str) -> socket.socket:
    """A connected socket; the driver would leave one that cannot be connected open."""
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(_PATIENCE)
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made
