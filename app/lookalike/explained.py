"""What a model rests on: its factors, how people are distributed over the one that is chosen, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QTreeWidget, QWidget

from app.i18n import Words
from app.lookalike.distribution import Distribution
from app.lookalike.factors import FactorBars
from app.theme.tokens import Tokens
from app.widgets.parts import column, label
from engine.domain.model import DataModel

_FACTORS = 8
_VERSIONS = 110


class Explained(QWidget):
    """Factors, their distribution and what was left out, under a heading; ``who`` are learnt from and compared with."""

    def __init__(
        self, words: Words, tokens: Tokens, model: DataModel | None, heading: str, who: tuple[str, str]
    ) -> None:
        super().__init__()
        self._words, self._model = words, model
        self._told: Sequence[dict[str, Any]] = ()
        self.factors = FactorBars(words, tokens)
        self.factors.chosen.connect(self._on_factor)
        self.distribution = Distribution(words, tokens, who)
        self.left_out = label("", "muted", wrap=True)
        layout = column(self, spacing=8)
        for part in (label(heading, "heading"), self.factors, self.distribution, self.left_out):
            layout.addWidget(part)

    def show_factors(self, factors: Sequence[dict[str, Any]], excluded: Sequence[dict[str, str]]) -> None:
        """Those of another model; the first of them is chosen."""
        self._told = factors[:_FACTORS]
        self.factors.show_factors(self._told, self._model)
        self._on_factor(0)
        shown = ", ".join(self._left(one) for one in excluded)
        self.left_out.setText(self._words("lookalike.left_out", shown) if shown else "")

    def _left(self, one: dict[str, str]) -> str:
        why = one["why"]
        return f"{one['name']} ({self._words(f'lookalike.why.{why}')})"

    def _on_factor(self, place: int) -> None:
        self.distribution.show_factor(self._told[place] if place < len(self._told) else None)


def versions(words: Words, heads: Sequence[str]) -> QTreeWidget:
    """A table of a model's versions, by the titles of its columns."""
    made = QTreeWidget()
    made.setAccessibleName(words("lookalike.versions"))
    made.setHeaderLabels(list(heads))
    made.setRootIsDecorated(False)
    made.setFixedHeight(_VERSIONS)
    return made
