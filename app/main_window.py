"""The shell: name and commands on top, palette left, canvas in the middle, numbers right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMessageBox,
    QSplitter,
    QWidget,
)

from app.actions import make_actions
from app.audiences.naming import id_from_name
from app.audiences.top_bar import TopBar
from app.canvas.canvas import Canvas
from app.canvas.context import CanvasContext
from app.document import Document
from app.i18n import Words
from app.insights.panel import Insights
from app.palette.palette import Palette
from app.session import Session
from app.theme.style import Theme
from app.widgets.parts import column, label, restyle
from engine.client import SizeAnswer
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.describe import Describer
from engine.domain.model import DataModel
from engine.domain.model_codec import read_model
from engine.domain.rule import All
from engine.errors import EngineError


class MainWindow(QMainWindow):
    """Wires the document, the session and the panels together."""

    def __init__(self, session: Session, theme: Theme, words: Words) -> None:
        super().__init__()
        self.session, self.theme, self.words = session, theme, words
        self.document = Document(self)
        self.model: DataModel | None = None
        self.canvas: Canvas | None = None
        self._audiences: dict[str, tuple[Audience, int]] = {}
        self._after_save: Callable[[], object] | None = None
        self.setWindowTitle(words("app.title"))
        self.resize(1440, 900)
        self.actions_by_key = make_actions(self, words, theme)
        self.top = TopBar(words, self.actions_by_key)
        self.name = self.top.name
        self.palette_panel = Palette(words, theme)
        self.insights = Insights(words, theme)
        self._build()
        self._connect()

    # -- building --------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        layout = column(page, spacing=0)
        layout.addWidget(self.top)
        self._splitter = QSplitter()
        self._middle = QWidget()
        self._middle_column = column(self._middle)
        self._waiting = label(self.words("status.starting"), "muted", wrap=True)
        self._waiting.setMargin(24)
        self._middle_column.addWidget(self._waiting)
        for i, (widget, stretch) in enumerate(((self.palette_panel, 0), (self._middle, 1), (self.insights, 0))):
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(i, stretch)
        self._splitter.setSizes([260, 840, 340])
        self._splitter.setChildrenCollapsible(False)
        layout.addWidget(self._splitter, 1)
        self.setCentralWidget(page)
        self.statusBar().showMessage(self.words("status.starting"))

    def _connect(self) -> None:
        session, document = self.session, self.document
        session.opened.connect(self._on_opened)
        session.counting.connect(self._on_counting)
        session.sized.connect(self._on_sized)
        session.failed.connect(self._on_failed)
        session.saved.connect(self._on_saved)
        session.trouble.connect(self._on_trouble)
        session.engine_state.connect(lambda key: self.statusBar().showMessage(self.words(key)))
        document.changed.connect(self._on_changed)
        document.state_changed.connect(self._show_state)
        self.palette_panel.chosen.connect(lambda item: self.canvas.add(item) if self.canvas is not None else None)
        self.top.renamed.connect(
            lambda text: document.edit(replace(document.audience, name=text), self.words("edit.name"), merge="name")
        )
        self.top.chosen.connect(self._on_open)
        calls = {"new": self.new, "save": self.save, "dark": self.toggle_dark}
        for key, call in calls.items():
            self.actions_by_key[key].triggered.connect(call)
        for key, move, able in (
            ("undo", document.history.undo, document.history.canUndoChanged),
            ("redo", document.history.redo, document.history.canRedoChanged),
        ):
            self.actions_by_key[key].triggered.connect(move)
            able.connect(self.actions_by_key[key].setEnabled)
            self.actions_by_key[key].setEnabled(False)

    # -- the workspace ---------------------------------------------------------------------------------------------

    def _on_opened(self, overview: dict[str, Any]) -> None:
        if overview["model"] is None:
            self._waiting.setText(self.words("no.model"))
            return
        self.model = read_model(overview["model"])
        self._audiences = {}
        for document in overview["audiences"]:
            version = document.pop("_version")
            audience = read_audience(document)
            self._audiences[audience.id] = (audience, version)
        self._fill_lists()
        self._make_canvas()
        first = next(iter(self._audiences.values()), None)
        if first is None:
            self.new()
        else:
            self.open_audience(first[0].id)

    def _fill_lists(self) -> None:
        assert self.model is not None  # noqa: S101 — called once it is known
        names = {identifier: audience.name for identifier, (audience, _) in self._audiences.items()}
        self.palette_panel.show_model(self.model, names)
        self.top.show_audiences(names, self.document.audience.id)
        shown = self.words("status.profiles", self.words("status.ready"), self.words.number(len(names)))
        self.statusBar().showMessage(shown)

    def _make_canvas(self) -> None:
        assert self.model is not None  # noqa: S101 — called once it is known
        describer = Describer(self.words.language, self.model)
        context = CanvasContext(self.document, self.session, self.model, self.words, self.theme, describer)
        if self.canvas is not None:
            self.canvas.deleteLater()
        self._waiting.hide()
        self.canvas = Canvas(context)
        self._middle_column.addWidget(self.canvas)

    # -- the audience ----------------------------------------------------------------------------------------------

    def open_audience(self, identifier: str) -> None:
        """Show a saved audience."""
        audience, version = self._audiences[identifier]
        self.document.open(audience, version)
        self.top.show_current(identifier)

    def new(self) -> None:
        """Begin an audience of everyone."""
        if self._may_leave(self.new):
            self.document.open(Audience("", "", All()), 0)
            self.top.show_current("")
            self.name.setFocus()

    def save(self) -> None:
        """Save the audience; a new one gets its id from its name."""
        audience = self.document.audience
        if not audience.name.strip():
            self._on_trouble(EngineError("structure", self.words("id.ask")))
            self.name.setFocus()
            return
        if not audience.id:
            audience = replace(audience, id=id_from_name(audience.name, self._audiences) or "audience")
            self.document.edit(audience, self.words("edit.name"), merge="name")
        self.session.save(audience)

    def _on_saved(self, version: int) -> None:
        self.document.mark_saved(version)
        self._audiences[self.document.audience.id] = (self.document.audience, version)
        self._fill_lists()
        self.statusBar().showMessage(self.words("status.saved", self.words.number(version)))
        after, self._after_save = self._after_save, None
        if after is not None:
            after()

    def _on_open(self, identifier: str) -> None:
        if identifier != self.document.audience.id and self._may_leave(lambda: self.open_audience(identifier)):
            self.open_audience(identifier)
        else:
            self.top.show_current(self.document.audience.id)

    def _may_leave(self, then: Callable[[], object]) -> bool:
        """Whether the open audience may be left now: nothing is lost without asking. After a save, ``then`` runs."""
        if self.document.history.isClean():
            return True
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self, self.words("app.title"), self.words("discard"), buttons.Save | buttons.Discard | buttons.Cancel
        )
        self._after_save = then if answer == buttons.Save else None
        if answer == buttons.Save:
            self.save()
        return answer == buttons.Discard

    def _on_changed(self) -> None:
        audience = self.document.audience
        self._show_state()
        self.session.edited(replace(audience, id=audience.id or "unsaved", name=audience.name or "unsaved"))

    def _show_state(self) -> None:
        self.top.show_document(self.document)
        self.actions_by_key["save"].setEnabled(not self.document.is_saved)

    # -- numbers ---------------------------------------------------------------------------------------------------

    def _on_counting(self) -> None:
        self.insights.show_stale()
        if self.canvas is not None:
            self.canvas.show_stale()

    def _on_sized(self, answer: SizeAnswer) -> None:
        if self.canvas is None or self.model is None:
            return
        self.canvas.show_answer(answer)
        describer = Describer(self.words.language, self.model)
        self.insights.show_answer(answer, self.document.audience, self.model, describer)

    def _on_failed(self, error: EngineError) -> None:
        self.insights.show_failed()
        if self.canvas is not None:
            self.canvas.show_error(error)

    def _on_trouble(self, error: EngineError) -> None:
        self._after_save = None
        if self.canvas is None:
            self._waiting.setText(str(error))
        self.statusBar().showMessage(str(error))

    # -- the window ------------------------------------------------------------------------------------------------

    def toggle_dark(self) -> None:
        """Switch between the light and the dark scheme."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)  # noqa: S101 — a window has one
        self.theme.dark = not self.theme.dark
        self.theme.apply(app)
        if self.model is not None:
            self._make_canvas()
            self._fill_lists()
            self.session.edited(self.document.audience)
        restyle(self.insights.chip, "state", "counting")

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_leave(self.close):
            self.document.history.clear()
            event.accept()
        else:
            event.ignore()
