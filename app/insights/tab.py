"""What the tabs beside the canvas share: they ask only while looked at, and never show an old answer as new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.i18n import Words
from app.session import Session
from app.theme.style import Theme
from app.widgets.charts import Colours
from app.widgets.parts import column, label
from engine.client import SizeAnswer
from engine.domain.audience import Audience
from engine.domain.model import DataModel
from engine.errors import EngineError


@dataclass
class Subject:
    """The audience that is looked at, as it was sized."""

    audience: Audience
    model: DataModel
    answer: SizeAnswer
    version: int


class Tab(QScrollArea):
    """One view of the audience."""

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__()
        self.words, self.theme, self.session = words, theme, session
        tokens = theme.tokens
        self.colours = Colours(tokens.accent, tokens.bar_back, tokens.text, tokens.muted)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._inside = QWidget()
        outer = column(self._inside, (0, 4, 4, 8), spacing=6)
        self._state = label(words("size.counting"), "muted", wrap=True)
        outer.addWidget(self._state)
        self.shown = QWidget()
        self.body: QVBoxLayout = column(self.shown, spacing=6)
        outer.addWidget(self.shown, 1)
        self.setWidget(self._inside)
        self._subject: Subject | None = None
        self._current = False

    @property
    def subject(self) -> Subject:
        """What is looked at."""
        assert self._subject is not None  # noqa: S101 — asked only after a size
        return self._subject

    @property
    def is_current(self) -> bool:
        """Whether what is shown belongs to the audience as it stands."""
        return self._current

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to ask."""
        return self._current

    def set_subject(self, subject: Subject) -> None:
        """There is a new size: ask now when looked at, else when it is."""
        self._subject = subject
        self._current = False
        if self.isVisible():
            self._ask()

    def show_stale(self) -> None:
        """What is shown belongs to an older rule."""
        self._subject = None
        self._current = False
        self.shown.setEnabled(False)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._subject is not None and not self._current:
            self._ask()

    def _ask(self) -> None:
        self._state.setText(self.words("size.counting"))
        self._state.show()
        self.ask()

    def ask(self) -> None:
        """Ask the engine; each tab says what."""
        raise NotImplementedError

    def answered(self) -> None:
        """What is shown is that of the audience as it stands."""
        self._current = True
        self._state.hide()
        self.shown.setEnabled(True)

    def show_failure(self, error: EngineError) -> None:
        """Why there is nothing to show."""
        self._state.setText(self.words.error(error))
        self._state.show()
