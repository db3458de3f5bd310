"""Cells of a table that are edited: some by typing, some by choosing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

_Index = QModelIndex | QPersistentModelIndex


class Cells(QStyledItemDelegate):
    """By column: ``chosen`` from (what it is called, what it is), or ``typed``; others are not edited. What was chosen
    is the cell's user data, what it is called its text."""

    def __init__(
        self, parent: QWidget, chosen: Mapping[int, Sequence[tuple[str, str]]], typed: Collection[int]
    ) -> None:
        super().__init__(parent)
        self._chosen, self._typed = chosen, typed

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        """What a cell is edited with."""
        if index.column() in self._chosen:
            made = QComboBox(parent)
            for text, value in self._chosen[index.column()]:
                made.addItem(text, value)
            made.activated.connect(lambda: self.commitData.emit(made))
            return made
        if index.column() in self._typed:
            return super().createEditor(parent, option, index)
        return None  # type: ignore[return-value]  # Qt's way to say that a cell is not edited

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        """Show what is there."""
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(index.data(Qt.ItemDataRole.UserRole)))
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        """Take what was typed or chosen."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentData(), Qt.ItemDataRole.UserRole)
            model.setData(index, editor.currentText(), Qt.ItemDataRole.EditRole)
        else:
            super().setModelData(editor, model, index)
