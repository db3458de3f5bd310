"""What group and condition cards share: place, menu, keys, count, drag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDrag, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QFrame, QMenu, QToolButton

from app.canvas.context import CanvasContext
from app.mime import place_data
from app.widgets.bars import ShareBar
from app.widgets.parts import flat_button, label, restyle
from engine.client import SizeAnswer
from engine.domain import edit
from engine.domain.edit import Place
from engine.domain.rule import All, AnyOf, Node, Not
from engine.errors import EngineError


class Card(QFrame):
    """A node of the rule on the canvas. ``place`` and ``path`` say where; a `not` around a node is shown on its
    card."""

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__()
        self.context = context
        self.node = node
        self.place = place
        self.path = path
        self._press: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.count = label("", "count")
        self.bar = ShareBar(context.theme.tokens.accent, context.theme.tokens.bar_back)
        self.bar.setFixedWidth(92)
        self.badge = label(context.words("not"), "badge")
        self.menu_button = self._make_menu()

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
    def inner_path(self) -> str:
        """The inner node's path."""
        return f"{self.path}.not" if isinstance(self.node, Not) else self.path

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
        leaf = answer.nodes.get(self.inner_path)
        if leaf is not None and leaf.without is not None:
            self.count.setToolTip(words("without", words.number(leaf.without)))
        restyle(self.count, "stale", False)

    def show_stale(self) -> None:
        """The number belongs to an older rule: grey it until the new one comes."""
        restyle(self.count, "stale", True)

    def show_error(self, error: EngineError) -> None:
        """Show an error when it is about this node."""
        mine = error.path is not None and (error.path == self.path or error.path.startswith(f"{self.path}."))
        self.setToolTip(str(error) if mine else "")

    # -- the menu and the keys -------------------------------------------------------------------------------------

    def _make_menu(self) -> QToolButton:
        button = flat_button(self.context.theme.icon("ellipsis-vertical"), self.context.words("menu"))
        button.clicked.connect(lambda: self._menu().exec(button.mapToGlobal(QPoint(0, button.height()))))
        return button

    def _menu(self) -> QMenu:
        words = self.context.words
        menu = QMenu(self)
        muted = self.node.muted
        entries: list[tuple[str, Callable[[], None]] | None] = [
            ("menu.duplicate", self.duplicate),
            ("menu.negate", self.negate),
            ("menu.unmute" if muted else "menu.mute", self.toggle_muted),
            None,
            ("menu.wrap_all", lambda: self._edit("edit.group", lambda r: edit.wrap(r, self.place, "all"))),
            ("menu.wrap_any", lambda: self._edit("edit.group", lambda r: edit.wrap(r, self.place, "any"))),
            ("menu.unwrap", self.unwrap),
            None,
            ("menu.up", lambda: self.step(-1)),
            ("menu.down", lambda: self.step(1)),
            None,
            ("menu.remove", self.remove),
        ]
        for entry in entries:
            if entry is None:
                menu.addSeparator()
                continue
            action = menu.addAction(words(entry[0]))
            action.triggered.connect(entry[1])
            action.setEnabled(entry[0] != "menu.unwrap" or isinstance(self.inner, All | AnyOf))
        return menu

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

    # -- dragging --------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._press = event.position().toPoint() if event.button() == Qt.MouseButton.LeftButton else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None or not self.place:
            return
        if (event.position().toPoint() - self._press).manhattanLength() < QApplication.startDragDistance():
            return
        self._press = None
        drag = QDrag(self)
        drag.setMimeData(place_data(self.place))
        drag.setPixmap(self.grab().scaledToWidth(min(360, self.width())))
        drag.exec(Qt.DropAction.MoveAction)

    def put_inner(self, node: Node) -> None:
        """Replace the inner node as one mergeable change."""
        self.node = replace(self.node, child=node) if isinstance(self.node, Not) else node
        self.context.replace(self.inner_place, node)
