"""The part all DuckDB-backed warehouses share: a session that reads, describes and cancels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from engine.domain.model import Source
from engine.errors import Cancelled, EngineError, nearest
from engine.jobs import Job
from engine.warehouses.collected import COLLECTED
from engine.warehouses.computed import COMPUTED
from engine.warehouses.naming import quoted
from engine.warehouses.protocol import Capabilities, TableInfo
from engine.warehouses.states import States

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def connect(path: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection with Convoke's settings: UTC, no downloads, no surprises."""
    connection = duckdb.connect(path, read_only=read_only, config=_CONFIG)
    # Global, since a cursor starts with the settings of the instance, not with those of its connection.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    if int(duckdb.__version__.split(".")[0]) >= 2:
        # Without this, grouping events that are sorted by profile rescans them many times over.
        connection.execute("SET disabled_optimizers = 'partitioned_execution'")
    return connection


OURS = "convoke"
"""The schema of what Convoke keeps beside the data: no table of anybody's."""
MAP = "convoke_identity"
"""The name of the attached map of persons."""


@dataclass(frozen=True)
class Attached:
    """A map of persons (a DuckDB file) to read beside the warehouse, its table of (key, person), and whether it is the
    one to read still."""

    path: Path
    people: str
    current: Callable[[], bool]

    def to(self, connection: duckdb.DuckDBPyConnection) -> str:
        """Attach it, before the connection gives up reading other files; the table of persons."""
        quoted = str(self.path).replace("'", "''")
        try:
            connection.execute(f"ATTACH '{quoted}' AS {MAP} (READ_ONLY)")
        except duckdb.Error as error:
            raise EngineError(
                "warehouse_file",
                f"the map of persons cannot be read beside the warehouse: {first_line(error)}",
                hint="Keep the warehouse file in a folder that Convoke may write to, or run convoke identity check.",
            ) from None
        return self.people


def first_line(error: BaseException) -> str:
    """What DuckDB says, in one line without its category."""
    line = str(error).strip().split("\n")[0]
    return re.sub(r"^[A-Z][A-Za-z ]*Error: ", "", line)


_DAMAGE = re.compile(r"\bcorrupt|computed checksum|could not read enough bytes|failed to deserialize", re.IGNORECASE)


def is_damage(error: duckdb.Error) -> bool:
    """Whether DuckDB met a part of a file that is not what was written: the checksum of a block differs, or an end is
    missing."""
    return _DAMAGE.search(str(error)) is not None


class DuckSession(States):
    """Reads through one DuckDB connection; subclasses say what is behind it."""

    def __init__(self, url: str, connection: duckdb.DuckDBPyConnection, version: str) -> None:
        super().__init__(version)
        self.url = url
        self.capabilities = Capabilities()
        self.people: str | None = None
        self._connection = connection
        self._described: dict[Source, dict[str, str]] = {}
        self._located: dict[str, tuple[str, ...]] = {}

    def limit_memory(self, megabytes: int) -> None:
        """Keep queries within this much memory; what does not fit goes to disk."""
        self._connection.execute(f"SET memory_limit = '{int(megabytes)}MB'")

    def scratch(self) -> DuckScratch:
        """A reading session with temporary tables."""
        return DuckScratch(self, self._connection.cursor())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # -- names -----------------------------------------------------------------------------------------------------

    def table_names(self) -> list[tuple[str, str]]:
        """Schema and name of every table and view."""
        found = self._connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND database_name NOT IN ($1, $4) "
            "AND schema_name != $2 UNION ALL "
            "SELECT CASE database_name WHEN $3 THEN $3 ELSE schema_name END, view_name FROM duckdb_views() "
            "WHERE NOT internal AND database_name != $1 ORDER BY 1, 2",
            [MAP, OURS, COLLECTED, COMPUTED],
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
        names = self.table_names()
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
        for schema, name in self.table_names():
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
                name = ".".join(quoted(part) for part in parts)
                self._described[source] = dict(self.describe(f"FROM {name}", f"{path}.table"))
        return self._described[source]

    def describe(self, sql: str, path: str) -> Mapping[str, str]:
        """Column names and types a SELECT returns; binds it without running it."""
        self.prepare_for(sql)
        try:
            with self._cursor(None) as cursor:
                found = cursor.execute(f"DESCRIBE {sql}").fetchall()
        except duckdb.Error as error:
            raise EngineError(
                "bad_sql", f"the warehouse cannot run this SQL: {first_line(error)}", path, "Correct it there."
            ) from None
        return {str(row[0]): str(row[1]) for row in found}

    def prepare_for(self, sql: str) -> None:
        """Make the tables a SQL text names ready to read; for warehouses that load on first use."""

    # -- reading ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _cursor(
        self, job: Job | None, own: duckdb.DuckDBPyConnection | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor() if own is None else own
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
            if own is None:
                cursor.close()

    @contextmanager
    def running(
        self,
        sql: str,
        parameters: Sequence[Any],
        job: Job | None,
        own: duckdb.DuckDBPyConnection | None = None,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor with a statement's result; what fails comes out as a sentence. ``own`` is used and kept open."""
        self.prepare_for(sql)
        with self._cursor(job, own) as cursor:
            try:
                yield cursor.execute(sql, list(parameters))
            except duckdb.InterruptException:
                raise
            except duckdb.OutOfMemoryException:
                raise EngineError(
                    "memory", "the query needs more memory than it is given", hint="Narrow the rule, or raise memory."
                ) from None
            except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
                raise EngineError(
                    "warehouse",
                    f"a value in the warehouse does not fit its declared type: {first_line(error)}",
                    hint="Run convoke model check.",
                ) from None
            except duckdb.Error as error:
                if is_damage(error):
                    raise EngineError(
                        "warehouse_file",
                        f"a file of the warehouse {self.url} is damaged: a part of it is not what was written",
                        hint="Restore it from a backup, or load it again.",
                    ) from None
                raise EngineError("warehouse", f"the warehouse failed: {first_line(error)}") from None

    def rows(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> list[tuple[Any, ...]]:
        """Run a SELECT and give its rows."""
        with self.running(sql, parameters, job) as cursor:
            return cursor.fetchall()

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Run a SELECT and give its columns as numpy arrays."""
        with self.running(sql, parameters, job) as cursor:
            return cursor.fetchnumpy()

    def regex_error(self, pattern: str) -> str | None:
        """Why RE2 refuses a pattern."""
        try:
            self._connection.execute("SELECT regexp_matches('', $1)", [pattern]).fetchall()
        except duckdb.Error as error:
            return first_line(error)
        return None


class DuckScratch:
    """A cursor kept open for its temporary tables."""

    def __init__(self, session: DuckSession, cursor: duckdb.DuckDBPyConnection) -> None:
        self._session = session
        self._cursor = cursor

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The cursor that sees the staged tables."""
        return self._cursor

    def stage(self, table: str, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> None:
        """Keep the rows of a SELECT under a name, in place of what was there."""
        made = f'CREATE OR REPLACE TEMP TABLE "{table}" AS {sql}'
        with self._session.running(made, parameters, job, self._cursor):
            pass

    def stage_keys(self, table: str, batches: Iterable[tuple[Any, int]]) -> None:
        """Make a table of (key, ordinal); each batch is an Arrow array of keys and the ordinal of its first."""
        import numpy as np
        import pyarrow as pa

        for number, (keys, first) in enumerate(batches):
            ordinals = pa.array(np.arange(first, first + len(keys), dtype=np.uint32))
            self.load(table, pa.table({"key": keys, "ordinal": ordinals}), more=number > 0)

    def load(self, table: str, rows: Any, *, more: bool) -> None:
        """Keep an Arrow table's rows under a name: a new table, or ``more`` rows of one."""
        self._cursor.register("staged_rows", rows)
        head = f'INSERT INTO temp."{table}"' if more else f'CREATE OR REPLACE TEMP TABLE "{table}" AS'
        self._cursor.execute(f"{head} SELECT * FROM staged_rows")  # noqa: S608 — the name is ours
        self._cursor.unregister("staged_rows")

    def rows(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> list[tuple[Any, ...]]:
        """Run a SELECT, which may read staged tables as temp.NAME, and give its rows."""
        with self._session.running(sql, parameters, job, self._cursor) as cursor:
            return cursor.fetchall()

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Run such a SELECT and give its columns as numpy arrays."""
        with self._session.running(sql, parameters, job, self._cursor) as cursor:
            return cursor.fetchnumpy()

    def table(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> Any:
        """Run such a SELECT and give an Arrow table."""
        with self._session.running(sql, parameters, job, self._cursor) as cursor:
            return cursor.to_arrow_table()

    def drop(self, table: str) -> None:
        """Forget a staged table."""
        self._cursor.execute(f'DROP TABLE IF EXISTS temp."{table}"')

    def close(self) -> None:
        """Let go of the session and all it staged."""
        self._cursor.close()
