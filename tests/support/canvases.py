"""A canvas over any data model, with a session that answers nothing."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.canvas.canvas import Canvas
from app.canvas.context import CanvasContext
from app.document import Document
from app.i18n import Words
from app.session import Session
from app.theme.style import Theme
from engine.client import Request
from engine.domain.audience import Audience
from engine.domain.describe import Describer
from engine.domain.model import DataModel
from engine.domain.model_codec import read_model
from engine.domain.rule import Node
from tests.support.small import MODEL

SMALL = read_model(MODEL)


class DeafWorker(QObject):
    """Takes requests and never answers."""

    replied = Signal(object)
    started = Signal()
    died = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def send(self, request: Request) -> None:
        self.requests.append(request)

    def cancel(self, token: int) -> None:
        pass


def make_canvas(rule: Node, model: DataModel = SMALL, **more: Any) -> Canvas:
    """A canvas that shows a rule."""
    document = Document()
    document.open(Audience("open", "Open", rule), 1)
    session = Session(DeafWorker())  # type: ignore[arg-type]
    context = CanvasContext(document, session, model, Words("en"), Theme(), Describer("en", model), **more)
    document.setParent(session)
    canvas = Canvas(context)
    session.setParent(canvas)
    return canvas
