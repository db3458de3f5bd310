"""Propensities: who is likely to do something, whether the probabilities held, and putting them to use."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal

from app.i18n import Words
from app.lookalike.likelihood import LikelihoodPane
from app.lookalike.models import ModelDialog, ModelList
from app.lookalike.target import TargetPanel
from app.session import Session
from app.theme.tokens import Tokens
from app.widgets.parts import button
from engine.domain.model import DataModel


class PropensityDialog(ModelDialog):
    """Choose an event and learn, or look at a model; its probabilities become a trait that rules can use.

    Signals:
        used: the id of a model whose probabilities were put in force.
    """

    used = Signal(str)
    asked = "propensities", "propensity"

    def __init__(self, session: Session, words: Words, tokens: Tokens, model: DataModel | None) -> None:
        self.target, self.pane = TargetPanel(session, words), LikelihoodPane(words, tokens, model)
        columns = (
            (words("propensity.name"), 170),
            (words("lookalike.state"), 90),
            (words("lookalike.version"), 62),
            (words("propensity.expected"), 90),
        )
        super().__init__(session, words, self.target, ModelList(columns), self.pane)
        self.setWindowTitle(words("propensity"))
        self.use = button(words("propensity.use"), primary=True)
        self.use.setToolTip(words("propensity.use.tip"))
        self.use.clicked.connect(self._on_use)
        self.buttons = [self.use]
        self.lay_out(words("propensity.new"), self.pane, None, self.use)

    def _on_use(self) -> None:
        if self._shown is not None:
            self.busy(self._words("lookalike.step.scoring_everybody"))
            self._session.call("use_propensity", self._used, self.fail, id=self._shown)

    def _used(self, found: dict[str, Any]) -> None:
        words = self._words
        self.say(words("propensity.used", words.number(found["people"]), found["id"]))
        self.ask()
        self.show_buttons()
        self.used.emit(found["id"])

    def show_all(self, found: dict[str, Any]) -> None:
        self.target.show_targets(found["targets"])
        self.models.show_models([self._line(one) for one in found["propensities"]], self._shown)

    def _line(self, one: dict[str, Any]) -> tuple[list[str], str]:
        return self.line(one, "" if one["expected"] is None else self._words.number(round(one["expected"])))
