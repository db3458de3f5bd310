"""How the seed is distributed over the values of a feature, beside everybody else."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import Words
from app.theme.tokens import Tokens

_HEIGHT, _FOOT, _HEAD, _GAP, _LEGEND = 126, 18, 16, 14, 20
_YES_NO = ("value", "flag")
"""Kinds of features that are yes or no."""


class Distribution(QWidget):
    """Two bars for each range of values: the share of the seed that is there, and of everybody else, by what both are
    called. Nothing stands for fewer than fifty people."""

    def __init__(self, words: Words, tokens: Tokens, who: tuple[str, str]) -> None:
        super().__init__()
        self._words, self._tokens, self._who = words, tokens, who
        self._bars: list[tuple[str, float, float]] = []
        self.setAccessibleName(words("lookalike.distribution", *who))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def show_factor(self, factor: dict[str, Any] | None) -> None:
        """Another feature; one without a distribution hides this."""
        words, bars = self._words, [] if factor is None else factor["bars"]
        is_plain = factor is None or factor["feature"]["kind"] not in _YES_NO
        self._bars = [(self._range(one) if is_plain else self._yes_no(one), one["seed"], one["others"]) for one in bars]
        said = [words("lookalike.distribution.bar", *self._told(one)) for one in self._bars]
        self.setAccessibleDescription("; ".join(said))
        self.setToolTip("\n".join(said))
        self.setVisible(bool(self._bars))
        self.update()

    def _told(self, bar: tuple[str, float, float]) -> tuple[str, ...]:
        (seed, others), part = self._who, self._words.part
        return bar[0], f"{seed} {part(bar[1])}", f"{others} {part(bar[2])}"

    def _yes_no(self, one: dict[str, Any]) -> str:
        words = self._words
        if one["low"] is None and one["high"] is None:
            return words("lookalike.distribution.missing")
        return words("value.false" if one["low"] is None else "value.true")

    def _range(self, one: dict[str, Any]) -> str:
        words, low, high = self._words, one["low"], one["high"]
        if low is None and high is None:
            return words("lookalike.distribution.missing")
        if low is None:
            return f"< {words.scalar(high)}"
        return f"≥ {words.scalar(low)}" if high is None else f"{words.scalar(low)} – {words.scalar(high)}"

    def sizeHint(self) -> QSize:
        return QSize(520, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, tallest = QFontMetrics(self.font()), max((max(one[1:]) for one in self._bars), default=1.0) or 1.0
        room = self.height() - _FOOT - _HEAD - _LEGEND
        self._paint_legend(painter, metrics)
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

    def _paint_legend(self, painter: QPainter, metrics: QFontMetrics) -> None:
        left = 4.0
        for text, colour in zip(self._who, (self._tokens.accent, self._tokens.muted), strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(left, 5, 10, 10), 2, 2)
            wide = metrics.horizontalAdvance(text) + 4
            self._say(painter, QRectF(left + 14, 0, wide, _LEGEND), text)
            left += wide + 30

    def _say(self, painter: QPainter, cell: QRectF, text: str) -> None:
        painter.setPen(QColor(self._tokens.muted))
        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
