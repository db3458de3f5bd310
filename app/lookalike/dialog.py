"""Lookalikes: the models there are, how far each reaches and what it rests on, and audiences made of them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QScrollArea, QTreeWidget, QTreeWidgetItem, QWidget

from app.i18n import Words
from app.lookalike.pane import ModelPane
from app.lookalike.seed import SeedPanel
from app.session import Session
from app.theme.tokens import Tokens
from app.widgets.parts import button, column, label, restyle, row
from engine.domain.model import DataModel
from engine.errors import EngineError

_ROLE = Qt.ItemDataRole.UserRole
_SHARED = 6


class LookalikeDialog(QDialog):
    """Choose a seed and learn, or look at a model: its reach by a slider, its factors, its versions.

    Signals:
        saved: the id of an audience that was written.
        rule_wanted: a rule (a plain value) to put on the canvas, and a name for it.
    """

    saved = Signal(str)
    rule_wanted = Signal(object, str)

    def __init__(self, session: Session, words: Words, tokens: Tokens, model: DataModel | None) -> None:
        super().__init__()
        self._session, self._words = session, words
        self._shown: str | None = None
        self.setWindowTitle(words("lookalike"))
        self.resize(1120, 760)
        self.seed = SeedPanel(session, words)
        self.seed.made.connect(self._on_made)
        self.seed.trained.connect(self._on_trained)
        self.models = self._tree([f"lookalike.{one}" for one in ("name", "state", "version", "auc", "reach", "drift")])
        for place, width in enumerate((112, 76, 62, 50, 66, 40)):
            self.models.setColumnWidth(place, width)
        self.models.itemSelectionChanged.connect(self._on_row)
        self.pane = ModelPane(words, tokens, model)
        self.said = label("", "muted", wrap=True)
        self.retrain = button(words("lookalike.retrain"))
        self.retrain.clicked.connect(self._on_retrain)
        self.rule = button(words("lookalike.rule"))
        self.rule.setToolTip(words("lookalike.rule.tip"))
        self.rule.clicked.connect(self._on_rule)
        self.use = button(words("lookalike.use"), primary=True)
        self.use.clicked.connect(self._on_use)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        self._lay_out(close)
        self._show_buttons()
        self._ask()

    def _tree(self, keys: list[str]) -> QTreeWidget:
        made = QTreeWidget()
        made.setAccessibleName(self._words(keys[0]))
        made.setHeaderLabels([self._words(key) for key in keys])
        made.setRootIsDecorated(False)
        made.setAlternatingRowColors(True)
        return made

    def _lay_out(self, close: QWidget) -> None:
        words = self._words
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.pane)
        left = QWidget()
        list_ = column(left, spacing=10)
        list_.addWidget(label(words("lookalike.new"), "heading"))
        list_.addWidget(self.seed)
        list_.addWidget(label(words("lookalike.models"), "heading"))
        list_.addWidget(self.models, 1)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        both = row(left, area, spacing=18)
        both.setStretch(0, 4)
        both.setStretch(1, 6)
        layout.addLayout(both, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.retrain, self.rule, None, self.use, close))

    # -- asking ----------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._session.call("lookalikes", self._show_all, self._fail)

    def _on_row(self) -> None:
        items = self.models.selectedItems()
        name = items[0].data(0, _ROLE) if items else None
        if name is not None and name != self._shown:
            self._shown = name
            self._session.call("lookalike", self._show_one, self._fail, id=name)

    def _on_made(self, identifier: str) -> None:
        self._shown = identifier
        self._ask()
        self._session.call("lookalike", self._show_one, self._fail, id=identifier)

    def _on_trained(self, outcome: dict[str, Any]) -> None:
        self._on_made(outcome["id"])
        reason = outcome["reason"]
        self._say("" if reason is None else self._words("lookalike.held", self._words.sentence(reason)))

    def _on_retrain(self) -> None:
        if self._shown is not None:
            self.seed.again(self._shown)

    def _on_use(self) -> None:
        if self._shown is not None:
            self._busy(self._words("lookalike.using"))
            share = self.pane.curve.at / 1000
            self._session.call("use_lookalike", self._used, self._fail, id=self._shown, share=share)

    def _used(self, found: dict[str, Any]) -> None:
        self._say(self._words("lookalike.used", found["audience"]))
        self._session.call("overlap", self._show_shared, self._fail, document=found["document"])
        self._ask()
        self.saved.emit(found["audience"])
        self._show_buttons()

    def _show_shared(self, found: list[dict[str, Any]]) -> None:
        """What the new audience has in common with others, the seed among them."""
        words = self._words
        shared = [f"{one['id']} {words.number(one['both'])}" for one in found if one["both"]][:_SHARED]
        text = words("lookalike.shared", ", ".join(shared)) if shared else words("lookalike.shared.none")
        self._say(f"{self.said.text()} {text}")

    def _on_rule(self) -> None:
        if self._shown is not None:
            self._busy(self._words("lookalike.rule.looking"))
            share = self.pane.curve.at / 1000
            self._session.call("lookalike_rule", self._show_rule, self._fail, id=self._shown, share=share)

    def _show_rule(self, found: dict[str, Any]) -> None:
        words = self._words
        told = words.part(found["precision"]), words.part(found["recall"])
        self._say(words("lookalike.rule.found", words.number(found["people"]), *told))
        self._show_buttons()
        self.rule_wanted.emit(found["rule"], words("lookalike.rule.name", found["id"]))

    def reject(self) -> None:
        """Close; a training that goes on is stopped."""
        self.seed.cancel()
        super().reject()

    # -- showing ---------------------------------------------------------------------------------------------------

    def _fail(self, error: EngineError) -> None:
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")
        self._show_buttons()

    def _say(self, text: str) -> None:
        self.said.setText(text)
        restyle(self.said, "role", "muted")

    def _busy(self, text: str) -> None:
        self._say(text)
        for one in (self.use, self.rule, self.retrain):
            one.setEnabled(False)

    def _show_buttons(self) -> None:
        for one in (self.use, self.rule):
            one.setEnabled(self.pane.card is not None)
        self.retrain.setEnabled(self._shown is not None and not self.seed.running)

    def _show_all(self, found: dict[str, Any]) -> None:
        words = self._words
        self.seed.show_seeds(found["audiences"], found["lists"])
        self.models.blockSignals(True)
        self.models.clear()
        for one in found["lookalikes"]:
            drift = "" if one["drift"] is None else words.decimal(one["drift"])
            reach = "" if one["reach"] is None else words.number(one["reach"])
            auc = "" if one["auc"] is None else words.decimal(one["auc"])
            state = words(f"lookalike.state.{one['state']}")
            item = QTreeWidgetItem([one["id"], state, str(one["version"] or ""), auc, reach, drift])
            item.setData(0, _ROLE, one["id"])
            if one["reason"]:
                item.setToolTip(1, words.sentence(one["reason"]))
            self.models.addTopLevelItem(item)
            if one["id"] == self._shown:
                self.models.setCurrentItem(item)
        self.models.blockSignals(False)
        first = self.models.topLevelItem(0)
        if self._shown is None and first is not None:
            self.models.setCurrentItem(first)

    def _show_one(self, found: dict[str, Any]) -> None:
        self.pane.show_model(found)
        self._show_buttons()
