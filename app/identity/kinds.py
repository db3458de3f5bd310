"""The kinds of identifiers of an identity document as a table: how they are read, what a person can have of each."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QInputDialog, QTreeWidget, QTreeWidgetItem, QWidget

from app.i18n import Words
from app.widgets.cells import Cells
from app.widgets.parts import button, column, row
from engine.domain.identity import PROFILE
from engine.domain.identity_codec import NORMALISERS, read_identity
from engine.errors import EngineError

_COLUMNS = ("kind", "normaliser", "country", "most", "within", "shared", "links", "household")
_KIND, _NORMALISER, _COUNTRY, _MOST, _WITHIN, _SHARED, _LINKS, _HOUSEHOLD = range(len(_COLUMNS))
_NUMBERS = (_MOST, _SHARED, _LINKS)
_WIDTHS = (88, 98, 58, 82, 78, 100, 76)


class Kinds(QWidget):
    """The kinds, the strongest first.

    Signals:
        edited: the document, changed.
        wrong: an EngineError that says why a change cannot be; the document stays.
    """

    edited = Signal(object)
    wrong = Signal(object)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._document: dict[str, Any] = {}
        self.table = QTreeWidget()
        self.table.setAccessibleName(words("kinds"))
        self.table.setRootIsDecorated(False)
        self.table.setHeaderLabels([words(f"kinds.{name}") for name in _COLUMNS])
        for place, name in enumerate(_COLUMNS):
            self.table.headerItem().setToolTip(place, words(f"kinds.{name}.tip"))
        for place, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(place, width)
        normalisers = [(words(f"normaliser.{one}"), one) for one in NORMALISERS]
        self.table.setItemDelegate(Cells(self.table, {_NORMALISER: normalisers}, range(_COUNTRY, _HOUSEHOLD)))
        self.table.setEditTriggers(QTreeWidget.EditTrigger.AllEditTriggers)
        self.table.itemChanged.connect(self._on_changed)
        self.table.currentItemChanged.connect(self._show_buttons)
        self.up, self.down = button(words("kinds.up")), button(words("kinds.down"))
        self.add, self.remove = button(words("kinds.add")), button(words("kinds.remove"))
        self.up.clicked.connect(lambda: self.move_kind(-1))
        self.down.clicked.connect(lambda: self.move_kind(1))
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self.remove_kind)
        layout = column(self, (0, 6, 0, 0), spacing=6)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.add, self.remove, None, self.up, self.down))
        self._show_buttons()

    def show_document(self, document: dict[str, Any], chosen: str | None = None) -> None:
        """Show a document's kinds; ``chosen`` is the current one."""
        self._document = document
        self.table.blockSignals(True)
        self.table.clear()
        for name, spec in self._kinds().items():
            made = self._row(name, spec)
            self.table.addTopLevelItem(made)
            if name == chosen:
                self.table.setCurrentItem(made)
        self.table.blockSignals(False)
        self._show_buttons()

    def _kinds(self) -> dict[str, dict[str, Any]]:
        kinds = {name: dict(spec or {}) for name, spec in (self._document.get("kinds") or {}).items()}
        return kinds if PROFILE in kinds else {PROFILE: {}, **kinds}

    def _row(self, name: str, spec: dict[str, Any]) -> QTreeWidgetItem:
        normaliser = spec.get("normaliser") or (name if name in NORMALISERS else "text")
        shown = {"shared": 1} | spec
        texts = ["" if shown.get(key) is None else str(shown[key]) for key in _COLUMNS[_COUNTRY:_HOUSEHOLD]]
        made = QTreeWidgetItem([name, self._words(f"normaliser.{normaliser}"), *texts])
        flags = Qt.ItemFlag
        made.setFlags(flags.ItemIsEnabled | flags.ItemIsSelectable | flags.ItemIsEditable | flags.ItemIsUserCheckable)
        made.setData(_NORMALISER, Qt.ItemDataRole.UserRole, normaliser)
        for place in _NUMBERS:
            made.setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        home = name in (self._document.get("households") or [])
        made.setCheckState(_HOUSEHOLD, Qt.CheckState.Checked if home else Qt.CheckState.Unchecked)
        return made

    # -- edits -----------------------------------------------------------------------------------------------------

    def move_kind(self, by: int) -> None:
        """The current kind becomes stronger (-1) or weaker (1) by one."""
        names, name = list(self._kinds()), self._current()
        if name is not None and 0 <= (place := names.index(name) + by) < len(names):
            names.remove(name)
            names.insert(place, name)
            kinds = self._kinds()
            self._change({"kinds": {one: kinds[one] for one in names}}, name)

    def add_kind(self, name: str) -> None:
        """A kind more, the weakest."""
        if name not in self._kinds():
            self._change({"kinds": {**self._kinds(), name: {}}}, name)

    def remove_kind(self) -> None:
        """The current kind is none any more."""
        name = self._current()
        if name is not None:
            kinds = {one: spec for one, spec in self._kinds().items() if one != name}
            homes = [one for one in self._document.get("households") or [] if one != name]
            self._change({"kinds": kinds, "households": homes}, None)

    def _on_add(self) -> None:
        name, given = QInputDialog.getText(self, self._words("kinds.add"), self._words("kinds.name"))
        if given and name.strip():
            self.add_kind(name.strip())

    def _on_changed(self, item: QTreeWidgetItem, place: int) -> None:
        name = item.text(_KIND)
        kinds, homes = self._kinds(), list(self._document.get("households") or [])
        spec, key, text = kinds[name], _COLUMNS[place], item.text(place).strip()
        if place == _HOUSEHOLD:
            homes = [one for one in homes if one != name]
            if item.checkState(_HOUSEHOLD) == Qt.CheckState.Checked:
                homes.append(name)
        elif place == _NORMALISER:
            spec[key] = item.data(_NORMALISER, Qt.ItemDataRole.UserRole)
        elif text:
            spec[key] = int(text) if place in _NUMBERS and text.isascii() and text.isdigit() else text
        elif place == _SHARED:
            spec[key] = None
        else:
            spec.pop(key, None)
        before = self._document
        self._take({"kinds": kinds, "households": homes})
        if self._document is before:
            self._restore(item, name)

    def _restore(self, item: QTreeWidgetItem, name: str) -> None:
        """Show a row as the document has it; its cell is being edited, so that it is not made anew."""
        self.table.blockSignals(True)
        right = self._row(name, self._kinds()[name])
        for place in range(len(_COLUMNS)):
            item.setText(place, right.text(place))
        item.setData(_NORMALISER, Qt.ItemDataRole.UserRole, right.data(_NORMALISER, Qt.ItemDataRole.UserRole))
        self.table.blockSignals(False)

    def _change(self, changes: dict[str, Any], chosen: str | None) -> None:
        """Change which kinds there are, or their order."""
        before, current = self._document, self._current()
        self._take(changes)
        self.show_document(self._document, current if self._document is before else chosen)

    def _take(self, changes: dict[str, Any]) -> None:
        """Change the document, if it is one afterwards."""
        fresh = {**self._document, **changes}
        if not fresh.get("households"):
            fresh.pop("households", None)
        try:
            read_identity(fresh)
        except EngineError as error:
            self.wrong.emit(error)
            return
        self._document = fresh
        self.edited.emit(fresh)

    def _current(self) -> str | None:
        item = self.table.currentItem()
        return None if item is None else item.text(_KIND)

    def _show_buttons(self, *_: object) -> None:
        name, names = self._current(), list(self._kinds())
        place = names.index(name) if name in names else -1
        self.up.setEnabled(place > 0)
        self.down.setEnabled(0 <= place < len(names) - 1)
        self.remove.setEnabled(place >= 0 and name != PROFILE)
