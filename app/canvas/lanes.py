"""The Exclude lane: people think of whom to leave out apart from whom they want.

It shows the `not` children of an outermost ALL, each without its `not`.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout

from app.canvas.adding import condition_menu
from app.canvas.card_list import CardList, Slot
from app.canvas.condition_card import ConditionCard
from app.canvas.context import CanvasContext
from app.canvas.drop_rules import exclude, is_excluded, new_condition
from app.canvas.dropping import into_exclude, may_move
from app.canvas.group_card import GroupCard, alike, make_card
from app.mime import Item, read_item, read_place
from app.widgets.parts import button, column, label, restyle, row
from engine.domain.rule import All, Node


class ExcludeLane(QFrame):
    """Cards of whom to leave out.

    Signals:
        built: a card was made, here or deeper inside.
    """

    built = Signal(object)

    def __init__(self, context: CanvasContext) -> None:
        super().__init__()
        self._context = context
        words = context.words
        self.setProperty("lane", "exclude")
        self.setAcceptDrops(True)
        self.setAccessibleName(words("lane.exclude"))
        layout = column(self, (14, 10, 10, 12), spacing=8)
        self._add = button(words("add.condition"), icon=context.theme.icon("plus"))
        self._add.clicked.connect(self._on_add)
        self._title = label(words("lane.exclude"), "lane")
        layout.addLayout(row(self._title, label(words("lane.exclude.hint"), "muted"), None, self._add))
        self._inside = QVBoxLayout()
        self._inside.setSpacing(4)
        layout.addLayout(self._inside)
        self._list: CardList[GroupCard | ConditionCard] = CardList(
            self._inside, self._make, self.built.emit, alike, self
        )

    @property
    def cards(self) -> list[GroupCard | ConditionCard]:
        """The cards made so far."""
        return self._list.cards

    def show_rule(self, root: Node) -> None:
        """Show what a rule excludes."""
        children = root.children if isinstance(root, All) else ()
        slots: list[Slot[GroupCard | ConditionCard]] = [
            Slot(child, (index,), f"rule.all[{index}]")
            for index, child in enumerate(children)
            if is_excluded(root, (index,))
        ]
        self._list.show_slots(slots, self._context.words("or"))

    def _make(self, slot: Slot[GroupCard | ConditionCard]) -> GroupCard | ConditionCard:
        card = make_card(slot.node, slot.place, slot.path, self._context)
        if isinstance(card, GroupCard):
            card.built.connect(self.built)
        return card

    def _on_add(self) -> None:
        menu = condition_menu(self, self._context, self._add_item)
        menu.exec(self._add.mapToGlobal(QPoint(0, self._add.height())))

    def _add_item(self, item: Item) -> None:
        node = new_condition(item.kind, item.name, self._context.model)
        self._context.edit("edit.exclude", lambda root: exclude(root, node))

    # -- drops -----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        place = read_place(event.mimeData())
        movable = bool(place) and may_move(self._context, place or ())
        if read_item(event.mimeData()) is not None or movable:
            restyle(self, "drop", True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        restyle(self, "drop", False)

    def dropEvent(self, event: QDropEvent) -> None:
        restyle(self, "drop", False)
        event.acceptProposedAction()
        into_exclude(self._context, event.mimeData())
