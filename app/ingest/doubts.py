"""Columns that could be meant in two ways, with what both would make of the same texts; a person chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from app.i18n import Words
from app.widgets.parts import column, combo, label, name_first

_NUMBERS = ("integer", "decimal", "float")
_EXAMPLES = 3


class Doubts(QWidget):
    """A row for each column in doubt: its name, and the ways to read it side by side. Dates are read day first until
    somebody chooses; numbers are not loaded before.

    Signals:
        chosen: the column, and its pattern (dates) or its decimal separator (numbers).
    """

    chosen = Signal(str, str)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._choices: dict[str, QComboBox] = {}
        self._layout = column(self, spacing=6)
        self.hide()

    def clear(self) -> None:
        """Another file has doubts of its own."""
        for at in reversed(range(self._layout.count())):
            item = self._layout.takeAt(at)
            if item is not None and (widget := item.widget()) is not None:
                widget.deleteLater()
        self._choices = {}
        self.hide()

    def show_columns(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Ask about columns in doubt; what was answered before stays, and may be answered otherwise."""
        for one in found:
            if one["alternatives"] and one["target"] not in self._choices:
                self._ask(one)
        self.setVisible(bool(self._choices))

    def open(self) -> bool:
        """Whether an answer is missing."""
        return any(not one.currentData() for one in self._choices.values())

    def _ask(self, one: Mapping[str, Any]) -> None:
        words, name = self._words, str(one["target"])
        numbers = one["kind"] in _NUMBERS
        ways = [(one["decimal"] if numbers else one["format"], _first(one))]
        ways += [(each["decimal"] if numbers else each["format"], _other(each)) for each in one["alternatives"]]
        items = [(way, words("ingest.doubt.way", way, shown)) for way, shown in ways]
        question = words("ingest.doubt.number" if numbers else "ingest.doubt.date", name)
        asked = [("", words("ingest.doubt.choose"))] if numbers else []
        choice = combo([*asked, *items], "" if numbers else ways[0][0], question)
        choice.currentIndexChanged.connect(lambda _: self._answered(name, choice))
        self._choices[name] = choice
        row = QWidget()
        row.setLayout(name_first(label(question, "muted"), choice))
        self._layout.addWidget(row)

    def _answered(self, name: str, choice: QComboBox) -> None:
        if choice.currentData():
            self.chosen.emit(name, str(choice.currentData()))


def _first(one: Mapping[str, Any]) -> str:
    """What texts become as they are read."""
    return _shown([(text, value) for text, value, _ in one["alternatives"][0]["examples"]])


def _other(each: Mapping[str, Any]) -> str:
    """What the same texts become in another way."""
    return _shown([(text, value) for text, _, value in each["examples"]])


def _shown(pairs: Sequence[tuple[str, str | None]]) -> str:
    return ", ".join(f"{text} → {_trimmed(value) or '✗'}" for text, value in pairs[:_EXAMPLES])


def _trimmed(value: str | None) -> str:
    """A value without the zeros that its type adds behind the point."""
    text = value or ""
    return text.rstrip("0").rstrip(".") if "." in text and ":" not in text else text
