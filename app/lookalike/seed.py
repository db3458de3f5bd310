"""Choosing a seed: how good it is at a glance, then training with progress and a way to stop."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QProgressBar, QWidget

from app.i18n import Words
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

_STEPS = ("scoring everybody", "ranking those at the top", "choosing the model", "training", "explaining")
_GOOD = ("good", "small")


class SeedPanel(QWidget):
    """A list of audiences and lists, what the chosen one is worth as a seed, and a button to learn from it.

    Signals:
        made: the id of the lookalike that was written and trained.
        trained: the outcome of training one anew.
    """

    made = Signal(str)
    trained = Signal(object)

    def __init__(self, session: Session, words: Words) -> None:
        super().__init__()
        self._session, self._words = session, words
        self._running: int | None = None
        self.choose = QComboBox()
        self.choose.setEditable(True)
        self.choose.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.choose.setAccessibleName(words("lookalike.seed"))
        edit = self.choose.lineEdit()
        assert edit is not None  # noqa: S101 - it can be edited
        edit.setPlaceholderText(words("lookalike.seed.find"))
        self.choose.activated.connect(self._on_chosen)
        self.train = button(words("lookalike.learn"), primary=True)
        self.train.clicked.connect(self._on_train)
        self.quality = label(words("lookalike.seed.about"), "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.stop = button(words("lookalike.stop"))
        self.stop.clicked.connect(self.cancel)
        layout = column(self, spacing=6)
        line = row(self.choose, self.train, self.stop)
        line.setStretch(0, 1)
        layout.addLayout(line)
        layout.addWidget(self.bar)
        layout.addWidget(self.quality)
        self._show_running()

    @property
    def running(self) -> bool:
        """Whether a model is being trained."""
        return self._running is not None

    def show_seeds(self, audiences: list[str], lists: list[str]) -> None:
        """What may be chosen; what was typed stays."""
        self.choose.clear()
        for kind, names in (("audience", audiences), ("list", lists)):
            for one in names:
                self.choose.addItem(f"{one} · {self._words(f'lookalike.kind.{kind}')}", {kind: one})
        self.choose.setCurrentIndex(-1)
        completer = QCompleter(self.choose.model(), self.choose)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.choose.setCompleter(completer)

    def _on_chosen(self, place: int) -> None:
        seed = self.choose.itemData(place)
        if seed is not None:
            self.train.setEnabled(False)
            self._say(self._words("lookalike.seed.looking"))
            self._session.call("lookalike_seed", self._show_quality, self._fail, seed=seed)

    def _show_quality(self, found: dict[str, Any]) -> None:
        words, quality = self._words, found["quality"]
        told = words.number(found["people"]), words.number(found["usable"]), words.number(found["everybody"])
        text = words("lookalike.seed.people", *told)
        self._say(f"{text} {words(f'lookalike.quality.{quality}')}")
        self.train.setEnabled(found["quality"] in _GOOD)

    # -- training --------------------------------------------------------------------------------------------------

    def _on_train(self) -> None:
        seed = self.choose.currentData()
        if seed is not None:
            self._begin("create_lookalike", lambda found: self.made.emit(found["id"]), seed=seed)

    def again(self, identifier: str) -> None:
        """Train the model of a lookalike anew."""
        self._begin("train_lookalike", self.trained.emit, id=identifier)

    def _begin(self, operation: str, answer: Any, **given: Any) -> None:
        if self._running is None:
            self._answer = answer
            self._say(self._words("lookalike.step.features"))
            self._running = self._session.call(operation, self._done, self._fail, **given)
            self._session.follow(self._running, self._on_progress)
            self._show_running()

    def _on_progress(self, share: float, step: str) -> None:
        self.bar.setValue(round(1000 * share))
        key = step.replace(" ", "_") if step in _STEPS else "features"
        self._say(self._words(f"lookalike.step.{key}"))

    def _done(self, found: Any) -> None:
        self._running = None
        self._show_running()
        self._say("")
        self._answer(found)

    def cancel(self) -> None:
        """Stop training: what there was stays."""
        if self._running is not None:
            self._session.drop(self._running)
            self._running = None
            self._show_running()
            self._say(self._words("lookalike.stopped"))

    def _fail(self, error: EngineError) -> None:
        self._running = None
        self._show_running()
        self.quality.setText(self._words.error(error))
        restyle(self.quality, "role", "error")

    def _say(self, text: str) -> None:
        self.quality.setText(text)
        restyle(self.quality, "role", "muted")

    def _show_running(self) -> None:
        self.bar.setValue(0)
        self.bar.setVisible(self.running)
        self.stop.setVisible(self.running)
        self.train.setVisible(not self.running)
        self.choose.setEnabled(not self.running)
        self.train.setEnabled(self.choose.currentIndex() >= 0)
