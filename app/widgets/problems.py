"""What is wrong, as a list one can click, like in an editor for code."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem

from app.widgets.parts import column, label

_ROLE = Qt.ItemDataRole.UserRole


class Problems(QFrame):
    """Hidden while there is nothing wrong.

    Signals:
        chosen: the path of a problem.
    """

    chosen = Signal(str)

    def __init__(self, title: str, icon: QIcon) -> None:
        super().__init__()
        self.setObjectName("problems")
        self._title, self._icon = title, icon
        layout = column(self, (20, 6, 20, 8), spacing=4)
        self._head = label(title, "heading")
        self.list = QListWidget()
        self.list.setAccessibleName(title)
        self.list.setMaximumHeight(90)
        self.list.itemActivated.connect(self._tell)
        self.list.itemClicked.connect(self._tell)
        layout.addWidget(self._head)
        layout.addWidget(self.list)
        self.hide()

    def show_sentences(self, found: Sequence[tuple[str, str]]) -> None:
        """(path, sentence) of each problem."""
        self.list.clear()
        for path, sentence in found:
            item = QListWidgetItem(self._icon, sentence)
            item.setData(_ROLE, path)
            self.list.addItem(item)
        self._head.setText(f"{self._title} · {len(found)}")
        self.setVisible(bool(found))

    def _tell(self, item: QListWidgetItem) -> None:
        self.chosen.emit(str(item.data(_ROLE)))
