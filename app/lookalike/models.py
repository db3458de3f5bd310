"""A dialog of models: something to learn from, the models there are, and one of them; what both kinds share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPushButton, QScrollArea, QTreeWidget, QTreeWidgetItem, QWidget

from app.i18n import Words
from app.lookalike.learning import LearnPanel
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

_ROLE = Qt.ItemDataRole.UserRole


class Pane(Protocol):
    """Shows one model; ``card`` is what is told of it, None without a model."""

    card: dict[str, Any] | None

    def show_model(self, found: dict[str, Any]) -> None:
        """Show another one."""


class ModelList(QTreeWidget):
    """The models there are, a line each: columns have (title, width)."""

    def __init__(self, columns: Sequence[tuple[str, int]]) -> None:
        super().__init__()
        self.setAccessibleName(columns[0][0])
        self.setHeaderLabels([title for title, _ in columns])
        self.setRootIsDecorated(False)
        self.setAlternatingRowColors(True)
        for place, (_, width) in enumerate(columns):
            self.setColumnWidth(place, width)

    @property
    def chosen(self) -> str | None:
        """The id of the line that is chosen."""
        items = self.selectedItems()
        return items[0].data(0, _ROLE) if items else None

    def show_models(self, rows: Sequence[tuple[Sequence[str], str]], chosen: str | None) -> None:
        """Other lines, each with its texts (the first is the id) and why its state is as it is; without one that is
        ``chosen`` the first is."""
        self.blockSignals(True)
        self.clear()
        for texts, reason in rows:
            item = QTreeWidgetItem(list(texts))
            item.setData(0, _ROLE, texts[0])
            item.setToolTip(1, reason)
            self.addTopLevelItem(item)
            if texts[0] == chosen:
                self.setCurrentItem(item)
        self.blockSignals(False)
        first = self.topLevelItem(0)
        if chosen is None and first is not None:
            self.setCurrentItem(first)


class ModelDialog(QDialog):
    """``asked`` are the operations that answer all models and one of them; ``buttons`` are used on the model shown."""

    asked: tuple[str, str]

    def __init__(self, session: Session, words: Words, panel: LearnPanel, models: ModelList, pane: Pane) -> None:
        super().__init__()
        self._session, self._words = session, words
        self._panel, self._pane = panel, pane
        self._shown: str | None = None
        self.models = models
        self.buttons: list[QPushButton] = []
        self.said = label("", "muted", wrap=True)
        self.retrain = button(words("lookalike.retrain"))
        self.retrain.clicked.connect(self._on_retrain)
        panel.made.connect(self._on_made)
        panel.trained.connect(self._on_trained)
        models.itemSelectionChanged.connect(self._on_row)
        self.resize(1120, 760)

    def lay_out(self, heading: str, pane: QWidget, *buttons: QWidget | None) -> None:
        """Panel and list on the left, the pane on the right, buttons below; None is the space between them."""
        words = self._words
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(pane)
        left = QWidget()
        list_ = column(left, spacing=10)
        list_.addWidget(label(heading, "heading"))
        list_.addWidget(self._panel)
        list_.addWidget(label(words("lookalike.models"), "heading"))
        list_.addWidget(self.models, 1)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        both = row(left, area, spacing=18)
        both.setStretch(0, 4)
        both.setStretch(1, 6)
        layout.addLayout(both, 1)
        layout.addWidget(self.said)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        layout.addLayout(row(self.retrain, *buttons, close))
        self.show_buttons()
        self.ask()

    # -- asking ----------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Which models there are."""
        self._session.call(self.asked[0], self.show_all, self.fail)

    def _on_row(self) -> None:
        name = self.models.chosen
        if name is not None and name != self._shown:
            self._shown = name
            self._session.call(self.asked[1], self._show_one, self.fail, id=name)

    def _on_made(self, identifier: str) -> None:
        self._shown = identifier
        self.ask()
        self._session.call(self.asked[1], self._show_one, self.fail, id=identifier)

    def _on_trained(self, outcome: dict[str, Any]) -> None:
        self._on_made(outcome["id"])
        reason = outcome["reason"]
        self.say("" if reason is None else self._words("lookalike.held", self._words.sentence(reason)))

    def _on_retrain(self) -> None:
        if self._shown is not None:
            self._panel.again(self._shown)

    def reject(self) -> None:
        """Close; a training that goes on is stopped."""
        self._panel.cancel()
        super().reject()

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_all(self, found: dict[str, Any]) -> None:
        """What there is."""

    def _show_one(self, found: dict[str, Any]) -> None:
        self._pane.show_model(found)
        self.show_buttons()

    def line(self, one: dict[str, Any], *more: str) -> tuple[list[str], str]:
        """A model as a line of the list: id, state, version, and what is told more."""
        words = self._words
        state = words(f"lookalike.state.{one['state']}")
        reason = words.sentence(one["reason"]) if one["reason"] else ""
        return [one["id"], state, str(one["version"] or ""), *more], reason

    def fail(self, error: EngineError) -> None:
        """Say what went wrong."""
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")
        self.show_buttons()

    def say(self, text: str) -> None:
        """Say something above the buttons."""
        self.said.setText(text)
        restyle(self.said, "role", "muted")

    def busy(self, text: str) -> None:
        """Say what is being done; nothing else can be begun until :meth:`show_buttons`."""
        self.say(text)
        for one in (*self.buttons, self.retrain):
            one.setEnabled(False)

    def show_buttons(self) -> None:
        """Let be done what can be."""
        for one in self.buttons:
            one.setEnabled(self._pane.card is not None)
        self.retrain.setEnabled(self._shown is not None and not self._panel.running)
