"""A worker that is answered by hand, and a canvas over any data model with one behind it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.canvas.canvas import Canvas
from app.canvas.context import CanvasContext
from app.document import Document
from app.i18n import Words
from app.locks import Locks
from app.session import Session
from app.theme.style import Theme
from engine.client import Reply, Request
from engine.domain.audience import Audience
from engine.domain.describe import Describer
from engine.domain.model import DataModel
from engine.domain.model_codec import read_model
from engine.domain.rule import Node
from tests.support.small import MODEL

SMALL = read_model(MODEL)


class FakeWorker(QObject):
    """Keeps the requests; the test answers them, in any order."""

    replied = Signal(object)
    started = Signal()
    died = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.cancelled: list[int] = []

    def send(self, request: Request) -> None:
        self.requests.append(request)

    def cancel(self, token: int) -> None:
        self.cancelled.append(token)

    def of(self, operation: str) -> list[Request]:
        return [r for r in self.requests if r.operation == operation]

    def answer_size(self, request: Request, size: int, base: int = 1000) -> None:
        self.replied.emit(Reply(request.token, self._sizes(size, base)))

    def answer_early(self, request: Request, size: int, interval: tuple[int, int]) -> None:
        self.replied.emit(Reply(request.token, early=self._sizes(size, 1000) | {"interval": list(interval)}))

    def _sizes(self, size: int, base: int) -> dict[str, Any]:
        return {
            "size": size,
            "base": base,
            "as_of": "2026-06-01T00:00:00Z",
            "data_version": "0123456789abcdef",
            "elapsed_ms": 1.0,
            "per_site": {"MLB": size},
            "conditions": [{"path": "rule.all[0]", "size": size, "without": base}],
            "groups": [{"path": "rule", "size": size}],
        }


def make_canvas(rule: Node, model: DataModel = SMALL, **more: Any) -> Canvas:
    """A canvas that shows a rule."""
    document = Document()
    document.open(Audience("open", "Open", rule), 1)
    session = Session(FakeWorker())  # type: ignore[arg-type]
    context = CanvasContext(
        document, session, model, Words("en"), Theme(), Describer("en", model), locks=Locks(document), **more
    )
    document.setParent(session)
    canvas = Canvas(context)
    session.setParent(canvas)
    return canvas
