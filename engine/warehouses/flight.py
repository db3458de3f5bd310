"""A warehouse that another Convoke serves over Arrow Flight: the same queries, run beside the data over there.

``flight+unix:///path.sock`` on the same machine, ``flight://localhost:8815``, and beyond it only encrypted:
``flight+tls://host:8815?ca=/path/to/ca.pem`` with the token in the environment variable CONVOKE_TOKEN.
"""

from __future__ import annotations

import ipaddress
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pyarrow as pa
import pyarrow.flight as flight
from pyarrow.ipc import Alignment, IpcReadOptions

from engine.domain.model import Source
from engine.errors import Cancelled, EngineError
from engine.faults.telling import failure
from engine.jobs import Job
from engine.warehouses.computed import Computed, ComputedTrait
from engine.warehouses.duck import DuckSession, connect, lock
from engine.warehouses.naming import quoted
from engine.warehouses.wire import TYPES_KEY, decode, encode, error_from, pack

TOKEN_VARIABLE = "CONVOKE_TOKEN"  # noqa: S105 — the name of the variable
_ASK_SECONDS = 30.0
_QUERY_SECONDS = 3600.0
_CANCEL_SECONDS = 2.0
_ALIGNED = IpcReadOptions(ensure_alignment=Alignment.At64Byte)  # what comes over the line lies anywhere in memory
_AS_THEY_COME = ("BIT",)  # what arrives is no text that could be cast back


class FlightWarehouse(DuckSession):
    """Reads through a session of the server; what comes back passes a local DuckDB, so that values are as at home."""

    def __init__(self, url: str) -> None:
        self._client, self._headers = _dial(url)
        self.url = url
        opened = self._ask("open")
        self._session = str(opened["session"])
        super().__init__(url, connect(":memory:", read_only=False), str(opened["data_version"]))
        lock(self._connection)
        self.people = opened.get("people")
        self.computed = _computed(opened.get("computed"))

    # -- asking ----------------------------------------------------------------------------------------------------

    def _options(self, seconds: float) -> flight.FlightCallOptions:
        return flight.FlightCallOptions(timeout=seconds, headers=self._headers, read_options=_ALIGNED)

    def _ask(self, action: str, seconds: float = _ASK_SECONDS, **body: Any) -> Any:
        """One question and its answer."""
        with _in_words(self.url):
            found = list(self._client.do_action(flight.Action(action, encode(body)), self._options(seconds)))
            return decode(found[0].body.to_pybytes()) if found else None

    def ask(self, action: str, job: Job | None = None, seconds: float = _QUERY_SECONDS, **body: Any) -> Any:
        """A question about this session that a job may cancel."""
        with self._cancelling(job) as query:
            return self._ask(action, seconds, session=self._session, query=query, **body)

    @contextmanager
    def _cancelling(self, job: Job | None) -> Iterator[str]:
        """The number of a query, cancelled over there when the job is."""
        query = uuid.uuid4().hex
        forget = job.interrupting(lambda: self._cancel(query)) if job is not None else None
        try:
            if job is not None:
                job.check()
            yield query
        finally:
            if forget is not None:
                forget()

    def _cancel(self, query: str) -> None:
        with suppress(EngineError):  # asked again until the query ends
            self._ask("cancel", _CANCEL_SECONDS, session=self._session, query=query)

    def fetch(self, sql: str, parameters: Sequence[Any], job: Job | None, scratch: str | None = None) -> pa.Table:
        """The rows of a SELECT, with the columns' DuckDB types in the schema's metadata."""
        with self._cancelling(job) as query, _in_words(self.url):
            body = {
                "session": self._session,
                "query": query,
                "scratch": scratch,
                "sql": sql,
                "parameters": [pack(one) for one in parameters],
            }
            return self._client.do_get(flight.Ticket(encode(body)), self._options(_QUERY_SECONDS)).read_all()

    def send(self, table: str, scratch: str, rows: pa.Table, *, more: bool) -> None:
        """Rows into a staged table: a new one, or ``more`` of one."""
        with _in_words(self.url):
            body = {"session": self._session, "scratch": scratch, "table": table, "more": more}
            descriptor = flight.FlightDescriptor.for_command(encode(body))
            writer, reader = self._client.do_put(descriptor, rows.schema, self._options(_QUERY_SECONDS))
            with writer:
                writer.write_table(rows)
                writer.done_writing()
                reader.read()

    # -- a warehouse -----------------------------------------------------------------------------------------------

    def data_version(self) -> str:
        """Names the state over there, with all that is read beside it."""
        return self._version

    def still_current(self) -> bool:
        """Whether the data over there is still what this session reads; not when the session is over."""
        return self._is_still("still_current")

    def same_data(self) -> bool:
        """The same, though more may have been collected since."""
        return self._is_still("same_data")

    def _is_still(self, question: str) -> bool:
        try:
            return bool(self._ask(question, session=self._session))
        except EngineError as error:
            if error.code != "changed":
                raise
            return False

    def source_version(self, source: Source) -> str:
        """The state of what one source reads."""
        body = {"table": source.table, "sql": source.sql, "where": source.where}
        return str(self._ask("source_version", session=self._session, source=body))

    def table_names(self) -> list[tuple[str, str]]:
        """Schema and name of every table and view over there."""
        return [(schema, name) for schema, name in self._ask("tables", session=self._session)]

    def _locate(self, table: str) -> tuple[str, ...]:
        return tuple(self._ask("locate", session=self._session, table=table))

    def describe(self, sql: str, path: str) -> Mapping[str, str]:
        """Column names and types a SELECT returns."""
        try:
            return dict(self._ask("describe", session=self._session, sql=sql))
        except EngineError as error:
            raise error.at(path) from None

    @contextmanager
    def running(
        self,
        sql: str,
        parameters: Sequence[Any],
        job: Job | None,
        own: duckdb.DuckDBPyConnection | None = None,
        begin: Callable[[Any, str, list[Any]], Any] = duckdb.DuckDBPyConnection.execute,
    ) -> Iterator[Any]:
        """A local cursor over what the server answered."""
        with self.local(self.fetch(sql, parameters, job)) as cursor:
            yield cursor

    @contextmanager
    def local(self, rows: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
        """A local cursor over fetched rows, with the types they had over there."""
        types = decode((rows.schema.metadata or {})[TYPES_KEY])
        cursor = self._connection.cursor()
        try:
            renamed = rows.rename_columns([f"c{i}" for i in range(len(types))])
            cursor.register("fetched", renamed)
            columns = ", ".join(
                f"{_cast(f'c{i}', kind)} AS {quoted(name)}"
                for i, (name, kind) in enumerate(zip(rows.column_names, types, strict=True))
            )
            yield cursor.execute(f"SELECT {columns} FROM fetched")  # noqa: S608 — names are quoted, types DuckDB's own
        finally:
            cursor.close()

    def scratch(self) -> FlightScratch:  # type: ignore[override]
        """A reading session with temporary tables over there."""
        return FlightScratch(self, str(self._ask("scratch", session=self._session)))

    def close(self) -> None:
        """Let go of the session on both sides."""
        with suppress(EngineError):
            self._ask("close", _CANCEL_SECONDS, session=self._session)
        self._client.close()
        super().close()


class FlightScratch:
    """Temporary tables at the server."""

    def __init__(self, warehouse: FlightWarehouse, identifier: str) -> None:
        self._warehouse, self._id = warehouse, identifier

    def stage(self, table: str, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> None:
        """Keep the rows of a SELECT under a name, in place of what was there."""
        values = [pack(one) for one in parameters]
        self._warehouse.ask("stage", job, scratch=self._id, table=table, sql=sql, parameters=values)

    def stage_keys(self, table: str, batches: Iterable[tuple[Any, int]]) -> None:
        """Make a table of (key, ordinal)."""
        import numpy as np

        for number, (keys, first) in enumerate(batches):
            ordinals = pa.array(np.arange(first, first + len(keys), dtype=np.uint32))
            self._warehouse.send(table, self._id, pa.table({"key": keys, "ordinal": ordinals}), more=number > 0)

    def rows(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> list[tuple[Any, ...]]:
        """The rows of a SELECT, which may read staged tables."""
        with self._warehouse.local(self.table(sql, parameters, job)) as cursor:
            return cursor.fetchall()

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Its columns as numpy arrays."""
        with self._warehouse.local(self.table(sql, parameters, job)) as cursor:
            return cursor.fetchnumpy()

    def table(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> Any:
        """An Arrow table."""
        return self._warehouse.fetch(sql, parameters, job, self._id)

    def drop(self, table: str) -> None:
        """Forget a staged table."""
        self._warehouse.ask("drop", scratch=self._id, table=table)

    def close(self) -> None:
        """Let go of all it staged."""
        with suppress(EngineError):
            self._warehouse.ask("close_scratch", seconds=_CANCEL_SECONDS, scratch=self._id)


def _computed(told: Mapping[str, Any] | None) -> Computed | None:
    """The computed traits over there; their file is nobody's here. A server that is older tells of none."""
    if told is None:
        return None
    traits = {name: ComputedTrait(**one) for name, one in told["traits"].items()}
    return Computed(Path(), int(told["number"]), "", traits)


def _dial(url: str) -> tuple[flight.FlightClient, list[tuple[bytes, bytes]]]:
    """A client, and the headers that say who asks."""
    parts = urlsplit(url)
    token = os.environ.get(TOKEN_VARIABLE, "")
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    if parts.scheme == "flight+unix":
        return flight.FlightClient(f"grpc+unix://{parts.path}"), []
    host, port = parts.hostname, parts.port
    if not host or port is None:
        raise EngineError("usage", f"{url} names no host and port", hint="Write flight+tls://HOST:PORT.")
    if parts.scheme == "flight+tls":
        return flight.FlightClient(f"grpc+tls://{host}:{port}", **_authority(parse_qs(parts.query))), headers
    if not is_loopback(host):
        raise EngineError(
            "usage", f"{host} is another machine, and flight:// is not encrypted", hint="Write flight+tls://HOST:PORT."
        )
    return flight.FlightClient(f"grpc://{host}:{port}"), headers


def _authority(query: Mapping[str, list[str]]) -> dict[str, bytes]:
    """Whose certificates to trust; without a word the system's."""
    if "ca" not in query:
        return {}
    path = Path(query["ca"][0])
    try:
        return {"tls_root_certs": path.read_bytes()}
    except OSError as error:
        raise EngineError("file", f"{path} cannot be read: {error.strerror}") from None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _cast(column: str, kind: str) -> str:
    return column if kind in _AS_THEY_COME else f"CAST({column} AS {kind})"


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    """What Flight raises, as sentences; the server's own come through as they are."""
    try:
        yield
    except flight.FlightError as error:
        found = error_from(bytes(error.extra_info or b""))
        if found is not None:
            if found.code == "cancelled":
                raise Cancelled from None
            raise found from None
        if isinstance(error, flight.FlightCancelledError):
            raise Cancelled from None
        raise _told(error, url) from None
    except (pa.ArrowException, OSError) as error:
        raise failure("warehouse", f"the warehouse at {url} failed", error) from None


def _told(error: flight.FlightError, url: str) -> EngineError:
    match error:
        case flight.FlightUnauthenticatedError() | flight.FlightUnauthorizedError():
            return EngineError(
                "refused", f"{url} does not accept this token", hint=f"Put a valid one into {TOKEN_VARIABLE}."
            )
        case flight.FlightUnavailableError():
            return EngineError(
                "warehouse_file", f"nobody answers at {url}", hint="Is convoke serve running there? Is the path free?"
            )
        case flight.FlightTimedOutError():
            return EngineError("warehouse", f"{url} did not answer in time", hint="Try again.")
        case _:
            return failure("warehouse", f"the warehouse at {url} failed", error)
