"""Everything by name: type a few letters, press Enter (Ctrl+K)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout

_MOST = 60


@dataclass(frozen=True)
class Entry:
    """Something that can be done: its text, what it is (a shortcut, a kind), and the call."""

    text: str
    about: str
    call: Callable[[], object]
    icon: QIcon | None = None


class CommandPalette(QDialog):
    """A list that narrows while one types."""

    def __init__(self, entries: Sequence[Entry], hint: str, plain: Callable[[str], str]) -> None:
        super().__init__(None, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self._plain = plain
        self._entries = list(entries)
        self._searched: list[str] = []
        self._found: list[Entry] = []
        self.resize(560, 380)
        self.search = QLineEdit()
        self.search.setPlaceholderText(hint)
        self.search.setAccessibleName(hint)
        self.search.textChanged.connect(self._show)
        self.search.returnPressed.connect(self._run)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName(hint)
        self.list.itemActivated.connect(self._run)
        self.list.itemClicked.connect(self._run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        self._show("")
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrow keys move in the list while one types."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            by = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if by is not None and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + by) % self.list.count())
                return True
        return super().eventFilter(watched, event)

    def _show(self, text: str) -> None:
        self._found = self._matching(self._plain(text)) if text else self._entries[:_MOST]
        self.list.clear()
        for entry in self._found:
            item = QListWidgetItem(f"{entry.text}    {entry.about}")
            if entry.icon is not None:
                item.setIcon(entry.icon)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _matching(self, wanted: str) -> list[Entry]:
        """The entries that hold every word, those that begin so first."""
        if not self._searched:
            self._searched = [self._plain(f"{entry.text} {entry.about}") for entry in self._entries]
        words = wanted.split()
        pairs = zip(self._searched, self._entries, strict=True)
        found = [(whole, entry) for whole, entry in pairs if all(word in whole for word in words)]
        found.sort(key=lambda one: not one[0].startswith(wanted))
        return [entry for _, entry in found[:_MOST]]

    def _run(self) -> None:
        place = self.list.currentRow()
        if 0 <= place < len(self._found):
            self.accept()
            self._found[place].call()
