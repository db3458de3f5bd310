"""What every request passes before its route: its token, its turn, its size, and whether it was done already.

The gate is an ASGI application around the API. An answer to a write that carries ``Idempotency-Key`` (the IETF draft
draft-ietf-httpapi-idempotency-key-header) is kept for a day, and given again instead of doing the work twice.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, TypeAlias

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import Response

from engine.api.least import SEES, Least, is_rounded
from engine.api.limits import BURST, FAILURE_BURST, FAILURE_RATE, LOOKUP_BURST, LOOKUP_RATE, RATE, Buckets
from engine.api.places import Line, Places, heeding
from engine.api.problems import problem, problem_of
from engine.api.quick import PATH, Quick
from engine.api.texts import odd_address, odd_body
from engine.api.workspaces import Workspaces
from engine.domain.documents import iso
from engine.errors import EngineError
from engine.operations import Workspace
from engine.settings import FILE, Network, Settings
from engine.store.repeats import Repeat, Repeats
from engine.store.tokens import Token, Tokens, is_formed

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/health", "/openapi.json")
"""What needs no token: whether it runs, and what it can do."""
UNKEPT = ("/v1/tokens", "/v1/secrets", "/v1/size", "/v1/plan", "/v1/identity/resolve", "/v1/identity/batch")
"""Whose answers are not kept: they hold a secret or who is who, or nothing is changed."""
LOOKUPS = ("/v1/identity/resolve", "/v1/identity/batch", "/v1/identity/profiles/")
LARGEST = 64 << 20
_PLAIN = "Send texts as whole characters in UTF-8, without NUL."
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_KEPT_FOR = timedelta(days=1)


class Gate:
    """Lets requests in one by one."""

    def __init__(self, app: App, workspaces: Workspaces, quick: Quick) -> None:
        self._app, self._workspaces, self._quick = app, workspaces, quick
        self._turns, self._failures = Buckets(RATE, BURST), Buckets(FAILURE_RATE, FAILURE_BURST)
        self._places = Places()
        self._settings, self._written = Settings(), (-1, -1)
        self._least = Least(Settings().number("least_group"), b"")
        self._lookups = Buckets(LOOKUP_RATE, LOOKUP_BURST)
        self._process = secrets.token_hex(8)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        try:
            await self._let_in(scope, receive, send)
        except EngineError as error:  # the store did not answer
            await problem_of(error)(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        odd = odd_address(scope)
        if odd is not None:
            await problem(400, "usage", odd, hint=_PLAIN)(scope, receive, send)
            return
        quick = scope["path"] == PATH and scope["method"] == "POST"
        token = await self._known_token(headers.get("authorization", ""), scope, quick)
        if isinstance(token, Response):
            await token(scope, receive, send)
            return
        lookup = scope["path"].startswith(LOOKUPS)
        turns = self._lookups if lookup else self._turns
        wait = turns.take(token.id)
        if wait > 0:
            await _too_often(wait)(scope, receive, send)
            return
        body = await _body(receive, headers.get("content-length"))
        if body is None:
            await problem(413, "too_large", f"a request has at most {LARGEST >> 20} MB")(scope, receive, send)
            return
        if quick:
            if not self._quick.current():
                await to_thread.run_sync(self._quick.prepare)
            answer = self._quick.answer(token, body)
            if answer is not None:
                await answer(scope, receive, send)
                return
        odd = odd_body(headers.get("content-type", ""), body)
        if odd is not None:
            await problem(400, "usage", odd, hint=_PLAIN)(scope, receive, send)
            return
        line = Line()
        rounding = None if SEES in token.scopes or self._least.group <= 1 else self._least
        about = {"token": token, "line": line, "least": 1 if rounding is None else rounding.group}
        scope.setdefault("state", {}).update(about)
        if rounding is not None and is_rounded(scope["path"]):
            send = _Rounding(rounding, send)
        if lookup:
            await self._pass(token, body, headers, scope, receive, send)
            return
        async with self._places.of(token.id, self._settings.number("api_places")) as there:
            if there:
                await heeding(line, receive, self._pass(token, body, headers, scope, receive, send))
            else:
                await _too_often(1.0)(scope, receive, send)

    async def _pass(
        self, token: Token, body: bytes, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let a request through whose token, turn, size and place are in order."""
        key = headers.get("idempotency-key")
        if key is None or scope["method"] not in _WRITES or scope["path"].startswith(UNKEPT):
            await self._app(scope, _again(body), send)
        elif not 1 <= len(key) <= 255:
            await problem(400, "usage", "the idempotency key has 1 to 255 characters")(scope, receive, send)
        else:
            await self._once(token, key, body, scope, send)

    async def _known_token(self, header: str, scope: Scope, quick: bool) -> Token | Response:
        """The token of a request, or the answer that there is none; for a ``quick`` one it may be a moment old."""
        token = self._quick.trusted(header) if quick else None
        if token is not None:
            return token
        found = await self._token(header, scope)
        if quick and isinstance(found, Token):
            self._quick.trust(header, found)
        return found

    async def _token(self, header: str, scope: Scope) -> Token | Response:
        """Failures are counted by address and slow down failures alone: who guesses keeps nobody else out."""
        kind, _, text = header.partition(" ")
        is_one = kind.lower() == "bearer" and is_formed(text.strip())
        found = await to_thread.run_sync(self._known, text.strip()) if is_one else None
        if found is None:
            wait = self._failures.take(caller_of(scope, self._settings.proxies))
            if wait > 0:
                return _too_often(wait)
            hint = "Send Authorization: Bearer TOKEN; convoke token add makes one."
            return problem(401, "usage", "no valid token was sent", hint=hint, headers={"WWW-Authenticate": "Bearer"})
        return found

    def _known(self, text: str) -> Token | None:
        with self._workspaces.one() as workspace:
            self._follow(workspace)
            return Tokens(workspace.database).valid(text, datetime.now(UTC))

    def _follow(self, workspace: Workspace) -> None:
        """Take over the settings, if the file was written since; those that cannot be read are as they were."""
        with suppress(EngineError, OSError):
            about = (workspace.folder / FILE).stat()
            written = about.st_ino, about.st_mtime_ns
            if written != self._written:
                self._settings, self._written = workspace.settings, written
                edges = bytes(workspace.database.rows("least_edges")[0][0])
                self._least = Least(self._settings.number("least_group"), edges)
                each_minute = self._settings.number("api_rate")
                self._turns.refit(each_minute / 60, min(BURST, each_minute))

    # -- requests that may come again ------------------------------------------------------------------------------

    async def _once(self, token: Token, key: str, body: bytes, scope: Scope, send: Send) -> None:
        fingerprint = hashlib.sha256(
            b"\0".join([scope["method"].encode(), scope["path"].encode(), scope.get("query_string", b""), body])
        ).digest()
        seen = await to_thread.run_sync(self._begin, token.id, key, fingerprint)
        if seen is not None:
            await _repeated(seen, fingerprint)(scope, _again(b""), send)
            return
        answer = _Answer()
        try:
            await self._app(scope, _again(body), answer)
        finally:
            await to_thread.run_sync(self._end, token.id, key, answer)
        await answer.replay(send)

    def _begin(self, token: str, key: str, fingerprint: bytes) -> Repeat | None:
        now = datetime.now(UTC).replace(microsecond=0)
        with self._workspaces.one() as workspace:
            repeats = Repeats(workspace.database)
            repeats.clean(iso(now - _KEPT_FOR))
            return repeats.begin(token, key, fingerprint, self._process, iso(now))

    def _end(self, token: str, key: str, answer: _Answer) -> None:
        """Keep what was done or refused; what failed may be tried again."""
        with self._workspaces.one() as workspace:
            repeats = Repeats(workspace.database)
            if answer.status is None or answer.status >= 500 or answer.status == 429:
                repeats.forget(token, key)
            else:
                repeats.finish(token, key, answer.status, answer.media_type, b"".join(answer.body))


class _Rounding:
    """Sends an answer with its numbers of people rounded."""

    def __init__(self, least: Least, send: Send) -> None:
        self._least, self._send = least, send
        self._start: MutableMapping[str, Any] = {}
        self._body: list[bytes] = []

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = self._least.answer(b"".join(self._body))
        kept = [(name, value) for name, value in self._start.get("headers", []) if name.lower() != b"content-length"]
        added = [
            (b"content-length", str(len(body)).encode()),
            (b"convoke-least-group", str(self._least.group).encode()),
        ]
        await self._send({**self._start, "headers": [*kept, *added]})
        await self._send({"type": "http.response.body", "body": body})


class _Answer:
    """An answer while it is made."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.body: list[bytes] = []
        self.media_type = ""
        self._messages: list[MutableMapping[str, Any]] = []

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self._messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.media_type = Headers(raw=message.get("headers", [])).get("content-type", "")
        elif message["type"] == "http.response.body":
            self.body.append(message.get("body", b""))

    async def replay(self, send: Send) -> None:
        for message in self._messages:
            await send(message)


def _repeated(seen: Repeat, fingerprint: bytes) -> Response:
    if seen.fingerprint != fingerprint:
        return problem(422, "usage", "this idempotency key was used for another request", hint="Use a new one.")
    if seen.status is None:
        return problem(409, "refused", "this request is being worked on", hint="Ask again in a moment.")
    headers = {"Idempotency-Replayed": "true"}
    return Response(bytes(seen.body or b""), seen.status, headers, media_type=seen.media_type or None)


def caller_of(scope: Scope, proxies: Sequence[Network]) -> str:
    """The address a request comes from. X-Forwarded-For counts only from proxies of the setting trusted_proxies: the
    last address in it that is none of them."""
    caller = str((scope.get("client") or ("",))[0])
    if not _is_proxy(caller, proxies):
        return caller
    for one in reversed(Headers(scope=scope).get("x-forwarded-for", "").split(",")):
        if one.strip() and not _is_proxy(one.strip(), proxies):
            return one.strip()[:100]
    return caller


def _is_proxy(address: str, proxies: Sequence[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in one for one in proxies)


def _too_often(wait: float) -> Response:
    return problem(429, "usage", "too many requests", headers={"Retry-After": str(math.ceil(wait))})


async def _body(receive: Receive, length: str | None) -> bytes | None:
    """The whole body; None when it is too large."""
    if length is not None and (not length.isdecimal() or int(length) > LARGEST):
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes) -> Receive:
    """Gives the body that was read already."""
    sent = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
