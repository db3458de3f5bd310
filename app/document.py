"""The open audience: one immutable value and the history of its edits."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.domain.audience import Audience
from engine.domain.rule import Node


class _Replace(QUndoCommand):
    """Any edit: the audience before and after. Edits of one kind in a row at one place merge into one."""

    def __init__(self, document: Document, after: Audience, text: str, merge: str | None) -> None:
        super().__init__(text)
        self._document = document
        self._before = document.audience
        self._after = after
        self._merge = merge

    def redo(self) -> None:
        self._document.show(self._after)

    def undo(self) -> None:
        self._document.show(self._before)

    def id(self) -> int:
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Replace) or self._merge is None or other._merge != self._merge:
            return False
        self._after = other._after
        return True


class Document(QObject):
    """What is being edited. Nothing else changes the audience.

    Signals:
        opened: another audience is about to be shown.
        changed: the audience is another one now.
        state_changed: whether it is saved may have changed.
    """

    opened = Signal()
    changed = Signal()
    state_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.audience = Audience("", "")
        self.version = 0
        self.history = QUndoStack(self)
        self.history.cleanChanged.connect(self.state_changed)

    def open(self, audience: Audience, version: int) -> None:
        """Begin with a saved audience, or with a new one (version 0)."""
        self.version = version
        self.history.clear()
        self.audience = audience
        self.opened.emit()
        self.show(audience)
        self.state_changed.emit()

    def edit_rule(self, rule: Node, text: str, merge: str | None = None) -> None:
        """Replace the rule, as one step of the history."""
        self.edit(replace(self.audience, rule=rule), text, merge)

    def edit(self, audience: Audience, text: str, merge: str | None = None) -> None:
        """Replace the audience, as one step of the history."""
        if audience != self.audience:
            self.history.push(_Replace(self, audience, text, merge))

    def show(self, audience: Audience) -> None:
        """Make an audience the current one (called by the history)."""
        self.audience = audience
        self.changed.emit()

    def mark_saved(self, version: int) -> None:
        """The current audience is what the store has."""
        self.version = version
        self.history.setClean()
        self.state_changed.emit()

    @property
    def is_saved(self) -> bool:
        """Whether there is nothing to save."""
        return self.version > 0 and self.history.isClean()
