"""How the seed is distributed over the values of a feature, beside everybody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import Words
from app.theme.tokens import Tokens

_HEIGHT, _FOOT, _HEAD, _GAP = 108, 18, 16, 14


class Distribution(QWidget):
    """Two bars for each range of values: the share of the seed that is there, and of everybody else. Nothing stands for
    fewer than fifty people."""

    def __init__(self, words: Words, tokens: Tokens) -> None:
        super().__init__()
        self._words, self._tokens = words, tokens
        self._bars: list[tuple[str, float, float]] = []
        self.setAccessibleName(words("lookalike.distribution"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def show_bars(self, bars: Sequence[dict[str, Any]]) -> None:
        """Those of another feature; one without hides this."""
        words = self._words
        self._bars = [(self._range(one), one["seed"], one["others"]) for one in bars]
        said = [words("lookalike.distribution.bar", *self._told(one)) for one in self._bars]
        self.setAccessibleDescription("; ".join(said))
        self.setToolTip("\n".join(said))
        self.setVisible(bool(self._bars))
        self.update()

    def _told(self, bar: tuple[str, float, float]) -> tuple[str, str, str]:
        return bar[0], self._words.part(bar[1]), self._words.part(bar[2])

    def _range(self, one: dict[str, Any]) -> str:
        words, low, high = self._words, one["low"], one["high"]
        if low is None and high is None:
            return words("lookalike.distribution.missing")
        if low is None:
            return f"< {words.decimal(high)}"
        return f"≥ {words.decimal(low)}" if high is None else f"{words.decimal(low)} – {words.decimal(high)}"

    def sizeHint(self) -> QSize:
        return QSize(520, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, tallest = QFontMetrics(self.font()), max((max(one[1:]) for one in self._bars), default=1.0) or 1.0
        room = self.height() - _FOOT - _HEAD
        wide = self.width() / max(1, len(self._bars))
        for place, (text, seed, others) in enumerate(self._bars):
            left, bar = place * wide + _GAP / 2, (wide - _GAP) / 2
            for side, (share, colour) in enumerate(((seed, self._tokens.accent), (others, self._tokens.muted))):
                tall = max(1.0, room * share / tallest)
                area = QRectF(left + side * bar, self.height() - _FOOT - tall, bar - 2, tall)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colour))
                painter.drawRoundedRect(area, 2, 2)
                self._say(painter, QRectF(area.left() - 4, area.top() - _HEAD, bar + 6, _HEAD), self._words.part(share))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, round(wide - 4))
            self._say(painter, QRectF(place * wide, self.height() - _FOOT, wide, _FOOT), shown)
        painter.end()

    def _say(self, painter: QPainter, cell: QRectF, text: str) -> None:
        painter.setPen(QColor(self._tokens.muted))
        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
