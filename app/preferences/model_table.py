"""A data model as a table: which fields rules may use, their names for people, types, what is personal or money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.widgets.cells import Cells
from engine.domain.values import ValueType

_COLUMNS = ("field", "label", "type", "personal", "money")
_FIELD, _LABEL, _TYPE, _PERSONAL, _MONEY = range(len(_COLUMNS))
_NUMBERS = {str(kind) for kind in ValueType if kind.is_number}


class ModelTable(QTreeWidget):
    """The fields of a model's document.

    Signals:
        edited: the document, changed.
    """

    edited = Signal(object)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._document: dict[str, Any] = {}
        self._left_out: dict[tuple[str, ...], Any] = {}
        self.setAccessibleName(words("connect.model.title"))
        self.setHeaderLabels([words(f"model.{name}") for name in _COLUMNS])
        kinds = [(_kind(str(kind), words), str(kind)) for kind in ValueType]
        self.setItemDelegate(Cells(self, {_TYPE: kinds}, (_LABEL,)))
        self.setEditTriggers(self.EditTrigger.AllEditTriggers)
        for place, width in enumerate((210, 180, 130, 80)):
            self.setColumnWidth(place, width)
        self.header().setStretchLastSection(True)
        self.header().setMinimumSectionSize(60)
        self.itemChanged.connect(self._on_changed)

    def show_document(self, document: dict[str, Any]) -> None:
        """Show a model's document."""
        self._document = document
        self._left_out.clear()
        self.blockSignals(True)
        self.clear()
        for title, path, fields in self._groups():
            head = QTreeWidgetItem([title])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.addTopLevelItem(head)
            for name, spec in fields.items():
                head.addChild(self._row(name, spec, (*path, name)))
            head.setExpanded(True)
        self.blockSignals(False)

    def _groups(self) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
        words, found = self._words, self._document
        profile = found.get("profile") or {}
        yield words("section.traits"), ("profile", "traits"), profile.get("traits") or {}
        for kind in ("events", "objects"):
            for name, source in (found.get(kind) or {}).items():
                title = f"{words(f'section.{kind}')}: {words.label(name, _labels(source))}"
                yield title, (kind, name, "properties"), source.get("properties") or {}

    def _row(self, name: str, spec: dict[str, Any], path: tuple[str, ...]) -> QTreeWidgetItem:
        kind = str(spec["type"])
        made = QTreeWidgetItem([name, self._words.label(name, _labels(spec)), _kind(kind, self._words)])
        flags = Qt.ItemFlag
        made.setFlags(flags.ItemIsEnabled | flags.ItemIsSelectable | flags.ItemIsEditable | flags.ItemIsUserCheckable)
        made.setData(_FIELD, Qt.ItemDataRole.UserRole, path)
        made.setData(_TYPE, Qt.ItemDataRole.UserRole, kind)
        made.setCheckState(_FIELD, Qt.CheckState.Checked)
        made.setCheckState(_PERSONAL, _checked(spec.get("personal", False)))
        if kind in _NUMBERS:
            made.setCheckState(_MONEY, _checked(spec.get("money", False)))
        return made

    # -- edits -----------------------------------------------------------------------------------------------------

    def _on_changed(self, row: QTreeWidgetItem, column: int) -> None:
        path = tuple(row.data(_FIELD, Qt.ItemDataRole.UserRole) or ())
        if not path:
            return
        fields = self._fields(path)
        used = row.checkState(_FIELD) == Qt.CheckState.Checked
        if used and path in self._left_out:
            fields[path[-1]] = self._left_out.pop(path)
        elif not used and path[-1] in fields:
            self._left_out[path] = fields.pop(path[-1])
        spec = fields.get(path[-1])
        if spec is not None:
            self._write(row, column, spec)
        self.edited.emit(self._document)

    def _fields(self, path: tuple[str, ...]) -> dict[str, Any]:
        found: Any = self._document
        for step in path[:-1]:
            found = found[step]
        return found  # type: ignore[no-any-return]

    def _write(self, row: QTreeWidgetItem, column: int, spec: dict[str, Any]) -> None:
        """One cell into the document."""
        match column:
            case 1:
                language = self._words.of_rules.split("_")[0]
                spec["label"] = _labels(spec) | {language: row.text(_LABEL).strip() or row.text(_FIELD)}
            case 2:
                spec["type"] = row.data(_TYPE, Qt.ItemDataRole.UserRole)
                if spec["type"] not in _NUMBERS:
                    spec.pop("money", None)
                self._show_money(row, spec)
            case 3 | 4:
                key = _COLUMNS[column]
                spec.pop(key, None)
                if row.checkState(column) == Qt.CheckState.Checked:
                    spec[key] = True

    def _show_money(self, row: QTreeWidgetItem, spec: dict[str, Any]) -> None:
        """Only a number can be money."""
        self.blockSignals(True)
        number = spec["type"] in _NUMBERS
        state = _checked(spec.get("money", False)) if number else None
        row.setData(_MONEY, Qt.ItemDataRole.CheckStateRole, state)
        self.blockSignals(False)


def _labels(spec: dict[str, Any]) -> dict[str, str]:
    """Labels by language; one text alone is the same in every language."""
    found = spec.get("label") or {}
    return dict.fromkeys(("en", "es", "pt"), found) if isinstance(found, str) else dict(found)


def _kind(kind: str, words: Words) -> str:
    """A type for people; the three kinds of number apart."""
    return words(f"kind.{kind}" if kind in _NUMBERS else f"type.{kind}")


def _checked(value: object) -> Qt.CheckState:
    return Qt.CheckState.Checked if value else Qt.CheckState.Unchecked
