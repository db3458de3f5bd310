"""The warehouse over Arrow Flight: one owner beside the data, readers wherever they are.

Only a single SELECT is ever run, over a read-only session that reaches neither files nor networks. Queries are
cancelled when their client says so, when it is gone, and when its deadline is over. Beyond this machine it is served
with TLS and tokens only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pyarrow.flight as flight

from engine.domain.model import Source
from engine.errors import Cancelled, EngineError
from engine.failures import failure_of
from engine.faults.telling import cause_of
from engine.jobs import Job
from engine.selects.gate import passed
from engine.serving.sessions import Session, Sessions, table_name
from engine.warehouses.duck import DuckSession, streamed
from engine.warehouses.wire import TYPES_KEY, decode, encode, error_bytes, unpack

SCOPE = "warehouse"
_LOOK_SECONDS = 0.1
_LONGEST_KNOWN = 20_000
"""Characters of a text that is remembered once the gate has let it in."""
MOST_BYTES = 4 << 30
"""So large may one answer be."""

Allows = Callable[[str, str, datetime], object]
"""(token, scope, now) → something true when the token may."""


class WarehouseServer(flight.FlightServerBase):  # type: ignore[misc]
    """Serves what ``open_warehouse`` opens; answers from its first moment until :meth:`stop`."""

    def __init__(
        self,
        location: str,
        open_warehouse: Callable[[], DuckSession],
        *,
        allows: Allows | None = None,
        certificate: tuple[bytes, bytes] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._most_bytes = most_bytes
        self._sessions = Sessions(open_warehouse)
        self._running: dict[int, tuple[Any, Job]] = {}
        self._lock = threading.Lock()
        self._names = threading.Lock()
        self._stopped = threading.Event()
        self._actions: dict[str, Callable[[dict[str, Any], Any], Any]] = {
            "open": self._open,
            "close": self._close,
            "cancel": self._cancel,
            "tables": self._tables,
            "locate": self._locate,
            "describe": self._describe,
            "still_current": lambda body, context: self._session(body).warehouse.still_current(),
            "same_data": lambda body, context: self._session(body).warehouse.same_data(),
            "source_version": self._source_version,
            "scratch": self._scratch,
            "stage": self._stage,
            "drop": self._drop,
            "close_scratch": self._close_scratch,
        }
        more: dict[str, Any] = {}
        if allows is not None:
            more["middleware"] = {"bearer": _Bearer(allows)}
        if certificate is not None:
            more["tls_certificates"] = [certificate]
        super().__init__(location, **more)
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """End every session and stop listening."""
        self._stopped.set()
        self._sessions.close_all()
        self.shutdown()

    # -- what Flight asks ------------------------------------------------------------------------------------------

    def do_action(self, context: flight.ServerCallContext, action: flight.Action) -> Iterator[flight.Result]:
        """One question: a JSON body in, a JSON body out."""
        with _told():
            call = self._actions.get(action.type)
            if call is None:
                raise EngineError("usage", f'a served warehouse knows no "{action.type}"')
            answer = call(decode(action.body.to_pybytes()) if action.body else {}, context)
            return iter([flight.Result(encode(answer))])

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.GeneratorStream:
        """The rows of one SELECT, as they come; only a few of them are in memory at a time."""
        with _told():
            answer = self._answer(decode(ticket.ticket), context)
            return flight.GeneratorStream(next(answer), answer)

    def _answer(self, body: dict[str, Any], context: Any) -> Iterator[Any]:
        """The schema, then batches of rows."""
        session = self._session(body)
        own = session.warehouse
        with _told(), self._query(session, body, context) as job:
            sql, values = _prepared(own, body["sql"], self._names), unpack(body["parameters"])
            scratch = self._sessions.scratch(session, body["scratch"]) if body.get("scratch") else None
            with own.running(sql, values, job, None if scratch is None else scratch.cursor, streamed) as stream:
                told = {TYPES_KEY: encode(stream.types)}
                yield stream.reader.schema.with_metadata(told)
                size = 0
                for batch in stream.batches():
                    size += batch.nbytes
                    if size > self._most_bytes:
                        raise EngineError(
                            "memory",
                            f"the answer is larger than {self._most_bytes >> 20:,} MB",
                            hint="Ask for less, or raise query_result where the warehouse is served.",
                        )
                    yield batch.replace_schema_metadata(told)

    def do_put(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor, reader: Any, writer: Any
    ) -> None:
        """Keys into a staged table."""
        with _told():
            body = decode(descriptor.command)
            session = self._session(body)
            scratch = self._sessions.scratch(session, body["scratch"])
            with self._query(session, body, context):
                scratch.load(table_name(body["table"]), reader.to_reader(), more=bool(body["more"]))

    # -- actions ---------------------------------------------------------------------------------------------------

    def _session(self, body: dict[str, Any]) -> Session:
        return self._sessions.get(str(body.get("session")))

    def _open(self, body: dict[str, Any], context: Any) -> Any:
        session, warehouse = self._sessions.open(_owner(context))
        told = {"session": session, "data_version": warehouse.data_version(), "people": warehouse.people}
        computed = warehouse.computed
        traits = {} if computed is None else {name: asdict(one) for name, one in computed.traits.items()}
        return told | {"computed": None if computed is None else {"number": computed.number, "traits": traits}}

    def _close(self, body: dict[str, Any], context: Any) -> None:
        self._sessions.close(str(body.get("session")))

    def _cancel(self, body: dict[str, Any], context: Any) -> None:
        job = self._session(body).jobs.get(str(body.get("query")))
        if job is not None:
            job.cancel()

    def _tables(self, body: dict[str, Any], context: Any) -> Any:
        with self._names:  # one connection knows the names, calls come on many threads
            return self._session(body).warehouse.table_names()

    def _locate(self, body: dict[str, Any], context: Any) -> Any:
        with self._names:
            return self._session(body).warehouse.locate(str(body["table"]))

    def _describe(self, body: dict[str, Any], context: Any) -> Any:
        with self._names:
            return dict(self._session(body).warehouse.describe(_one_select(body["sql"]), "sql"))

    def _source_version(self, body: dict[str, Any], context: Any) -> str:
        return self._session(body).warehouse.source_version(Source(**body["source"]))

    def _scratch(self, body: dict[str, Any], context: Any) -> str:
        return self._sessions.add_scratch(self._session(body))

    def _stage(self, body: dict[str, Any], context: Any) -> None:
        session = self._session(body)
        sql = _prepared(session.warehouse, body["sql"], self._names)
        scratch = self._sessions.scratch(session, body["scratch"])
        with self._query(session, body, context) as job:
            scratch.stage(table_name(body["table"]), sql, unpack(body["parameters"]), job)

    def _drop(self, body: dict[str, Any], context: Any) -> None:
        self._sessions.scratch(self._session(body), body["scratch"]).drop(table_name(body["table"]))

    def _close_scratch(self, body: dict[str, Any], context: Any) -> None:
        found = self._session(body).scratches.pop(str(body.get("scratch")), None)
        if found is not None:
            found.close()

    # -- cancelling ------------------------------------------------------------------------------------------------

    @contextmanager
    def _query(self, session: Session, body: dict[str, Any], context: Any) -> Iterator[Job]:
        """A job that ends with its client: by its word, by its going, by its deadline."""
        job, query = Job(), str(body.get("query", id(body)))
        self._sessions.begin(session, query, job)
        with self._lock:
            self._running[id(job)] = (context, job)
        try:
            yield job
        finally:
            with self._lock:
                del self._running[id(job)]
            session.jobs.pop(query, None)

    def _watch(self) -> None:
        """Cancel what nobody waits for any more, again and again, for an interrupt between two queries is lost."""
        while not self._stopped.wait(_LOOK_SECONDS):
            with self._lock:  # a context is only looked at while its call runs
                gone = [job for context, job in self._running.values() if job.cancelled or context.is_cancelled()]
            for job in gone:
                job.cancel()


class _Caller(flight.ServerMiddleware):  # type: ignore[misc]
    """Who asks: the token's number."""

    def __init__(self, owner: str) -> None:
        self.owner = owner


def _owner(context: Any) -> str | None:
    """Whose call this is; None on a socket that is its owner's alone."""
    caller = context.get_middleware("bearer")
    return None if caller is None else caller.owner


class _Bearer(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    """Lets calls with a valid token through."""

    def __init__(self, allows: Allows) -> None:
        super().__init__()
        self._allows = allows

    def start_call(self, info: Any, headers: dict[str, list[str]]) -> _Caller:
        given = next((values[0] for name, values in headers.items() if name.lower() == "authorization"), "")
        kind, _, token = given.partition(" ")
        found = self._allows(token, SCOPE, datetime.now(UTC)) if kind == "Bearer" else None
        if not found:
            raise flight.FlightUnauthenticatedError("no valid token")
        return _Caller(str(getattr(found, "id", found)))


def _one_select(sql: Any) -> str:
    """The text, when it is one SELECT that the gate lets in."""
    if not isinstance(sql, str):
        raise EngineError("bad_sql", "the SQL is no text")
    if len(sql) <= _LONGEST_KNOWN:
        _known(sql)
    else:
        passed(sql, "sql")
    return sql


@lru_cache(maxsize=1024)
def _known(sql: str) -> None:
    """Let a text in by the gate; one that was let in before is not read again, whatever values are bound to it."""
    passed(sql, "sql")


def _prepared(warehouse: DuckSession, sql: Any, one_at_a_time: threading.Lock) -> str:
    """A SELECT whose tables are loaded; two calls do not load the same one."""
    text = _one_select(sql)
    with one_at_a_time:
        warehouse.prepare_for(text)
    return text


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong, with its sentence beside Flight's own error."""
    try:
        yield
    except EngineError as error:
        kind = flight.FlightCancelledError if isinstance(error, Cancelled) else flight.FlightServerError
        raise kind(error.message, extra_info=error_bytes(error)) from None
    except flight.FlightError:
        raise
    except Exception as error:  # a sentence for the client instead of a traceback
        unknown = f"the served warehouse met a case it did not expect ({type(error).__name__})"
        known = failure_of(error) if not cause_of(error).of_data else None
        problem = known or EngineError("internal", unknown)
        raise flight.FlightServerError(problem.message, extra_info=error_bytes(problem)) from None
