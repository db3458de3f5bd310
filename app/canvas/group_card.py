"""A group of the rule as a card that holds cards, and takes drops."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QComboBox, QMenu, QPushButton, QVBoxLayout

from app.canvas.card import Card
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


_BATCH = 2
"""Cards made before the event loop gets its turn again, so that a large rule never blocks the window."""


class GroupCard(Card):
    """ALL or ANY of the cards inside.

    Signals:
        built: more cards were made after the group was shown.
    """

    built = Signal()

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
        self.cards: list[GroupCard | ConditionCard] = []
        self._left: list[GroupCard | ConditionCard] = []
        self._unfinished = False
        self._words_between: list[object] = []
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
        pool, self._left, self._unfinished, made = [*self.cards, *self._left], [], False, 0
        chosen: list[GroupCard | ConditionCard] = []
        for index, child in enumerate(self.group.children):
            place = (*self.inner_place, index)
            path = f"{self.inner_path}.{kind}[{index}]"
            card = _take(pool, child, index)
            if card is None:
                if made == _BATCH:
                    self._unfinished = True
                    break
                made += 1
                card = make_card(child, place, path, self.context)
                if isinstance(card, GroupCard):
                    card.built.connect(self.built)
            else:
                card.set_node(child, place, path)
            chosen.append(card)
        if chosen != self.cards or len(self._words_between) != max(0, len(chosen) - 1):
            self._lay_out(chosen, kind)
        else:
            for between in self._words_between:
                between.setText(self.context.words("and" if kind == "all" else "or"))  # type: ignore[attr-defined]
        for card in pool:
            card.hide()
            if not self._unfinished:
                card.deleteLater()
        self.cards = chosen
        if self._unfinished:
            self._left = pool
            QTimer.singleShot(0, self, self._continue)

    def _continue(self) -> None:
        if self._unfinished:
            self.set_node(self.node, self.place, self.path)
            self.built.emit()

    def _lay_out(self, cards: list[GroupCard | ConditionCard], kind: str) -> None:
        while self._inside.takeAt(0) is not None:
            pass
        for between in self._words_between:
            between.deleteLater()  # type: ignore[attr-defined]
        self._words_between = []
        for i, card in enumerate(cards):
            if i > 0:
                between = label(self.context.words("and" if kind == "all" else "or"), "word")
                self._words_between.append(between)
                self._inside.addWidget(between)
            self._inside.addWidget(card)
            card.show()

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


def _take(pool: list[GroupCard | ConditionCard], node: Node, index: int) -> GroupCard | ConditionCard | None:
    """A card to reuse: one that shows this very node, else one of the same kind of node in the same position."""
    for card in pool:
        if card.node == node:
            pool.remove(card)
            return card
    for card in pool:
        same_position = bool(card.place) and card.place[-1] == index
        is_group = isinstance(node.child if isinstance(node, Not) else node, All | AnyOf)
        if same_position and isinstance(card, GroupCard) is is_group:
            pool.remove(card)
            return card
    return None
