"""The ribbon of a condition on a number or a date: the audience's exact size at every threshold, to be dragged."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.canvas.context import CanvasContext
from app.widgets.charts import Colours, Ribbon
from app.widgets.parts import column, label
from engine.domain.operators import Compare
from engine.domain.rule import Node, TraitIs
from engine.domain.values import Scalar, ValueType, parse_moment
from engine.errors import EngineError

_ORDERED = ("lt", "lte", "gt", "gte")


def has_ribbon(node: Node, context: CanvasContext) -> bool:
    """Whether a condition compares a number or a date with one threshold."""
    if not isinstance(node, TraitIs) or not isinstance(node.operator, Compare) or node.operator.name not in _ORDERED:
        return False
    found = context.model.profile.traits.get(node.trait)
    if found is None:
        return False
    if found.type is ValueType.TIMESTAMP:  # a moment within a day has no place on a ribbon of days
        return _is_day(node.operator.value)
    return found.type.is_number or found.type is ValueType.DATE


class RibbonStrip(QWidget):
    """A ribbon under an editor.

    Signals:
        changed: the condition with the threshold that was chosen.
    """

    changed = Signal(object)

    def __init__(self, context: CanvasContext) -> None:
        super().__init__()
        self._node: TraitIs | None = None
        self._context = context
        tokens, words = context.theme.tokens, context.words
        self.ribbon = Ribbon(Colours(tokens.accent, tokens.bar_back, tokens.text, tokens.muted), words("ribbon"))
        self.ribbon.moved.connect(self._on_moved)
        self.ribbon.released.connect(self._on_released)
        self.said = label(words("size.counting"), "muted")
        layout = column(self, (28, 0, 0, 0), spacing=1)
        layout.addWidget(self.ribbon)
        layout.addWidget(self.said)
        self._currency = ""
        self._values: list[Scalar] = []
        self._sizes: list[int] = []

    def ask(self, node: TraitIs, path: str) -> None:
        """Ask for the sizes of a condition; what is shown stays, marked as old, until they come."""
        self._node = node
        self.show_stale()
        self._context.session.look("thresholds", partial(self._on_answer, node), self._on_failure, path=path)

    def show_stale(self) -> None:
        """The sizes are of the rule before: the shape is greyed and no number is said. The handle keeps the focus."""
        self._sizes = []
        self.ribbon.set_dim(True)
        self.said.setText(self._context.words("size.counting"))

    def _on_answer(self, node: TraitIs, found: dict[str, Any]) -> None:
        assert isinstance(node.operator, Compare)  # noqa: S101 — has_ribbon looked
        trait = self._context.model.profile.traits[node.trait]
        kind, self._currency = trait.type, self._context.currency(trait)
        self._values = [_operand(value, kind) for value in found["thresholds"]]
        self._sizes = list(found["sizes"][node.operator.name])
        self.ribbon.set_dim(False)
        self.ribbon.show_sizes(self._sizes, _nearest(self._values, node.operator.value))
        self._say(self.ribbon.at)

    def _on_failure(self, error: EngineError) -> None:
        self.said.setText(self._context.words.error(error))

    def _say(self, at: int) -> None:
        if self._sizes:
            words = self._context.words
            value = words.amount(self._values[at], self._currency)
            text = words("ribbon.at", value, words.number(self._sizes[at]))
            self.said.setText(text)
            self.ribbon.setAccessibleDescription(text)

    def _on_moved(self, at: int) -> None:
        self._say(at)

    def _on_released(self, at: int) -> None:
        node = self._node
        if node is None or not self._values or not isinstance(node.operator, Compare):
            return
        if self._values[at] != node.operator.value:
            self.changed.emit(replace(node, operator=replace(node.operator, value=self._values[at])))


def _is_day(value: Scalar) -> bool:
    moment = parse_moment(value)
    return moment is not None and not isinstance(moment, datetime)


def _operand(value: Any, kind: ValueType) -> Scalar:
    if kind.is_temporal:
        return date.fromisoformat(str(value)[:10])
    return Decimal(str(value)) if isinstance(value, float) else int(value)


def _nearest(values: Sequence[Scalar], wanted: Scalar) -> int:
    """The place of a threshold among those there are."""
    if isinstance(wanted, str):
        wanted = date.fromisoformat(wanted[:10])
    return min(bisect_left(list(values), wanted), max(0, len(values) - 1))
