"""The workbench of one audience: palette left, canvas in the middle, numbers right, problems below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSplitter, QWidget

from app.canvas.canvas import Canvas
from app.canvas.context import CanvasContext
from app.canvas.drop_rules import add_condition, exclude
from app.document import Document
from app.i18n import Words
from app.insights.panel import Insights
from app.insights.tab import Subject
from app.locks import Locks
from app.palette.palette import Palette
from app.session import Session
from app.theme.style import Theme
from app.uploading import ListUpload
from app.widgets.parts import column, label
from app.widgets.problems import Problems
from engine.client import SizeAnswer
from engine.domain.audience import Audience
from engine.domain.describe import Describer
from engine.domain.model import DataModel
from engine.domain.rule import InAudience, Node
from engine.errors import EngineError

PANELS = [230, 840, 370]
"""Widths of palette, canvas and numbers, until someone moves them."""


class Workbench(QWidget):
    """Wires the document, the session and the panels of one audience together.

    Signals:
        said: a sentence for the status bar.
    """

    said = Signal(str)

    def __init__(
        self, document: Document, session: Session, words: Words, theme: Theme, locks: Locks | None = None
    ) -> None:
        super().__init__()
        self._locks = locks or Locks(document)
        self.document, self._session, self._words, self._theme = document, session, words, theme
        self.model: DataModel | None = None
        self.canvas: Canvas | None = None
        self.palette_panel = Palette(words, theme)
        self.insights = Insights(words, theme, session)
        self.problems = Problems(words("problems"), theme.icon("triangle-alert", theme.tokens.danger))
        self._middle = QWidget()
        self._middle_column = column(self._middle, spacing=0)
        self.waiting = label(words("status.starting"), "muted", wrap=True)
        self.waiting.setMargin(24)
        self._middle_column.addWidget(self.waiting)
        self._middle_column.addWidget(self.problems)
        self.splitter = QSplitter()
        panels = ((self.palette_panel, 0), (self._middle, 1), (self.insights, 0))
        for i, (widget, stretch) in enumerate(panels):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(i, stretch)
        self.splitter.setSizes(PANELS)
        self.splitter.setChildrenCollapsible(False)
        column(self, spacing=0).addWidget(self.splitter, 1)
        self.palette_panel.chosen.connect(lambda item: self.canvas.add(item) if self.canvas is not None else None)
        self.insights.path_chosen.connect(self._on_path)
        self.problems.chosen.connect(self._on_path)
        self.insights.condition_chosen.connect(self._on_condition)
        self.insights.exclude_chosen.connect(self._on_exclude)
        session.counting.connect(self._on_counting)
        session.estimated.connect(self._on_estimated)
        session.sized.connect(self._on_sized)
        session.failed.connect(self._on_failed)

    # -- the workspace ---------------------------------------------------------------------------------------------

    def show_model(self, model: DataModel, audiences: dict[str, tuple[Audience, int]], lists: dict[str, int]) -> None:
        """Make the canvas for a data model and what rules may refer to."""
        self.model = model
        words = self._words
        describer = Describer(words.of_rules, model)
        context = CanvasContext(
            self.document, self._session, model, words, self._theme, describer, audiences, dict(lists)
        )
        context.upload = self._upload
        context.locks = self._locks
        if self.canvas is not None:
            self.document.changed.disconnect(self.canvas.refresh)
            self.canvas.hide()
            self.canvas.deleteLater()
        self.waiting.hide()
        self.canvas = Canvas(context)
        self.canvas.problems_changed.connect(self._show_problems)
        self._middle_column.insertWidget(0, self.canvas, 1)
        self._show_problems(list(context.problems.values()))
        self.show_lists(audiences, lists)

    def show_lists(self, audiences: dict[str, tuple[Audience, int]], lists: dict[str, int]) -> None:
        """What there is to drag and to refer to."""
        names = {identifier: audience.name or identifier for identifier, (audience, _) in audiences.items()}
        if self.model is not None:
            self.palette_panel.show_model(self.model, names, lists)
        self.insights.show_names(names)
        if self.canvas is not None:
            self.canvas.context.audiences = audiences
            self.canvas.context.lists = dict(lists)
            self.canvas.check()

    def _show_problems(self, errors: list[EngineError]) -> None:
        self.problems.show_sentences([(error.path or "rule", self._words.error(error)) for error in errors])

    def _upload(self, path: str, then: Any) -> None:
        """Upload a list; its id comes from the file's name."""

        def answer(report: dict[str, Any]) -> None:
            counts = ", ".join(f"{self._words.number(n)} {k}" for k, n in report.items() if k not in ("id", "size"))
            self.said.emit(f"{report['id']}: {counts}")
            then(report)

        taken = self.canvas.context.lists if self.canvas is not None else {}
        ListUpload(self, self._session, self._words).start(path, taken, answer)

    # -- from the panels -------------------------------------------------------------------------------------------

    def _on_path(self, path: str) -> None:
        if self.canvas is not None:
            self.canvas.show_path(path)

    def _on_condition(self, node: Node) -> None:
        if self.canvas is not None:
            self.canvas.context.edit("edit.add", lambda root: add_condition(root, (), -1, node))

    def _on_exclude(self, identifier: str) -> None:
        if self.canvas is not None:
            self.canvas.context.edit("edit.exclude", lambda root: exclude(root, InAudience(identifier)))

    # -- numbers ---------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask for the size of the audience as it stands."""
        audience = self.document.audience
        self._session.edited(replace(audience, id=audience.id or "unsaved", name=audience.name or "unsaved"))

    def _on_counting(self) -> None:
        self.insights.show_stale()
        if self.canvas is not None:
            self.canvas.show_stale()

    def _on_estimated(self, answer: SizeAnswer) -> None:
        self.insights.show_estimate(answer)
        if self.canvas is not None:
            self.canvas.show_estimate(answer)

    def _on_sized(self, answer: SizeAnswer) -> None:
        if self.canvas is not None and self.model is not None:
            self.canvas.show_answer(answer)
            self.insights.show_answer(Subject(self.document.audience, self.model, answer, self.document.version))

    def _on_failed(self, error: EngineError) -> None:
        self.insights.show_failed()
        if self.canvas is not None:
            self.canvas.show_error(error)
