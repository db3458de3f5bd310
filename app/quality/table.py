"""A contract's properties as a table: what is required and unique, the least and greatest values, patterns."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.widgets.cells import Cells

_COLUMNS = ("property", "type", "required", "unique", "least", "greatest", "pattern")
_NAME, _TYPE, _REQUIRED, _UNIQUE, _LEAST, _GREATEST, _PATTERN = range(len(_COLUMNS))
_FLAGS = {_REQUIRED: "required", _UNIQUE: "unique"}
_OPTIONS = {_LEAST: "minimum", _GREATEST: "maximum", _PATTERN: "pattern"}
_NUMBERS = ("integer", "number")


class ContractTable(QTreeWidget):
    """The properties of one table of a contract's document.

    Signals:
        edited: the document, changed.
    """

    edited = Signal(object)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._document: dict[str, Any] = {}
        self._shown = ""
        self.setAccessibleName(words("contract.table"))
        self.setHeaderLabels([words(f"contract.{name}") for name in _COLUMNS])
        self.setRootIsDecorated(False)
        self.setAlternatingRowColors(True)
        self.setItemDelegate(Cells(self, {}, (_LEAST, _GREATEST, _PATTERN)))
        self.setEditTriggers(self.EditTrigger.AllEditTriggers)
        for place, width in enumerate((190, 100, 100, 90, 110, 110)):
            self.setColumnWidth(place, width)
        self.itemChanged.connect(self._on_changed)

    def show_document(self, document: dict[str, Any], table: str) -> None:
        """Show a contract's document; other tables of it stay as they are."""
        self._document, self._shown = document, table
        self.blockSignals(True)
        self.clear()
        mine: dict[str, Any] = next((one for one in document.get("schema") or [] if one.get("name") == table), {})
        for spec in mine.get("properties") or []:
            self.addTopLevelItem(self._row(spec))
        self.blockSignals(False)

    def _row(self, spec: dict[str, Any]) -> QTreeWidgetItem:
        options = spec.get("logicalTypeOptions") or {}
        texts = [_text(options.get(key)) for key in _OPTIONS.values()]
        made = QTreeWidgetItem([str(spec["name"]), str(spec.get("logicalType", "")), "", "", *texts])
        flags = Qt.ItemFlag
        made.setFlags(flags.ItemIsEnabled | flags.ItemIsSelectable | flags.ItemIsEditable | flags.ItemIsUserCheckable)
        for place, key in _FLAGS.items():
            on = spec.get(key) or (key == "unique" and spec.get("primaryKey"))
            made.setCheckState(place, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        return made

    def _on_changed(self, row: QTreeWidgetItem, place: int) -> None:
        """One cell into the document; what is no number where one belongs is put back."""
        spec = self._spec(row.text(_NAME))
        if place in _FLAGS:
            if row.checkState(place) == Qt.CheckState.Checked:
                spec[_FLAGS[place]] = True
            else:
                spec.pop(_FLAGS[place], None)
                if place == _UNIQUE:
                    spec.pop("primaryKey", None)
        elif place in _OPTIONS:
            self._put_option(row, place, spec)
        self.edited.emit(self._document)

    def _spec(self, name: str) -> dict[str, Any]:
        mine = next(one for one in self._document["schema"] if one.get("name") == self._shown)
        return next(one for one in mine["properties"] if str(one["name"]) == name)

    def _put_option(self, row: QTreeWidgetItem, place: int, spec: dict[str, Any]) -> None:
        key, text = _OPTIONS[place], row.text(place).strip()
        options = dict(spec.get("logicalTypeOptions") or {})
        value: Any = text
        if text and place != _PATTERN and spec.get("logicalType") in _NUMBERS:
            value = _number(text)
            if value is None:
                value = options.get(key)
        options.pop(key, None)
        if value not in (None, ""):
            options[key] = value
        spec.pop("logicalTypeOptions", None)
        if options:
            spec["logicalTypeOptions"] = options
        self.blockSignals(True)
        row.setText(place, _text(options.get(key)))
        self.blockSignals(False)


def _number(text: str) -> int | float | None:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        return None
    return int(found) if found.is_integer() else found


def _text(value: object) -> str:
    return "" if value is None else str(value)
