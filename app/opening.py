"""Reading a workspace page by page: thousands of audiences arrive in turns that never hold up the window."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from engine.client import Request, audiences_request, overview_request
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.errors import EngineError

Send = Callable[[Request, Callable[[Any], None], Callable[[EngineError], None]], None]


class Opening:
    """One reading of the overview and of every page of audiences behind it.

    ``done`` gets the overview with its ``audiences`` as (audience, version) by id; of two readings under way, only the
    later one's owner should listen (``given_up``).
    """

    def __init__(
        self,
        send: Send,
        token: Callable[[], int],
        done: Callable[[dict[str, Any]], None],
        failure: Callable[[EngineError], None],
    ) -> None:
        self._send, self._token, self._done, self._failure = send, token, done, failure
        self._overview: dict[str, Any] = {}
        self._audiences: dict[str, tuple[Audience, int]] = {}
        self.given_up = False
        send(overview_request(token()), self._on_overview, failure)

    def _on_overview(self, overview: dict[str, Any]) -> None:
        self._overview = overview
        self._on_page(overview)

    def _on_page(self, page: dict[str, Any]) -> None:
        if self.given_up:
            return
        for document in page["audiences"]:
            version = document.pop("_version")
            audience = read_audience(document)
            self._audiences[audience.id] = (audience, version)
        gc.freeze()  # what was read stays: looking through it again and again would hold up the window
        if page.get("more", False):
            last = next(reversed(self._audiences))
            self._send(audiences_request(self._token(), last), self._on_page, self._failure)
        else:
            self._done(self._overview | {"audiences": self._audiences})
