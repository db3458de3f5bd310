"""The bar above the canvas: open an audience, its name, whether it is saved, and the commands."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QToolButton

from app.document import Document
from app.i18n import Words
from app.widgets.parts import column, label, row


class TopBar(QFrame):
    """Opens and names audiences.

    Signals:
        chosen: the id of an audience to open.
        renamed: the name as it was typed.
    """

    chosen = Signal(str)
    renamed = Signal(str)

    def __init__(self, words: Words, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.setObjectName("top")
        self._words = words
        self.opener = QComboBox()
        self.opener.setMinimumWidth(230)
        self.opener.setAccessibleName(words("section.open"))
        self.opener.setPlaceholderText(words("section.open"))
        self.opener.activated.connect(lambda index: self.chosen.emit(str(self.opener.itemData(index))))
        self.name = QLineEdit()
        self.name.setObjectName("name")
        self.name.setAccessibleName(words("name"))
        self.name.setPlaceholderText(words("name"))
        self.name.textEdited.connect(self.renamed)
        self.state = label(words("state.draft"), "chip")
        buttons = []
        for key in ("new", "undo", "redo", "dark", "save"):
            button = QToolButton()
            button.setDefaultAction(actions[key])
            button.setAccessibleName(words(key))
            buttons.append(button)
        column(self, (14, 8, 14, 8)).addLayout(row(self.opener, self.name, self.state, *buttons))

    def show_audiences(self, names: Mapping[str, str], current: str) -> None:
        """The audiences one can open, by name."""
        self.opener.clear()
        for identifier, name in sorted(names.items(), key=lambda pair: pair[1].lower()):
            self.opener.addItem(name, identifier)
        self.show_current(current)

    def show_current(self, identifier: str) -> None:
        """Which of them is open; none when it is new."""
        self.opener.setCurrentIndex(self.opener.findData(identifier))

    def show_document(self, document: Document) -> None:
        """The name of the open audience and whether it is saved."""
        if self.name.text() != document.audience.name:
            self.name.setText(document.audience.name)
        edited = "state.draft" if document.version == 0 else "state.edited"
        self.state.setText(self._words("state.saved" if document.is_saved else edited))
