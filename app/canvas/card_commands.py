"""What one can do with a card; each command is one step of the history."""

from __future__ import annotations

from typing import Literal

from PySide6.QtWidgets import QApplication

from app.canvas import clipboard
from app.canvas.card_node import CardNode
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
from engine.domain import edit
from engine.domain.edit import Place
from engine.domain.rule import All, AnyOf
from engine.errors import EngineError


class CardCommands(CardNode):
    """The commands of the menu and the keys, about the selection when the card is in it."""

    def show_marks(self) -> None:
        """Show how the card is marked; each kind of card says how."""

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
        if self.context.locks is not None:
            self.context.locks.toggle(self.node)
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
