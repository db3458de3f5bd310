"""Rows that were put aside: why, their cells to be corrected in place, and in once more."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QDialog, QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.session import Session
from app.theme.tokens import Tokens
from app.widgets.cells import Cells
from app.widgets.parts import button, column, combo, label, restyle, row
from engine.errors import EngineError

_ROLE = Qt.ItemDataRole.UserRole
_COLLECTED, _LINE = "collected", "line"
_MOST_COLUMNS = 60
_WIDEST = 320


class AsideDialog(QDialog):
    """The rows of one source: a load, or what was collected. The cells that the reasons name have a dot; one that
    was typed into is bold until its row is in."""

    def __init__(self, session: Session, words: Words, tokens: Tokens) -> None:
        super().__init__()
        self._session, self._words, self._blamed = session, words, _dot(tokens.danger)
        self._sources: list[dict[str, Any]] = []
        self._names: list[str] = []
        self._changes: dict[str, dict[str, str]] = {}
        self._token: int | None = None
        self.changed = False
        self.setWindowTitle(words("aside"))
        self.resize(1040, 560)
        self.title = label(words("aside.about"), "muted", wrap=True)
        self.source = combo([], None, words("aside.source"))
        self.source.currentIndexChanged.connect(lambda _: self._on_source())
        self.rows = QTreeWidget()
        self.rows.setAccessibleName(words("aside.rows"))
        self.rows.setRootIsDecorated(False)
        self.rows.setAlternatingRowColors(True)
        triggers = QTreeWidget.EditTrigger
        self.rows.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.rows.itemChanged.connect(self._on_cell)
        self.said = label("", "muted", wrap=True)
        self.again = button(words("aside.again"), primary=True)
        self.again.clicked.connect(self._on_again)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        layout.addWidget(self.title)
        layout.addWidget(self.source)
        layout.addWidget(self.rows, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.again, None, close))
        self.again.setEnabled(False)
        self._session.call("aside_sources", self._show_sources, self._fail)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _chosen(self) -> dict[str, Any] | None:
        return next((one for one in self._sources if one["id"] == self.source.currentData()), None)

    def _on_source(self) -> None:
        """Other rows, so nothing is corrected yet."""
        self._changes = {}
        self.rows.clear()
        self.again.setEnabled(False)
        if self._token is not None:
            self._session.drop(self._token)
            self._token = None
        one = self._chosen()
        if one is not None:
            self._token = self._session.call("aside_rows", self._show_rows, self._fail, source=one["id"])

    def _on_cell(self, item: QTreeWidgetItem, place: int) -> None:
        found: dict[str, Any] = item.data(0, _ROLE)
        name, text = self._names[place - 1], item.text(place)
        mine = self._changes.setdefault(found["id"], {})
        mine[name] = text
        if text == (found["cells"].get(name) or ""):
            del mine[name]
        if not mine:
            del self._changes[found["id"]]
        self._embolden(item, place, name in mine)

    def _on_again(self) -> None:
        one = self._chosen()
        if one is not None:
            self.again.setEnabled(False)
            self._say(self._words("aside.going"))
            given = {"source": one["id"], "changes": self._changes}
            self._session.call("put_right", self._done, self._fail, **given)

    def done(self, code: int) -> None:
        """Closed: when rows came in, the window looks at the warehouse anew."""
        if self.changed:
            self._session.open()
        super().done(code)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show_sources(self, found: list[dict[str, Any]]) -> None:
        words, before = self._words, self.source.currentData()
        self._sources = found
        self.source.blockSignals(True)
        self.source.clear()
        for one in found:
            count = words.number(one["rows"])
            text = words("aside.load", one["file"], one["into"], count)
            self.source.addItem(words("aside.collected", count) if one["id"] == _COLLECTED else text, one["id"])
        self.source.setCurrentIndex(max(0, self.source.findData(before)))
        self.source.blockSignals(False)
        self.source.setEnabled(bool(found))
        if not found:
            self.title.setText(words("aside.none"))
        self._on_source()

    def _show_rows(self, found: list[dict[str, Any]]) -> None:
        words, self._token = self._words, None
        every = dict.fromkeys(name for one in found for name in one["cells"])
        self._names = sorted(every, key=lambda name: name == _LINE)[:_MOST_COLUMNS]
        self.rows.blockSignals(True)
        self.rows.clear()
        names = [words("aside.line") if name == _LINE else name for name in self._names]
        self.rows.setHeaderLabels([words("aside.why"), *names])
        self.rows.setColumnWidth(0, 300)
        self.rows.setItemDelegate(Cells(self.rows, {}, range(1, len(self._names) + 1)))
        for one in found:
            self.rows.addTopLevelItem(self._row(one))
        for place in range(1, len(self._names)):
            self.rows.resizeColumnToContents(place)
            self.rows.setColumnWidth(place, min(_WIDEST, self.rows.columnWidth(place) + 12))
        self.rows.blockSignals(False)
        source = self._chosen()
        if source is not None and source["rows"] > len(found):
            self._say(words("aside.some", words.number(len(found)), words.number(source["rows"])))
        self.again.setEnabled(any(_LINE not in one["cells"] for one in found))

    def _row(self, one: dict[str, Any]) -> QTreeWidgetItem:
        why = ", ".join(map(self._words.reason, one["reasons"]))
        made = QTreeWidgetItem([why, *(one["cells"].get(name) or "" for name in self._names)])
        made.setToolTip(0, why)
        made.setData(0, _ROLE, one)
        if _LINE not in one["cells"]:
            made.setFlags(made.flags() | Qt.ItemFlag.ItemIsEditable)
        blamed = {part.lower() for reason in one["reasons"] for part in reason.split(": ")}
        for place, name in enumerate(self._names, 1):
            if name.lower() in blamed:
                made.setIcon(place, self._blamed)
                made.setToolTip(place, why)
        return made

    def _embolden(self, item: QTreeWidgetItem, place: int, bold: bool) -> None:
        font = QFont(self.rows.font())
        font.setBold(bold)
        self.rows.blockSignals(True)
        item.setFont(place, font)
        self.rows.blockSignals(False)

    def _done(self, found: dict[str, Any]) -> None:
        words = self._words
        self.changed = self.changed or found["rows"] > 0
        text = words("aside.done", words.number(found["rows"]))
        if found["aside"]:
            text += " " + words("aside.still", words.number(found["aside"]))
        self._say(text)
        self._session.call("aside_sources", self._show_sources, self._fail)

    def _fail(self, error: EngineError) -> None:
        self.again.setEnabled(self.rows.topLevelItemCount() > 0)
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")

    def _say(self, text: str) -> None:
        self.said.setText(text)
        restyle(self.said, "role", "muted")


def _dot(colour: str) -> QIcon:
    """A mark for a cell; the reason says in words what it says."""
    pixmap = QPixmap(16, 16)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(colour))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(4, 4, 8, 8)
    painter.end()
    return QIcon(pixmap)
