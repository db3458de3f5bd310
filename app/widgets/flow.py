"""Widgets that wrap, as words in a paragraph.

Not a QLayout: the methods a layout must override give None and booleans back to Qt, and PySide 6.12 gives up a
reference to them too many each time, until Python itself stops ("deallocating None").
"""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class FlowBox(QWidget):
    """Puts widgets side by side and begins a new line when there is no room; as high as they need."""

    def __init__(self, spacing: int = 4) -> None:
        super().__init__()
        self._spacing = spacing
        self._shown: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_widgets(self, widgets: list[QWidget]) -> None:
        """These widgets, in place of those before."""
        for old in self._shown:
            old.hide()
            old.deleteLater()
        self._shown = widgets
        for widget in widgets:
            widget.setParent(self)
            widget.show()
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(150, max(1, self.minimumHeight()))

    def _arrange(self) -> None:
        x = y = line = 0
        for widget in self._shown:
            hint = widget.sizeHint()
            if x and x + hint.width() > self.width():
                x, y, line = 0, y + line + self._spacing, 0
            widget.setGeometry(x, y, hint.width(), hint.height())
            x += hint.width() + self._spacing
            line = max(line, hint.height())
        if self.minimumHeight() != y + line:
            self.setFixedHeight(y + line)
