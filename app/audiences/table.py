"""The table of home as a model: thousands of rows, sorted and searched here, painted only where one looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.i18n import Words
from app.theme.tokens import Tokens
from app.widgets.searching import plain

COLUMNS = ("name", "size", "trend", "state", "refresh", "next", "owner", "tags", "folder", "rule")
ID_ROLE = Qt.ItemDataRole.UserRole
_NUMBERS = ("size", "trend")
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass
class Row:
    """One audience: its texts, and the numbers that come later.

    ``size`` is None until it was counted, -1 where it cannot be; ``sizes`` are those of the last runs, oldest first.
    """

    id: str
    texts: Mapping[str, str]
    broken: Sequence[str] = ()
    size: int | None = None
    sizes: Sequence[int] = ()
    next: datetime | None = None
    paused: bool = False
    searched: str = field(init=False)
    _ordered: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.searched = plain(" ".join([*self.texts.values(), self.id]))

    def ordered(self, name: str) -> str:
        """What a text is sorted by."""
        if name not in self._ordered:
            self._ordered[name] = plain(self.texts[name])
        return self._ordered[name]

    @property
    def change(self) -> int | None:
        """The last run's difference to the one before."""
        return self.sizes[-1] - self.sizes[-2] if len(self.sizes) > 1 else None


class AudienceTable(QAbstractTableModel):
    """Rows by id; those that fit the search, in the order of one column."""

    def __init__(self, words: Words, tokens: Tokens, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words, self._tokens = words, tokens
        self.rows: dict[str, Row] = {}
        self.shown: list[Row] = []
        self._wanted = ""
        self._by, self._order = "name", Qt.SortOrder.AscendingOrder

    # -- what rows there are ---------------------------------------------------------------------------------------

    def clear(self) -> None:
        """No rows at all."""
        self.beginResetModel()
        self.rows.clear()
        self.shown = []
        self.endResetModel()

    def add(self, rows: Sequence[Row]) -> None:
        """More rows; those that fit the search take their place in the order."""
        self.rows |= {row.id: row for row in rows}
        self._arrange([*self.shown, *(row for row in rows if self._wanted in row.searched)])

    def search(self, text: str) -> None:
        """Show the rows whose texts hold this, case and accents aside."""
        self._wanted = plain(text)
        self._arrange([row for row in self.rows.values() if self._wanted in row.searched])

    def updated(self, *, settled: bool) -> None:
        """Numbers of rows were changed: they are painted anew, and once no more come, the rows take their places."""
        if settled and self._by in (*_NUMBERS, "next"):
            self._arrange(self.shown)
        elif self.shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.shown) - 1, len(COLUMNS) - 1))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; rows without its number come first when it rises."""
        if 0 <= column < len(COLUMNS):
            self._by, self._order = COLUMNS[column], order
            self._arrange(self.shown)

    def _arrange(self, rows: Sequence[Row]) -> None:
        """Show these rows in order; whoever pointed at a row (the selection does) points at it afterwards."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        ids = [self.shown[index.row()].id for index in before]
        self.shown = sorted(rows, key=self._key(), reverse=self._order == Qt.SortOrder.DescendingOrder)
        places = {row.id: place for place, row in enumerate(self.shown)} if before else {}
        after = [
            self.index(places[found], index.column()) if found in places else QModelIndex()
            for found, index in zip(ids, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _key(self) -> Callable[[Row], Any]:
        match self._by:
            case "size":
                return lambda row: -2 if row.size is None else row.size
            case "trend":
                return lambda row: (row.change is not None, row.change or 0)
            case "next":
                return lambda row: (row.paused, row.next is not None, row.next.timestamp() if row.next else 0)
            case text:
                return lambda row: row.ordered(text)

    # -- what Qt asks ----------------------------------------------------------------------------------------------

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """How many rows are shown."""
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        """How many columns there are."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        """The columns' headings."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._words(f"home.{COLUMNS[section]}")
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        """What a cell shows."""
        row, name = self.shown[index.row()], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, name)
            case Qt.ItemDataRole.ToolTipRole:
                return self._about(row, name)
            case Qt.ItemDataRole.TextAlignmentRole if name in _NUMBERS:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.ForegroundRole if name == "state" and row.broken:
                return QColor(self._tokens.danger)
            case _:
                return row.id if role == ID_ROLE else None

    def _text(self, row: Row, name: str) -> str:
        words = self._words
        match name:
            case "size":
                return "…" if row.size is None else "–" if row.size < 0 else words.number(row.size)
            case "trend":
                change = row.change
                if change is None:
                    return ""
                return f"{'▲' if change > 0 else '▼' if change < 0 else '='} {words.number(abs(change))}"
            case "next":
                if row.paused:
                    return words("home.paused")
                return "" if row.next is None else words.moment(row.next.astimezone())
            case _:
                return row.texts[name]

    def _about(self, row: Row, name: str) -> str | None:
        match name:
            case "rule":
                return row.texts[name]
            case "state" if row.broken:
                return "\n".join(row.broken)
            case "trend" if row.sizes:
                return " → ".join(self._words.number(size) for size in row.sizes)
            case _:
                return None
