"""Keep only the first so many members, by a trait."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from PySide6.QtWidgets import QCheckBox, QFrame

from app.canvas.context import CanvasContext
from app.widgets.parts import combo, label, row, spin
from engine.domain.audience import Top


class TopEditor(QFrame):
    """The `top` of the open audience."""

    def __init__(self, context: CanvasContext) -> None:
        super().__init__()
        self._context = context
        words = context.words
        self.setProperty("lane", "top")
        traits = context.model.profile.traits
        ordered = [(n, context.field_label(f)) for n, f in traits.items() if f.type.is_ordered]
        self._on = QCheckBox(words("top.keep"))
        self._count = spin(0, 2_000_000_000, 100_000, words("top.keep"), words.locale)
        self._count.setMinimumWidth(110)
        self._order = combo((("desc", words("top.highest")), ("asc", words("top.lowest"))), "desc", words("top.order"))
        self._trait = combo(ordered, None, words("top.by"))
        line = row(self._on, self._count, label(words("top.with"), "word"), self._order, self._trait, None, spacing=6)
        line.setContentsMargins(14, 6, 10, 6)
        self.setLayout(line)
        self.setVisible(bool(ordered))
        self.refresh()
        self._on.toggled.connect(self._tell)
        self._count.valueChanged.connect(self._tell)
        self._order.activated.connect(self._tell)
        self._trait.activated.connect(self._tell)

    def refresh(self) -> None:
        """Show the open audience's `top`."""
        top = self._context.document.audience.top
        for widget in (self._on, self._count):
            widget.blockSignals(True)
        self._on.setChecked(top is not None)
        if top is not None:
            self._count.setValue(top.count)
            self._order.setCurrentIndex(max(0, self._order.findData(top.order)))
            if self._trait.findData(top.trait) < 0:
                self._trait.addItem(top.trait, top.trait)
            self._trait.setCurrentIndex(self._trait.findData(top.trait))
        for widget in (self._on, self._count):
            widget.blockSignals(False)
        for field in (self._count, self._order, self._trait):
            field.setEnabled(top is not None)

    def _tell(self) -> None:
        document, words = self._context.document, self._context.words
        order = cast(Literal["asc", "desc"], self._order.currentData())
        made = Top(self._count.value(), str(self._trait.currentData()), order) if self._on.isChecked() else None
        document.edit(replace(document.audience, top=made), words("edit.top"), merge="top")
