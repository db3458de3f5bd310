"""Every command of the window once: id, text, shortcut and icon."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app.i18n import Words
from app.theme.style import Theme


@dataclass(frozen=True)
class Command:
    """A command: its text's key, shortcut and icon."""

    key: str
    shortcut: str
    icon: str


COMMANDS = (
    Command("new", "Ctrl+N", "file-plus"),
    Command("save", "Ctrl+S", "save"),
    Command("undo", "Ctrl+Z", "undo-2"),
    Command("redo", "Ctrl+Shift+Z", "redo-2"),
    Command("dark", "Ctrl+Shift+D", "moon"),
)


def make_actions(parent: QWidget, words: Words, theme: Theme) -> dict[str, QAction]:
    """The actions by key; each has a text, a tip with its shortcut and an icon."""
    result = {}
    for command in COMMANDS:
        action = QAction(theme.icon(command.icon), words(command.key), parent)
        action.setShortcut(QKeySequence(command.shortcut))
        shown = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{words(command.key)} ({shown})")
        parent.addAction(action)
        result[command.key] = action
    return result
