"""How much of a seed a reach finds: the curve beside chance, with a handle to drag."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import Words
from app.theme.tokens import Tokens

WIDEST = 200
"""Thousandths: the reach that the curve ends with."""
_LEFT, _BOTTOM, _TOP, _RIGHT = 52, 22, 10, 12


class ReachCurve(QWidget):
    """The share of a seed kept apart that is found within each thousandth of everybody; dashed, what chance finds.

    Signals:
        moved: the thousandths under the handle.
    """

    moved = Signal(int)

    def __init__(self, words: Words, tokens: Tokens) -> None:
        super().__init__()
        self._words, self._tokens = words, tokens
        self._recall: list[float] = []
        self._at = 50
        self.setAccessibleName(words("lookalike.curve"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setMinimumHeight(170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def at(self) -> int:
        """The thousandths under the handle."""
        return self._at

    def show_recall(self, recall: Sequence[float], at: int, said: str) -> None:
        """Another curve (a value for each thousandth), where the handle stands, and the same in words."""
        self._recall = list(recall)
        self._at = max(1, min(at, WIDEST))
        self.say(said)
        self.update()

    def say(self, said: str) -> None:
        """What the handle shows, in words."""
        self.setAccessibleDescription(said)

    def sizeHint(self) -> QSize:
        return QSize(520, 180)

    # -- moving ----------------------------------------------------------------------------------------------------

    def _go(self, to: int) -> None:
        to = max(1, min(to, WIDEST))
        if self._recall and to != self._at:
            self._at = to
            self.update()
            self.moved.emit(to)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area = self._area()
        self._go(round((event.position().x() - area.left()) / max(1.0, area.width()) * WIDEST))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        by = steps.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self._go(self._at + by)

    # -- painting --------------------------------------------------------------------------------------------------

    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)

    def _point(self, thousandths: int, share: float) -> QPointF:
        area = self._area()
        return QPointF(area.left() + area.width() * thousandths / WIDEST, area.bottom() - area.height() * share)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_grid(painter)
        if self._recall:
            self._paint_curve(painter)
        painter.end()

    def _paint_grid(self, painter: QPainter) -> None:
        area = self._area()
        for tenth in (0, 5, 10):
            y = area.bottom() - area.height() * tenth / 10
            painter.setPen(QPen(QColor(self._tokens.border), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(self._tokens.muted))
            cell = QRectF(0, y - 9, _LEFT - 8, 18)
            aligned = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(cell, aligned, f"{10 * tenth} %")
        for thousandths in (0, 50, 100, 150, 200):
            x = self._point(thousandths, 0).x()
            cell = QRectF(x - 30, area.bottom() + 4, 60 if thousandths < WIDEST else 30 + _RIGHT, 18)
            painter.drawText(cell, Qt.AlignmentFlag.AlignHCenter, f"{thousandths // 10} %")

    def _paint_curve(self, painter: QPainter) -> None:
        line = QPolygonF([self._point(0, 0)])
        for place in range(WIDEST):
            line.append(self._point(place + 1, self._recall[place]))
        filled = QPolygonF(line)
        filled.append(self._point(WIDEST, 0))
        soft = QColor(self._tokens.accent)
        soft.setAlpha(34)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(soft)
        painter.drawPolygon(filled)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._tokens.muted), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(self._point(0, 0), self._point(WIDEST, WIDEST / 1000))
        painter.setPen(QPen(QColor(self._tokens.accent), 2))
        painter.drawPolyline(line)
        here = self._point(self._at, self._recall[self._at - 1])
        painter.setPen(QPen(QColor(self._tokens.accent), 2 if self.hasFocus() else 1))
        painter.drawLine(QPointF(here.x(), self._area().top()), QPointF(here.x(), self._area().bottom()))
        painter.setBrush(QColor(self._tokens.accent))
        painter.drawEllipse(here, 6, 6)
