"""Lookalikes: the models there are, how far each reaches and what it rests on, and audiences made of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal

from app.i18n import Words
from app.lookalike.models import ModelDialog, ModelList
from app.lookalike.pane import ModelPane
from app.lookalike.seed import SeedPanel
from app.session import Session
from app.theme.tokens import Tokens
from app.widgets.parts import button
from engine.domain.model import DataModel
from engine.errors import EngineError

_COLUMNS = {"name": 112, "state": 76, "version": 62, "auc": 50, "reach": 66, "drift": 40}
_SHARED = 6


class LookalikeDialog(ModelDialog):
    """Choose a seed and learn, or look at a model: its reach by a slider, its factors, its versions.

    Signals:
        saved: the id of an audience that was written.
        rule_wanted: a rule (a plain value) to put on the canvas, and a name for it.
    """

    saved = Signal(str)
    rule_wanted = Signal(object, str)
    asked = "lookalikes", "lookalike"

    def __init__(self, session: Session, words: Words, tokens: Tokens, model: DataModel | None) -> None:
        self.seed, self.pane = SeedPanel(session, words), ModelPane(words, tokens, model)
        models = ModelList([(words(f"lookalike.{name}"), width) for name, width in _COLUMNS.items()])
        super().__init__(session, words, self.seed, models, self.pane)
        self.setWindowTitle(words("lookalike"))
        self.pane.why.wanted.connect(self._on_why)
        self.preview = button(words("lookalike.preview"))
        self.preview.setToolTip(words("lookalike.preview.tip"))
        self.preview.clicked.connect(self._on_preview)
        self.rule = button(words("lookalike.rule"))
        self.rule.setToolTip(words("lookalike.rule.tip"))
        self.rule.clicked.connect(self._on_rule)
        self.use = button(words("lookalike.use"), primary=True)
        self.use.clicked.connect(self._on_use)
        self.buttons = [self.rule, self.preview, self.use]
        self.lay_out(words("lookalike.new"), self.pane, self.rule, None, self.preview, self.use)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _on_preview(self) -> None:
        if self._shown is not None:
            self.busy(self._words("lookalike.using"))
            at = self.pane.curve.at
            answer = partial(self._show_preview, self._shown, at)
            self._session.call("lookalike_preview", answer, self.fail, id=self._shown, share=at / 1000)

    def _show_preview(self, identifier: str, at: int, found: dict[str, Any]) -> None:
        self.say("")
        self.show_buttons()
        if (identifier, at) == (self._shown, self.pane.curve.at):  # else the handle has gone elsewhere
            self.pane.show_shared(found)

    def _on_why(self, key: str) -> None:
        if self._shown is not None:
            self._session.call("lookalike_why", self.pane.why.show_why, self._fail_why, id=self._shown, key=key)

    def _fail_why(self, error: EngineError) -> None:
        self.pane.why.fail(self._words.error(error))

    def _on_use(self) -> None:
        if self._shown is not None:
            self.busy(self._words("lookalike.using"))
            share = self.pane.curve.at / 1000
            self._session.call("use_lookalike", self._used, self.fail, id=self._shown, share=share)

    def _used(self, found: dict[str, Any]) -> None:
        self.say(self._words("lookalike.used", found["audience"]))
        self._session.call("overlap", self._show_shared, self.fail, document=found["document"])
        self.ask()
        self.saved.emit(found["audience"])
        self.show_buttons()

    def _show_shared(self, found: list[dict[str, Any]]) -> None:
        """What the new audience has in common with others, the seed among them."""
        words = self._words
        shared = [f"{one['id']} {words.number(one['both'])}" for one in found if one["both"]][:_SHARED]
        text = words("lookalike.shared", ", ".join(shared)) if shared else words("lookalike.shared.none")
        self.say(f"{self.said.text()} {text}")

    def _on_rule(self) -> None:
        if self._shown is not None:
            self.busy(self._words("lookalike.rule.looking"))
            share = self.pane.curve.at / 1000
            self._session.call("lookalike_rule", self._show_rule, self.fail, id=self._shown, share=share)

    def _show_rule(self, found: dict[str, Any]) -> None:
        words = self._words
        told = words.part(found["precision"]), words.part(found["recall"])
        self.say(words("lookalike.rule.found", words.number(found["people"]), *told))
        self.show_buttons()
        self.rule_wanted.emit(found["rule"], words("lookalike.rule.name", found["id"]))

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_all(self, found: dict[str, Any]) -> None:
        self.seed.show_seeds(found["audiences"], found["lists"])
        self.models.show_models([self._line(one) for one in found["lookalikes"]], self._shown)

    def _line(self, one: dict[str, Any]) -> tuple[list[str], str]:
        words = self._words
        auc = "" if one["auc"] is None else words.decimal(one["auc"])
        reach = "" if one["reach"] is None else words.number(one["reach"])
        drift = "" if one["drift"] is None else words.decimal(one["drift"])
        return self.line(one, auc, reach, drift)
