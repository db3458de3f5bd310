"""A few words at the first start, one step after the other; gone for good when dismissed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QFrame, QWidget

from app.widgets.parts import button, column, label, row


class Tour(QFrame):
    """A card at the bottom of a window.

    Signals:
        dismissed: read to the end, or not wanted.
    """

    dismissed = Signal()

    def __init__(self, steps: Sequence[str], next_: str, skip: str, done: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tour")
        self._steps, self._next, self._done, self._at = list(steps), next_, done, 0
        self._text = label("", "title", wrap=True)
        self._count = label("", "muted")
        self._go = button(next_, primary=True)
        self._go.clicked.connect(self._on_next)
        leave = button(skip)
        leave.clicked.connect(self._leave)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        layout.addWidget(self._text)
        layout.addLayout(row(self._count, None, leave, self._go))
        self.setFixedWidth(460)
        parent.installEventFilter(self)
        self._show()

    def _show(self) -> None:
        self._text.setText(self._steps[self._at])
        self._count.setText(f"{self._at + 1} / {len(self._steps)}")
        self._go.setText(self._done if self._at == len(self._steps) - 1 else self._next)
        self.adjustSize()
        self._place()

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            self.move((parent.width() - self.width()) // 2, parent.height() - self.height() - 48)
            self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _on_next(self) -> None:
        self._at += 1
        if self._at >= len(self._steps):
            self._leave()
        else:
            self._show()

    def _leave(self) -> None:
        self.dismissed.emit()
        self.hide()
        self.deleteLater()
