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
    Command("home", "Ctrl+H", "house"),
    Command("new", "Ctrl+N", "file-plus"),
    Command("save", "Ctrl+S", "save"),
    Command("undo", "Ctrl+Z", "undo-2"),
    Command("redo", "Ctrl+Shift+Z", "redo-2"),
    Command("add", "Ctrl+Return", "plus"),
    Command("history", "Ctrl+Shift+H", "history"),
    Command("refresh", "Ctrl+Shift+R", "calendar"),
    Command("delivery", "Ctrl+Shift+E", "send"),
    Command("destinations", "", "route"),
    Command("identity", "Ctrl+Shift+I", "users"),
    Command("ingest", "Ctrl+Shift+L", "database"),
    Command("quality", "Ctrl+Shift+Q", "check"),
    Command("lookalike", "Ctrl+Shift+K", "users"),
    Command("propensity", "Ctrl+Shift+Y", "users"),
    Command("lineage", "Ctrl+Shift+O", "route"),
    Command("activity", "Ctrl+Shift+A", "bell"),
    Command("commands", "Ctrl+K", "command"),
    Command("find", "Ctrl+F", "search"),
    Command("recount", "F5", "refresh-cw"),
    Command("connect", "", "database"),
    Command("preferences", "Ctrl+,", "settings"),
    Command("theme", "Ctrl+Shift+D", "contrast"),
    Command("help", "F1", "circle-help"),
)


def make_actions(parent: QWidget, words: Words, theme: Theme) -> dict[str, QAction]:
    """The actions by key; each has a text, a tip with its shortcut and an icon."""
    result = {}
    for command in COMMANDS:
        colour = theme.tokens.accent_text if command.key == "save" else None
        action = QAction(theme.icon(command.icon, colour), words(command.key), parent)
        tip = words(command.key)
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
            shown = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            tip = f"{tip} ({shown})"
        action.setToolTip(tip)
        parent.addAction(action)
        result[command.key] = action
    return result
