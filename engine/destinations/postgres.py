"""Tables in PostgreSQL: one row a member of each audience, and a ledger of batches, so that each counts once.

``TABLE`` has the columns audience, key, a text array for each identifier, and since; ``TABLE_batches`` has the ids of
the batches that were taken, in the same transaction as their rows. Both are made when they are not there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.destinations.files import PROFILES
from engine.destinations.host import Host, SettingsReader, is_loopback
from engine.destinations.protocol import Batch, Capabilities, Later, Misconfigured, Operation, Receipt, Refused, Sync
from engine.faults.telling import cause_of

if TYPE_CHECKING:
    import psycopg

_KEYS = ("host", "port", "dbname", "user", "sslmode", "password", "schema", "table")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_WRONG_SETUP = ("28", "3D", "3F", "42", "0A")
"""SQLSTATE classes that a person must mend: credentials, no such database or schema, rights and names."""
_NOT_LET_IN = ("authentication failed", "does not exist", "not permitted to log in", "no pg_hba.conf entry")
"""What a refused connection says, which comes without a SQLSTATE."""
_WRONG_ROWS = ("22", "23", "54000")
"""Values that do not fit, broken constraints, and a key that is too long for an index."""
_LIMITS: Mapping[str, Any] = {
    "connect_timeout": 15,
    "application_name": "convoke",
    "keepalives_idle": 30,  # a machine that is gone is noticed within a minute and a half, not after two hours
    "keepalives_interval": 15,
    "keepalives_count": 4,
    "tcp_user_timeout": 90_000,
}


class PostgresDestination:
    """A table of memberships in a PostgreSQL database."""

    capabilities = Capabilities(
        batch_rows=50_000,
        idempotency="batch",
        proof="protocol",
        profiles=PROFILES,
    )

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        given = SettingsReader("PostgreSQL", settings, _KEYS)
        given.text("dbname", "crm")
        self._tls = tls("PostgreSQL", settings, host)
        self._without = password_of_nobody(host)
        self._password, self._reveal = given.secret("password"), host.reveal
        self._settings = dict(settings)
        self._columns = tuple(identifiers)
        self._connection: psycopg.Connection[Any] | None = None
        self._made = False

    # -- the connection --------------------------------------------------------------------------------------------

    def _connected(self) -> psycopg.Connection[Any]:
        import psycopg

        if self._connection is None or self._connection.closed:
            names = ("host", "port", "dbname", "user", "sslmode")
            given: dict[str, Any] = {name: self._settings[name] for name in names if name in self._settings}
            given |= self._tls
            if self._password is not None:
                given["password"] = self._reveal(self._password)
            else:
                given |= self._without
            self._connection = psycopg.connect(**given, **_LIMITS)
            self._made = False
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Cursor[Any]]:
        """One transaction; what goes wrong comes out in the engine's words."""
        import psycopg

        whole = False
        try:
            connection = self._connected()
            with connection.transaction(), connection.cursor() as cursor:
                yield cursor
            whole = True
        except psycopg.Error as error:
            if isinstance(error, psycopg.DataError) and error.sqlstate is None:  # the client itself refuses NUL
                raise Refused("PostgreSQL: a text has a character that no text can have there") from None
            state, said = error.sqlstate or "", f"PostgreSQL: {cause_of(error).words}"
            if state.startswith(_WRONG_ROWS):
                raise Refused(said) from None
            if state.startswith(_WRONG_SETUP) or any(mark in str(error) for mark in _NOT_LET_IN):
                raise Misconfigured(said, "Check the destination's settings and rights.") from None
            self.close()
            raise Later(said) from None
        finally:
            self._made = self._made and whole  # tables that were made in it are gone with it

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- the tables ------------------------------------------------------------------------------------------------

    def _name(self, suffix: str = "") -> Any:
        from psycopg import sql

        schema, table = self._settings.get("schema", "public"), self._settings.get("table", "convoke_members")
        return sql.Identifier(str(schema), f"{table}{suffix}")

    def _make(self, cursor: psycopg.Cursor[Any]) -> None:
        from psycopg import sql

        if self._made:
            return
        columns = sql.SQL("").join(sql.SQL("{} text[], ").format(sql.Identifier(name)) for name in self._columns)
        cursor.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (audience text, key text, {} since timestamptz NOT NULL DEFAULT now(), "
                "PRIMARY KEY (audience, key))"
            ).format(self._name(), columns)
        )
        cursor.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (id text PRIMARY KEY, audience text, sync bigint, operation text, "
                "rows integer, taken_at timestamptz NOT NULL DEFAULT now())"
            ).format(self._name("_batches"))
        )
        self._made = True

    # -- delivering ------------------------------------------------------------------------------------------------

    def check(self) -> str:
        """Whether one can connect and look at the table."""
        with self._transaction() as cursor:
            cursor.execute("SELECT current_database(), current_user, version()")
            database, user, version = cursor.fetchone() or ("", "", "")
        return f"{database} answers to {user}: {str(version).split(' on ')[0]}."

    def send(self, batch: Batch) -> Receipt:
        """Rows and the batch's id in one transaction; an id that is there already changes nothing."""
        from psycopg import sql

        with self._transaction() as cursor:
            self._make(cursor)
            cursor.execute(
                sql.SQL(
                    "INSERT INTO {} (id, audience, sync, operation, rows) VALUES (%s, %s, %s, %s, %s) "
                    "ON CONFLICT (id) DO NOTHING"
                ).format(self._name("_batches")),
                (batch.id, batch.sync.audience, batch.sync.id, batch.operation, len(batch.rows)),
            )
            if cursor.rowcount:
                self._stage(cursor, batch)
                (self._add if batch.operation == "add" else self._remove)(cursor, batch)
        return Receipt({})

    def _stage(self, cursor: psycopg.Cursor[Any], batch: Batch) -> None:
        """The rows in a table that is gone with the transaction."""
        from psycopg import sql

        columns = [sql.SQL("key text"), *(sql.SQL("{} text[]").format(sql.Identifier(name)) for name in self._columns)]
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE coming ({}) ON COMMIT DROP").format(sql.SQL(", ").join(columns)),
        )
        with cursor.copy("COPY coming FROM STDIN") as copy:
            for row in batch.rows:
                copy.write_row([row.key, *([v for n, v in row.values if n == name] for name in self._columns)])

    def _add(self, cursor: psycopg.Cursor[Any], batch: Batch) -> None:
        from psycopg import sql

        names = sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name in self._columns)
        updates = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in self._columns]
        cursor.execute(
            sql.SQL(
                "INSERT INTO {} (audience, key{}) SELECT %s, key{} FROM coming "
                "ON CONFLICT (audience, key) DO UPDATE SET {}"
            ).format(self._name(), names, names, sql.SQL(", ").join([*updates, sql.SQL("since = now()")])),
            (batch.sync.audience,),
        )

    def _remove(self, cursor: psycopg.Cursor[Any], batch: Batch) -> None:
        from psycopg import sql

        cursor.execute(
            sql.SQL("DELETE FROM {} AS m USING coming AS c WHERE m.audience = %s AND m.key = c.key").format(
                self._name()
            ),
            (batch.sync.audience,),
        )

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Every batch was committed already."""


def tls(what: str, settings: Mapping[str, Any], host: Host) -> dict[str, str]:
    """What is asked of the line: beyond this machine it is encrypted, whether or not the document says so. Raises
    Misconfigured where the document says that it need not be."""
    port = settings.get("port", 5432)
    hosts = [one.strip() for one in str(settings.get("host") or "localhost").split(",")]
    far = [one for one in hosts if not one.startswith(("/", "@")) and not is_loopback(one)]
    far = [one for one in far if not host.allows(one, port if isinstance(port, int) else 0)]
    mode = settings.get("sslmode") or None
    if not far:
        return {}
    if mode not in (None, *_ENCRYPTED):
        hint = f"Write sslmode: verify-full, or at least require; the owner may allow {far[0]} in allow_endpoints."
        raise Misconfigured(f"{what}: the connection to {far[0]} may be unencrypted by sslmode {mode}", hint)
    return {"sslmode": str(mode or "require")}


def password_of_nobody(host: Host) -> dict[str, str]:
    """What keeps the library from taking a password of this machine (PGPASSWORD, .pgpass) that was not given."""
    return {} if host.machine else {"password": "", "passfile": os.devnull}
