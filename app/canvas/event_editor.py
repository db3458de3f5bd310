"""Editing an event or object condition: how often, when, and with which properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from app.canvas.context import CanvasContext
from app.canvas.operator_editor import UNITS, OperatorEditor, duration_fields
from app.widgets.parts import column, flat_button, label, row
from engine.domain.durations import Duration
from engine.domain.model import EventType, ObjectType
from engine.domain.operators import Compare, IsSet, Operator
from engine.domain.rule import Did, Has, Measure, PropertyIs, WhereAll
from engine.domain.windows import CalendarLast, Last, Window

_TIMES = ("gte", "lte", "eq", "never")


class EventEditor(QWidget):
    """The parts of one `did` or `has`. What it cannot edit yet it shows in words and keeps.

    Signals:
        changed: the new condition.
    """

    changed = Signal(object)

    def __init__(self, node: Did | Has, context: CanvasContext) -> None:
        super().__init__()
        self.node = node
        self._context = context
        self._words = context.words
        kind = context.model.events.get(node.event) if isinstance(node, Did) else context.model.objects.get(node.object)
        self._kind: EventType | ObjectType | None = kind
        self._title = context.source_label(kind) if kind is not None else _name(node)
        layout = column(self, spacing=6)
        head = row(spacing=6)
        self._times(head)
        if isinstance(node, Did):
            self._window(node.window, head)
        head.addStretch(1)
        layout.addLayout(head)
        self._details(layout)

    def _change(self, node: Did | Has) -> None:
        self.node = node
        self.changed.emit(node)

    # -- how often -------------------------------------------------------------------------------------------------

    def _times(self, head: QHBoxLayout) -> None:
        measure = self.node.measure
        if measure.kind != "times" or not _simple(measure.operator):
            head.addWidget(label(self._context.describer.operator(measure.operator), "word"))
            return
        operator = cast(Compare, measure.operator)
        self._how = QComboBox()
        for key in _TIMES:
            self._how.addItem(self._words(f"times.{key}"), key)
        never = operator == Compare("eq", 0)
        self._how.setCurrentIndex(_TIMES.index("never" if never else operator.name))
        self._how.setAccessibleName(f"{self._title}: {self._words('times.word')}")
        self._count = QSpinBox()
        self._count.setRange(0, 1_000_000)
        self._count.setValue(cast(int, operator.value) or 1)
        self._count.setMinimumWidth(48)
        self._count.setAccessibleName(f"{self._title}: {self._words('times.word')}")
        self._word = label(self._words("times.word"), "word")
        for widget in (self._how, self._count, self._word):
            widget.setParent(self)  # shown before its layout has a parent, it would be a window of its own
            head.addWidget(widget)
        self._show_count()
        self._how.currentIndexChanged.connect(self._on_times)
        self._count.valueChanged.connect(self._on_times)

    def _show_count(self) -> None:
        never = self._how.currentData() == "never"
        self._count.setVisible(not never)
        self._word.setVisible(not never)

    def _on_times(self) -> None:
        self._show_count()
        key = str(self._how.currentData())
        operator = Compare("eq", 0) if key == "never" else Compare(cast(Literal["gte"], key), self._count.value())
        self._change(replace(self.node, measure=Measure("times", operator)))

    # -- when ------------------------------------------------------------------------------------------------------

    def _window(self, window: Window | None, head: QHBoxLayout) -> None:
        add = head.addWidget
        kinds: dict[str, Window | None] = {
            "all": None,
            "last": window if isinstance(window, Last) else Last(Duration(30, "d")),
            "week": CalendarLast("week", 1),
            "month": CalendarLast("month", 1),
        }
        current = next((key for key, value in kinds.items() if value == window), None)
        if current is None:
            add(label(self._context.describer.window(window).strip(), "word"))
            return
        self._when = QComboBox()
        self._when.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._when.setMinimumContentsLength(15)
        for key in kinds:
            self._when.addItem(self._words(f"window.{key}"), key)
        self._when.setCurrentIndex(list(kinds).index(current))
        self._when.setAccessibleName(f"{self._title}: {self._words('window.last')}")
        last = cast(Last, kinds["last"])
        self._span, self._unit = duration_fields(last.duration, UNITS, self._words, self._title)
        for widget in (self._when, self._span, self._unit):
            widget.setParent(self)
            add(widget)
        self._show_span()
        self._when.currentIndexChanged.connect(self._on_window)
        self._span.valueChanged.connect(self._on_window)
        self._unit.currentIndexChanged.connect(self._on_window)

    def _show_span(self) -> None:
        rolling = self._when.currentData() == "last"
        self._span.setVisible(rolling)
        self._unit.setVisible(rolling)

    def _on_window(self) -> None:
        self._show_span()
        key = str(self._when.currentData())
        window: Window | None = None
        if key == "last":
            window = Last(Duration(self._span.value(), str(self._unit.currentData())))
        elif key != "all":
            window = CalendarLast(cast(Literal["week", "month"], key), 1)
        assert isinstance(self.node, Did)  # noqa: S101 — only events have a window
        self._change(replace(self.node, window=window))

    # -- with which properties -------------------------------------------------------------------------------------

    def _plain(self) -> list[PropertyIs] | None:
        """The property conditions when they are a plain list of known properties; None when they are more than that."""
        where = self.node.where
        if where is None:
            return []
        if not isinstance(where, WhereAll) or where.muted or self._kind is None:
            return None
        listed = [c for c in where.children if isinstance(c, PropertyIs) and c.property in self._kind.properties]
        return listed if len(listed) == len(where.children) else None

    def _details(self, layout: QVBoxLayout) -> None:
        found = self._plain()
        if found is None:
            sentence = self._context.describer.clause(self.node)
            layout.addWidget(label(sentence, "muted", wrap=True))
            return
        for i, condition in enumerate(found):
            layout.addLayout(self._detail(i, condition))
        if self._kind is not None and self._kind.properties:
            more = QComboBox()
            more.addItem(self._words("where.add"))
            for one in self._kind.properties.values():
                more.addItem(self._context.field_label(one), one.name)
            more.setAccessibleName(f"{self._title}: {self._words('where.add')}")
            more.activated.connect(lambda index: self._add(str(more.itemData(index))) if index > 0 else None)
            last = layout.itemAt(layout.count() - 1)
            line = None if last is None else last.layout()
            if isinstance(line, QHBoxLayout):
                line.insertWidget(line.count() - 1, more)

    def _detail(self, index: int, condition: PropertyIs) -> QHBoxLayout:
        assert self._kind is not None  # noqa: S101 — only known properties are listed
        found = self._kind.properties[condition.property]
        name = self._context.field_label(found)
        editor = OperatorEditor(found.type, condition.operator, self._words, f"{self._title}, {name}")
        editor.changed.connect(lambda operator: self._set(index, operator))
        source = _name(self.node)

        def ask() -> None:
            self._context.session.values(
                found.name, source, lambda values: editor.suggest([str(v["value"]) for v in values])
            )

        editor.wants_values.connect(ask)
        ask()
        remove = flat_button(self._context.theme.icon("trash-2"), self._words("where.remove"))
        remove.clicked.connect(lambda: self._remove(index))
        return row(label("·", "word"), label(name, "count"), editor, remove, None, spacing=6)

    def _put(self, listed: list[PropertyIs]) -> None:
        self._change(replace(self.node, where=WhereAll(tuple(listed)) if listed else None))

    def _add(self, name: str) -> None:
        self._put([*(self._plain() or []), PropertyIs(name, IsSet(True))])

    def _set(self, index: int, operator: Operator) -> None:
        listed = list(self._plain() or [])
        listed[index] = replace(listed[index], operator=operator)
        self._put(listed)

    def _remove(self, index: int) -> None:
        listed = list(self._plain() or [])
        del listed[index]
        self._put(listed)


def _name(node: Did | Has) -> str:
    return node.event if isinstance(node, Did) else node.object


def _simple(operator: Operator) -> bool:
    return isinstance(operator, Compare) and operator.name in ("gte", "lte", "eq") and isinstance(operator.value, int)
