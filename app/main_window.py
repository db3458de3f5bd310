"""The shell: commands on top, home or the workbench of one audience below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtGui import QCloseEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QMessageBox, QStackedWidget, QWidget

from app.actions import make_actions
from app.audiences.home import Home
from app.audiences.templates import templates
from app.audiences.top_bar import TopBar
from app.document import Document
from app.drafts import Drafts
from app.i18n import Words
from app.insights.panel import Insights
from app.locks import Locks
from app.naming import id_from_name
from app.session import Session
from app.theme.style import Theme
from app.ui_state import UiState
from app.widgets.parts import column
from app.window import AppWindow
from app.window_commands import WindowCommands
from app.workbench import Workbench
from engine.domain.audience import Audience
from engine.domain.model import DataModel
from engine.domain.model_codec import read_model
from engine.domain.rule import All
from engine.errors import EngineError

_BELL_MS = 60_000


class MainWindow(AppWindow):
    """Home and workbench over one session."""

    def __init__(
        self,
        session: Session,
        theme: Theme,
        words: Words,
        folder: Path | None = None,
        document: Document | None = None,
        state: UiState | None = None,
    ) -> None:
        super().__init__()
        self.session, self.theme, self.words, self.folder = session, theme, words, folder
        self.document = document or Document(self)
        self.state = state or UiState()
        self.model: DataModel | None = None
        self.audiences: dict[str, tuple[Audience, int]] = {}
        self.lists: dict[str, int] = {}
        self.warehouse: str | None = None
        self.first: str | None = None
        self.begins_at_home = False
        self._after_save: Callable[[], object] | None = None
        self.drafts = Drafts(folder, self.document, self) if folder is not None else None
        self.setWindowTitle(words("app.title"))
        self.resize(1440, 900)
        self.actions_by_key = make_actions(self, words, theme)
        self.top = TopBar(words, self.actions_by_key)
        self.name = self.top.name
        self.home = Home(session, words, theme)
        self.bench = Workbench(self.document, session, words, theme, Locks(self.document, self.state, folder))
        self.pages = QStackedWidget()
        for page in (self.home, self.bench):
            self.pages.addWidget(page)
        whole = QWidget()
        whole.setObjectName("page")
        layout = column(whole, spacing=0)
        layout.addWidget(self.top)
        layout.addWidget(self.pages, 1)
        self.setCentralWidget(whole)
        self.pages.setCurrentWidget(self.bench)
        self.statusBar().showMessage(words("status.starting"))
        self._bell = QTimer(self)
        self._bell.setInterval(_BELL_MS)
        self.commands = WindowCommands(self)
        self._connect()
        for name, restore in (("geometry", self.restoreGeometry), ("splitter", self.bench.splitter.restoreState)):
            kept: QByteArray | None = self.state.bytes(name)
            if kept is not None:
                restore(kept)

    def _connect(self) -> None:
        session, document, say = self.session, self.document, self.statusBar().showMessage
        session.opened.connect(self._on_opened)
        session.saved.connect(self._on_saved)
        session.trouble.connect(self._on_trouble)
        session.engine_state.connect(lambda key: say(self.words(key)))
        document.changed.connect(self._on_changed)
        document.state_changed.connect(self._show_state)
        self.home.opened.connect(self._on_open)
        self.home.new_wanted.connect(lambda: self.template_menu().exec(self.cursor().pos()))
        self.home.changed.connect(session.open)
        self.home.compare_wanted.connect(self.commands.compare)
        self.home.said.connect(say)
        self._bell.timeout.connect(self.ask_alerts)
        self.bench.said.connect(say)
        self.top.renamed.connect(
            lambda text: document.edit(replace(document.audience, name=text), self.words("edit.name"), merge="name")
        )

    # -- what the tests and commands look at -----------------------------------------------------------------------

    @property
    def insights(self) -> Insights:
        """The numbers beside the canvas."""
        return self.bench.insights

    def ask_alerts(self) -> None:
        """How many alerts nobody has looked at; asked again every minute while the window is there."""
        self.session.call("unseen_alerts", self.top.show_alerts, lambda error: None)

    def showEvent(self, event: QShowEvent) -> None:
        """The bell is kept right."""
        super().showEvent(event)
        self._bell.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks at it."""
        super().hideEvent(event)
        self._bell.stop()

    # -- the workspace ---------------------------------------------------------------------------------------------

    def _on_opened(self, overview: dict[str, Any]) -> None:
        self.warehouse = overview["warehouse"]
        if overview["model"] is None:
            self.bench.waiting.setText(self.words("no.model"))
            self.commands.connect_warehouse()
            return
        before, self.model = self.model, read_model(overview["model"])
        self.lists = dict(overview["lists"])
        self.audiences = dict(overview["audiences"])
        if self.model == before:
            self.bench.show_lists(self.audiences, self.lists)  # the canvas with its selection and locks stays
        else:
            self.bench.show_model(self.model, self.audiences, self.lists)
        self.home.show_audiences(self.audiences, self.model, self.lists)
        shown = self.words("status.profiles", self.words("status.ready"), self.words.number(len(self.audiences)))
        self.statusBar().showMessage(shown)
        if before is not None:
            self.bench.ask()
        else:
            self._begin()
        self.ask_alerts()

    def _begin(self) -> None:
        """What a new window shows first: the document it was made around, work never saved, an audience asked for, or
        home."""
        if self.document.audience.id or not self.document.history.isClean():
            self.show_page(home=self.begins_at_home)
            self.bench.ask()
        elif not (self.drafts is not None and self.commands.recover()):
            self.show_page(home=bool(self.audiences))
            if self.first is not None and self.first in self.audiences:
                self.open_audience(self.first)
            elif self.first is not None:
                self.statusBar().showMessage(self.words("audience.unknown", self.first))
            elif not self.audiences:
                self.new()
            self.commands.tour()

    def show_page(self, *, home: bool) -> None:
        """Home, or the open audience."""
        self.pages.setCurrentWidget(self.home if home else self.bench)
        self.top.show_page(home=home)
        if not home:
            self.top.show_document(self.document)

    # -- the audience ----------------------------------------------------------------------------------------------

    def open_audience(self, identifier: str) -> None:
        """Show a saved audience."""
        audience, version = self.audiences[identifier]
        self.document.open(audience, version)
        self.show_page(home=False)

    def new(self, rule: object = None, name: str = "") -> None:
        """Begin an audience: of everyone, or from a template."""
        if self._may_leave(lambda: self.new(rule, name)):
            self.document.open(Audience("", name, rule or All()), 0)  # type: ignore[arg-type]
            self.show_page(home=False)
            self.name.setFocus()

    def template_menu(self) -> QMenu:
        """An empty audience, or one of what suits the model."""
        menu = QMenu(self)
        menu.addAction(self.words("template.empty")).triggered.connect(lambda: self.new())
        menu.addSeparator()
        for one in templates(self.model) if self.model is not None else []:
            text = self.words(one.key)
            menu.addAction(text).triggered.connect(lambda _=False, o=one, t=text: self.new(o.rule, t))
        return menu

    def save(self) -> None:
        """Save the audience; a new one gets its id from its name."""
        audience = self.document.audience
        if not audience.name.strip():
            self._on_trouble(EngineError("structure", self.words("id.ask")))
            self.name.setFocus()
            return
        if not audience.id:
            audience = replace(audience, id=id_from_name(audience.name, self.audiences) or "audience")
            self.document.edit(audience, self.words("edit.name"), merge="name")
            if self.drafts is not None:
                self.drafts.forget("")
        self.session.save(audience)

    def _on_saved(self, version: int) -> None:
        audience = self.document.audience
        self.document.mark_saved(version)
        self.audiences[audience.id] = (audience, version)
        self.bench.show_lists(self.audiences, self.lists)
        if self.model is not None:
            self.home.show_audiences(self.audiences, self.model, self.lists)
        self.statusBar().showMessage(self.words("status.saved", self.words.number(version)))
        after, self._after_save = self._after_save, None
        if after is not None:
            after()

    def _on_open(self, identifier: str) -> None:
        if identifier == self.document.audience.id:
            self.show_page(home=False)
        elif self._may_leave(lambda: self.open_audience(identifier)):
            self.open_audience(identifier)

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
        if answer == buttons.Discard and self.drafts is not None:
            self.drafts.forget(self.document.audience.id)
        return answer == buttons.Discard

    def _on_changed(self) -> None:
        self._show_state()
        self.bench.ask()

    def _show_state(self) -> None:
        self.top.show_document(self.document)
        self.actions_by_key["save"].setEnabled(not self.document.is_saved)

    def _on_trouble(self, error: EngineError) -> None:
        self._after_save = None
        if self.canvas is None:
            self.bench.waiting.setText(self.words.error(error))
        self.statusBar().showMessage(self.words.error(error))

    # -- the window ------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._may_leave(self.close):
            event.ignore()
            return
        self.state.remember("geometry", self.saveGeometry())
        self.state.remember("splitter", self.bench.splitter.saveState())
        self.document.history.clear()
        event.accept()
