"""Choosing what to learn from, then training with progress and a way to stop: what both kinds of models share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QProgressBar, QWidget

from app.i18n import Words
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

_STEPS = ("scoring everybody", "ranking those at the top", "choosing the model", "training", "explaining")


class LearnPanel(QWidget):
    """A list to choose from, a button to learn, and what became of it. ``texts`` are the name of the list, what stands
    in it while it is empty, and below it before anything is chosen; ``more`` are widgets between list and button.

    Signals:
        made: the id of the model that was written and trained.
        trained: the outcome of training one anew.
    """

    made = Signal(str)
    trained = Signal(object)

    def __init__(self, session: Session, words: Words, texts: tuple[str, str, str], *more: QWidget) -> None:
        super().__init__()
        self._session, self._words, self._more = session, words, more
        self._running: int | None = None
        self.choose = QComboBox()
        self.choose.setEditable(True)
        self.choose.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.choose.setAccessibleName(texts[0])
        edit = self.choose.lineEdit()
        assert edit is not None  # noqa: S101 - it can be edited
        edit.setPlaceholderText(texts[1])
        self.choose.activated.connect(self._on_chosen)
        self.train = button(words("lookalike.learn"), primary=True)
        self.train.clicked.connect(self._on_train)
        self.said = label(texts[2], "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.stop = button(words("lookalike.stop"))
        self.stop.clicked.connect(self.cancel)
        layout = column(self, spacing=6)
        line = row(self.choose, *more, self.train, self.stop)
        line.setStretch(0, 1)
        layout.addLayout(line)
        layout.addWidget(self.bar)
        layout.addWidget(self.said)
        self._show_running()

    @property
    def running(self) -> bool:
        """Whether a model is being trained."""
        return self._running is not None

    def show_choices(self, choices: Iterable[tuple[str, Any]]) -> None:
        """What may be chosen: (text, value) each."""
        self.choose.clear()
        for text, value in choices:
            self.choose.addItem(text, value)
        self.choose.setCurrentIndex(-1)
        completer = QCompleter(self.choose.model(), self.choose)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.choose.setCompleter(completer)

    def _on_chosen(self, place: int) -> None:
        """Something was chosen."""
        self.train.setEnabled(self.choose.itemData(place) is not None)

    def _on_train(self) -> None:
        """Learn from what is chosen."""

    def again(self, identifier: str) -> None:
        """Train a model anew."""

    # -- training --------------------------------------------------------------------------------------------------

    def begin(self, operation: str, answer: Any, **given: Any) -> None:
        """Have a model trained by an operation of the engine; ``answer`` hears what came of it."""
        if self._running is None:
            self._answer = answer
            self.say(self._words("lookalike.step.features"))
            self._running = self._session.call(operation, self._done, self._fail, **given)
            self._session.follow(self._running, self._on_progress)
            self._show_running()

    def _on_progress(self, share: float, step: str) -> None:
        self.bar.setValue(round(1000 * share))
        key = step.replace(" ", "_") if step in _STEPS else "features"
        self.say(self._words(f"lookalike.step.{key}"))

    def _done(self, found: Any) -> None:
        self._running = None
        self._show_running()
        self.say("")
        self._answer(found)

    def cancel(self) -> None:
        """Stop training: what there was stays."""
        if self._running is not None:
            self._session.drop(self._running)
            self._running = None
            self._show_running()
            self.say(self._words("lookalike.stopped"))

    def _fail(self, error: EngineError) -> None:
        self._running = None
        self._show_running()
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")

    def say(self, text: str) -> None:
        """Say something below the list."""
        self.said.setText(text)
        restyle(self.said, "role", "muted")

    def _show_running(self) -> None:
        self.bar.setValue(0)
        self.bar.setVisible(self.running)
        self.stop.setVisible(self.running)
        self.train.setVisible(not self.running)
        for one in (self.choose, *self._more):
            one.setEnabled(not self.running)
        self.train.setEnabled(self.choose.currentIndex() >= 0)
