"""A node of the rule as something on the canvas: where it is, what it is, and one way to change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication

from app.canvas.context import CanvasContext
from app.canvas.draggable import Draggable
from app.canvas.drop_rules import is_excluded, nodes_at
from engine.domain.edit import Place
from engine.domain.rule import Node, Not
from engine.domain.walk import walk
from engine.errors import EngineError


class CardNode(Draggable):
    """``place`` and ``path`` say where the node is; a `not` around it belongs to it."""

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__(place)
        self.context = context
        self.node = node
        self.path = path

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

    @property
    def chosen(self) -> set[Place]:
        """What a command is about: the selection when this card is in it, else this card."""
        places = self.context.selection.places
        return set(places) if self.place in places else {self.place}

    def edit(self, text: str, change: Callable[[Node], Node]) -> None:
        """One step of the history, unless something locked would change; a sound says that it cannot be."""
        root = self.context.document.audience.rule
        try:
            chosen = nodes_at(root, self.chosen)
            locked = any(inside in self.context.locked for node in chosen for _, inside in walk(node))
        except EngineError:
            locked = False
        if locked or not self.context.edit(text, change):
            QApplication.beep()
            return
        self.context.selection.clear()
        self._announce(self.context.words(text))

    def _announce(self, text: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def put_inner(self, node: Node) -> None:
        """Replace the inner node as one mergeable change."""
        self.node = replace(self.node, child=node) if isinstance(self.node, Not) else node
        self.context.replace(self.inner_place, node)
