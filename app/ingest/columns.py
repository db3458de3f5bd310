"""The columns of a file as they would become those of a table: which, called what, of which type, with examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.widgets.cells import Cells

_ROLE = Qt.ItemDataRole.UserRole
_TYPES = ("string", "integer", "decimal", "float", "boolean", "date", "timestamp")
_NAME, _TYPE, _PATTERN, _BAD, _EXAMPLES = range(1, 6)
_NUMBERS = ("integer", "decimal", "float")
_DATES = ("date", "timestamp")


class Columns(QTreeWidget):
    """A row for each column of the file: name, type and pattern of dates can be changed, and it can be left out.

    Signals:
        edited: what a person changed is to be looked at anew.
    """

    edited = Signal()

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self.setAccessibleName(words("ingest.columns"))
        names = ("source", "column", "type", "pattern", "misfits", "examples")
        self.setHeaderLabels([words(f"ingest.{one}") for one in names])
        self.setRootIsDecorated(False)
        self.setAlternatingRowColors(True)
        for place, width in enumerate((180, 150, 120, 100, 90)):
            self.setColumnWidth(place, width)
        kinds = [(words(f"type.{one}"), one) for one in _TYPES]
        self.setItemDelegate(Cells(self, {_TYPE: kinds}, (_NAME, _PATTERN)))
        self.setEditTriggers(QTreeWidget.EditTrigger.DoubleClicked | QTreeWidget.EditTrigger.EditKeyPressed)
        self.itemChanged.connect(lambda *_: self.edited.emit())

    def show_columns(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Show what columns would become; those that were left out stay, unchecked."""
        out = [item for item in self._items() if item.checkState(0) == Qt.CheckState.Unchecked]
        kept = [(item.text(0), item.text(_NAME), item.data(_TYPE, _ROLE)) for item in out]
        self.blockSignals(True)
        self.clear()
        for one in found:
            kind = "" if one["kind"] is None else str(one["kind"])
            item = self._row(one["source"], one["target"], kind, checked=True)
            if not kind:
                item.setText(_TYPE, one["type"])
            item.setText(_PATTERN, one["format"] or "")
            item.setText(_BAD, self._words.number(one["misfits"]))
            shown = [f"{a} → {b}" if b is not None else f"{a} ✗" for a, b in one["examples"]]
            item.setText(_EXAMPLES, ", ".join(shown))
            item.setToolTip(_EXAMPLES, "\n".join(shown))
            item.setData(_PATTERN, _ROLE, None if one["ambiguous"] else one["decimal"])
            notes = [self._words.sentence(note) for note in one["notes"]]
            item.setToolTip(_PATTERN, "\n".join(notes))
            if one["ambiguous"]:
                item.setToolTip(_PATTERN, self._words("ingest.ambiguous"))
            if one["ambiguous"] or notes:
                item.setText(_PATTERN, f"{item.text(_PATTERN)} ?".strip())
        for source, name, kind in kept:
            self._row(source, name, kind, checked=False)
        self.blockSignals(False)

    def document(self) -> dict[str, Any]:
        """The columns as a document has them; empty before anything was shown."""
        found: dict[str, Any] = {}
        for item in self._items():
            if item.checkState(0) == Qt.CheckState.Checked:
                pattern = item.text(_PATTERN).removesuffix("?").strip()
                told = {"from": item.text(0)}
                if item.data(_TYPE, _ROLE):
                    told["type"] = item.data(_TYPE, _ROLE)
                kind = told.get("type")
                if pattern and kind in (*_DATES, *_NUMBERS):
                    told["format"] = pattern
                if kind in _NUMBERS and item.data(_PATTERN, _ROLE):
                    told["decimal"] = item.data(_PATTERN, _ROLE)
                found[item.text(_NAME).strip()] = told
        return found

    def choose(self, name: str, way: str) -> None:
        """Somebody said how a column is written: the pattern of its dates, or the decimal separator of its numbers."""
        for item in self._items():
            if item.text(_NAME).strip() == name:
                self.blockSignals(True)
                if item.data(_TYPE, _ROLE) in _NUMBERS:
                    item.setData(_PATTERN, _ROLE, way)
                else:
                    item.setText(_PATTERN, way)
                self.blockSignals(False)
        self.edited.emit()

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(place) for place in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _row(self, source: str, name: str, kind: str, *, checked: bool) -> QTreeWidgetItem:
        item = QTreeWidgetItem([source, name, self._words(f"type.{kind}") if kind else ""])
        item.setData(_TYPE, _ROLE, kind)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(0, Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
        self.addTopLevelItem(item)
        return item
