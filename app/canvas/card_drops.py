"""Drops on a condition: on its upper edge before it, on its lower edge after it, on its middle a group of the two."""

from __future__ import annotations

from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent

from app.canvas.card import Card
from app.canvas.context import CanvasContext
from app.canvas.dropping import can_take, into_group, onto_card
from app.mime import read_item, read_place
from app.widgets.parts import restyle
from engine.domain.edit import Place, at
from engine.domain.rule import All, AnyOf, Node


class DropTarget(Card):
    """A card that takes drops."""

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__(node, place, path, context)
        self.setAcceptDrops(True)

    def _parent_group(self) -> Place | None:
        """The group this condition stands in; None at the root."""
        if not self.place:
            return None
        parent = at(self.context.document.audience.rule, self.place[:-1])
        return self.place[:-1] if isinstance(parent, All | AnyOf) else None

    def _zone(self, event: QDropEvent) -> str:
        """before, onto or after: quarters of the height."""
        y, height = event.position().y(), max(1, self.height())
        if self._parent_group() is None or self.excluded:
            return "onto"
        return "before" if y < height * 0.28 else ("after" if y > height * 0.72 else "onto")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        place = read_place(event.mimeData())
        own = place is not None and (self.place[: len(place)] == place)
        if not own and (read_item(event.mimeData()) is not None or place is not None):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        restyle(self, "drop", self._zone(event))
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        restyle(self, "drop", None)

    def dropEvent(self, event: QDropEvent) -> None:
        zone, group = self._zone(event), self._parent_group()
        restyle(self, "drop", None)
        event.acceptProposedAction()
        if zone == "onto" or group is None:
            onto_card(self.context, event.mimeData(), self.inner_place if self.excluded else self.place)
        elif can_take(self.context, event.mimeData(), group):
            index = self.place[-1] + (zone == "after")
            into_group(self.context, event.mimeData(), group, index)
