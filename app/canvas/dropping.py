"""Carries out a drop: something of the palette, a card, or both lanes' ways of taking them."""

from __future__ import annotations

from PySide6.QtCore import QMimeData

from app.canvas.context import CanvasContext
from app.canvas.drop_rules import (
    add_condition,
    can_move,
    exclude,
    is_excluded,
    move_onto,
    move_to_exclude,
    move_to_include,
    new_condition,
    onto,
)
from app.mime import Item, read_item, read_place
from engine.domain import edit
from engine.domain.edit import Place, at
from engine.domain.rule import Node


def can_take(context: CanvasContext, data: QMimeData, group: Place) -> bool:
    """Whether a group may take what is dragged."""
    if read_item(data) is not None:
        return True
    place = read_place(data)
    root = context.document.audience.rule
    return place is not None and may_move(context, place) and can_move(root, place, group)


def may_move(context: CanvasContext, place: Place) -> bool:
    """Whether the card at a place is not locked."""
    return at(context.document.audience.rule, place) not in context.locked


def into_group(context: CanvasContext, data: QMimeData, group: Place, index: int) -> None:
    """Into a group, before the child at ``index``; out of the Exclude lane a `not` is left behind."""
    item, place = read_item(data), read_place(data)
    if item is not None:
        add(context, item, group, index)
    elif place is not None and may_move(context, place):
        out = is_excluded(context.document.audience.rule, place) and len(place) == 1

        def change(root: Node) -> Node:
            return move_to_include(root, place, group, index) if out else edit.move(root, place, group, index)

        context.edit("edit.move", change)


def onto_card(context: CanvasContext, data: QMimeData, place: Place) -> None:
    """On a card: the two become a group."""
    item, source = read_item(data), read_place(data)
    if item is not None:
        node = new_condition(item.kind, item.name, context.model)
        context.edit("edit.group", lambda root: onto(root, place, node))
    elif source is not None and may_move(context, source):
        context.edit("edit.group", lambda root: move_onto(root, source, place))


def into_exclude(context: CanvasContext, data: QMimeData) -> None:
    """Into the Exclude lane."""
    item, place = read_item(data), read_place(data)
    if item is not None:
        node = new_condition(item.kind, item.name, context.model)
        context.edit("edit.exclude", lambda root: exclude(root, node))
    elif place is not None and may_move(context, place):
        context.edit("edit.exclude", lambda root: move_to_exclude(root, place))


def add(context: CanvasContext, item: Item, group: Place, index: int = -1) -> None:
    """Something of the palette as a new condition."""
    node = new_condition(item.kind, item.name, context.model)
    context.edit("edit.add", lambda root: add_condition(root, group, index, node))
