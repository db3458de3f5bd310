"""Editing an event or object condition: how often or how much, when, and with which properties."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.canvas.context import CanvasContext
from app.canvas.parts_of_events import MeasureEditor, WindowEditor
from app.canvas.where_editor import WhereEditor
from app.widgets.parts import column
from engine.domain.model import EventType, ObjectType
from engine.domain.rule import Did, Has, Measure, Where
from engine.domain.windows import Window


class EventEditor(QWidget):
    """The parts of one `did` or `has` over a known event or object.

    Signals:
        changed: the new condition.
    """

    changed = Signal(object)

    def __init__(self, node: Did | Has, kind: EventType | ObjectType, context: CanvasContext) -> None:
        super().__init__()
        self.node = node
        title = context.source_label(kind)
        layout = column(self, spacing=5)
        measure = MeasureEditor(node.measure, kind.properties, context, title, days=isinstance(node, Did))
        measure.changed.connect(self._on_measure)
        layout.addWidget(measure)
        if isinstance(node, Did):
            window = WindowEditor(node.window, context.site, context.words, title)
            window.changed.connect(self._on_window)
            layout.addWidget(window)
        where = WhereEditor(node.where, kind, context, title)
        where.changed.connect(self._on_where)
        layout.addWidget(where)

    def _change(self, node: Did | Has) -> None:
        self.node = node
        self.changed.emit(node)

    def _on_measure(self, measure: Measure) -> None:
        self._change(replace(self.node, measure=measure))

    def _on_window(self, window: Window | None) -> None:
        if isinstance(self.node, Did):
            self._change(replace(self.node, window=window))

    def _on_where(self, where: Where | None) -> None:
        self._change(replace(self.node, where=where))
