"""A group of the rule as a card that holds cards, and takes drops into the gaps between them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QComboBox, QFrame, QMenu, QPushButton, QVBoxLayout

from app.canvas.adding import condition_menu
from app.canvas.card import Card, path_inside
from app.canvas.card_list import CardList, Slot
from app.canvas.condition_card import ConditionCard
from app.canvas.context import CanvasContext
from app.canvas.drop_rules import is_excluded, regroup
from app.canvas.dropping import add, can_take, into_group
from app.mime import Item
from app.widgets.parts import column, label, restyle, row
from engine.domain import edit
from engine.domain.edit import Place
from engine.domain.rule import All, AnyOf, Node, Not


def make_card(node: Node, place: Place, path: str, context: CanvasContext) -> GroupCard | ConditionCard:
    """The card for a node: a group card for ALL and ANY, also when negated."""
    inner = node.child if isinstance(node, Not) else node
    made = GroupCard if isinstance(inner, All | AnyOf) else ConditionCard
    return made(node, place, path, context)


def alike(card: GroupCard | ConditionCard, node: Node) -> bool:
    """Whether a card can show a node by changing: a group's card a group, a condition's card a condition."""
    return isinstance(card, GroupCard) is isinstance(node.child if isinstance(node, Not) else node, All | AnyOf)


class GroupCard(Card):
    """ALL or ANY of the cards inside.

    Signals:
        built: a card was made, here or deeper inside.
    """

    built = Signal(object)

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__(node, place, path, context)
        self.setProperty("card", "group")
        self.setAcceptDrops(True)
        words = context.words
        self._logic = QComboBox()
        for key in ("all", "any"):
            self._logic.addItem(words(f"group.{key}"), key)
        self._logic.setAccessibleName(words("group.name"))
        self._logic.activated.connect(self._on_logic)
        add = QPushButton(context.theme.icon("plus"), words("add.condition"))
        add.clicked.connect(lambda: self.condition_menu().exec(add.mapToGlobal(QPoint(0, add.height()))))
        self._line = QFrame(self)
        self._line.setObjectName("dropline")
        self._line.setFixedHeight(3)
        self._line.hide()
        group = QPushButton(context.theme.icon("folder-plus"), words("add.group"))
        group.clicked.connect(self._on_add_group)
        layout = column(self, (14, 10, 10, 12), spacing=8)
        layout.addLayout(
            row(self.badge, self._logic, None, self.lock_mark, self.count, self.bar, add, group, self.menu_button)
        )
        self._inside = QVBoxLayout()
        self._inside.setSpacing(4)
        layout.addLayout(self._inside)
        self._empty = label("", "muted", wrap=True)
        layout.addWidget(self._empty)
        self._list: CardList[GroupCard | ConditionCard] = CardList(
            self._inside, self._make, self.built.emit, alike, self
        )
        self.set_node(node, place, path)

    @property
    def group(self) -> All | AnyOf:
        """The group itself."""
        inner = self.inner
        assert isinstance(inner, All | AnyOf)  # noqa: S101 — make_card looked
        return inner

    def set_node(self, node: Node, place: Place, path: str) -> None:
        """Show another group, keeping the cards of children that stayed."""
        self.node, self.place, self.path = node, place, path
        kind = "all" if isinstance(self.group, All) else "any"
        restyle(self, "kind", kind)
        restyle(self._logic, "logic", kind)
        self._logic.setCurrentIndex(0 if kind == "all" else 1)
        self._arrange(kind)
        shown = len(self._list)
        self._empty.setVisible(shown == 0)
        empty = "empty.drop" if self.place == () else ("empty.everyone" if kind == "all" else "empty.nobody")
        self._empty.setText(self.context.words(empty))
        self.setAccessibleName(self.context.words(f"group.{kind}"))
        self.show_marks()

    def _arrange(self, kind: str) -> None:
        word = self.context.words("and" if kind == "all" else "or")
        slots: list[Slot[GroupCard | ConditionCard]] = [
            Slot(child, (*self.inner_place, index), f"{path_inside(self)}.{kind}[{index}]")
            for index, child in enumerate(self.group.children)
            if not (self.place == () and is_excluded(self.node, (index,)))  # those are in the other lane
        ]
        self._list.show_slots(slots, word)

    def _make(self, slot: Slot[GroupCard | ConditionCard]) -> GroupCard | ConditionCard:
        card = make_card(slot.node, slot.place, slot.path, self.context)
        if isinstance(card, GroupCard):
            card.built.connect(self.built)
        return card

    @property
    def cards(self) -> list[GroupCard | ConditionCard]:
        """The cards inside, in order; those not yet made are missing."""
        return self._list.cards

    # -- editing ---------------------------------------------------------------------------------------------------

    def _on_logic(self) -> None:
        kind = "all" if self._logic.currentData() == "all" else "any"
        if self.locked or not self.context.edit("edit.group", lambda r: regroup(r, self.inner_place, kind)):  # type: ignore[arg-type]
            self._logic.setCurrentIndex(0 if isinstance(self.group, All) else 1)

    def _on_add_group(self) -> None:
        made: Node = AnyOf() if isinstance(self.group, All) else All()
        self.context.edit("edit.group", lambda r: edit.insert(r, self.inner_place, -1, made))

    def add_item(self, item: Item, index: int = -1) -> None:
        """Add a palette item as a condition."""
        add(self.context, item, self.inner_place, index)

    def condition_menu(self) -> QMenu:
        """Everything of the palette as a menu."""
        return condition_menu(self, self.context, self.add_item)

    # -- drops -----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if can_take(self.context, event.mimeData(), self.inner_place):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._show_line(event.position().toPoint())
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hide_line()

    def dropEvent(self, event: QDropEvent) -> None:
        self._hide_line()
        event.acceptProposedAction()
        into_group(self.context, event.mimeData(), self.inner_place, self.index_at(event.position().toPoint()))

    def index_at(self, point: QPoint) -> int:
        """The child index that something dropped at a point gets."""
        before = [card for card in self.cards if card.geometry().center().y() < point.y()]
        if not before:
            return self.cards[0].place[-1] if self.cards else -1
        return before[-1].place[-1] + 1

    def _show_line(self, point: QPoint) -> None:
        """The gap where it would go."""
        restyle(self, "drop", True)
        below = [card for card in self.cards if card.geometry().center().y() >= point.y()]
        if below:
            y = below[0].geometry().top() - 6
        else:
            y = self.cards[-1].geometry().bottom() + 3 if self.cards else self.height() - 12
        self._line.setGeometry(14, y, self.width() - 24, 3)
        self._line.raise_()
        self._line.show()

    def _hide_line(self) -> None:
        restyle(self, "drop", False)
        self._line.hide()
