"""When and how often: the window of an event condition and the measure over its events, as editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import QComboBox, QDateEdit, QHBoxLayout, QWidget

from app.canvas.context import CanvasContext
from app.canvas.operator_editor import UNITS, OperatorEditor, duration_fields
from app.i18n import Words
from app.widgets.parts import clear, column, combo, label, row, spin
from engine.domain.durations import Duration
from engine.domain.model import Field, Site
from engine.domain.operators import Compare, IsSet, Operator
from engine.domain.rule import Measure, MeasureKind
from engine.domain.values import ValueType
from engine.domain.windows import Ago, CalendarCurrent, CalendarLast, CalendarUnit, Last, Span, Window, bounds

_KINDS = ("all", "last", "calendar", "current", "span", "ago")
_PERIODS = ("day", "week", "month", "quarter", "year")


def window_kind(window: Window | None) -> str:
    """Which of the kinds offered a window is."""
    match window:
        case None:
            return "all"
        case Last():
            return "last"
        case CalendarLast():
            return "calendar"
        case CalendarCurrent():
            return "current"
        case Span():
            return "span"
        case Ago():
            return "ago"


class WindowEditor(QWidget):
    """A time window of any kind, with the moments it means now in the site's zone.

    Signals:
        changed: the new window (None: at any time).
    """

    changed = Signal(object)

    def __init__(self, window: Window | None, site: Site, words: Words, name: str) -> None:
        super().__init__()
        self._window, self._site, self._words, self._name = window, site, words, name
        layout = column(self, spacing=3)
        line = row(spacing=6)
        self._kind = combo(((k, words(f"window.{k}")) for k in _KINDS), window_kind(window), f"{name}: {words('when')}")
        self._kind.activated.connect(self._on_kind)
        line.addWidget(self._kind)
        self._fields = QHBoxLayout()
        self._fields.setSpacing(6)
        line.addLayout(self._fields)
        line.addStretch(1)
        layout.addLayout(line)
        self.preview = label("", "muted")
        layout.addWidget(self.preview)
        self._build()

    def _on_kind(self) -> None:
        today = date.today()
        made: Mapping[str, Window | None] = {
            "all": None,
            "last": Last(Duration(30, "d")),
            "calendar": CalendarLast("month", 1),
            "current": CalendarCurrent("month"),
            "span": Span(today - timedelta(days=30), today),
            "ago": Ago(Duration(60, "d"), Duration(30, "d")),
        }
        self._window = made[str(self._kind.currentData())]
        self._build()
        self.changed.emit(self._window)

    def _set(self, window: Window) -> None:
        self._window = window
        self._show_preview()
        self.changed.emit(window)

    def _build(self) -> None:
        clear(self._fields)
        match self._window:
            case Last(duration):
                self._duration(duration, lambda d: self._set(Last(d)))
            case CalendarLast(unit, count):
                self._calendar(unit, count)
            case CalendarCurrent(unit):
                period = self._period(unit)
                period.activated.connect(lambda: self._set(CalendarCurrent(cast(CalendarUnit, period.currentData()))))
            case Span(start, end):
                self._span(start, end)
            case Ago(older, newer):
                self._ago(older, newer)
            case None:
                pass
        self._show_preview()

    def _duration(self, duration: Duration, then: Callable[[Duration], object]) -> None:
        count, unit = duration_fields(duration, UNITS, self._words, self._name)

        def tell() -> None:
            then(Duration(count.value(), str(unit.currentData())))

        count.valueChanged.connect(tell)
        unit.currentIndexChanged.connect(tell)
        self._fields.addWidget(count)
        self._fields.addWidget(unit)

    def _period(self, unit: str) -> QComboBox:
        made = combo(((p, self._words(f"period.{p}")) for p in _PERIODS), unit, f"{self._name}: {self._words('when')}")
        self._fields.addWidget(made)
        return made

    def _calendar(self, unit: CalendarUnit, count: int) -> None:
        number = spin(1, 1000, count, self._name)
        number.setFixedWidth(64)
        self._fields.addWidget(number)
        period = self._period(unit)

        def tell() -> None:
            self._set(CalendarLast(period.currentData(), number.value()))

        number.valueChanged.connect(tell)
        period.activated.connect(tell)

    def _ago(self, older: Duration, newer: Duration) -> None:
        state = [older, newer]

        def set_one(index: int, duration: Duration) -> None:
            state[index] = duration
            self._set(Ago(state[0], state[1]))

        self._duration(older, lambda d: set_one(0, d))
        self._fields.addWidget(label(self._words("window.to"), "word"))
        self._duration(newer, lambda d: set_one(1, d))

    def _span(self, start: date | datetime | None, end: date | datetime | None) -> None:
        state: list[date | datetime | None] = [start, end]

        def field(index: int) -> None:
            made = QDateEdit()
            made.setCalendarPopup(True)
            made.setDisplayFormat("d MMM yyyy")
            made.setLocale(self._words.locale)
            day = state[index] or date.today()
            made.setDate(QDate(day.year, day.month, day.day))
            made.setAccessibleName(f"{self._name}: {self._words('window.from' if index == 0 else 'window.to')}")

            def tell(chosen: QDate) -> None:
                state[index] = cast(date, chosen.toPython())
                self._set(Span(state[0], state[1]))

            made.dateChanged.connect(tell)
            self._fields.addWidget(made)

        field(0)
        self._fields.addWidget(label(self._words("window.until"), "word"))
        field(1)

    def _show_preview(self) -> None:
        """The moments the window means now: "1 Aug 00:00 – 1 Sep 00:00, São Paulo"."""
        start, end = bounds(self._window, datetime.now(UTC), self._site.zone)
        words, zone = self._words, self._site.zone
        first = words("window.start") if start is None else words.moment(start, zone)
        city = self._site.timezone.rsplit("/", maxsplit=1)[-1].replace("_", " ")
        self.preview.setText(f"{first} – {words.moment(end, zone)}, {city}")
        self.preview.setVisible(self._window is not None)


_MEASURES: tuple[MeasureKind, ...] = ("times", "days", "sum", "avg", "min", "max", "distinct", "first", "last")
_COUNTING = ("times", "days", "distinct")
_NEVER = Measure("times", Compare("eq", 0))


class MeasureEditor(QWidget):
    """How often, or how much: a measure over the events and what its value must be.

    Signals:
        changed: the new Measure.
    """

    changed = Signal(object)

    def __init__(
        self, measure: Measure, properties: Mapping[str, Field], context: CanvasContext, name: str, *, days: bool = True
    ) -> None:
        super().__init__()
        words = context.words
        self._measure, self._properties, self._words, self._name = measure, properties, words, name
        self._currency = context.currency
        offered: list[str] = [k for k in _MEASURES if (days or k != "days") and (properties or k in ("times", "days"))]
        offered.insert(1, "never")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        self._kind = combo(
            ((k, words(f"measure.{k}")) for k in offered),
            "never" if measure == _NEVER else measure.kind,
            f"{name}: {words('measure')}",
        )
        self._kind.activated.connect(self._on_kind)
        self._fields = QHBoxLayout()
        self._fields.setSpacing(6)
        line.addWidget(self._kind)
        line.addLayout(self._fields)
        line.addStretch(1)
        self._build()

    def _tell(self, measure: Measure) -> None:
        self._measure = measure
        self.changed.emit(measure)

    def _on_kind(self) -> None:
        chosen = str(self._kind.currentData())
        kind = cast(MeasureKind, chosen)
        if chosen == "never":
            made = _NEVER
        elif kind in ("times", "days"):
            made = Measure(kind, Compare("gte", 1))
        else:
            name = self._measure.property if self._measure.property in self._fit(kind) else self._fit(kind)[0]
            made = Measure(kind, Compare("gte", 1) if self._value_type(kind, name).is_number else _is_set(), name)
        self._measure = made
        self._build()
        self.changed.emit(made)

    def _fit(self, kind: str) -> list[str]:
        """The properties a measure can take."""
        numeric = kind in ("sum", "avg")
        found = [n for n, f in self._properties.items() if not numeric or f.type.is_number]
        if kind in ("min", "max"):
            found = [n for n in found if self._properties[n].type.is_ordered]
        return found or list(self._properties)

    def _value_type(self, kind: str, name: str | None) -> ValueType:
        if kind in _COUNTING:
            return ValueType.INTEGER
        found = self._properties.get(name or "")
        return ValueType.DECIMAL if found is None or kind in ("sum", "avg") else found.type

    def _build(self) -> None:
        clear(self._fields)
        measure = self._measure
        if measure == _NEVER and self._kind.currentData() == "never":
            return
        if measure.kind not in ("times", "days"):
            names = ((n, self._words.label(n, self._properties[n].label)) for n in self._fit(measure.kind))
            which = combo(names, measure.property, f"{self._name}: {self._words('measure.of')}")
            which.activated.connect(lambda: self._on_property(str(which.currentData())))
            self._fields.addWidget(which)
        kind = self._value_type(measure.kind, measure.property)
        title = f"{self._name}, {self._words('measure')}"
        summed = None if measure.kind in _COUNTING else self._properties.get(measure.property or "")
        currency = "" if summed is None else self._currency(summed)
        editor = OperatorEditor(kind, measure.operator, self._words, title, currency)
        editor.changed.connect(self._on_operator)
        self._fields.addWidget(editor)

    def _on_property(self, name: str) -> None:
        kind = self._measure.kind
        same = self._value_type(kind, name) == self._value_type(kind, self._measure.property)
        self._measure = Measure(kind, self._measure.operator if same else _is_set(), name)
        self._build()
        self.changed.emit(self._measure)

    def _on_operator(self, operator: Operator) -> None:
        self._tell(Measure(self._measure.kind, operator, self._measure.property))


def _is_set() -> Operator:
    return IsSet(True)
