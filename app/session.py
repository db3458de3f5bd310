"""What the app asks the engine, and which answers still count.

A size is asked 150 ms after the last edit. Every edit makes the answers on their way stale: a reply counts only when it
carries the token of the newest question, so no number on the screen ever belongs to another rule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from app.opening import Opening
from app.tasks import Worker
from engine.client import (
    Reply,
    Request,
    SizeAnswer,
    call_request,
    save_request,
    size_request,
    values_request,
)
from engine.domain.audience import Audience
from engine.domain.audience_codec import write_audience
from engine.errors import EngineError

DEBOUNCE_MS = 150
Answer = Callable[[Any], None]


class Session(QObject):
    """One open workspace.

    Signals:
        opened: the overview of the workspace (a dictionary), with its audiences read.
        counting: a size was asked for; shown numbers are stale from now on.
        estimated: a SizeAnswer from a sample, shown until the exact one comes.
        sized: the SizeAnswer of the audience as it stands.
        failed: an EngineError of the audience as it stands.
        saved: the number of the version saved.
        trouble: an EngineError of anything else.
        engine_state: a key of the status texts.
    """

    opened = Signal(object)  # a plain dict would become a sorted Qt map
    counting = Signal()
    estimated = Signal(object)
    sized = Signal(object)
    failed = Signal(object)
    saved = Signal(int)
    trouble = Signal(object)
    engine_state = Signal(str)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._next = 0
        self._size_token = 0
        self._audience: Audience | None = None
        self._document: dict[str, Any] | None = None
        self._as_of: str | None = None
        self._looks: set[int] = set()
        self._waiting: dict[int, tuple[Answer, Callable[[EngineError], None]]] = {}
        self._progress: dict[int, Callable[[float, str], None]] = {}
        self._opening: Opening | None = None
        self._values: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(DEBOUNCE_MS)
        self._debounce.timeout.connect(self._ask_size)
        worker.replied.connect(self._on_reply)
        worker.died.connect(self._on_died)
        worker.started.connect(lambda: self.engine_state.emit("status.ready"))

    def open(self) -> None:
        """Ask for the workspace's overview; suggestions may be of other data than before."""
        self._values.clear()
        if self._opening is not None:
            self._opening.given_up = True
        self._opening = Opening(self._send, self._token, self.opened.emit, self.trouble.emit)

    def edited(self, audience: Audience) -> None:
        """The audience changed: numbers on the screen are stale, a new size is asked for soon."""
        self._audience, self._document, self._as_of = audience, None, None
        if self._size_token in self._waiting:
            self._worker.cancel(self._size_token)
            self._waiting.pop(self._size_token)
        self._size_token = 0
        for token in self._looks:
            if self._waiting.pop(token, None) is not None:
                self._worker.cancel(token)
        self._looks.clear()
        self.counting.emit()
        self._debounce.start()

    def look(
        self,
        operation: str,
        answer: Answer,
        failure: Callable[[EngineError], None] = lambda error: None,
        **arguments: Any,
    ) -> None:
        """Ask about the audience as it stands, at the moment of its size; an answer after the next edit is dropped."""
        if self._audience is not None:
            if self._as_of is not None:
                arguments["as_of"] = self._as_of
            token = self._token()
            self._looks.add(token)
            self._send(call_request(token, operation, document=self._written(), **arguments), answer, failure)

    def _written(self) -> dict[str, Any]:
        """The audience as a document, written once for everything that is asked about it."""
        if self._document is None:
            assert self._audience is not None  # noqa: S101 — asked only about an audience
            self._document = write_audience(self._audience)
        return self._document

    def call(
        self,
        operation: str,
        answer: Answer,
        failure: Callable[[EngineError], None] | None = None,
        **arguments: Any,
    ) -> int:
        """Ask anything else of the workspace; gives the token by which it can be dropped."""
        token = self._token()
        self._send(call_request(token, operation, **arguments), answer, failure or self.trouble.emit)
        return token

    def follow(self, token: int, progress: Callable[[float, str], None]) -> None:
        """Hear how far what was asked is (0 to 1), and its step, in English."""
        self._progress[token] = progress

    def drop(self, token: int) -> None:
        """Give up what was asked: it is cancelled, and its answer no longer counts."""
        self._progress.pop(token, None)
        if self._waiting.pop(token, None) is not None:
            self._worker.cancel(token)

    @property
    def waiting(self) -> bool:
        """Whether any answer is awaited."""
        return bool(self._waiting) or self._debounce.isActive()

    @property
    def busy(self) -> bool:
        """Whether a size is awaited: what can wait, waits."""
        return self._debounce.isActive() or self._size_token in self._waiting

    def save(self, audience: Audience) -> None:
        """Save the audience."""
        self._send(save_request(self._token(), audience), lambda r: self.saved.emit(r["version"]), self.trouble.emit)

    def values(self, name: str, source: str | None, answer: Answer) -> None:
        """The most frequent values of a trait or property; asked once a session."""
        key = (name, source)
        if key in self._values:
            answer(self._values[key])
            return

        def keep(result: Any) -> None:
            self._values[key] = result
            if _is_there(answer):
                answer(result)

        self._send(values_request(self._token(), name, source), keep, lambda error: None)

    # -- requests and replies --------------------------------------------------------------------------------------

    def _token(self) -> int:
        self._next += 1
        return self._next

    def _send(self, request: Request, answer: Answer, failure: Callable[[EngineError], None]) -> None:
        self._waiting[request.token] = (answer, failure)
        self._worker.send(request)

    def _ask_size(self) -> None:
        if self._audience is None:
            return
        self._size_token = self._token()
        request = size_request(self._size_token, self._written())
        self._send(request, self._on_size, self.failed.emit)

    def _on_size(self, result: dict[str, Any]) -> None:
        answer = SizeAnswer.from_result(result)
        self._as_of = answer.as_of
        self.sized.emit(answer)

    def _on_reply(self, reply: Reply) -> None:
        if reply.early is not None and reply.token == self._size_token and reply.token in self._waiting:
            self.estimated.emit(SizeAnswer.from_result(reply.early))
        if reply.progress is not None and reply.token in self._progress:
            told = self._progress[reply.token]
            if _is_there(told):
                told(reply.progress, reply.step)
        if not reply.last or reply.token not in self._waiting:
            return
        self._progress.pop(reply.token, None)
        answer, failure = self._waiting.pop(reply.token)
        self._looks.discard(reply.token)
        if reply.error is None:
            if _is_there(answer):
                answer(reply.result)
        elif reply.error.code != "cancelled" and _is_there(failure):
            failure(reply.error)

    def forget(self) -> None:
        """Whoever asked is gone: no answer on its way counts any more."""
        for token in self._waiting:
            self._worker.cancel(token)
        self._waiting.clear()
        self._looks.clear()

    def _on_died(self) -> None:
        lost = [w for token, w in self._waiting.items() if token not in self._looks and token != self._size_token]
        self._waiting.clear()
        self._looks.clear()
        self.engine_state.emit("status.restarted")
        for _, failure in lost:  # what is asked anew by itself needs no word
            if _is_there(failure):
                failure(EngineError("internal", "the engine stopped while it worked", hint="Try again."))
        if self._audience is not None:
            self.edited(self._audience)


def _is_there(call: Callable[..., Any]) -> bool:
    """Whether the widget that a method belongs to still exists; dialogs close before their answers come."""
    owner = getattr(call.func if isinstance(call, partial) else call, "__self__", None)
    return not isinstance(owner, QObject) or isValid(owner)
