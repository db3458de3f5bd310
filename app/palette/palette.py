"""Traits, events, objects and audiences as a searchable list; drag, double-click or Enter adds one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QLineEdit, QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.mime import Item, item_data
from app.theme.style import Theme
from app.widgets.parts import column
from app.widgets.searching import plain
from engine.domain.model import DataModel

_ROLE = Qt.ItemDataRole.UserRole


MOST_OF_A_KIND = 100
"""So many entries of a kind are listed; a search narrows thousands down to them."""


@dataclass(frozen=True)
class _Entry:
    searched: str
    text: str
    item: Item

    def row(self, icon: QIcon) -> QTreeWidgetItem:
        made = QTreeWidgetItem([self.text])
        made.setData(0, _ROLE, self.item)
        made.setIcon(0, icon)
        made.setToolTip(0, self.item.name)
        return made


class _Tree(QTreeWidget):
    def mimeData(self, items: object) -> QMimeData:
        current = self.currentItem()
        found = current.data(0, _ROLE) if current is not None else None
        return item_data(found) if isinstance(found, Item) else QMimeData()


class Palette(QFrame):
    """The left side.

    Signals:
        chosen: an Item to add to the canvas.
    """

    chosen = Signal(object)

    def __init__(self, words: Words, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("left")
        self._words, self._theme = words, theme
        self._given: object = None
        self._sections: list[tuple[QTreeWidgetItem, QIcon, list[_Entry]]] = []
        layout = column(self, (12, 12, 8, 8), spacing=8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(words("search"))
        self.search.setAccessibleName(words("search"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = _Tree()
        self.tree.setHeaderHidden(True)
        self.tree.setDragEnabled(True)
        self.tree.setIndentation(14)
        self.tree.setAccessibleName(words("section.traits"))
        self.tree.itemActivated.connect(self._on_activated)
        layout.addWidget(self.search)
        layout.addWidget(self.tree, 1)

    def show_model(self, model: DataModel, audiences: dict[str, str], lists: Mapping[str, int]) -> None:
        """Fill the list from a model, the audiences there are (names by id) and the lists (sizes by id)."""
        given = (model, dict(audiences), dict(lists))
        if given == self._given:
            return
        self._given = given
        self.tree.clear()
        self._sections.clear()
        words = self._words
        traits = {n: (words.label(n, f.label), words(f"type.{f.type}")) for n, f in model.profile.traits.items()}
        events = {n: (words.label(n, e.label), "") for n, e in model.events.items()}
        objects = {n: (words.label(n, o.label), "") for n, o in model.objects.items()}
        saved = {identifier: (name, "") for identifier, name in audiences.items()}
        self._section("section.traits", "trait", traits, "user")
        self._section("section.events", "event", events, "zap")
        self._section("section.objects", "object", objects, "credit-card")
        self._section("section.audiences", "audience", saved, "users")
        uploaded = {identifier: (identifier, words.number(size)) for identifier, size in lists.items()}
        self._section("section.lists", "list", uploaded, "list")
        special = {kind: (words(kind), "") for kind in ("sequence", "sample", "sql") if kind != "sequence" or events}
        self._section("section.more", None, special, "sparkles")
        self._filter(self.search.text())

    def _section(self, title: str, kind: str | None, names: dict[str, tuple[str, str]], icon: str) -> None:
        """One heading with its entries; without a kind each name is its own."""
        if not names:
            return
        head = QTreeWidgetItem([self._words(title)])
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.tree.addTopLevelItem(head)
        entries = [
            _Entry(plain(f"{shown} {name}"), f"{shown} · {about}" if about else shown, Item(kind or name, name))  # type: ignore[arg-type]
            for name, (shown, about) in names.items()
        ]
        entries.sort(key=lambda entry: entry.searched)
        self._sections.append((head, self._theme.icon(icon, self._theme.tokens.muted), entries))

    def _filter(self, text: str) -> None:
        wanted = plain(text)
        for head, icon, entries in self._sections:
            found = [entry for entry in entries if wanted in entry.searched]
            head.takeChildren()
            head.addChildren([entry.row(icon) for entry in found[:MOST_OF_A_KIND]])
            if len(found) > MOST_OF_A_KIND:
                more = QTreeWidgetItem([self._words("palette.more", self._words.number(len(found) - MOST_OF_A_KIND))])
                more.setFlags(Qt.ItemFlag.ItemIsEnabled)
                head.addChild(more)
            head.setExpanded(True)
            head.setHidden(not found)

    def _on_activated(self, entry: QTreeWidgetItem) -> None:
        found = entry.data(0, _ROLE)
        if isinstance(found, Item):
            self.chosen.emit(found)
