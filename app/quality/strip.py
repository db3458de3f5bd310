"""What a check came to, run after run: one square each, the newest at the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.theme.tokens import Tokens

_SIZE, _GAP = 14, 3


class Strip(QWidget):
    """Squares for the last runs; a tip tells when each was, and it is read out by counts."""

    def __init__(self, name: str, tokens: Tokens) -> None:
        super().__init__()
        self._tokens, self._name = tokens, name
        self._past: list[tuple[str, str, str]] = []
        self.setAccessibleName(name)
        self.setFixedHeight(_SIZE + 4)

    def show_past(self, past: Sequence[tuple[str, str, str]]) -> None:
        """Show runs, the newest first: (when, state in words, state)."""
        self._past = list(past)
        counts = {word: sum(one[1] == word for one in past) for _, word, _ in past}
        self.setAccessibleDescription(", ".join(f"{word}: {count}" for word, count in counts.items()))
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for a month of days."""
        return QSize(31 * (_SIZE + _GAP), _SIZE + 4)

    def _shown(self) -> list[tuple[str, str, str]]:
        room = max(1, self.width() // (_SIZE + _GAP))
        return self._past[:room][::-1]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Full for good, half for a warning, hollow for bad: never by colour alone."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, (_, _, state) in enumerate(self._shown()):
            whole = QRectF(place * (_SIZE + _GAP) + 1, 2, _SIZE - 2, _SIZE - 2)
            colour = QColor(self._tokens.danger if state == "red" else self._tokens.accent)
            painter.setPen(colour)
            painter.drawRect(whole)
            if state != "red":
                part = whole if state == "green" else whole.adjusted(0, whole.height() / 2, 0, 0)
                painter.fillRect(part, colour)

    def event(self, event: QEvent) -> bool:
        """The tip of the square under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            shown, place = self._shown(), event.pos().x() // (_SIZE + _GAP)
            if 0 <= place < len(shown):
                at, word, _ = shown[place]
                QToolTip.showText(event.globalPos() + QPoint(8, 8), f"{at}: {word}", self)
            return True
        return super().event(event)
