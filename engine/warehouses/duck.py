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
from engine.faults import causes
from engine.faults.queries import reason_of_regex
from engine.faults.telling import cause_of, failure, file_failure, technical_text
from engine.jobs import Job, Watch, Watched
from engine.selects.gate import admitted
from engine.warehouses.collected import COLLECTED
from engine.warehouses.computed import COMPUTED
from engine.warehouses.misfits import Misfit, misfit
from engine.warehouses.naming import quoted
from engine.warehouses.protocol import Capabilities, TableInfo
from engine.warehouses.states import States

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
ROWS_AT_ONCE = 16_384
"""Rows of one batch of a stream."""
_STILL_SET = ("memory_limit", "preserve_insertion_order", "threads")
"""Settings that Convoke itself changes on a locked connection; no SELECT can."""


def connect(path: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection with Convoke's settings: UTC, no downloads, no extensions, no tables made of Python variables."""
    connection = duckdb.connect(path, read_only=read_only, config=_CONFIG)
    if _is_locked(connection):  # another session of this process has the file open, with these same settings
        return connection
    # Global, since a cursor starts with the settings of the instance, not with those of its connection.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    if int(duckdb.__version__.split(".")[0]) >= 2:
        # Without this, grouping events that are sorted by profile rescans them many times over.
        connection.execute("SET disabled_optimizers = 'partitioned_execution'")
        # As 1.5 has it: x -> x + 1 is a lambda, beside lambda x: x + 1.
        connection.execute("SET GLOBAL lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    return connection


_CONVERSIONS = ("cast", "range", "decimal", "time", "json", "value")


def lock(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path] = ()) -> None:
    """Close the database of a connection to files and networks, but for files of some folders and what is attached;
    nobody can open it again, nor change another setting."""
    if _is_locked(connection):
        return
    if folders:
        allowed = ", ".join("'" + str(one.resolve()).replace("'", "''") + "'" for one in folders)
        connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute(f"SET allowed_configs = {list(_STILL_SET)}")
    connection.execute("SET lock_configuration = true")


@dataclass(frozen=True)
class Stream:
    """The rows of a SELECT as they come: the columns' types, and a reader of Arrow batches."""

    types: Sequence[str]
    reader: Any

    def batches(self) -> Iterator[Any]:
        """The batches; what DuckDB says while they come is raised as its own error, not as Arrow's."""
        import pyarrow as pa

        while True:
            try:
                batch = self.reader.read_next_batch()
            except StopIteration:
                return
            except (pa.ArrowException, OSError) as error:
                raise _own_error(str(error)) from None
            yield batch


_KINDS: tuple[tuple[str, type[duckdb.Error]], ...] = (
    ("INTERRUPT", duckdb.InterruptException),
    ("Out of Memory", duckdb.OutOfMemoryException),
    ("Conversion Error", duckdb.ConversionException),
    ("Out of Range", duckdb.OutOfRangeException),
    ("Invalid Input", duckdb.InvalidInputException),
)


def _own_error(text: str) -> duckdb.Error:
    return next((kind(text) for word, kind in _KINDS if word in text), duckdb.Error(text))


def streamed(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any], at_once: int = ROWS_AT_ONCE) -> Stream:
    """Begin a SELECT whose rows are never all in memory."""
    if int(duckdb.__version__.split(".")[0]) >= 2:  # an executed statement's rows would be copied as a whole first
        relation = cursor.sql(sql, params=parameters)
        return Stream([str(one) for one in relation.types], relation.to_arrow_reader(at_once))
    executed = cursor.execute(sql, parameters)
    types = [str(column[1]) for column in executed.description or ()]
    return Stream(types, executed.to_arrow_reader(at_once))


def _is_locked(connection: duckdb.DuckDBPyConnection) -> bool:
    ((locked,),) = connection.execute("SELECT current_setting('lock_configuration')").fetchall()
    return bool(locked)


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
            raise file_failure(
                "warehouse_file",
                "the map of persons cannot be read beside the warehouse",
                error,
                hint="Keep the warehouse file in a folder that Convoke may write to, or run convoke identity check.",
            ) from None
        return self.people


_DAMAGE = re.compile(r"\bcorrupt|computed checksum|could not read enough bytes|failed to deserialize", re.IGNORECASE)


def is_damage(error: duckdb.Error) -> bool:
    """Whether DuckDB met a part of a file that is not what was written: the checksum of a block differs, or an end is
    missing."""
    return _DAMAGE.search(str(error)) is not None


def _misfit(connection: duckdb.DuckDBPyConnection, sql: str, error: duckdb.Error, job: Job | None) -> Misfit | None:
    cursor = connection.cursor()
    try:
        return misfit(cursor, sql, error, job)
    finally:
        cursor.close()


def _names(described: Mapping[Source, Mapping[str, str]]) -> set[str]:
    """The columns that were described: names that a sentence may hold."""
    return {name for columns in described.values() for name in columns}


class DuckSession(States):
    """Reads through one DuckDB connection; subclasses say what is behind it."""

    def __init__(self, url: str, connection: duckdb.DuckDBPyConnection, version: str) -> None:
        super().__init__(version)
        self.url = url
        self.capabilities = Capabilities()
        self.people: str | None = None
        self._connection = connection
        self._watch = Watch()
        self._described: dict[Source, dict[str, str]] = {}
        self._located: dict[str, tuple[str, ...]] = {}

    def limit_memory(self, megabytes: int) -> None:
        """Keep queries within this much memory; what does not fit goes to disk."""
        self._connection.execute(f"SET memory_limit = '{int(megabytes)}MB'")

    def limit_time(self, seconds: float) -> None:
        """Interrupt queries that take longer."""
        self._watch.seconds = seconds

    def limit_process(self, most: int) -> None:
        """Interrupt queries while this process takes more bytes: DuckDB's own limit leaves out texts and results."""
        self._watch.most = most

    def scratch(self) -> DuckScratch:
        """A reading session with temporary tables."""
        return DuckScratch(self, self._connection.cursor())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._watch.close()

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
                text = admitted(source.sql, f"{path}.sql").text
                self._described[source] = dict(self.describe(text, f"{path}.sql"))
            else:
                try:
                    parts = self.locate(source.table or "")
                except EngineError as error:
                    raise error.at(f"{path}.table") from None
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
            cause = cause_of(error, sql, _names(self._described))
            lead = "the warehouse cannot run this SQL"
            raise failure("bad_sql", lead, error, path, "Correct it there.", cause) from None
        return {str(row[0]): str(row[1]) for row in found}

    def prepare_for(self, sql: str) -> None:
        """Make the tables a SQL text names ready to read; for warehouses that load on first use."""

    # -- reading ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _cursor(
        self, job: Job | None, own: duckdb.DuckDBPyConnection | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor, watched = self._connection.cursor() if own is None else own, None
        forget = job.interrupting(cursor.interrupt) if job is not None else None
        try:
            if job is not None:
                job.check()
            with self._watch.over(cursor.interrupt) as watched:
                yield cursor
        except duckdb.InterruptException:
            raise _ended(watched, self._watch) from None
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
        begin: Callable[[Any, str, list[Any]], Any] = duckdb.DuckDBPyConnection.execute,
    ) -> Iterator[Any]:
        """A cursor with a statement's result, or what ``begin`` makes of it; what fails comes out as a sentence.
        ``own`` is used and kept open."""
        self.prepare_for(sql)
        with self._cursor(job, own) as cursor:
            try:
                yield begin(cursor, sql, list(parameters))
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                raise self._failed(error, sql, job) from None

    def _failed(self, error: duckdb.Error, sql: str, job: Job | None) -> EngineError:
        """Why a query failed, in a sentence without values; for conversions with the column and its rows."""
        cause = cause_of(error, sql, _names(self._described))
        if cause is causes.MEMORY:
            message, hint = "the query needs more memory than it is given", "Narrow the rule, or raise memory."
            return EngineError("memory", message, hint=hint)
        if not cause.of_data and is_damage(error):
            return EngineError(
                "warehouse_file",
                f"a file of the warehouse {self.url} is damaged: a part of it is not what was written",
                hint="Restore it from a backup, or load it again.",
            )
        if not cause.of_data:
            return failure("warehouse", "the warehouse failed", error, cause=cause)
        found = _misfit(self._connection, sql, error, job) if cause.kind in _CONVERSIONS else None
        if found is not None:
            cause = cause.about_column(found.column, found.table, found.type)
        made = EngineError("warehouse", cause.words, hint=cause.hint)
        made.technical, made.place = technical_text(error), None if found is None else found.place
        return made

    def rows(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> list[tuple[Any, ...]]:
        """Run a SELECT and give its rows."""
        with self.running(sql, parameters, job) as cursor:
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Run a SELECT and give its columns as numpy arrays."""
        with self.running(sql, parameters, job) as cursor:
            columns: dict[str, Any] = cursor.fetchnumpy()
            return columns

    def regex_error(self, pattern: str) -> str | None:
        """Why RE2 refuses a pattern."""
        try:
            self._connection.execute("SELECT regexp_matches('', $1)", [pattern]).fetchall()
        except duckdb.Error as error:
            return reason_of_regex(error)
        return None


def _ended(watched: Watched | None, watch: Watch) -> EngineError:
    """Why a query was interrupted: by its job, or by a limit."""
    reason = "" if watched is None else watched.reason
    if reason == "memory":
        message, hint = "the query needs more memory than it is given", "Narrow the rule, or raise memory."
        return EngineError("memory", message, hint=hint)
    if reason == "time":
        message = f"the query took longer than {watch.seconds:,.0f} s"
        return EngineError("warehouse", message, hint="Narrow it, or raise query_time.")
    return Cancelled()


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
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Run such a SELECT and give its columns as numpy arrays."""
        with self._session.running(sql, parameters, job, self._cursor) as cursor:
            columns: dict[str, Any] = cursor.fetchnumpy()
            return columns

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
