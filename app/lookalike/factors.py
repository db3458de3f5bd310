"""What a model rests on, in people's words: each feature with how much it counts, and the seed beside everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import Words
from app.theme.tokens import Tokens
from engine.domain.model import DataModel

_ROW = 26
_BAR = 190


def feature_text(words: Words, model: DataModel | None, feature: dict[str, Any]) -> str:
    """A feature in words, by the labels of the data model."""
    kind, source = feature["kind"], feature["source"]
    traits = {} if model is None else model.profile.traits
    events = {} if model is None else model.events
    if kind in ("number", "flag", "age", "value"):
        trait = words.label(source, traits[source].label if source in traits else {})
        if kind == "value":
            return words("feature.value", trait, feature["value"])
        return words("feature.age", trait) if kind == "age" else trait
    event = events.get(source)
    said = words.label(source, {} if event is None else event.label)
    if kind == "recency":
        return words("feature.recency", said)
    days = words.number(feature["days"])
    if kind == "active":
        return words("feature.active", said, days)
    of = feature.get("of")
    if of is None:
        return words("feature.times", said, days)
    if kind == "times":
        return words("feature.times.value", said, feature["value"], days)
    properties = {} if event is None else event.properties
    return words("feature.sum", said, words.label(of, properties[of].label if of in properties else {}), days)


class FactorBars(QWidget):
    """One line a factor: its name, a bar as long as it counts (to the right where the seed has more, to the left where
    it has less), and both means. One of them is chosen, by a click or the arrow keys.

    Signals:
        chosen: the place of the factor that was chosen.
    """

    chosen = Signal(int)

    def __init__(self, words: Words, tokens: Tokens) -> None:
        super().__init__()
        self._words, self._tokens = words, tokens
        self._rows: list[tuple[str, float, bool, str]] = []
        self.at = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(words("lookalike.factors"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_factors(self, factors: Sequence[dict[str, Any]], model: DataModel | None) -> None:
        """Other factors, the first counts most."""
        words = self._words
        self._rows, self.at = [], 0
        for one in factors:
            text, more = feature_text(words, model, one["feature"]), one["difference"] > 0
            means = ""
            if one["seed"] is not None and one["others"] is not None:
                means = words("lookalike.means", words.decimal(one["seed"]), words.decimal(one["others"]))
            self._rows.append((text, one["part"], more, means))
        most = words("lookalike.more"), words("lookalike.less")
        said = [f"{text}: {words.part(part)}, {most[0] if more else most[1]}" for text, part, more, _ in self._rows]
        self.setAccessibleDescription("; ".join(said))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def go(self, to: int) -> None:
        """Choose another one."""
        to = max(0, min(to, len(self._rows) - 1))
        if self._rows and to != self.at:
            self.at = to
            self.update()
            self.chosen.emit(to)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.go(int(event.position().y()) // _ROW)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self.go(self.at + by)

    def sizeHint(self) -> QSize:
        return QSize(520, _ROW * max(1, len(self._rows)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(self.font())
        means = max((metrics.horizontalAdvance(row[3]) for row in self._rows), default=0) + 10
        name = max(60, self.width() - _BAR - means - 28)
        largest = max((part for _, part, _, _ in self._rows), default=1.0) or 1.0
        for place, (text, part, more, told) in enumerate(self._rows):
            y = place * _ROW
            centre = Qt.AlignmentFlag.AlignVCenter
            if place == self.at:
                self._paint_chosen(painter, QRectF(0, y, self.width(), _ROW))
            painter.setPen(QColor(self._tokens.text))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, name)
            painter.drawText(QRectF(6, y, name, _ROW), centre, shown)
            self._paint_bar(painter, QRectF(name + 14, y, _BAR, _ROW), part / largest, more=more)
            painter.setPen(QColor(self._tokens.muted))
            cell = QRectF(self.width() - means - 6, y, means, _ROW)
            painter.drawText(cell, centre | Qt.AlignmentFlag.AlignRight, told)
        painter.end()

    def _paint_chosen(self, painter: QPainter, area: QRectF) -> None:
        soft = QColor(self._tokens.accent)
        soft.setAlpha(44 if self.hasFocus() else 26)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(soft)
        painter.drawRoundedRect(area, 4, 4)

    def _paint_bar(self, painter: QPainter, area: QRectF, share: float, *, more: bool) -> None:
        middle = area.center().x()
        long = max(2.0, (area.width() / 2 - 2) * share)
        painter.setPen(QColor(self._tokens.border))
        painter.drawLine(int(middle), int(area.top() + 3), int(middle), int(area.bottom() - 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._tokens.all_bar if more else self._tokens.any_bar))
        left = middle + 1 if more else middle - 1 - long
        painter.drawRoundedRect(QRectF(left, area.top() + 7, long, area.height() - 14), 3, 3)
