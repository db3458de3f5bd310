"""What group and condition cards share: place, menu, keys, count, drag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QMenu

from app.canvas.context import CanvasContext
from app.canvas.draggable import Draggable
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
        self.count = label("", "count")
        self.bar = ShareBar(context.theme.tokens.accent, context.theme.tokens.bar_back)
        self.bar.setFixedWidth(92)
        self.badge = label(context.words("not"), "badge")
        self.menu_button = flat_button(context.theme.icon("ellipsis-vertical"), context.words("menu"))
        self.menu_button.clicked.connect(self.open_menu)

    # -- the node --------------------------------------------------------------------------------------------------

    @property
    def inner(self) -> Node:
        """The node without the `not` around it."""
        return self.node.child if isinstance(self.node, Not) else self.node

    @property
    def inner_place(self) -> Place:
        """Where the inner node is."""
        return (*self.place, 0) if isinstance(self.node, Not) else self.place

    def set_node(self, node: Node, place: Place, path: str) -> None:
        """Show another node; each kind of card says how."""
        self.node, self.place, self.path = node, place, path

    def show_marks(self) -> None:
        """Negated and muted, as the style sheet and the badge show them."""
        self.badge.setVisible(isinstance(self.node, Not))
        restyle(self, "negated", isinstance(self.node, Not))
        restyle(self, "muted", self.node.muted or self.inner.muted)

    # -- numbers ---------------------------------------------------------------------------------------------------

    def show_counts(self, answer: SizeAnswer) -> None:
        """The node's own size, and the audience's without it."""
        found = answer.nodes.get(self.path)
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

    def show_error(self, error: EngineError) -> None:
        """Show an error when it is about this node."""
        mine = error.path is not None and (error.path == self.path or error.path.startswith(f"{self.path}."))
        self.setToolTip(str(error) if mine else "")

    # -- the menu and the keys -------------------------------------------------------------------------------------

    def open_menu(self) -> None:
        """Everything one can do with the card."""
        card_menu(self).exec(self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height())))

    def wrap(self, kind: Literal["all", "any"]) -> None:
        """Put a group around the node."""
        self._edit("edit.group", lambda r: edit.wrap(r, self.place, kind))

    def _edit(self, text: str, change: Callable[[Node], Node]) -> None:
        document = self.context.document
        try:
            document.edit_rule(change(document.audience.rule), self.context.words(text))
        except EngineError:
            QApplication.beep()

    def duplicate(self) -> None:
        """A copy after this one."""
        self._edit("edit.add", lambda r: edit.duplicate(r, self.place))

    def negate(self) -> None:
        """Negate, or take the negation away."""
        self._edit("edit.change", lambda r: edit.negate(r, self.place))

    def toggle_muted(self) -> None:
        """Leave the node out of its group, or count it again."""
        self._edit("edit.change", lambda r: edit.mute(r, self.place, not self.node.muted))

    def unwrap(self) -> None:
        """Put the children in the group's place."""
        self._edit("edit.group", lambda r: edit.unwrap(r, self.inner_place))

    def remove(self) -> None:
        """Take the node out of the rule."""
        self._edit("edit.remove", lambda r: edit.remove(r, self.place))

    def step(self, by: int) -> None:
        """Move one place up (−1) or down (1) in the group."""
        if not self.place:
            return
        index = self.place[-1]
        target = index - 1 if by < 0 else index + 2
        kids = edit.at(self.context.document.audience.rule, self.place[:-1])
        if isinstance(kids, All | AnyOf) and 0 <= target <= len(kids.children):
            self._edit("edit.move", lambda r: edit.move(r, self.place, self.place[:-1], target))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        actions: dict[tuple[int, bool, bool], Callable[[], None]] = {
            (Qt.Key.Key_Delete, False, False): self.remove,
            (Qt.Key.Key_D, True, False): self.duplicate,
            (Qt.Key.Key_Slash, True, False): self.toggle_muted,
            (Qt.Key.Key_Space, False, False): self.negate,
            (Qt.Key.Key_Up, False, True): lambda: self.step(-1),
            (Qt.Key.Key_Down, False, True): lambda: self.step(1),
        }
        found = actions.get((key, control, alt))
        if found is None:
            super().keyPressEvent(event)
        else:
            found()

    def put_inner(self, node: Node) -> None:
        """Replace the inner node as one mergeable change."""
        self.node = replace(self.node, child=node) if isinstance(self.node, Not) else node
        self.context.replace(self.inner_place, node)


def path_inside(card: Card) -> str:
    """The path of a card's inner node."""
    return f"{card.path}.not" if isinstance(card.node, Not) else card.path


def card_menu(card: Card) -> QMenu:
    """The commands of a card as a menu."""
    menu = QMenu(card)
    is_group = isinstance(card.inner, All | AnyOf)
    entries: list[tuple[str, Callable[[], None]] | None] = [
        ("menu.duplicate", card.duplicate),
        ("menu.negate", card.negate),
        ("menu.unmute" if card.node.muted else "menu.mute", card.toggle_muted),
        None,
        ("menu.wrap_all", lambda: card.wrap("all")),
        ("menu.wrap_any", lambda: card.wrap("any")),
        ("menu.unwrap", card.unwrap),
        None,
        ("menu.up", lambda: card.step(-1)),
        ("menu.down", lambda: card.step(1)),
        None,
        ("menu.remove", card.remove),
    ]
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        action = menu.addAction(card.context.words(entry[0]))
        action.triggered.connect(entry[1])
        action.setEnabled(entry[0] != "menu.unwrap" or is_group)
    return menu
