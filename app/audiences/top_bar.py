"""The bar above everything: home, the open audience's name and state, and the commands."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QLineEdit, QToolButton

from app.document import Document
from app.i18n import Words
from app.widgets.parts import column, label, restyle, row

_LEFT = ("home",)
_RIGHT = (
    *("undo", "redo", "history", "refresh", "delivery"),
    *("activity", "commands", "theme", "preferences", "help", "save"),
)


class TopBar(QFrame):
    """Names the audience.

    Signals:
        renamed: the name as it was typed.
    """

    renamed = Signal(str)

    def __init__(self, words: Words, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.setObjectName("top")
        self._words = words
        self.name = QLineEdit()
        self.name.setObjectName("name")
        self.name.setAccessibleName(words("name"))
        self.name.setPlaceholderText(words("name"))
        self.name.textEdited.connect(self.renamed)
        self.state = label(words("state.draft"), "chip")
        buttons = {}
        for key in (*_LEFT, *_RIGHT):
            made = QToolButton()
            made.setDefaultAction(actions[key])
            made.setAccessibleName(words(key))
            buttons[key] = made
        buttons["save"].setObjectName("save")
        self.bell = buttons["activity"]
        left = [buttons[key] for key in _LEFT]
        right = [buttons[key] for key in _RIGHT]
        self._of_audience = [
            self.name,
            self.state,
            *(buttons[k] for k in ("undo", "redo", "history", "refresh", "delivery", "save")),
        ]
        column(self, (12, 7, 12, 7)).addLayout(row(*left, self.name, self.state, *right, spacing=6))

    def show_page(self, *, home: bool) -> None:
        """What belongs to one audience is not shown at home."""
        for widget in self._of_audience:
            widget.setEnabled(not home)
            if widget is self.name or widget is self.state:
                restyle(widget, "quiet", home)
        self.state.setVisible(not home)
        if home:
            self.name.setText("")
            self.name.setPlaceholderText(self._words("app.title"))
        else:
            self.name.setPlaceholderText(self._words("name"))

    def show_alerts(self, count: int) -> None:
        """How many alerts nobody has looked at yet, beside the bell."""
        styles = Qt.ToolButtonStyle
        self.bell.setText(str(count))
        self.bell.setToolButtonStyle(styles.ToolButtonTextBesideIcon if count else styles.ToolButtonIconOnly)
        self.bell.setAccessibleName(self._words("activity.count", str(count)) if count else self._words("activity"))
        restyle(self.bell, "state", "failed" if count else "")

    def show_document(self, document: Document) -> None:
        """The name of the open audience and whether it is saved."""
        if self.name.text() != document.audience.name:
            self.name.setText(document.audience.name)
        edited = "state.draft" if document.version == 0 else "state.edited"
        self.state.setText(self._words("state.saved" if document.is_saved else edited))
