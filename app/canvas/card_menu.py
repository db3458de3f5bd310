"""The menu of a card: every drag has its click here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtWidgets import QMenu

from app.canvas.card_commands import CardCommands as Card
from app.canvas.drop_rules import can_move
from engine.domain.edit import Place, at
from engine.domain.rule import All, AnyOf, Node, Not
from engine.domain.walk import walk

Entry = tuple[str, str, Callable[[], None]]
_MOST_GROUPS = 20


def card_menu(card: Card) -> QMenu:
    """The commands of a card."""
    menu = QMenu(card)
    _fill(
        menu,
        card,
        [
            ("menu.duplicate", "Ctrl+D", card.duplicate),
            ("menu.negate", "Space", card.negate),
            ("menu.unmute" if card.node.muted else "menu.mute", "Ctrl+/", card.toggle_muted),
            ("menu.unlock" if card.locked else "menu.lock", "Ctrl+L", card.toggle_locked),
        ],
    )
    menu.addSeparator()
    _fill(
        menu,
        card,
        [
            ("menu.cut", "Ctrl+X", card.cut),
            ("menu.copy", "Ctrl+C", card.copy),
            ("menu.paste", "Ctrl+V", card.paste),
        ],
    )
    menu.addSeparator()
    _fill(
        menu,
        card,
        [
            ("menu.wrap_all", "", lambda: card.wrap("all")),
            ("menu.wrap_any", "Ctrl+G", lambda: card.wrap("any")),
            *([("menu.unwrap", "Ctrl+Shift+G", card.unwrap)] if isinstance(card.inner, All | AnyOf) else []),
        ],
    )
    menu.addSeparator()
    _moves(menu, card)
    menu.addSeparator()
    _fill(menu, card, [("menu.remove", "Del", card.remove)])
    return menu


def _fill(menu: QMenu, card: Card, entries: list[Entry]) -> None:
    for key, shortcut, call in entries:
        text = card.context.words(key)
        menu.addAction(f"{text}\t{shortcut}" if shortcut else text).triggered.connect(lambda _=False, do=call: do())


def _moves(menu: QMenu, card: Card) -> None:
    if not card.place:
        return
    entries: list[Entry] = [
        ("menu.up", "Alt+↑", lambda: card.step(-1)),
        ("menu.down", "Alt+↓", lambda: card.step(1)),
    ]
    if len(card.place) > 1:
        entries.append(("menu.out", "Alt+←", card.move_out))
    if not card.excluded:
        entries.append(("menu.exclude", "Ctrl+E", card.exclude))
    _fill(menu, card, entries)
    inner = menu.addMenu(card.context.words("menu.move_to"))
    root = card.context.document.audience.rule
    groups = [(place, path) for place, path in _groups(root) if can_move(root, card.place, place)][:_MOST_GROUPS]
    for place, path in groups:
        inner.addAction(_title(card, place, path)).triggered.connect(lambda _=False, group=place: card.move_to(group))
    inner.setEnabled(bool(groups))


def _groups(root: Node) -> Iterator[tuple[Place, str]]:
    """Every group with its place and path."""
    places: dict[str, Place] = {"rule": ()}
    for path, node in walk(root):
        kids: tuple[Node, ...] = ()
        match node:
            case All(children) | AnyOf(children):
                kids = children
                yield places[path], path
            case Not():
                places[f"{path}.not"] = (*places[path], 0)
                continue
        step = "all" if isinstance(node, All) else "any"
        for index, _ in enumerate(kids):
            places[f"{path}.{step}[{index}]"] = (*places[path], index)


def _title(card: Card, place: Place, path: str) -> str:
    """A group by its kind and its beginning."""
    node = at(card.context.document.audience.rule, place)
    kind = card.context.words("group.all" if isinstance(node, All) else "group.any")
    clause = card.context.describer.clause(node)
    return f"{kind}: {clause if len(clause) < 50 else clause[:49] + '…'}" if place else kind
