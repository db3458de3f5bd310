"""Choosing a seed: how good it is at a glance, then learning from it."""

from __future__ import annotations

from typing import Any

from app.i18n import Words
from app.lookalike.learning import LearnPanel
from app.session import Session

_GOOD = ("good", "small")


class SeedPanel(LearnPanel):
    """A list of audiences and lists, what the chosen one is worth as a seed, and a button to learn from it."""

    def __init__(self, session: Session, words: Words) -> None:
        texts = words("lookalike.seed"), words("lookalike.seed.find"), words("lookalike.seed.about")
        super().__init__(session, words, texts)

    def show_seeds(self, audiences: list[str], lists: list[str]) -> None:
        """What may be chosen."""
        kinds = (("audience", audiences), ("list", lists))
        said = self._words
        self.show_choices(
            (f"{one} · {said(f'lookalike.kind.{kind}')}", {kind: one}) for kind, names in kinds for one in names
        )

    def _on_chosen(self, place: int) -> None:
        seed = self.choose.itemData(place)
        if seed is not None:
            self.train.setEnabled(False)
            self.say(self._words("lookalike.seed.looking"))
            self._session.call("lookalike_seed", self._show_quality, self._fail, seed=seed)

    def _show_quality(self, found: dict[str, Any]) -> None:
        words, quality = self._words, found["quality"]
        told = words.number(found["people"]), words.number(found["usable"]), words.number(found["everybody"])
        text = words("lookalike.seed.people", *told)
        self.say(f"{text} {words(f'lookalike.quality.{quality}')}")
        self.train.setEnabled(found["quality"] in _GOOD)

    def _on_train(self) -> None:
        seed = self.choose.currentData()
        if seed is not None:
            self.begin("create_lookalike", lambda found: self.made.emit(found["id"]), seed=seed)

    def again(self, identifier: str) -> None:
        """Train the model of a lookalike anew."""
        self.begin("train_lookalike", self.trained.emit, id=identifier)
