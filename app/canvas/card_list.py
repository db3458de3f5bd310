"""The cards inside a group: kept where their node stayed, made one a turn of the event loop, so that a rule of any
size never blocks the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.canvas.card import Card
from app.widgets.parts import label
from engine.domain.edit import Place
from engine.domain.rule import Node

C = TypeVar("C", bound=Card)
_CHANGED_AT_ONCE = 2
"""So many cards are changed at once when an edit changes their nodes."""


@dataclass
class Slot(Generic[C]):
    """A child of the group; ``card`` is None until it is made."""

    node: Node
    place: Place
    path: str
    card: C | None = None


class CardList(QObject, Generic[C]):
    """Cards in a column, with a word between each two. ``make`` makes a card, ``made`` is told of each new one."""

    def __init__(
        self,
        layout: QVBoxLayout,
        make: Callable[[Slot[C]], C],
        made: Callable[[C], None],
        alike: Callable[[C, Node], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._layout = layout
        self._make = make
        self._made = made
        self._alike = alike
        self._slots: list[Slot[C]] = []
        self._words: dict[C, QLabel] = {}
        self._word = ""
        self._leaving: list[QWidget] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._make_next)

    @property
    def cards(self) -> list[C]:
        """The cards made so far, in order."""
        return [slot.card for slot in self._slots if slot.card is not None]

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def unfinished(self) -> bool:
        """Whether cards are still to be made."""
        return self._timer.isActive()

    def show_slots(self, slots: Sequence[Slot[C]], word: str) -> None:
        """Show other children; cards of nodes that stayed are kept, the first new one is made at once."""
        pool = self.cards
        self._slots, self._word = list(slots), word
        for slot in self._slots:  # where it stood before, else anywhere
            slot.card = _taken(pool, lambda card, s=slot: card.place == s.place and card.node == s.node)  # type: ignore[misc]
        for slot in self._slots:
            if slot.card is None:
                slot.card = _taken(pool, lambda card, s=slot: card.node == s.node)  # type: ignore[misc]
        changed = [slot for slot in self._slots if slot.card is None]
        if len(changed) <= _CHANGED_AT_ONCE:  # of another rule altogether, cards are made one a turn like new ones
            for slot in changed:
                slot.card = _taken(pool, lambda card, s=slot: self._stood_at(card, s.place[-1], s.node))  # type: ignore[misc]
        for card in pool:
            self._drop(card)
        self._put_in_order()
        for slot in self._slots:
            if slot.card is not None:
                slot.card.set_node(slot.node, slot.place, slot.path)
        self._make_next()

    def _stood_at(self, card: C, index: int, node: Node) -> bool:
        """Whether a card had this position and can show the node by changing."""
        return card.place[-1:] == (index,) and self._alike(card, node)

    def _make_next(self) -> None:
        """Make one card, let go of one, and come back for the next when the window had its turn."""
        for widget in self._leaving[:2]:
            widget.deleteLater()
        del self._leaving[:2]
        for position, slot in enumerate(self._slots):
            if slot.card is None:
                slot.card = self._make(slot)
                self._insert(slot.card, sum(other.card is not None for other in self._slots[:position]))
                self._made(slot.card)
                self._mark_first()
                break
        if self._leaving or any(slot.card is None for slot in self._slots):
            self._timer.start()

    # -- the column ------------------------------------------------------------------------------------------------

    def _insert(self, card: C, index: int) -> None:
        word = label(self._word, "word")
        self._words[card] = word
        self._layout.insertWidget(2 * index, word)
        self._layout.insertWidget(2 * index + 1, card)
        card.show()

    def _drop(self, card: C) -> None:
        word = self._words.pop(card)
        for widget in (word, card):
            self._layout.removeWidget(widget)
            widget.hide()
        self._leaving += [word, card]
        self._timer.start()

    def _put_in_order(self) -> None:
        for index, card in enumerate(self.cards):
            if self._layout.indexOf(card) != 2 * index + 1:
                both: tuple[QWidget, QWidget] = (self._words[card], card)
                for offset, widget in enumerate(both):
                    self._layout.removeWidget(widget)
                    self._layout.insertWidget(2 * index + offset, widget)
        self._mark_first()

    def _mark_first(self) -> None:
        for index, card in enumerate(self.cards):
            word = self._words[card]
            if word.text() != self._word:
                word.setText(self._word)
            if word.isHidden() is not (index == 0):
                word.setVisible(index > 0)


def _taken(pool: list[C], suits: Callable[[C], bool]) -> C | None:
    for card in pool:
        if suits(card):
            pool.remove(card)
            return card
    return None
