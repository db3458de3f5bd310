"""Traits, events, objects and audiences as a searchable list; drag, double-click or Enter adds one."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.mime import Item, item_data
from app.theme.style import Theme
from app.widgets.parts import column
from app.widgets.searching import plain
from engine.domain.model import DataModel

_ROLE = Qt.ItemDataRole.UserRole


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
        self.tree.clear()
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
        picture = self._theme.icon(icon, self._theme.tokens.muted)
        for name, (shown, about) in sorted(names.items(), key=lambda pair: plain(pair[1][0])):
            entry = QTreeWidgetItem([f"{shown} · {about}" if about else shown])
            entry.setData(0, _ROLE, Item(kind or name, name))  # type: ignore[arg-type]
            entry.setIcon(0, picture)
            entry.setToolTip(0, name)
            head.addChild(entry)
        head.setExpanded(True)

    def _filter(self, text: str) -> None:
        wanted = plain(text)
        for i in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(i)
            if head is None:
                continue
            shown = 0
            for j in range(head.childCount()):
                entry = head.child(j)
                if entry is None:
                    continue
                found = wanted in plain(entry.text(0)) or wanted in plain(entry.toolTip(0))
                entry.setHidden(not found)
                shown += found
            head.setHidden(shown == 0)

    def _on_activated(self, entry: QTreeWidgetItem) -> None:
        found = entry.data(0, _ROLE)
        if isinstance(found, Item):
            self.chosen.emit(found)
