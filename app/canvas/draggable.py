"""What can be dragged by the mouse as the node at its place."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QFrame

from app.mime import place_data
from engine.domain.edit import Place


class Draggable(QFrame):
    """Takes the focus when pressed, and starts a drag of its place when the mouse moves on."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self._press: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._press = event.position().toPoint() if event.button() == Qt.MouseButton.LeftButton else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None or not self.place:
            return
        if (event.position().toPoint() - self._press).manhattanLength() < QApplication.startDragDistance():
            return
        self._press = None
        drag = QDrag(self)
        drag.setMimeData(place_data(self.place))
        drag.setPixmap(self.grab().scaledToWidth(min(360, self.width()), Qt.TransformationMode.SmoothTransformation))
        drag.exec(Qt.DropAction.MoveAction)
