"""`POST /v1/identity/resolve` for who asks at every page: one look into the index, on the event loop, by no framework.

Only what is sure to go well is answered here: a token that was found valid within the last second, a well-formed
request, a kind there is, and an index that is open. Everything else goes on to the route, which says what is wrong.
"""

from __future__ import annotations

import json
import os
import threading
import time

from engine.api.asking import Answer
from engine.api.metrics import Metrics
from engine.api.workspaces import Workspaces
from engine.errors import EngineError
from engine.identity.publication import POINTER
from engine.operations.finding import Lookup, Ready, audit
from engine.operations.workspace import IDENTITY
from engine.store.tokens import Token

PATH = "/v1/identity/resolve"
TRUSTED_FOR = 1.0
"""Seconds: so much longer may a token that was revoked look up."""
_MOST_TRUSTED = 1_000
_LONGEST = 8_192
"""Bytes of a request; a longer one would hold up the event loop."""


class Quick:
    """Answers lookups of one identifier. ``people`` are the workspaces of lookups."""

    def __init__(self, people: Workspaces, metrics: Metrics) -> None:
        self._people, self._metrics = people, metrics
        self._trusted: dict[str, tuple[Token, float]] = {}
        self._lock = threading.Lock()
        self._lookups: list[Lookup] = []
        self._ready: Ready | None = None
        self._seen: tuple[int, int] | None = None
        self._pointer = people.folder / IDENTITY / POINTER

    def trusted(self, header: str) -> Token | None:
        """The token of a header that was found valid a moment ago."""
        found = self._trusted.get(header)
        if found is None or time.monotonic() - found[1] > TRUSTED_FOR:
            self._trusted.pop(header, None)
            return None
        return found[0]

    def trust(self, header: str, token: Token) -> None:
        """A token was found valid just now."""
        if len(self._trusted) >= _MOST_TRUSTED:
            self._trusted.clear()
        self._trusted[header] = token, time.monotonic()

    def current(self) -> bool:
        """Whether what is open is the map in force."""
        return self._ready is not None and self._seen == self._state()

    def prepare(self) -> None:
        """Open the map in force; not on the event loop."""
        with self._lock:
            if self.current():
                return
            try:
                with self._people.one() as workspace:
                    state, lookup = self._state(), Lookup(workspace)
                    self._ready, self._seen = lookup.ready(), state
            except EngineError:  # the route will say what is wrong
                self._ready = None
                return
            self._lookups.append(lookup)
            while len(self._lookups) > 2:  # the one before may be looked into at this moment
                self._lookups.pop(0).close()

    def answer(self, token: Token, body: bytes) -> Answer | None:
        """The answer; None when the route is to give it."""
        began, ready = time.perf_counter(), self._ready
        if ready is None or "identity" not in token.scopes or len(body) > _LONGEST:
            return None
        try:
            asked = json.loads(body)
            kind, value = asked["kind"], asked["value"]
            if len(asked) != 2 or not isinstance(kind, str) or not isinstance(value, str) or len(value) > 1_000:
                return None
            (found,) = ready.found([(kind, value)])
            audit(self._people.folder, token.id, "resolve", 1, int(found.person is not None))
        except (EngineError, OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        answer = Answer(found)
        self._metrics.count(PATH, 200, time.perf_counter() - began)
        return answer

    def close(self) -> None:
        """Close the index."""
        self._ready = None
        while self._lookups:
            self._lookups.pop().close()

    def _state(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._pointer)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns
