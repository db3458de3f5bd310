"""The part all DuckDB-backed warehouses share: a session that reads, describes and cancels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from engine.domain.model import Source
from engine.errors import Cancelled, EngineError, nearest
from engine.jobs import Job
from engine.warehouses.protocol import Capabilities, TableInfo

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def connect(path: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection with Convoke's settings: UTC, no downloads, no surprises."""
    connection = duckdb.connect(path, read_only=read_only, config=_CONFIG)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    if int(duckdb.__version__.split(".")[0]) >= 2:
        # Without this, grouping events that are sorted by profile rescans them many times over.
        connection.execute("SET disabled_optimizers = 'partitioned_execution'")
    return connection


def first_line(error: BaseException) -> str:
    """What DuckDB says, in one line without its category."""
    line = str(error).strip().split("\n")[0]
    return re.sub(r"^[A-Z][A-Za-z ]*Error: ", "", line)


class DuckSession:
    """Reads through one DuckDB connection; subclasses say what is behind it."""

    def __init__(self, url: str, connection: duckdb.DuckDBPyConnection, version: str) -> None:
        self.url = url
        self.capabilities = Capabilities()
        self._connection = connection
        self._version = version
        self._described: dict[Source, dict[str, str]] = {}
        self._located: dict[str, tuple[str, ...]] = {}

    def data_version(self) -> str:
        """Names the state of the files this session reads."""
        return self._version

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # -- names -----------------------------------------------------------------------------------------------------

    def _table_names(self) -> list[tuple[str, str]]:
        found = self._connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal "
            "UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1, 2"
        ).fetchall()
        return [(str(schema), str(table)) for schema, table in found]

    def _prepare(self, table: str) -> None:
        """Make a table ready to read; for warehouses that load on first use."""

    def locate(self, table: str) -> tuple[str, ...]:
        """`users` → ("users",); `crm.users` → ("crm", "users") unless a table is called just that."""
        self._prepare(table)
        if table not in self._located:
            self._located[table] = self._locate(table)
        return self._located[table]

    def _locate(self, table: str) -> tuple[str, ...]:
        names = self._table_names()
        for schema, name in names:
            if name.lower() == table.lower() and schema == "main":
                return (schema, name)
        for schema, name in names:
            if f"{schema}.{name}".lower() == table.lower():
                return (schema, name)
        alone = [(schema, name) for schema, name in names if name.lower() == table.lower()]
        if len(alone) == 1:
            return alone[0]
        known = [name if schema == "main" else f"{schema}.{name}" for schema, name in names]
        raise EngineError(
            "model_mismatch", f'the warehouse has no table "{table}"', hint=nearest(table, known, "table")
        )

    def tables(self) -> list[TableInfo]:
        """Every table and view with its columns."""
        result = []
        for schema, name in self._table_names():
            shown = name if schema == "main" else f"{schema}.{name}"
            result.append(TableInfo(shown, self.columns(Source(table=shown), shown)))
        return result

    def columns(self, source: Source, path: str) -> Mapping[str, str]:
        """Column names and types of a table or SELECT; described once a session."""
        if source not in self._described:
            if source.sql is not None:
                self._described[source] = dict(self.describe(source.sql, f"{path}.sql"))
            else:
                try:
                    parts = self.locate(source.table or "")
                except EngineError as error:
                    raise EngineError(error.code, error.message, f"{path}.table", error.hint) from None
                quoted = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
                self._described[source] = dict(self.describe(f"FROM {quoted}", f"{path}.table"))
        return self._described[source]

    def describe(self, sql: str, path: str) -> Mapping[str, str]:
        """Column names and types a SELECT returns; binds it without running it."""
        self._prepare_for(sql)
        try:
            with self._cursor(None) as cursor:
                found = cursor.execute(f"DESCRIBE {sql}").fetchall()
        except duckdb.Error as error:
            raise EngineError(
                "bad_sql", f"the warehouse cannot run this SQL: {first_line(error)}", path, "Correct it there."
            ) from None
        return {str(row[0]): str(row[1]) for row in found}

    def _prepare_for(self, sql: str) -> None:
        """Make the tables a SQL text names ready to read; for warehouses that load on first use."""

    # -- reading ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _cursor(self, job: Job | None) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        forget = job.interrupting(cursor.interrupt) if job is not None else None
        try:
            if job is not None:
                job.check()
            yield cursor
        except duckdb.InterruptException:
            raise Cancelled from None
        finally:
            if forget is not None:
                forget()
            cursor.close()

    @contextmanager
    def _ran(self, sql: str, parameters: Sequence[Any], job: Job | None) -> Iterator[duckdb.DuckDBPyConnection]:
        self._prepare_for(sql)
        with self._cursor(job) as cursor:
            try:
                yield cursor.execute(sql, list(parameters))
            except duckdb.InterruptException:
                raise
            except duckdb.OutOfMemoryException:
                raise EngineError(
                    "warehouse", "the query needs more memory than this machine gives", hint="Narrow the rule."
                ) from None
            except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
                raise EngineError(
                    "warehouse",
                    f"a value in the warehouse does not fit its declared type: {first_line(error)}",
                    hint="Run convoke model check.",
                ) from None
            except duckdb.Error as error:
                raise EngineError("warehouse", f"the warehouse failed: {first_line(error)}") from None

    def rows(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> list[tuple[Any, ...]]:
        """Run a SELECT and give its rows."""
        with self._ran(sql, parameters, job) as cursor:
            return cursor.fetchall()

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Run a SELECT and give its columns as numpy arrays."""
        with self._ran(sql, parameters, job) as cursor:
            return cursor.fetchnumpy()

    def copy_to(self, path: str, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> None:
        """Run a SELECT and write its rows to a file, as its ending says: .parquet, else CSV with a header."""
        import pyarrow as pa
        from pyarrow import csv, parquet

        with self._ran(sql, parameters, job) as cursor:
            table = pa.table(cursor.to_arrow_table())
        if path.lower().endswith(".parquet"):
            parquet.write_table(table, path)
        else:
            csv.write_csv(table, path)

    def regex_error(self, pattern: str) -> str | None:
        """Why RE2 refuses a pattern."""
        try:
            self._connection.execute("SELECT regexp_matches('', $1)", [pattern]).fetchall()
        except duckdb.Error as error:
            return first_line(error)
        return None
