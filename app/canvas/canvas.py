"""The canvas: the sentence, and the rule as cards in a scroll area."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QScrollArea, QWidget

from app.canvas.card import Card
from app.canvas.condition_card import ConditionCard
from app.canvas.context import CanvasContext
from app.canvas.drop_rules import new_condition
from app.canvas.group_card import GroupCard, make_card
from app.mime import Item
from app.widgets.parts import column, label
from engine.client import SizeAnswer
from engine.domain.rule import All, Node
from engine.errors import EngineError


class Canvas(QWidget):
    """Shows the document's rule and lets it be edited."""

    def __init__(self, context: CanvasContext) -> None:
        super().__init__()
        self._context = context
        layout = column(self, (20, 14, 20, 14), spacing=10)
        self.sentence = label("", "sentence", wrap=True)
        layout.addWidget(self.sentence)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        layout.addWidget(self.error)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._body = QWidget()
        self._column = column(self._body, (0, 0, 6, 0))
        self._column.addStretch(1)
        self._scroll.setWidget(self._body)
        layout.addWidget(self._scroll, 1)
        self.root: GroupCard | ConditionCard | None = None
        self._answer: SizeAnswer | None = None
        self._stale = True
        context.document.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the document's rule as it is now."""
        audience = self._context.document.audience
        self.sentence.setText(self._context.describer.audience(audience))
        rule: Node = audience.rule
        if self.root is not None and isinstance(self.root, GroupCard) is _is_group(rule):
            self.root.set_node(rule, (), "rule")
            return
        if self.root is not None:
            self._column.removeWidget(self.root)
            self.root.deleteLater()
        self.root = make_card(rule, (), "rule", self._context)
        self._column.insertWidget(0, self.root)
        if isinstance(self.root, GroupCard):
            self.root.built.connect(self._show_again)
            self._show_again(self.root)

    def add(self, item: Item) -> None:
        """Add a palette item: into the group that has the focus, else into the outermost one."""
        widget: QWidget | None = self.focusWidget()
        while widget is not None and not isinstance(widget, GroupCard):
            widget = widget.parentWidget()
        target = widget if isinstance(widget, GroupCard) else self.root
        if isinstance(target, GroupCard):
            target.add_item(item)
        else:
            rule = self._context.document.audience.rule
            made = All((rule, new_condition(item.kind, item.name, self._context.model)))
            self._context.document.edit_rule(made, self._context.words("edit.add"))

    def cards(self) -> list[Card]:
        """Every card shown."""
        return [] if self.root is None else list(_below(self.root))

    def show_answer(self, answer: SizeAnswer) -> None:
        """New numbers for every card."""
        self.error.hide()
        self._answer, self._stale = answer, False
        for card in self.cards():
            card.show_counts(answer)

    def _show_again(self, card: GroupCard | ConditionCard) -> None:
        """A card that was made after the numbers came shows them too; stale numbers are not shown on new cards."""
        if self._answer is not None and not self._stale:
            for one in _below(card):
                one.show_counts(self._answer)

    def show_stale(self) -> None:
        """Numbers on the cards belong to an older rule."""
        self._stale = True
        for card in self.cards():
            card.show_stale()

    def show_error(self, error: EngineError) -> None:
        """Why there are no numbers."""
        self.error.setText(str(error))
        self.error.show()
        for card in self.cards():
            card.show_error(error)


def _below(card: GroupCard | ConditionCard) -> Iterator[Card]:
    """A card and those inside it."""
    yield card
    if isinstance(card, GroupCard):
        for inner in card.cards:
            yield from _below(inner)


def _is_group(rule: Node) -> bool:
    inner = getattr(rule, "child", rule)
    return hasattr(inner, "children")
