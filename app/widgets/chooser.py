"""One of many by name: a field that shows the choice and opens a search over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from app.widgets.command_palette import CommandPalette, Entry
from app.widgets.searching import plain


class Chooser(QComboBox):
    """A choice among names, also thousands of them.

    Signals:
        chosen: the key of another choice.
    """

    chosen = Signal(str)

    def __init__(self, names: Mapping[str, str], current: str | None, name: str, hint: str) -> None:
        super().__init__()
        self._names, self._hint = names, hint
        self.setAccessibleName(name)
        self.show_choice(current)

    def show_choice(self, key: str | None) -> None:
        """Show a choice; one that there is not is shown as it is written."""
        shown = self._hint if key is None else self._names.get(key, key)
        self.clear()
        self.addItem(shown, key)
        self.setToolTip(shown)

    def showPopup(self) -> None:
        """Search in place of a list that is too long to read."""
        pick(self, self._names, self._hint, self.choose)

    def choose(self, key: str) -> None:
        """Take a choice."""
        self.show_choice(key)
        self.chosen.emit(key)


def pick(below: QWidget, names: Mapping[str, str], hint: str, then: Callable[[str], object]) -> None:
    """Search among names (shown by key) in a list below a widget; ``then`` is called with the key one took."""
    ordered = sorted(names.items(), key=lambda one: plain(one[1]))
    entries = [Entry(shown, "" if shown == key else key, partial(then, key)) for key, shown in ordered]
    dialog = CommandPalette(entries, hint, plain)
    dialog.move(below.mapToGlobal(QPoint(0, below.height())))
    dialog.exec()
