"""Home: every audience with its size, trend, state and refresh; search over the rules; several at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QTreeView,
    QWidget,
)

from app.audiences.numbers import Numbers
from app.audiences.schedule import shown_refresh
from app.audiences.table import ID_ROLE, AudienceTable, Row
from app.i18n import Words
from app.naming import id_from_name
from app.session import Session
from app.theme.style import Theme
from app.widgets.parts import button, column, label, restyle, row
from engine.domain.audience import Audience
from engine.domain.audience_codec import write_audience
from engine.domain.check import problems
from engine.domain.describe import Describer
from engine.domain.model import DataModel

_ROWS_A_TURN = 60
_SECONDS_A_TURN = 0.015
_WIDTHS = (225, 85, 125, 70, 105, 145, 100, 90, 75)


class Home(QWidget):
    """The first screen.

    Signals:
        opened: the id of an audience.
        new_wanted: a new audience.
        changed: the stored audiences changed.
        compare_wanted: two ids.
        said: a sentence for the status bar.
    """

    opened = Signal(str)
    new_wanted = Signal()
    changed = Signal()
    compare_wanted = Signal(str, str)
    said = Signal(str)

    def __init__(self, session: Session, words: Words, theme: Theme) -> None:
        super().__init__()
        self._session, self._words, self._theme = session, words, theme
        self._audiences: Mapping[str, tuple[Audience, int]] = {}
        self._make: Callable[[str], Row] = lambda identifier: Row(identifier, {})
        self._left: list[str] = []
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.setInterval(0)
        self._more.timeout.connect(self._make_some)
        self.setObjectName("page")
        self.search = QLineEdit()
        self.search.setPlaceholderText(words("home.search"))
        self.search.setAccessibleName(words("home.search"))
        self.search.setClearButtonEnabled(True)
        self.table = AudienceTable(words, theme.tokens, self)
        self.numbers = Numbers(session, self.table, words, self.said.emit)
        self.numbers.on_schedule = self._show_daemon
        self.search.textChanged.connect(self._filter)
        new = button(words("new.name"), icon=theme.icon("file-plus", theme.tokens.accent_text), primary=True)
        new.clicked.connect(self.new_wanted)
        self.tree = self._view()
        layout = column(self, (24, 18, 24, 12), spacing=12)
        layout.addLayout(row(label(words("section.audiences"), "page"), None, new))
        layout.addLayout(row(self.search, spacing=6))
        layout.addWidget(self.tree, 1)
        self._actions = {
            "home.open": self._open,
            "home.run": self._run,
            "home.compare": self._compare,
            "home.tag": self._tag,
            "home.move": self._move,
            "menu.duplicate": self._duplicate,
            "home.delete": self._delete,
        }
        self._buttons = {key: button(words(key)) for key in self._actions}
        for key, call in self._actions.items():
            self._buttons[key].clicked.connect(call)
        self._count = label("", "muted")
        self._daemon = "never"
        self.daemon = label("", "chip")
        self.daemon.hide()
        layout.addLayout(row(*self._buttons.values(), None, self.daemon, self._count, spacing=6))
        self._show_actions()

    def _view(self) -> QTreeView:
        """The rows: a tree view, which a screen reader reads row by row."""
        made = QTreeView()
        made.setAccessibleName(self._words("section.audiences"))
        made.setModel(self.table)
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setAlternatingRowColors(True)
        made.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        made.setSortingEnabled(True)
        made.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        for place, width in enumerate(_WIDTHS):
            made.header().resizeSection(place, width)
        # headings look at every selected row to know whether a whole column is: they get a selection of their own
        made.header().setSelectionModel(QItemSelectionModel(self.table, made))
        made.header().setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        made.activated.connect(lambda index: self.opened.emit(str(index.data(ID_ROLE))))
        made.selectionModel().selectionChanged.connect(self._show_actions)
        return made

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_audiences(
        self, audiences: Mapping[str, tuple[Audience, int]], model: DataModel, lists: Mapping[str, int]
    ) -> None:
        """Every audience, some rows a turn, so that thousands do not hold up the window; then their sizes."""
        self._audiences = audiences
        describer = Describer(self._words.of_rules, model)
        self.numbers.drop()
        self.table.clear()

        def make(identifier: str) -> Row:
            audience, _ = audiences[identifier]
            broken = problems(audience, model, audiences, lists)
            return self._row(audience, describer.audience(audience), [str(e) for e in broken])

        self._make, self._left = make, list(audiences)
        if len(audiences) > _ROWS_A_TURN:
            self._more.start()
        else:
            self._make_some()

    def _make_some(self) -> None:
        began = perf_counter()
        made: list[Row] = []
        while self._left and len(made) < _ROWS_A_TURN and perf_counter() - began < _SECONDS_A_TURN:
            made.append(self._make(self._left.pop()))
        self.table.add(made)
        self._show_count()
        if self._left:
            self._more.start()
        elif made:
            self.numbers.ask()

    def _row(self, audience: Audience, sentence: str, broken: list[str]) -> Row:
        texts = {
            "name": audience.name or audience.id,
            "state": self._words("home.broken" if broken else "home.ready"),
            "refresh": shown_refresh(audience, self._words),
            "owner": audience.owner or "",
            "tags": ", ".join(audience.tags),
            "folder": audience.folder or "",
            "rule": sentence,
        }
        return Row(audience.id, texts, broken)

    def showEvent(self, event: QShowEvent) -> None:
        """Numbers are wanted."""
        super().showEvent(event)
        self.numbers.look(at=True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another page is looked at."""
        super().hideEvent(event)
        self.numbers.look(at=False)

    def _show_daemon(self, found: dict[str, Any]) -> None:
        """Whether anything makes the next runs come."""
        self._daemon = found["daemon"]
        state = "stopped" if self._daemon == "never" else self._daemon
        self.daemon.setText(self._words(f"home.daemon.{state}") if found["next"] else "")
        restyle(self.daemon, "state", "failed" if state != "running" else "exact")
        self.daemon.setVisible(bool(found["next"]))

    def _filter(self, text: str) -> None:
        """Search over everything written, the rules' sentences among it."""
        self.table.search(text)
        self._show_count()

    def _show_count(self) -> None:
        self._count.setText(self._words("home.count", self._words.number(len(self.table.shown))))

    # -- several at once -------------------------------------------------------------------------------------------

    def selected(self) -> list[str]:
        """The ids of the selected audiences."""
        ranges = self.tree.selectionModel().selection().toList()
        places = sorted({place for one in ranges for place in range(one.top(), one.bottom() + 1)})
        return [self.table.shown[place].id for place in places]

    def _show_actions(self) -> None:
        count = sum(one.height() for one in self.tree.selectionModel().selection().toList())
        for key, made in self._buttons.items():
            one = key in ("home.open", "menu.duplicate")
            made.setEnabled(count == 1 if one else (count == 2 if key == "home.compare" else count > 0))

    def _open(self) -> None:
        for identifier in self.selected()[:1]:
            self.opened.emit(identifier)

    def _compare(self) -> None:
        first, second = self.selected()
        self.compare_wanted.emit(first, second)

    def _run(self) -> None:
        ids = self.selected()

        def answer(found: list[dict[str, Any]]) -> None:
            failed = [one["id"] for one in found if one["state"] != "done"]
            done = len(found) - len(failed)
            self.said.emit(self._words("home.ran", self._words.number(done), self._words.number(len(failed))))
            self.numbers.ask()

        if self._daemon == "running":  # which leaves the engine of this window free
            self._session.call("run_soon", lambda task: self.said.emit(self._words("home.queued")), ids=ids)
            return
        self.said.emit(self._words("home.running"))
        self._session.call("run", answer, ids=ids)

    def _tag(self) -> None:
        text, given = QInputDialog.getText(self, self._words("home.tag"), self._words("home.tags.hint"))
        if given:
            tags = tuple(part.strip() for part in text.split(",") if part.strip())
            self._save([replace(self._audiences[i][0], tags=tags) for i in self.selected()])

    def _move(self) -> None:
        folders = sorted({a.folder for a, _ in self._audiences.values() if a.folder})
        text, given = QInputDialog.getItem(self, self._words("home.move"), self._words("home.folder"), folders, 0, True)
        if given:
            self._save([replace(self._audiences[i][0], folder=text.strip() or None) for i in self.selected()])

    def _duplicate(self) -> None:
        for identifier in self.selected()[:1]:
            audience = self._audiences[identifier][0]
            name = self._words("home.copy", audience.name or identifier)
            self._save([replace(audience, id=id_from_name(name, self._audiences), name=name)])

    def _save(self, audiences: list[Audience]) -> None:
        documents = [write_audience(audience) for audience in audiences]
        self._session.call("save_all", lambda found: self.changed.emit(), documents=documents)

    def _delete(self) -> None:
        ids = self.selected()
        names = ", ".join(self._audiences[i][0].name or i for i in ids[:5]) + ("…" if len(ids) > 5 else "")
        question = self._words("home.delete.ask", names)
        if QMessageBox.question(self, self._words("home.delete"), question) == QMessageBox.StandardButton.Yes:
            for identifier in ids:
                self._session.call("delete", lambda found: self.changed.emit(), id=identifier)
