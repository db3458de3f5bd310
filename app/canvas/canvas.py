"""The canvas: the sentence, whom to include and exclude as cards, and how many to keep."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from shiboken6 import isValid

from app.canvas.adding import condition_menu
from app.canvas.card import Card
from app.canvas.condition_card import ConditionCard
from app.canvas.context import CanvasContext
from app.canvas.dropping import add
from app.canvas.group_card import GroupCard, make_card
from app.canvas.lanes import ExcludeLane
from app.canvas.top_editor import TopEditor
from app.mime import Item
from app.widgets.parts import column, label
from engine.client import SizeAnswer
from engine.domain.check import problems
from engine.domain.edit import Place
from engine.domain.rule import Node
from engine.errors import EngineError


class Canvas(QWidget):
    """Shows the document's rule and lets it be edited.

    Signals:
        problems_changed: what is wrong with the rule, a list of EngineError.
    """

    problems_changed = Signal(object)

    def __init__(self, context: CanvasContext) -> None:
        super().__init__()
        self.context = context
        words = context.words
        layout = column(self, (20, 14, 20, 14), spacing=10)
        self.sentence = label("", "sentence", wrap=True)
        layout.addWidget(self.sentence)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        layout.addWidget(self.error)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._body = QWidget()
        self._column = column(self._body, (0, 0, 6, 0), spacing=10)
        self._include = label(words("lane.include"), "lane")
        self._column.addWidget(self._include)
        self.lane = ExcludeLane(context)
        self.lane.built.connect(self._show_again)
        self._column.addWidget(self.lane)
        self.top = TopEditor(context)
        self._column.addWidget(self.top)
        self._column.addStretch(1)
        self._scroll.setWidget(self._body)
        layout.addWidget(self._scroll, 1)
        self.root: GroupCard | ConditionCard | None = None
        self._answer: SizeAnswer | None = None
        self._stale = True
        self._looked_at: ConditionCard | None = None
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)
        context.focus_near = self.focus_near
        context.document.changed.connect(self.refresh)
        self.refresh()

    # -- the rule --------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the document's rule as it is now."""
        audience = self.context.document.audience
        self.sentence.setText(self.context.describer.audience(audience))
        self.check()
        rule: Node = audience.rule
        self.lane.show_rule(rule)
        self.top.refresh()
        if self.root is not None and isinstance(self.root, GroupCard) is _is_group(rule):
            self.root.set_node(rule, (), "rule")
            return
        if self.root is not None:
            self._column.removeWidget(self.root)
            self.root.hide()
            self.root.deleteLater()
        self.root = make_card(rule, (), "rule", self.context)
        self._column.insertWidget(1, self.root)
        if isinstance(self.root, GroupCard):
            self.root.built.connect(self._show_again)
            self._show_again(self.root)

    def check(self) -> None:
        """Find what is wrong, which needs no engine; again when there are other audiences or lists."""
        context = self.context
        found = problems(context.document.audience, context.model, context.audiences, context.lists)
        context.problems = {error.path or "": error for error in found}
        self.problems_changed.emit(found)

    def add(self, item: Item) -> None:
        """Add a palette item: into the group that has the focus, else into the outermost one."""
        widget: QWidget | None = self.focusWidget()
        while widget is not None and not isinstance(widget, GroupCard):
            widget = widget.parentWidget()
        target = widget if isinstance(widget, GroupCard) else self.root
        if isinstance(target, GroupCard):
            target.add_item(item)
        elif self.root is not None and item.kind:
            add(self.context, item, ())

    def open_add_menu(self) -> None:
        """Everything that can be added, to the group that has the focus."""
        where = self.focusWidget() or self
        condition_menu(self, self.context, self.add).exec(where.mapToGlobal(QPoint(20, where.height())))

    def cards(self) -> list[Card]:
        """Every card shown."""
        found = [] if self.root is None else list(_below(self.root))
        return [*found, *(inner for card in self.lane.cards for inner in _below(card))]

    # -- the focus -------------------------------------------------------------------------------------------------

    def focus_near(self, place: Place) -> None:
        """Give the focus to the card at a place, or to the nearest one, so that it is never lost."""
        cards = self.cards()
        if cards:
            _nearest(cards, place).setFocus()

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        """The condition that is looked at shows its ribbon."""
        card = new
        while card is not None and not isinstance(card, ConditionCard):
            card = card.parentWidget()
        if card is not None and card is not self._looked_at and self.isAncestorOf(card):
            self._show_ribbon(card)

    def _show_ribbon(self, card: ConditionCard | None) -> None:
        if self._looked_at is not None and self._looked_at is not card and isValid(self._looked_at):
            self._looked_at.show_ribbon(False)
        self._looked_at = card
        if card is not None and isValid(card) and not self._stale:
            card.show_ribbon(True)

    def show_path(self, path: str) -> None:
        """Bring the card of a node into view and give it the focus."""
        for card in self.cards():
            if path == card.path or path.startswith((f"{card.path}.not", f"{card.path}.where", f"{card.path}.seq")):
                card.setFocus()
                QTimer.singleShot(0, card, lambda c=card: self._scroll.ensureWidgetVisible(c))
                return

    # -- numbers ---------------------------------------------------------------------------------------------------

    def show_answer(self, answer: SizeAnswer) -> None:
        """New numbers for every card."""
        self.error.hide()
        self._answer, self._stale = answer, False
        self.context.answer = answer
        for card in self.cards():
            card.show_counts(answer)
            card.show_error(None)
        self._show_ribbon(self._looked_at)

    def show_estimate(self, answer: SizeAnswer) -> None:
        """What a sample says of the cards, until the numbers come."""
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
        self.error.setText(self.context.words.error(error))
        self.error.setVisible(not self.context.problems)
        for card in self.cards():
            card.show_error(error)


def _nearest(cards: list[Card], place: Place) -> Card:
    """The card at a place, else the one before it in its group, else its group."""
    by_place = {card.place: card for card in cards}
    candidates = [place]
    while place:
        candidates += [(*place[:-1], index) for index in range(place[-1], -1, -1)]
        place = place[:-1]
        candidates.append(place)
    return next((by_place[one] for one in candidates if one in by_place), cards[0])


def _below(card: GroupCard | ConditionCard) -> Iterator[Card]:
    """A card and those inside it."""
    yield card
    if isinstance(card, GroupCard):
        for inner in card.cards:
            yield from _below(inner)


def _is_group(rule: Node) -> bool:
    inner = getattr(rule, "child", rule)
    return hasattr(inner, "children")
