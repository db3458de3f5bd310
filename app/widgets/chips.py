"""Many values as chips: typed, chosen from suggestions, or pasted by the hundred thousand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QCompleter, QLineEdit, QToolButton, QVBoxLayout, QWidget

from app.widgets.flow import FlowBox
from app.widgets.parts import label

SHOWN = 12
"""Chips shown; the others are counted."""


class _Entry(QLineEdit):
    """Where values are typed; many values pasted at once do not go through it.

    Signals:
        pasted: the text of the clipboard.
        back: Backspace in the empty field.
    """

    pasted = Signal(str)
    back = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            text = QApplication.clipboard().text()
            if re.search(r"[\n\t;,]", text.strip()):
                self.pasted.emit(text)
                return
        if event.key() == Qt.Key.Key_Backspace and not self.text():
            self.back.emit()
            return
        super().keyPressEvent(event)


class ChipField(QWidget):
    """A list of distinct values.

    Signals:
        changed: the values are others now.
    """

    changed = Signal()

    def __init__(self, name: str, hint: str, more: Callable[[int], str], remove: Callable[[str], str]) -> None:
        """``more`` words a number of further values, ``remove`` the removal of one."""
        super().__init__()
        self._values: list[str] = []
        self._more, self._remove = more, remove
        self._cross = QIcon()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._chips = FlowBox()
        self.entry = _Entry()
        self.entry.setAccessibleName(name)
        self.entry.setPlaceholderText(hint)
        self.entry.setMinimumWidth(150)
        self.entry.returnPressed.connect(self._take)
        self.entry.editingFinished.connect(self._take)
        self.entry.textEdited.connect(lambda text: self._take() if text.endswith((",", ";")) else None)
        self.entry.pasted.connect(self.add_text)
        self.entry.back.connect(lambda: self._drop(len(self._values) - 1))
        self._model = QStringListModel()
        self._suggested: dict[str, str] = {}
        self._completer = QCompleter(self._model, self.entry)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.activated.connect(self._choose)
        self.entry.setCompleter(self._completer)
        layout.addWidget(self._chips)
        layout.addWidget(self.entry)

    @property
    def values(self) -> list[str]:
        """The values in the order they were given."""
        return list(self._values)

    def set_values(self, values: Sequence[str]) -> None:
        """Show other values, without telling."""
        self._values = list(dict.fromkeys(values))
        self._show()

    def suggest(self, values: dict[str, str]) -> None:
        """Offer values while typing; each with the text it is shown as (a count beside it)."""
        self._suggested = {shown: value for value, shown in values.items()}
        self._model.setStringList(list(self._suggested))

    def add_text(self, text: str) -> None:
        """Add every value in a text: separated by lines, tabs, commas or semicolons."""
        known = set(self._values)
        parts = [part.strip().strip('"') for part in re.split(r"[\n\r\t;,]+", text)]
        fresh = [part for part in dict.fromkeys(parts) if part and part not in known]
        if fresh:
            self._values += fresh
            self._show()
            self.changed.emit()

    def _take(self) -> None:
        text = self.entry.text()
        if text.strip(" ,;"):
            self.entry.clear()
            self.add_text(self._suggested.get(text, text))

    def _choose(self, shown: str) -> None:
        self.add_text(self._suggested.get(shown, shown))
        self.entry.clear()

    def _drop(self, index: int) -> None:
        if 0 <= index < len(self._values):
            del self._values[index]
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        made: list[QWidget] = []
        for index, value in enumerate(self._values[:SHOWN]):
            chip = QToolButton()
            shown = value if value else "“”"
            chip.setText(f"{shown if len(shown) < 28 else shown[:27] + '…'}  ×")
            chip.setProperty("chip", True)
            chip.setAccessibleName(self._remove(value))
            chip.setToolTip(self._remove(value))
            chip.clicked.connect(lambda _=False, i=index: self._drop(i))
            made.append(chip)
        if len(self._values) > SHOWN:
            made.append(label(self._more(len(self._values) - SHOWN), "muted"))
        self._chips.show_widgets(made)
        self._chips.setVisible(bool(self._values))
