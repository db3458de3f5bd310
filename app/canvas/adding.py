"""Everything that can be added, as a menu: the click way of every drag from the palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from app.canvas.context import CanvasContext
from app.mime import Item, Kind
from app.widgets.chooser import pick

MOST_IN_A_MENU = 60
"""More names of a kind than these are searched instead of listed."""
SPECIAL: tuple[Kind, ...] = ("sequence", "sample", "sql")
"""Conditions that are about nothing in the model."""


def condition_menu(parent: QWidget, context: CanvasContext, add: Callable[[Item], object]) -> QMenu:
    """Traits, events, objects, audiences, lists and the special conditions."""
    menu = QMenu(parent)
    words = context.words
    for title, kind, names in sections(context):
        if len(names) > MOST_IN_A_MENU:
            search = partial(pick, parent, names, words("chooser.hint"), partial(_add_named, add, kind))
            menu.addAction(f"{words(title)}…").triggered.connect(lambda _=False, search=search: search())
        elif names:
            inner = menu.addMenu(words(title))
            for name, shown in sorted(names.items(), key=lambda one: one[1].lower()):
                item = Item(kind, name)
                inner.addAction(shown).triggered.connect(lambda _=False, item=item: add(item))
    menu.addSeparator()
    for kind in SPECIAL:
        if kind != "sequence" or context.model.events:
            special = Item(kind, kind)
            menu.addAction(words(kind)).triggered.connect(lambda _=False, item=special: add(item))
    return menu


def _add_named(add: Callable[[Item], object], kind: Kind, name: str) -> None:
    add(Item(kind, name))


def sections(context: CanvasContext) -> list[tuple[str, Kind, Mapping[str, str]]]:
    """What the model and the workspace have, by kind: names for people by name."""
    model = context.model
    return [
        ("section.traits", "trait", {n: context.field_label(f) for n, f in model.profile.traits.items()}),
        ("section.events", "event", {n: context.source_label(e) for n, e in model.events.items()}),
        ("section.objects", "object", {n: context.source_label(o) for n, o in model.objects.items()}),
        ("section.audiences", "audience", {i: a.name or i for i, (a, _) in context.audiences.items()}),
        ("section.lists", "list", {i: i for i in context.lists}),
    ]
