"""The collector: events by the Segment HTTP tracking protocol, acknowledged when they are on disk.

The paths and the settings of the SDKs are in :mod:`engine.api.senders`. A write key is a token of the scope
``collect``. Requests that come at once go to disk together. What cannot be kept is not acknowledged: 429 says when to
try again, which SDKs do.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine import operations
from engine.api import senders
from engine.api.limits import FAILURE_BURST, FAILURE_RATE, Buckets
from engine.api.problems import problem
from engine.api.workspaces import Workspaces
from engine.errors import EngineError
from engine.ingest import exact
from engine.ingest.journal import Full
from engine.ingest.messages import Received, time_of
from engine.operations.collecting import Collecting
from engine.store.tokens import Tokens

LARGEST = 1 << 20
"""Bytes of a request when it is unpacked; Segment takes 500 KB."""
MOST_MESSAGES = 5_000
_LAND_EVERY = 0.25
_TRY_AGAIN = 5
_TRUSTED_FOR = 5.0
_GZIP = b"\x1f\x8b"

_log = logging.getLogger("convoke.collect")


def make_collector(folder: Path) -> Starlette:
    """The collector of a workspace, as an ASGI application; EngineError("refused") while another one runs."""
    return Collector(folder).app()


class Collector:
    """Takes requests, and lands what they brought."""

    def __init__(self, folder: Path) -> None:
        self._doors = Workspaces(folder, 2)
        self._stack = ExitStack()
        self._collecting = self._stack.enter_context(operations.collecting_into(folder))
        self._keeper = _Keeper(self._collecting)
        self._origins = self._collecting.origins
        self._failures = Buckets(FAILURE_RATE, FAILURE_BURST)
        self._trusted: dict[str, tuple[str, float]] = {}

    def app(self) -> Starlette:
        """The application."""
        asked = (*senders.SETTINGS, *senders.SOURCE_CONFIG)
        routes = [Route(path, self._take, methods=["POST"]) for path in senders.KINDS]
        routes += [Route(path, self._metrics, methods=["POST"]) for path in senders.METRICS]
        routes += [Route(path, self._settings, methods=["GET"]) for path in senders.SETTINGS]
        routes += [Route(path, self._source_config, methods=["GET"]) for path in senders.SOURCE_CONFIG]
        routes += [
            Route(path, self._preflight, methods=["OPTIONS"]) for path in (*senders.KINDS, *senders.METRICS, *asked)
        ]
        return Starlette(routes=[*routes, Route("/health", self._health)], lifespan=self._living)

    @asynccontextmanager
    async def _living(self, app: Starlette) -> AsyncIterator[None]:
        landing = asyncio.create_task(self._land())
        try:
            yield
        finally:
            landing.cancel()
            with suppress(asyncio.CancelledError):
                await landing
            await to_thread.run_sync(self._keeper.end)
            self._stack.close()
            self._doors.close()

    async def _land(self) -> None:
        while True:
            await asyncio.sleep(_LAND_EVERY)
            if not await to_thread.run_sync(self._keeper.land):
                await asyncio.sleep(_TRY_AGAIN)

    # -- requests --------------------------------------------------------------------------------------------------

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", **self._keeper.state()})

    async def _preflight(self, request: Request) -> Response:
        allowed = self._cors(request)
        if not allowed:
            return Response(status_code=403)
        more = senders.preflight(request.headers.get("access-control-request-headers", ""))
        return Response(status_code=204, headers=allowed | more)

    def _cors(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin")
        if origin is None or not ({"*", origin} & set(self._origins)):
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "Retry-After",
            "Vary": "Origin",
        }

    async def _take(self, request: Request) -> Response:
        return await self._answered(request, self._taken)

    async def _metrics(self, request: Request) -> Response:
        return await self._answered(request, _unread)

    async def _settings(self, request: Request) -> Response:
        return await self._answered(request, self._settings_of)

    async def _source_config(self, request: Request) -> Response:
        return await self._answered(request, self._source_config_of)

    async def _answered(self, request: Request, answered: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            answer = await answered(request)
        except EngineError as error:  # the store did not answer
            answer = problem(503, error.code, error.message, headers={"Retry-After": str(_TRY_AGAIN)})
        answer.headers.update(self._cors(request))
        return answer

    async def _settings_of(self, request: Request) -> Response:
        key = request.path_params["key"]
        if await self._source(key) is None:
            return self._no_key(request)
        told = senders.segment_settings(key, request.url.scheme, request.url.netloc)
        return JSONResponse(told, headers=_NOT_STORED)

    async def _source_config_of(self, request: Request) -> Response:
        if await self._source(_key(request, {})) is None:
            return self._no_key(request)
        return JSONResponse(senders.source_config(), headers=_NOT_STORED)

    def _no_key(self, request: Request) -> Response:
        """Failures alone are counted: who guesses keeps no page with a good key out."""
        wait = self._failures.take(request.client.host if request.client else "")
        if wait > 0:
            headers = {"Retry-After": str(int(wait) + 1)}
            return problem(429, "busy", "too many requests without a write key", headers=headers)
        return problem(401, "usage", "no valid write key was sent", hint="convoke token add NAME --scope collect.")

    async def _taken(self, request: Request) -> Response:
        at, body = datetime.now(UTC), await _body(request)
        if body is None:
            return problem(413, "too_large", f"a request has at most {LARGEST >> 10} KB")
        told = _json(body)
        if not isinstance(told, dict):
            return problem(400, "structure", "the body is no JSON object")
        source = await self._source(_key(request, told))
        if source is None:
            return self._no_key(request)
        messages = senders.messages_of(senders.KINDS[request.url.path], told)
        if messages is None:
            return problem(400, "structure", "there is no batch of messages", "batch")
        if len(messages) > MOST_MESSAGES:
            return problem(413, "too_large", f"a batch has at most {MOST_MESSAGES:,} messages")
        return await self._kept(Received(at, source, tuple(messages), time_of(told.get("sentAt"))))

    async def _kept(self, received: Received) -> Response:
        try:
            text = received.as_bytes()
        except (ValueError, RecursionError):
            return problem(400, "structure", "the body is nested too deeply")
        try:
            await self._keeper.keep(text)
        except Full:
            headers = {"Retry-After": str(_TRY_AGAIN)}
            return problem(429, "busy", "there is no room for more events at the moment", headers=headers)
        return JSONResponse({"success": True})

    async def _source(self, key: str | None) -> str | None:
        """The name of the write key's token."""
        if not key:
            return None
        name, until = self._trusted.get(key, ("", 0.0))
        if until > time.monotonic():
            return name
        found = await to_thread.run_sync(self._known, key)
        if found is not None:
            if len(self._trusted) > 1_000:
                self._trusted.clear()
            self._trusted[key] = found, time.monotonic() + _TRUSTED_FOR
        else:
            self._trusted.pop(key, None)
        return found

    def _known(self, key: str) -> str | None:
        with self._doors.one() as workspace:
            found = Tokens(workspace.database).allows(key, "collect", datetime.now(UTC))
        return None if found is None else found.name


class _Keeper:
    """Puts requests on disk together, and lands them; the journal is touched by one thread at a time."""

    def __init__(self, collecting: Collecting) -> None:
        self._collecting, self._lock = collecting, threading.Lock()
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._error: str | None = None

    async def keep(self, text: bytes) -> None:
        """Return when it is on disk; raises Full."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            failed = False
            try:
                await to_thread.run_sync(self._write, [text for text, _ in taken])
            except Exception as error:  # whatever it is: nobody waits for ever, and nobody is told that it is there
                failed = True
                if not isinstance(error, Full):
                    _log.error("events could not be kept", extra={"fields": {"error": type(error).__name__}})
            for _, done in taken:
                if done.done():  # whoever asked is gone
                    continue
                if failed:
                    done.set_exception(Full())
                else:
                    done.set_result(None)

    def _write(self, texts: Sequence[bytes]) -> None:
        with self._lock:
            self._collecting.journal.write(texts)

    def land(self) -> bool:
        """Land what waits; False when that failed, which is logged without what it was about."""
        try:
            with self._lock:
                self._collecting.journal.close_older_than(1.0)
            found = self._collecting.lander.land(self._landed)
        except Exception as error:  # whatever it is: nothing was changed, and it is tried again
            self._error = type(error).__name__
            _log.error("events could not be landed", extra={"fields": {"error": self._error}})
            return False
        self._error = None
        if found.messages:
            told = {"messages": found.messages, "again": found.again, "aside": found.aside}
            _log.info("events were landed", extra={"fields": told})
        return True

    def _landed(self, paths: Sequence[Path]) -> None:
        with self._lock:
            self._collecting.journal.landed(paths)

    def state(self) -> dict[str, Any]:
        """What waits, and whether landing fails."""
        return {"waiting_bytes": self._collecting.journal.waiting, "landing_fails": self._error}

    def end(self) -> None:
        """Close the journal and land what is in it."""
        with self._lock:
            self._collecting.journal.close()
        self.land()


_NOT_STORED = {"Cache-Control": "no-store"}


async def _unread(request: Request) -> Response:
    return JSONResponse({"success": True})


def _key(request: Request, told: dict[str, Any]) -> str | None:
    return senders.write_key(request.headers.get("authorization", ""), request.query_params, told)


async def _body(request: Request) -> bytes | None:
    """The body, unpacked (some pages do not say that it is packed); None when it is too large."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in ("gzip", "deflate") else None
    found = bytearray()
    async for chunk in request.stream():
        if not found and unpacking is None and chunk.startswith(_GZIP):
            unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            found += chunk if unpacking is None else unpacking.decompress(chunk, LARGEST + 1 - len(found))
        except zlib.error:
            return b""
        if len(found) > LARGEST or (unpacking is not None and unpacking.unconsumed_tail):
            return None
    return bytes(found)


def _json(body: bytes) -> Any:
    try:
        return exact.read(body)
    except (ValueError, RecursionError):
        return None
