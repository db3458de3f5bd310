"""Small bars: a share of the whole, painted."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class ShareBar(QWidget):
    """A horizontal bar filled to a share from 0 to 1."""

    def __init__(self, fill: str, back: str, height: int = 5, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fill, self._back, self._height = QColor(fill), QColor(back), height
        self._share = 0.0
        self.setFixedHeight(height)
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def share(self) -> float:
        """The share shown."""
        return self._share

    def set_share(self, share: float) -> None:
        """Show another share."""
        self._share = max(0.0, min(1.0, share))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(90, self._height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        radius = self._height / 2
        painter.setBrush(self._back)
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        if self._share > 0:
            width = max(self._height, self._share * self.width())
            painter.setBrush(self._fill)
            painter.drawRoundedRect(QRectF(0, 0, width, self._height), radius, radius)
        painter.end()
