"""What group and condition cards share: place, marks, numbers, selection, keys and what the menu does."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

from app.canvas.card_commands import CardCommands
from app.canvas.card_menu import card_menu
from app.canvas.context import CanvasContext
from app.widgets.bars import ShareBar
from app.widgets.parts import flat_button, label, restyle
from engine.client import SizeAnswer
from engine.domain.edit import Place
from engine.domain.rule import Node, Not
from engine.errors import EngineError


class Card(CardCommands):
    """A node of the rule on the canvas. ``place`` and ``path`` say where; a `not` around a node is shown on its
    card."""

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__(node, place, path, context)
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
        size = words.number(found.size)
        shown = size if answer.interval is None else words("size.about", size)
        nearest = answer.hints.get(path_inside(self))
        hint = "" if nearest is None else f" · {words('size.nearest', nearest)}"
        self.count.setText(f"{shown} · {words.percent(found.size, answer.base)}{hint}")
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

    # -- mouse and keys --------------------------------------------------------------------------------------------

    def open_menu(self) -> None:
        """Everything one can do with the card."""
        card_menu(self).exec(self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height())))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.context.selection.toggle(self.place)
        elif self.place not in self.context.selection.places:
            self.context.selection.clear()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        found = card_keys(self).get((Qt.Key(event.key()), event.modifiers()))
        if found is None or not self.hasFocus():  # a key meant for something inside the card
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
