"""Choosing what is to be foreseen, and within how many days; then learning it."""

from __future__ import annotations

from typing import Any

from app.i18n import Words
from app.lookalike.learning import LearnPanel
from app.session import Session
from app.widgets.parts import spin
from engine.domain.scoring import DAYS

_USUAL = 30


class TargetPanel(LearnPanel):
    """A list of events and audiences, a number of days, and a button to learn who is likely to do it or to enter."""

    def __init__(self, session: Session, words: Words) -> None:
        self.days = spin(*DAYS, _USUAL, words("propensity.days"), words.locale)
        self.days.setSuffix(words("propensity.days.suffix"))
        texts = words("propensity.target"), words("propensity.target.find"), words("propensity.target.about")
        super().__init__(session, words, texts, self.days)

    def show_targets(self, targets: list[dict[str, Any]]) -> None:
        """What may be chosen."""
        self.show_choices((self._text(one), one["target"]) for one in targets)

    def _text(self, one: dict[str, Any]) -> str:
        words, target = self._words, one["target"]
        if "did" in target:
            return f"{words.label(target['did'], one['label'])} · {words('propensity.kind.event')}"
        return f"{target['audience']} · {words('propensity.kind.audience')}"

    def _on_train(self) -> None:
        target = self.choose.currentData()
        if target is not None:
            given = {"target": target, "days": self.days.value()}
            self.begin("create_propensity", lambda found: self.made.emit(found["id"]), **given)

    def again(self, identifier: str) -> None:
        """Train the model of a propensity anew."""
        self.begin("train_propensity", self.trained.emit, id=identifier)
