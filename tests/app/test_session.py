"""Qt through Python, long after the window was opened."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot


class Sender(QObject):
    told = Signal(object)


def test_qt_calls_keep_what_they_return(qtbot: QtBot) -> None:
    """A PySide that gives up references to None or True ends the process after an hour's work (see pyproject.toml)."""
    widget, sender = QLabel("x"), Sender()
    qtbot.addWidget(widget)
    sender.told.connect(lambda told: None)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(2000):
        widget.setVisible(False)
        sender.told.emit(1)
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert all(now > then - 500 for then, now in zip(before, after, strict=True))
