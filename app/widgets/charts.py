"""Small charts painted by hand: no library to wait for at start-up, and each says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget


@dataclass(frozen=True)
class Colours:
    """What a chart paints with."""

    line: str
    back: str
    text: str
    muted: str


class Sparkline(QWidget):
    """A line over time with its first and last value; points that are still missing are left out."""

    def __init__(self, colours: Colours, name: str) -> None:
        super().__init__()
        self._colours = colours
        self._points: list[tuple[int, float]] = []
        self._ends: tuple[str, str] = ("", "")
        self._range: tuple[str, str] = ("", "")
        self.setAccessibleName(name)
        self.setMinimumHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def points(self) -> list[tuple[int, float]]:
        """(place on the axis, value) of what is shown."""
        return list(self._points)

    def show_points(
        self, points: Sequence[tuple[int, float]], ends: tuple[str, str], span: tuple[str, str], said: str
    ) -> None:
        """Other points; ``ends`` label the time axis, ``span`` least and greatest value, ``said`` is the sentence."""
        self._points = sorted(points)
        self._ends, self._range = ends, span
        self.setAccessibleDescription(said)
        self.setToolTip(said)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(4, 8, self.width() - 8, self.height() - 30)
        painter.setPen(QColor(self._colours.muted))
        bottom = QRectF(4, self.height() - 18, self.width() - 8, 16)
        painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft, self._ends[0])
        painter.drawText(bottom, Qt.AlignmentFlag.AlignRight, self._ends[1])
        if len(self._points) > 1:
            self._paint_line(painter, area)
        painter.end()

    def _paint_line(self, painter: QPainter, area: QRectF) -> None:
        first, last = self._points[0][0], self._points[-1][0]
        values = [value for _, value in self._points]
        low, high = min(values), max(values)
        spread = (high - low) or max(1.0, high)
        line = QPolygonF()
        for place, value in self._points:
            x = area.left() + area.width() * (place - first) / max(1, last - first)
            y = area.bottom() - area.height() * (0.1 + 0.8 * (value - low) / spread)
            line.append(QPointF(x, y))
        filled = QPolygonF(line)
        filled.append(QPointF(area.right(), area.bottom()))
        filled.append(QPointF(area.left(), area.bottom()))
        soft = QColor(self._colours.line)
        soft.setAlpha(36)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(soft)
        painter.drawPolygon(filled)
        painter.setPen(QPen(QColor(self._colours.line), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(line)
        painter.setPen(QColor(self._colours.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self._range[1])
        painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, self._range[0])


class UpSet(QWidget):
    """Exclusive intersections: a row of dots says which sets, a bar how many; no order is needed, unlike a funnel.

    The plot of Lex et al. 2014, "UpSet: Visualization of Intersecting Sets", turned on its side.
    """

    ROW = 20

    def __init__(self, colours: Colours, name: str) -> None:
        super().__init__()
        self._colours = colours
        self._sets = 0
        self._rows: list[tuple[tuple[int, ...], int, str]] = []
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, sets: int, rows: Sequence[tuple[tuple[int, ...], int, str]], said: str) -> None:
        """(numbers of the sets, size, size as text) of each combination; ``said`` is the whole as a sentence."""
        self._sets, self._rows = sets, list(rows)
        self.setFixedHeight(self.ROW * (len(rows) + 1))
        self.setAccessibleDescription(said)
        self.setToolTip(said)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(self.font())
        largest = max((size for _, size, _ in self._rows), default=1)
        widest = max((metrics.horizontalAdvance(text) for _, _, text in self._rows), default=0)
        step = 18.0
        left = 10 + step * self._sets
        room = max(20.0, self.width() - left - widest - 12)
        painter.setPen(QColor(self._colours.muted))
        for number in range(self._sets):
            cell = QRectF(4 + step * number, 0, step, self.ROW)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, str(number + 1))
        for index, (parts, size, text) in enumerate(self._rows):
            y = self.ROW * (index + 1)
            self._paint_dots(painter, parts, y, step)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._colours.line))
            bar = max(2.0, room * size / max(1, largest))
            painter.drawRoundedRect(QRectF(left, y + 5, bar, self.ROW - 10), 3, 3)
            painter.setPen(QColor(self._colours.text))
            painter.drawText(QPointF(left + bar + 6, y + self.ROW - 6), text)
        painter.end()

    def _paint_dots(self, painter: QPainter, parts: tuple[int, ...], y: float, step: float) -> None:
        middle = y + self.ROW / 2
        if len(parts) > 1:
            painter.setPen(QPen(QColor(self._colours.text), 2))
            ends = [QPointF(4 + step * (number + 0.5), middle) for number in (parts[0], parts[-1])]
            painter.drawLine(ends[0], ends[1])
        painter.setPen(Qt.PenStyle.NoPen)
        for number in range(self._sets):
            painter.setBrush(QColor(self._colours.text if number in parts else self._colours.back))
            painter.drawEllipse(QPointF(4 + step * (number + 0.5), middle), 4.5, 4.5)


class Ribbon(QWidget):
    """How the size changes with a threshold; the handle can be dragged, or moved by the arrow keys.

    Signals:
        moved: the number of the threshold under the handle, while it moves.
        released: the same, when it was let go.
    """

    moved = Signal(int)
    released = Signal(int)

    def __init__(self, colours: Colours, name: str) -> None:
        super().__init__()
        self._colours = colours
        self._sizes: list[int] = []
        self._at = 0
        self._dim = False
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(44)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def at(self) -> int:
        """The threshold under the handle, by its number."""
        return self._at

    def show_sizes(self, sizes: Sequence[int], at: int) -> None:
        """The size at each threshold, and where the handle stands."""
        self._sizes, self._at = list(sizes), max(0, min(at, len(sizes) - 1))
        self.update()

    def set_dim(self, dim: bool) -> None:
        """Grey while the sizes are those of something older."""
        self._dim = dim
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 44)

    def _x(self, number: int) -> float:
        return 6 + (self.width() - 12) * number / max(1, len(self._sizes) - 1)

    def _go(self, number: int) -> None:
        number = max(0, min(number, len(self._sizes) - 1))
        if number != self._at and self._sizes:
            self._at = number
            self.update()
            self.moved.emit(number)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        share = (event.position().x() - 6) / max(1, self.width() - 12)
        self._go(round(share * (len(self._sizes) - 1)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.released.emit(self._at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        by = steps.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
            return
        self._go(self._at + by)
        self.released.emit(self._at)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, largest = self.height() - 6, max(self._sizes, default=1) or 1
        area = QPolygonF([QPointF(6, height)])
        for number, size in enumerate(self._sizes):
            area.append(QPointF(self._x(number), height - (height - 6) * size / largest))
        area.append(QPointF(self.width() - 6, height))
        colour = QColor(self._colours.muted if self._dim else self._colours.line)
        soft = QColor(colour)
        soft.setAlpha(60)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(soft)
        painter.drawPolygon(area)
        if self._sizes:
            x = self._x(self._at)
            painter.setPen(QPen(colour, 3 if self.hasFocus() else 2))
            painter.drawLine(QPointF(x, 4), QPointF(x, height))
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(x, height - (height - 6) * self._sizes[self._at] / largest), 5, 5)
        painter.end()


class TwoBars(QWidget):
    """Two shares under each other: members above, everyone below."""

    def __init__(self, colours: Colours) -> None:
        super().__init__()
        self._colours = colours
        self._shares = (0.0, 0.0)
        self.setFixedHeight(11)
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_shares(self, members: float, everyone: float) -> None:
        """Shares from 0 to 1."""
        self._shares = (max(0.0, min(1.0, members)), max(0.0, min(1.0, everyone)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._colours.line))
        painter.drawRoundedRect(QRectF(0, 0, max(2.0, self.width() * self._shares[0]), 6), 3, 3)
        painter.setBrush(QColor(self._colours.muted))
        painter.drawRoundedRect(QRectF(0, 8, max(2.0, self.width() * self._shares[1]), 3), 1.5, 1.5)
        painter.end()
