"""Tables of other databases, as a file to load: DuckDB files, PostgreSQL, MySQL and MariaDB.

Rows are read in a stream and written as Parquet with the types that the database says: by one SELECT that the gate let
in, in a transaction that only reads, for an hour at most. Give a user that may only read all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from engine.destinations.host import Host, SettingsReader, is_loopback
from engine.destinations.postgres import password_of_nobody, tls
from engine.destinations.protocol import Later, Misconfigured
from engine.domain.ingest import Origin
from engine.errors import EngineError
from engine.faults.telling import cause_of, failure
from engine.ingest.files import named, quoted
from engine.jobs import Job, limited
from engine.selects import elsewhere, gate
from engine.warehouses.duck import connect, lock, streamed

_AT_ONCE = 50_000
_POSTGRES = ("host", "port", "dbname", "user", "sslmode", "password")
_MYSQL = ("host", "port", "socket", "database", "user", "password", "ca")
_QUERY = "from.query"
_SECONDS = 3_600
"""So long may one statement take over there."""


def copied(origin: Origin, host: Host, since: str | None, into: Path, job: Job | None = None) -> str | None:
    """Write the rows (those whose watermark is larger than ``since``) as a Parquet file; the largest watermark as text.
    None when there is no row. EngineError says what is wrong with the database or the settings."""
    try:
        batches = {"duckdb": _duckdb, "postgresql": _postgres, "mysql": _mysql}[origin.type](origin, host, since, job)
        return _written(batches, origin.watermark, into, job)
    except (Misconfigured, Later) as error:
        hint = getattr(error, "hint", None) or "Check from.settings."
        raise EngineError("file", f"the table cannot be read: {error}", "from", hint) from None


def _written(batches: Iterator[pa.Table], watermark: str | None, into: Path, job: Job | None) -> str | None:
    newest: Any = None
    writer: Any = None
    try:
        for batch in batches:
            if job is not None:
                job.check()
            if watermark is not None and watermark not in batch.column_names:
                columns = ", ".join(batch.column_names)
                message = f'the rows have no column "{watermark}"'
                raise EngineError("model_mismatch", message, "from.watermark", f"There are: {columns}.")
            if not batch.num_rows:
                continue
            if writer is None:
                writer = pyarrow.parquet.ParquetWriter(into, batch.schema, write_page_checksum=True)
            writer.write_table(batch.cast(writer.schema))
            largest = batch.num_rows if watermark is None else pa.compute.max(batch.column(watermark)).as_py()
            newest = largest if newest is None or watermark is None else max(newest, largest)
    except pa.ArrowException as error:
        raise failure("file", "the rows cannot be kept", error, "from") from None
    finally:
        if writer is not None:
            writer.close()
    return None if writer is None else str(newest)


def _select(origin: Origin, name: Callable[[str], str], since: str | None, mark: str) -> tuple[str, list[str]]:
    """The SELECT and its parameters; the query is in parentheses, let in by the gate."""
    if origin.query is not None:
        rows = f"({_let_in(origin, origin.query)}) AS origin"
    else:
        rows = ".".join(name(part) for part in str(origin.table).split("."))
    if origin.watermark is None or since is None:
        return f"SELECT * FROM {rows}", []  # noqa: S608 - quoted, or let in by the gate
    text = f"SELECT * FROM {rows} WHERE {name(origin.watermark)} > "  # noqa: S608 - quoted, or let in by the gate
    return (text.replace("%", "%%") if mark == "%s" else text) + mark, [since]


def _let_in(origin: Origin, query: str) -> str:
    """The query, to stand in parentheses; raises EngineError for one that is no SELECT or may do more than read."""
    match origin.type:
        case "duckdb":
            return gate.admitted(query, _QUERY).nested
        case "postgresql":
            return elsewhere.select(query, "postgres", _QUERY)
        case "mysql":
            return elsewhere.select(query, "mysql", _QUERY)


def _duckdb(origin: Origin, host: Host, since: str | None, job: Job | None) -> Iterator[pa.Table]:
    path = SettingsReader("DuckDB", origin.settings, ("path",)).text("path", "/data/crm.duckdb")
    if not Path(path).expanduser().is_file():
        raise Misconfigured(f"there is no file {path}", "Check the path.")
    sql, values = _select(origin, named, since, "?")
    try:
        with connect(":memory:", read_only=False) as connection, limited(connection.interrupt, _SECONDS, job):
            connection.execute(f"ATTACH {quoted(str(Path(path).expanduser()))} AS other (READ_ONLY)")
            connection.execute("USE other")
            connection.execute("SET preserve_insertion_order = true")  # of rows with one key the last one counts
            lock(connection)
            stream = streamed(connection, sql, list(values), _AT_ONCE)
            yield from (pa.Table.from_batches([batch]) for batch in stream.batches())
    except duckdb.InterruptException:
        if job is not None:
            job.check()
        raise Later(f"it took longer than {_SECONDS:,} s") from None
    except duckdb.Error as error:
        raise Misconfigured(cause_of(error, sql).words, "Check the table and its columns.") from None


def _postgres(origin: Origin, host: Host, since: str | None, _: Job | None) -> Iterator[pa.Table]:
    import psycopg

    reader = SettingsReader("PostgreSQL", origin.settings, _POSTGRES)
    reader.text("dbname", "crm")
    given = {key: value for key, value in origin.settings.items() if key != "password"}
    password = reader.secret("password")
    if password is not None:
        given["password"] = host.reveal(password)
    else:
        given |= password_of_nobody(host)
    given |= tls("PostgreSQL", origin.settings, host)
    sql, values = _select(origin, named, since, "%s")
    try:
        with psycopg.connect(**given, connect_timeout=15) as connection, connection.cursor(name="convoke") as cursor:
            connection.read_only = True
            connection.execute(f"SET LOCAL statement_timeout = {_SECONDS * 1000}")
            connection.execute("SET LOCAL standard_conforming_strings = on")  # as the gate reads them
            cursor.itersize = _AT_ONCE
            cursor.execute(sql.encode(), values or None)  # a cursor of the server takes one statement only
            yield from _in_batches(cursor, [one.name for one in cursor.description or ()])
    except psycopg.OperationalError as error:
        raise Later(cause_of(error).words) from None
    except psycopg.Error as error:
        raise Misconfigured(cause_of(error).words, "Check the table and its columns.") from None


def _mysql(origin: Origin, host: Host, since: str | None, _: Job | None) -> Iterator[pa.Table]:
    import pymysql
    from pymysql.cursors import SSCursor

    reader = SettingsReader("MySQL", origin.settings, _MYSQL)
    server, ca, socket = reader.optional("host", "localhost"), reader.optional("ca"), reader.optional("socket")
    far = not is_loopback(server or "") and not host.allows(server or "", reader.port(3306))
    if socket is None and ca is None and far:
        raise Misconfigured("MySQL: ca is missing, and the server is another machine", "Name its authority's PEM file.")
    password = reader.secret("password")
    sql, values = _select(origin, _backticks, since, "%s")
    try:
        connection = pymysql.connect(
            host=server,
            port=reader.port(3306),
            unix_socket=socket,
            database=reader.text("database", "crm"),
            user=reader.text("user", "convoke"),
            password="" if password is None else host.reveal(password),
            ssl_ca=ca,
            ssl_verify_identity=ca is not None,
            charset="utf8mb4",
            connect_timeout=15,
            read_timeout=_SECONDS,
            cursorclass=SSCursor,
        )
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = ''")  # strings and names as the gate reads them
            _limit_time(cursor)
            cursor.execute("START TRANSACTION READ ONLY")
            cursor.execute(sql, values or None)
            yield from _in_batches(cursor, [str(one[0]) for one in cursor.description or ()])
    except pymysql.err.OperationalError as error:
        raise Later(cause_of(error).words) from None
    except pymysql.Error as error:
        raise Misconfigured(cause_of(error).words, "Check the table and its columns.") from None


def _limit_time(cursor: Any) -> None:
    """How long a statement may take, as MySQL or as MariaDB is told."""
    import pymysql

    try:
        cursor.execute(f"SET SESSION max_execution_time = {_SECONDS * 1000}")
    except pymysql.err.MySQLError:
        cursor.execute(f"SET SESSION max_statement_time = {_SECONDS}")


def _backticks(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"


def _in_batches(cursor: Any, names: Sequence[str]) -> Iterator[pa.Table]:
    """Rows in batches; a column's type is that of its first values, and the same afterwards."""
    schema: pa.Schema | None = None
    while rows := cursor.fetchmany(_AT_ONCE):
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        if schema is None:
            made = pa.table({name: _array(values) for name, values in columns.items()})
            kinds = [(one.name, pa.string() if pa.types.is_null(one.type) else one.type) for one in made.schema]
            schema = pa.schema(kinds)
        yield pa.table({one.name: _array(columns[one.name], one.type) for one in schema}, schema=schema)


def _array(values: list[Any], kind: Any = None) -> Any:
    """An array; decimals have room for all that a number may be, other objects are texts."""
    import json
    from decimal import Decimal

    if kind is None and any(isinstance(one, Decimal) for one in values):
        kind = pa.decimal128(38, 10)
    if any(isinstance(one, dict | list) for one in values):
        values = [one if one is None else json.dumps(one, ensure_ascii=False, default=str) for one in values]
    try:
        return pa.array(values, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if kind is not None and not pa.types.is_string(kind):
            raise
        return pa.array([one if one is None else str(one) for one in values], type=pa.string())


@contextmanager
def beside(folder: Path, name: str) -> Iterator[Path]:
    """A file to write rows to, gone afterwards."""
    path = folder / name
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
