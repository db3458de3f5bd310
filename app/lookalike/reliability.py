"""Whether probabilities mean what they say: what was expected of people, beside what they did."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import Words
from app.theme.tokens import Tokens

_LEFT, _BOTTOM, _TOP, _RIGHT = 60, 40, 10, 16
_DOT = 5
_LEAST = 1e-4
"""Shares below this are drawn as this."""


class ReliabilityCurve(QWidget):
    """A dot for each tenth of people by their probability: across, what was expected of them on average; up, the share
    of them who did it. On the dashed line both are the same. Both axes are logarithmic, since most probabilities are
    small."""

    def __init__(self, words: Words, tokens: Tokens) -> None:
        super().__init__()
        self._words, self._tokens = words, tokens
        self._dots: list[tuple[float, float]] = []
        self._low, self._high = -3, 0
        self.setAccessibleName(words("propensity.curve"))
        self.setMinimumHeight(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_curve(self, curve: Sequence[dict[str, Any]]) -> None:
        """Another model: (predicted, did, people) of each dot."""
        words = self._words
        self._dots = [(one["predicted"], one["did"]) for one in curve]
        seen = [max(share, _LEAST) for dot in self._dots for share in dot]
        self._low = min((int(log10(one)) - (one < 1) for one in seen), default=-3)
        self._high = 0
        shares = [(words.part(one["predicted"]), words.part(one["did"])) for one in curve]
        people = [words.number(one["people"]) for one in curve]
        told = [words("propensity.curve.dot", *two, many) for two, many in zip(shares, people, strict=True)]
        self.setAccessibleDescription("; ".join(told))
        self.setToolTip("\n".join(told))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(520, 210)

    def _point(self, across: float, up: float) -> QPointF:
        area = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)
        decades = max(1, self._high - self._low)
        x, y = ((log10(max(one, 10.0**self._low)) - self._low) / decades for one in (across, up))
        return QPointF(area.left() + area.width() * x, area.bottom() - area.height() * y)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_grid(painter)
        painter.setPen(QPen(QColor(self._tokens.muted), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(self._point(10.0**self._low, 10.0**self._low), self._point(1, 1))
        points = [self._point(*dot) for dot in self._dots]
        painter.setPen(QPen(QColor(self._tokens.accent), 2))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(QColor(self._tokens.accent))
        for one in points:
            painter.drawEllipse(one, _DOT, _DOT)
        painter.end()

    def _paint_grid(self, painter: QPainter) -> None:
        for power in range(self._low, self._high + 1):
            share = 10.0**power
            low, end = self._point(10.0**self._low, share), self._point(1, share)
            painter.setPen(QPen(QColor(self._tokens.border), 1))
            painter.drawLine(low, end)
            painter.drawLine(self._point(share, 10.0**self._low), self._point(share, 1))
            painter.setPen(QColor(self._tokens.muted))
            text = self._share(power)
            aligned = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, low.y() - 9, _LEFT - 8, 18), aligned, text)
            foot = self._point(share, 10.0**self._low)
            cell = QRectF(foot.x() - 34, foot.y() + 3, 34 + (34 if power < 0 else _RIGHT), 18)
            painter.drawText(cell, Qt.AlignmentFlag.AlignHCenter, text)
        across = QRectF(_LEFT, self.height() - 19, self.width() - _LEFT - _RIGHT, 18)
        painter.drawText(across, Qt.AlignmentFlag.AlignHCenter, self._words("propensity.curve.axes"))

    def _share(self, power: int) -> str:
        number = self._words.locale.toString(100 * 10.0**power, "f", max(0, -power - 2))
        return f"{number} %"
