"""What group and condition cards share: place, marks, numbers, selection, keys and what the menu does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from app.canvas import clipboard
from app.canvas.context import CanvasContext
from app.canvas.draggable import Draggable
from app.canvas.drop_rules import (
    duplicate_many,
    group_many,
    insert_many,
    is_excluded,
    move_to_exclude,
    move_to_include,
    mute_many,
    nodes_at,
    remove_many,
)
from app.widgets.bars import ShareBar
from app.widgets.parts import flat_button, label, restyle
from engine.client import SizeAnswer
from engine.domain import edit
from engine.domain.edit import Place
from engine.domain.rule import All, AnyOf, Node, Not
from engine.errors import EngineError


class Card(Draggable):
    """A node of the rule on the canvas. ``place`` and ``path`` say where; a `not` around a node is shown on its
    card."""

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__(place)
        self.context = context
        self.node = node
        self.path = path
        words, theme = context.words, context.theme
        self.count = label("", "count")
        self.bar = ShareBar(theme.tokens.accent, theme.tokens.bar_back)
        self.bar.setFixedWidth(92)
        self.badge = label(words("not"), "badge")
        self.lock_mark = label("", "word")
        self.lock_mark.setPixmap(theme.icon("lock", theme.tokens.muted).pixmap(14, 14))
        self.lock_mark.setToolTip(words("locked"))
        self.menu_button = flat_button(theme.icon("ellipsis-vertical"), words("menu"))
        self.menu_button.clicked.connect(self.open_menu)
        context.selection.changed.connect(self.show_marks)

    # -- the node --------------------------------------------------------------------------------------------------

    @property
    def inner(self) -> Node:
        """The node without the `not` around it."""
        return self.node.child if isinstance(self.node, Not) else self.node

    @property
    def inner_place(self) -> Place:
        """Where the inner node is."""
        return (*self.place, 0) if isinstance(self.node, Not) else self.place

    @property
    def excluded(self) -> bool:
        """Whether the card stands in the Exclude lane, where the `not` goes without saying."""
        return len(self.place) == 1 and is_excluded(self.context.document.audience.rule, self.place)

    @property
    def locked(self) -> bool:
        """Whether the card may not be changed."""
        return self.node in self.context.locked

    def set_node(self, node: Node, place: Place, path: str) -> None:
        """Show another node; each kind of card says how."""
        self.node, self.place, self.path = node, place, path

    def show_marks(self) -> None:
        """Negated, muted, locked and selected, as the style sheet and the badge show them."""
        negated = isinstance(self.node, Not)
        self.badge.setVisible(negated and not self.excluded)
        self.lock_mark.setVisible(self.locked)
        restyle(self, "negated", negated)
        restyle(self, "muted", self.node.muted or self.inner.muted)
        restyle(self, "selected", self.place in self.context.selection.places)

    # -- numbers ---------------------------------------------------------------------------------------------------

    def show_counts(self, answer: SizeAnswer) -> None:
        """The node's own size, and the audience's without it."""
        path = path_inside(self) if self.excluded else self.path
        found = answer.nodes.get(path)
        words = self.context.words
        if found is None:
            self.count.setText("")
            self.bar.set_share(0)
            return
        self.count.setText(f"{words.number(found.size)} · {words.percent(found.size, answer.base)}")
        self.bar.set_share(found.size / answer.base if answer.base else 0)
        leaf = answer.nodes.get(path_inside(self))
        if leaf is not None and leaf.without is not None:
            self.count.setToolTip(words("without", words.number(leaf.without)))
        self.count.setEnabled(True)

    def show_stale(self) -> None:
        """The number belongs to an older rule: grey it until the new one comes."""
        self.count.setEnabled(False)  # a state, not a property: hundreds of cards turn grey without being restyled

    def show_error(self, error: EngineError | None) -> None:
        """What the engine says about this node; each kind of card says how."""

    # -- what one can do -------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> set[Place]:
        """What a command is about: the selection when this card is in it, else this card."""
        places = self.context.selection.places
        return set(places) if self.place in places else {self.place}

    def edit(self, text: str, change: Callable[[Node], Node]) -> None:
        """One step of the history, unless something locked would change; a sound says that it cannot be."""
        root = self.context.document.audience.rule
        try:
            locked = any(node in self.context.locked for node in nodes_at(root, self.chosen))
        except EngineError:
            locked = False
        if locked or not self.context.edit(text, change):
            QApplication.beep()
            return
        self.context.selection.clear()
        self._announce(self.context.words(text))

    def _announce(self, text: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def wrap(self, kind: Literal["all", "any"]) -> None:
        """Put a group around the node, or around everything selected."""
        chosen = self.chosen
        if len(chosen) > 1:
            self.edit("edit.group", lambda r: group_many(r, chosen, kind))
        else:
            self.edit("edit.group", lambda r: edit.wrap(r, self.inner_place if self.excluded else self.place, kind))

    def duplicate(self) -> None:
        """A copy after this one."""
        chosen = self.chosen
        self.edit("edit.add", lambda r: duplicate_many(r, chosen))

    def negate(self) -> None:
        """Negate, or take the negation away."""
        self.edit("edit.change", lambda r: edit.negate(r, self.place))

    def toggle_muted(self) -> None:
        """Leave the node out of its group, or count it again."""
        chosen, muted = self.chosen, not self.node.muted
        self.edit("edit.change", lambda r: mute_many(r, chosen, muted))

    def toggle_locked(self) -> None:
        """Keep the card from being changed, or let it be changed again."""
        self.context.locked ^= {self.node}
        self.show_marks()

    def unwrap(self) -> None:
        """Put the children in the group's place."""
        self.edit("edit.group", lambda r: edit.unwrap(r, self.inner_place))

    def remove(self) -> None:
        """Take the node out of the rule; the focus goes to what stands there now."""
        chosen, place = self.chosen, self.place
        self.edit("edit.remove", lambda r: remove_many(r, chosen))
        self.context.focus_near(place)

    def cut(self) -> None:
        """Onto the clipboard, and out of the rule."""
        self.copy()
        self.remove()

    def copy(self) -> None:
        """Onto the clipboard."""
        clipboard.copy(nodes_at(self.context.document.audience.rule, self.chosen))

    def paste(self) -> None:
        """What the clipboard holds: into a group, after a condition."""
        try:
            nodes = clipboard.pasted()
        except EngineError:
            QApplication.beep()
            return
        inside = isinstance(self.inner, All | AnyOf)
        group = self.inner_place if inside else self.place[:-1]
        index = -1 if inside or not self.place else self.place[-1] + 1
        self.context.edit("edit.paste", lambda r: insert_many(r, group, index, nodes))

    def step(self, by: int) -> None:
        """Move one place up (−1) or down (1) in the group."""
        if not self.place:
            return
        root, group, index = self.context.document.audience.rule, self.place[:-1], self.place[-1]
        kids = edit.at(root, group)
        if not isinstance(kids, All | AnyOf):
            return
        lane = [i for i in range(len(kids.children)) if is_excluded(root, (*group, i)) is self.excluded or group]
        neighbour = lane.index(index) + by
        if 0 <= neighbour < len(lane):
            target = lane[neighbour] + (by > 0)
            self.edit("edit.move", lambda r: edit.move(r, self.place, group, target))

    def move_to(self, group: Place) -> None:
        """Into another group, at its end."""
        if self.excluded:
            self.edit("edit.move", lambda r: move_to_include(r, self.place, group, -1))
        else:
            self.edit("edit.move", lambda r: edit.move(r, self.place, group, -1))

    def move_out(self) -> None:
        """Out of its group, behind it."""
        if len(self.place) > 1:
            self.edit("edit.move", lambda r: edit.move(r, self.place, self.place[:-2], self.place[-2] + 1))

    def exclude(self) -> None:
        """Into the Exclude lane."""
        self.edit("edit.exclude", lambda r: move_to_exclude(r, self.place))

    def put_inner(self, node: Node) -> None:
        """Replace the inner node as one mergeable change."""
        self.node = replace(self.node, child=node) if isinstance(self.node, Not) else node
        self.context.replace(self.inner_place, node)

    # -- mouse and keys --------------------------------------------------------------------------------------------

    def open_menu(self) -> None:
        """Everything one can do with the card."""
        from app.canvas.card_menu import card_menu

        card_menu(self).exec(self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height())))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.context.selection.toggle(self.place)
        elif self.place not in self.context.selection.places:
            self.context.selection.clear()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        found = card_keys(self).get((Qt.Key(event.key()), event.modifiers()))
        if found is None:
            super().keyPressEvent(event)
        else:
            found()


def card_keys(card: Card) -> dict[tuple[Qt.Key, Qt.KeyboardModifier], Callable[[], None]]:
    """What keys do on a card that has the focus."""
    key, none = Qt.Key, Qt.KeyboardModifier.NoModifier
    control, alt, shift = (
        Qt.KeyboardModifier.ControlModifier,
        Qt.KeyboardModifier.AltModifier,
        Qt.KeyboardModifier.ShiftModifier,
    )
    return {
        (key.Key_Delete, none): card.remove,
        (key.Key_D, control): card.duplicate,
        (key.Key_Slash, control): card.toggle_muted,
        (key.Key_Space, none): card.negate,
        (key.Key_Space, control): lambda: card.context.selection.toggle(card.place),
        (key.Key_L, control): card.toggle_locked,
        (key.Key_E, control): card.exclude,
        (key.Key_G, control): lambda: card.wrap("any"),
        (key.Key_G, control | shift): card.unwrap,
        (key.Key_X, control): card.cut,
        (key.Key_C, control): card.copy,
        (key.Key_V, control): card.paste,
        (key.Key_Up, alt): lambda: card.step(-1),
        (key.Key_Down, alt): lambda: card.step(1),
        (key.Key_Left, alt): card.move_out,
        (key.Key_Menu, none): card.open_menu,
        (key.Key_F10, shift): card.open_menu,
    }


def path_inside(card: Card) -> str:
    """The path of a card's inner node."""
    return f"{card.path}.not" if isinstance(card.node, Not) else card.path
