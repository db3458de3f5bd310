"""Editing a sequence: steps in order, the time between them, what must be the same and what must not lie between."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.canvas.context import CanvasContext
from app.canvas.operator_editor import UNITS, duration_fields
from app.canvas.parts_of_events import WindowEditor
from app.canvas.where_editor import WhereEditor
from app.widgets.parts import button, clear, column, combo, flat_button, label, row
from engine.domain.durations import Duration
from engine.domain.model import EventType
from engine.domain.rule import Same, Sequence, Step, Without

Gap = Literal["gap_at_least", "gap_at_most"]


class SequenceEditor(QWidget):
    """The steps of a sequence and its window.

    Signals:
        changed: the new Sequence.
    """

    changed = Signal(object)

    def __init__(self, node: Sequence, context: CanvasContext) -> None:
        super().__init__()
        self.node = node
        self._context = context
        words = context.words
        layout = column(self, spacing=6)
        self._steps: QVBoxLayout = QVBoxLayout()
        self._steps.setSpacing(6)
        layout.addLayout(self._steps)
        add = button(words("sequence.add"), icon=context.theme.icon("list-plus"))
        add.clicked.connect(self._on_add)
        layout.addLayout(row(add, None))
        window = WindowEditor(node.window, context.site, words, words("sequence"))
        window.changed.connect(lambda found: self._tell(replace(self.node, window=found)))
        layout.addWidget(window)
        self._build()

    def _tell(self, node: Sequence) -> None:
        self.node = node
        self.changed.emit(node)

    def put(self, index: int, step: Step, *, anew: bool) -> None:
        """Another step in a place; ``anew`` when its widgets no longer suit it."""
        steps = list(self.node.steps)
        steps[index] = step
        self._restep(tuple(steps), anew=anew)

    def _restep(self, steps: tuple[Step, ...], *, anew: bool) -> None:
        self._tell(replace(self.node, steps=_sound(steps)))
        if anew:
            self._build()

    def _build(self) -> None:
        clear(self._steps)
        for index in range(len(self.node.steps)):
            self._steps.addWidget(StepEditor(self, index, self._context))

    def _on_add(self) -> None:
        last = self.node.steps[-1].event if self.node.steps else next(iter(self._context.model.events))
        self._restep((*self.node.steps, Step(last)), anew=True)

    def shift(self, index: int, by: int) -> None:
        """A step one place up or down."""
        steps = list(self.node.steps)
        if 0 <= index + by < len(steps):
            steps.insert(index + by, steps.pop(index))
            self._restep(tuple(steps), anew=True)

    def remove(self, index: int) -> None:
        """Take a step out; the last one stays."""
        if len(self.node.steps) > 1:
            self._restep(self.node.steps[:index] + self.node.steps[index + 1 :], anew=True)


def _sound(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps without what no longer makes sense: gaps of the first one, sames with steps that are not earlier."""
    result: list[Step] = []
    names: set[str] = set()
    for index, step in enumerate(steps):
        same = tuple(one for one in step.same if one.step in names)
        made = replace(step, same=same)
        if index == 0:
            made = replace(made, gap_at_least=None, gap_at_most=None, without=None)
        result.append(made)
        if step.name:
            names.add(step.name)
    return tuple(result)


class StepEditor(QFrame):
    """One step."""

    def __init__(self, owner: SequenceEditor, index: int, context: CanvasContext) -> None:
        super().__init__()
        self._owner, self._index, self._context = owner, index, context
        self.setProperty("where", True)
        self._name = f"{context.words('sequence.step')} {index + 1}"
        self._column = column(self, (10, 6, 6, 6), spacing=4)
        self._head()
        event = context.model.events.get(self.step.event)
        if event is None:
            self._column.addWidget(label(context.words("broken.event", self.step.event), "error", wrap=True))
            return
        where = WhereEditor(self.step.where, event, context, self._name)
        where.changed.connect(lambda found: self._put(replace(self.step, where=found)))
        self._column.addWidget(where)
        if index > 0:
            self._gap("gap_at_most", "sequence.at_most")
            self._gap("gap_at_least", "sequence.at_least")
            self._same(event)
            self._without()

    @property
    def step(self) -> Step:
        """The step as it stands."""
        return self._owner.node.steps[self._index]

    def _put(self, step: Step, *, anew: bool = False) -> None:
        self._owner.put(self._index, step, anew=anew)

    def _events(self, current: str | None, name: str, none: str | None = None) -> QComboBox:
        events = self._context.model.events
        items: list[tuple[object, str]] = [] if none is None else [(None, none)]
        items += [(n, self._context.source_label(e)) for n, e in events.items()]
        if current is not None and current not in events:
            items.append((current, current))
        return combo(items, current, name)

    def _head(self) -> None:
        words, icon = self._context.words, self._context.theme.icon
        number = label(self._name, "count")
        event = self._events(self.step.event, f"{self._name}: {words('section.events')}")
        event.activated.connect(
            lambda: self._put(replace(self.step, event=str(event.currentData()), where=None, same=()), anew=True)
        )
        up = flat_button(icon("arrow-up"), words("menu.up"))
        up.clicked.connect(lambda: self._owner.shift(self._index, -1))
        down = flat_button(icon("arrow-down"), words("menu.down"))
        down.clicked.connect(lambda: self._owner.shift(self._index, 1))
        remove = flat_button(icon("x"), words("menu.remove"))
        remove.clicked.connect(lambda: self._owner.remove(self._index))
        self._column.addLayout(row(number, event, None, up, down, remove, spacing=4))

    def _gap(self, which: Gap, text: str) -> None:
        """How long after the step before; switched on by its box."""
        words = self._context.words
        current: Duration | None = getattr(self.step, which)
        box = QCheckBox(words(text))
        box.setChecked(current is not None)
        count, unit = duration_fields(current or Duration(7, "d"), UNITS, words, f"{self._name}: {words(text)}")
        for field in (count, unit):
            field.setEnabled(current is not None)

        def tell() -> None:
            for field in (count, unit):
                field.setEnabled(box.isChecked())
            found = Duration(count.value(), str(unit.currentData())) if box.isChecked() else None
            self._put(replace(self.step, **{which: found}))  # type: ignore[arg-type]

        box.toggled.connect(tell)
        count.valueChanged.connect(tell)
        unit.currentIndexChanged.connect(tell)
        self._column.addLayout(row(box, count, unit, None, spacing=6))

    def _same(self, event: EventType) -> None:
        """Properties that must be those of an earlier step."""
        for number, one in enumerate(self.step.same):
            self._column.addLayout(self._same_row(number, one))
        choices = self._same_choices(event)
        if not choices:
            return
        words = self._context.words
        items: list[tuple[object, str]] = [(None, words("sequence.same"))]
        items += [(i, text) for i, (text, _, _) in enumerate(choices)]
        more = combo(items, None, f"{self._name}: {words('sequence.same')}")
        more.activated.connect(lambda: self._add_same(choices, more.currentData()))
        self._column.addLayout(row(more, None))

    def _same_row(self, number: int, one: Same) -> QHBoxLayout:
        words = self._context.words
        names = [step.name for step in self._owner.node.steps]
        earlier = names.index(one.step) + 1 if one.step in names else one.step
        event = self._context.model.events[self.step.event]
        field = event.properties.get(one.property)
        shown = one.property if field is None else self._context.field_label(field)
        text = words("sequence.same_step", shown, earlier)
        remove = flat_button(self._context.theme.icon("x"), words("where.remove"))
        kept = self.step.same[:number] + self.step.same[number + 1 :]
        remove.clicked.connect(lambda: self._put(replace(self.step, same=kept), anew=True))
        return row(label(text, "count"), remove, None, spacing=4)

    def _same_choices(self, event: EventType) -> list[tuple[str, int, str]]:
        """(text, earlier step, property) of what both have."""
        found = []
        for earlier, step in enumerate(self._owner.node.steps[: self._index]):
            other = self._context.model.events.get(step.event)
            for name, field in event.properties.items():
                if other is not None and name in other.properties and other.properties[name].type == field.type:
                    text = self._context.words("sequence.same_step", self._context.field_label(field), earlier + 1)
                    found.append((text, earlier, name))
        return found

    def _add_same(self, choices: list[tuple[str, int, str]], chosen: int | None) -> None:
        if chosen is None:
            return
        _, earlier, name = choices[chosen]
        steps = list(self._owner.node.steps)
        steps[earlier] = replace(steps[earlier], name=steps[earlier].name or f"s{earlier + 1}")
        made = Same(name, str(steps[earlier].name), name)
        steps[self._index] = replace(steps[self._index], same=(*steps[self._index].same, made))
        self._owner._restep(tuple(steps), anew=True)

    def _without(self) -> None:
        """What must not have happened in between."""
        words = self._context.words
        current = self.step.without
        event = self._events(
            None if current is None else current.event,
            f"{self._name}: {words('sequence.without')}",
            words("sequence.nothing"),
        )

        def tell() -> None:
            chosen = event.currentData()
            self._put(replace(self.step, without=None if chosen is None else Without(str(chosen))), anew=True)

        event.activated.connect(tell)
        self._column.addLayout(row(label(words("sequence.without"), "word"), event, None, spacing=6))
        kind = None if current is None else self._context.model.events.get(current.event)
        if current is not None and kind is not None:
            where = WhereEditor(current.where, kind, self._context, f"{self._name}: {words('sequence.without')}")
            where.changed.connect(lambda found: self._put(replace(self.step, without=replace(current, where=found))))
            self._column.addWidget(where)
