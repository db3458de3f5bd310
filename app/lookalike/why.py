"""Why one person is similar: what draws them towards the seed, and what away from it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.i18n import Words
from app.lookalike.factors import feature_text
from app.widgets.parts import button, column, label, restyle, row
from engine.domain.model import DataModel

_SHOWN = 5


class WhyPanel(QWidget):
    """A field for a profile's key, and the answer.

    Signals:
        wanted: the key that is asked about.
    """

    wanted = Signal(str)

    def __init__(self, words: Words, model: DataModel | None) -> None:
        super().__init__()
        self._words, self._model = words, model
        self.key = QLineEdit()
        self.key.setPlaceholderText(words("lookalike.person.key"))
        self.key.setAccessibleName(words("lookalike.person.key"))
        self.key.returnPressed.connect(self._on_ask)
        self.ask = button(words("lookalike.person.ask"))
        self.ask.clicked.connect(self._on_ask)
        self.said = label("", "muted", wrap=True)
        layout = column(self, spacing=6)
        layout.addLayout(row(self.key, self.ask))
        layout.addWidget(self.said)

    def clear(self) -> None:
        """Another model: what was said is not of it."""
        self.said.setText("")

    def _on_ask(self) -> None:
        key = self.key.text().strip()
        if key:
            self.ask.setEnabled(False)
            self.say(self._words("lookalike.person.looking"))
            self.wanted.emit(key)

    def say(self, text: str, role: str = "muted") -> None:
        """Say something below the field, as an error when it is one."""
        self.said.setText(text)
        restyle(self.said, "role", role)

    def show_why(self, found: dict[str, Any]) -> None:
        """The answer."""
        words = self._words
        self.ask.setEnabled(True)
        parts = []
        for towards, key in ((True, "lookalike.person.towards"), (False, "lookalike.person.away")):
            said = [
                feature_text(words, self._model, one["of"]) for one in found["because"] if one["towards"] is towards
            ]
            if said:
                parts.append(words(key, "; ".join(said[:_SHOWN])))
        if not found["exact"]:
            parts.append(words("lookalike.person.linear"))
        self.say("\n".join(parts) if parts else words("lookalike.person.nothing"))

    def fail(self, text: str) -> None:
        """There is no answer, and why."""
        self.ask.setEnabled(True)
        self.say(text, "error")
