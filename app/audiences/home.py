"""Home: every audience with its size, trend, state and refresh; search over the rules; several at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.audiences.naming import id_from_name
from app.i18n import Words
from app.session import Session
from app.theme.style import Theme
from app.widgets.parts import button, column, label, restyle, row
from app.widgets.searching import plain
from engine.domain.audience import Audience
from engine.domain.audience_codec import write_audience
from engine.domain.check import problems
from engine.domain.describe import Describer
from engine.domain.model import DataModel

_COLUMNS = ("name", "size", "trend", "state", "refresh", "next", "owner", "tags", "folder", "rule")
_NEXT = _COLUMNS.index("next")
_ROLE = Qt.ItemDataRole.UserRole
_ROWS_A_TURN = 60
_MOST_SIZES = 500
"""Sizes are counted of so many audiences when home is opened; the others show theirs when they are opened."""


class _Row(QTreeWidgetItem):
    """Sorts sizes by number."""

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        tree = self.treeWidget()
        place = tree.sortColumn() if tree is not None else 0
        mine, theirs = self.data(place, _ROLE), other.data(place, _ROLE)
        if isinstance(mine, int) and isinstance(theirs, int) and place > 0:
            return mine < theirs
        return plain(self.text(place)) < plain(other.text(place))


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
        self._rows: dict[str, _Row] = {}
        self._make: Callable[[str], None] = lambda identifier: None
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
        self.search.textChanged.connect(self._filter)
        new = button(words("new.name"), icon=theme.icon("file-plus", theme.tokens.accent_text), primary=True)
        new.clicked.connect(self.new_wanted)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(words("section.audiences"))
        self.tree.setColumnCount(len(_COLUMNS))
        self.tree.setHeaderLabels([words(f"home.{name}") for name in _COLUMNS])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setSortingEnabled(True)
        self.tree.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.tree.itemActivated.connect(lambda item: self.opened.emit(str(item.data(0, _ROLE))))
        self.tree.itemSelectionChanged.connect(self._show_actions)
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

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_audiences(
        self, audiences: Mapping[str, tuple[Audience, int]], model: DataModel, lists: Mapping[str, int]
    ) -> None:
        """Every audience; sizes come from the engine when the window had its turn."""
        self._audiences = audiences
        describer = Describer(self._words.of_rules, model)
        self.tree.clear()
        self._rows.clear()

        def make(identifier: str) -> None:
            audience, _ = audiences[identifier]
            broken = problems(audience, model, audiences, lists)
            self._rows[identifier] = self._row(audience, describer.audience(audience), [str(e) for e in broken])

        self._make, self._left = make, list(audiences)
        header = self.tree.header()
        for place, width in enumerate((225, 85, 125, 70, 105, 145, 100, 90, 75)):
            header.resizeSection(place, width)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        self._make_some()

    def _make_some(self) -> None:
        """Some rows a turn, so that thousands of audiences do not hold up the window; then their sizes."""
        these, self._left = self._left[:_ROWS_A_TURN], self._left[_ROWS_A_TURN:]
        for identifier in these:
            self._make(identifier)
        self.tree.setSortingEnabled(False)
        self.tree.addTopLevelItems([self._rows[identifier] for identifier in these])
        self.tree.setSortingEnabled(True)
        self._filter(self.search.text())
        if self._left:
            self._more.start()
        elif these:
            self._ask_sizes()

    def _row(self, audience: Audience, sentence: str, broken: list[str]) -> _Row:
        words = self._words
        state = words("home.broken" if broken else "home.ready")
        texts = [
            audience.name or audience.id,
            "…" if len(self._rows) < _MOST_SIZES else "",
            "",
            state,
            _refresh(audience, words),
            "",
            audience.owner or "",
            ", ".join(audience.tags),
            audience.folder or "",
            sentence,
        ]
        made = _Row(texts)
        made.setData(0, _ROLE, audience.id)
        made.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        made.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        made.setToolTip(len(texts) - 1, sentence)
        if broken:
            made.setForeground(3, QColor(self._theme.tokens.danger))
            made.setToolTip(3, "\n".join(broken))
        return made

    def _ask_sizes(self) -> None:
        ids = list(self._audiences)[:_MOST_SIZES]
        self._session.call("sizes", self._on_sizes, lambda error: self.said.emit(self._words.error(error)), ids=ids)
        self._session.call("trends", self._on_trends, lambda error: None, ids=ids)
        self._session.call("schedule", self._on_schedule, lambda error: None)

    def _on_sizes(self, sizes: dict[str, int | None]) -> None:
        self.tree.setSortingEnabled(False)
        for identifier, size in sizes.items():
            found = self._rows.get(identifier)
            if found is not None:
                found.setText(1, "–" if size is None else self._words.number(size))
                found.setData(1, _ROLE, -1 if size is None else size)
        self.tree.setSortingEnabled(True)

    def _on_trends(self, trends: dict[str, list[int]]) -> None:
        for identifier, sizes in trends.items():
            found = self._rows.get(identifier)
            if found is not None and len(sizes) > 1:
                change = sizes[-1] - sizes[-2]
                arrow = "▲" if change > 0 else ("▼" if change < 0 else "=")
                found.setText(2, f"{arrow} {self._words.number(abs(change))}")
                found.setData(2, _ROLE, change)
                found.setToolTip(2, " → ".join(self._words.number(size) for size in sizes))

    def _on_schedule(self, found: dict[str, Any]) -> None:
        """When each comes next, in local time, and whether anything makes it come."""
        words, self._daemon = self._words, found["daemon"]
        for identifier, (moment, paused) in found["next"].items():
            shown = self._rows.get(identifier)
            if shown is None:
                continue
            at = None if moment is None else datetime.fromisoformat(moment)
            shown.setText(
                _NEXT, words("home.paused") if paused else "" if at is None else words.moment(at.astimezone())
            )
            shown.setData(_NEXT, _ROLE, 0 if at is None else int(at.timestamp()))
        state = "stopped" if self._daemon == "never" else self._daemon
        self.daemon.setText(words(f"home.daemon.{state}") if found["next"] else "")
        restyle(self.daemon, "state", "failed" if state != "running" else "exact")
        self.daemon.setVisible(bool(found["next"]))

    def _filter(self, text: str) -> None:
        """Search over everything shown, the rules' sentences among it."""
        wanted = plain(text)
        shown = 0
        for found in self._rows.values():
            texts = " ".join(found.text(place) for place in range(len(_COLUMNS)))
            hidden = wanted not in plain(texts) and wanted not in plain(str(found.data(0, _ROLE)))
            found.setHidden(hidden)
            shown += not hidden
        self._count.setText(self._words("home.count", self._words.number(shown)))

    # -- several at once -------------------------------------------------------------------------------------------

    def selected(self) -> list[str]:
        """The ids of the selected audiences."""
        return [str(item.data(0, _ROLE)) for item in self.tree.selectedItems()]

    def _show_actions(self) -> None:
        count = len(self.tree.selectedItems())
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
            self._ask_sizes()

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


def _refresh(audience: Audience, words: Words) -> str:
    """How often the owner wants it refreshed."""
    found = audience.settings.get("refresh")
    if isinstance(found, Mapping):
        if "every" in found:
            return words("home.every", found["every"])
        return str(found.get("cron", ""))
    return words("home.on_data") if found == "on_data" else words("home.manual")
