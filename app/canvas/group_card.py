"""A group of the rule as a card that holds cards, and takes drops."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QComboBox, QMenu, QPushButton, QVBoxLayout

from app.canvas.card import Card, path_inside
from app.canvas.card_list import CardList, Slot
from app.canvas.condition_card import ConditionCard
from app.canvas.context import CanvasContext
from app.canvas.drop_rules import add_condition, can_move, new_condition
from app.mime import Item, read_item, read_place
from app.widgets.parts import column, label, restyle, row
from engine.domain import edit
from engine.domain.edit import Place
from engine.domain.rule import All, AnyOf, Node, Not


def make_card(node: Node, place: Place, path: str, context: CanvasContext) -> GroupCard | ConditionCard:
    """The card for a node: a group card for ALL and ANY, also when negated."""
    inner = node.child if isinstance(node, Not) else node
    made = GroupCard if isinstance(inner, All | AnyOf) else ConditionCard
    return made(node, place, path, context)


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
        group = QPushButton(context.theme.icon("folder-plus"), words("add.group"))
        group.clicked.connect(self._on_add_group)
        layout = column(self, (14, 10, 10, 12), spacing=8)
        layout.addLayout(row(self.badge, self._logic, None, self.count, self.bar, add, group, self.menu_button))
        self._inside = QVBoxLayout()
        self._inside.setSpacing(4)
        layout.addLayout(self._inside)
        self._empty = label("", "muted", wrap=True)
        layout.addWidget(self._empty)
        self._list: CardList[GroupCard | ConditionCard] = CardList(
            self._inside, self._make, self.built.emit, _alike, self
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
        self._empty.setVisible(not self.group.children)
        empty = "empty.drop" if self.place == () else ("empty.everyone" if kind == "all" else "empty.nobody")
        self._empty.setText(self.context.words(empty))
        self.setAccessibleName(self.context.words(f"group.{kind}"))
        self.show_marks()

    def _arrange(self, kind: str) -> None:
        word = self.context.words("and" if kind == "all" else "or")
        slots: list[Slot[GroupCard | ConditionCard]] = [
            Slot(child, (*self.inner_place, index), f"{path_inside(self)}.{kind}[{index}]")
            for index, child in enumerate(self.group.children)
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
        self._edit("edit.group", lambda r: edit.regroup(r, self.inner_place, kind))  # type: ignore[arg-type]

    def _on_add_group(self) -> None:
        made: Node = AnyOf() if isinstance(self.group, All) else All()
        self._edit("edit.group", lambda r: edit.insert(r, self.inner_place, -1, made))

    def add_item(self, item: Item, index: int = -1) -> None:
        """Add a palette item as a condition."""
        node = new_condition(item.kind, item.name, self.context.model)
        self._edit("edit.add", lambda r: add_condition(r, self.inner_place, index, node))

    def condition_menu(self) -> QMenu:
        """Everything of the palette as a menu."""
        menu = QMenu(self)
        context, words = self.context, self.context.words
        sections = (
            ("section.traits", "trait", {n: context.field_label(f) for n, f in context.model.profile.traits.items()}),
            ("section.events", "event", {n: context.source_label(e) for n, e in context.model.events.items()}),
            ("section.objects", "object", {n: context.source_label(o) for n, o in context.model.objects.items()}),
        )
        for title, kind, names in sections:
            if names:
                inner = menu.addMenu(words(title))
                for name, shown in names.items():
                    item = Item(kind, name)  # type: ignore[arg-type]
                    inner.addAction(shown).triggered.connect(lambda _=False, item=item: self.add_item(item))
        return menu

    # -- drops -----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._accepts(event):
            restyle(self, "drop", True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        restyle(self, "drop", False)

    def _accepts(self, event: QDropEvent) -> bool:
        if read_item(event.mimeData()) is not None:
            return True
        place = read_place(event.mimeData())
        return place is not None and can_move(self.context.document.audience.rule, place, self.inner_place)

    def dropEvent(self, event: QDropEvent) -> None:
        restyle(self, "drop", False)
        index = self._index_at(event.position().toPoint())
        item, place = read_item(event.mimeData()), read_place(event.mimeData())
        event.acceptProposedAction()
        if item is not None:
            self.add_item(item, index)
        elif place is not None:
            self._edit("edit.move", lambda r: edit.move(r, place, self.inner_place, index))

    def _index_at(self, point: QPoint) -> int:
        return sum(card.geometry().center().y() < point.y() for card in self.cards)


def _alike(card: GroupCard | ConditionCard, node: Node) -> bool:
    """Whether a card can show a node by changing: a group's card a group, a condition's card a condition."""
    return isinstance(card, GroupCard) is isinstance(node.child if isinstance(node, Not) else node, All | AnyOf)
