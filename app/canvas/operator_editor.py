"""Editing one operator on one typed value: a list of operators and fields that suit the type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, cast

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QDateEdit, QHBoxLayout, QLineEdit, QSpinBox, QToolButton, QWidget

from app.canvas.number_field import NumberField, plain, read_number
from app.i18n import Words
from app.widgets.chips import ChipField
from app.widgets.parts import clear, label, spin
from engine.domain.durations import Duration
from engine.domain.operators import (
    Among,
    AmongName,
    Anniversary,
    Between,
    Compare,
    CompareName,
    IsSet,
    Operator,
    Relative,
    RelativeName,
    TextMatch,
    TextName,
    missing_satisfies,
    operator_name,
)
from engine.domain.values import Scalar, ValueType

_TEXT = ("eq", "neq", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "matches")
_NUMBER = ("eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between")
_TIME = ("within_last", "more_than_ago", "within_next", "anniversary_within_next", "lt", "lte", "gt", "gte", "between")
_SET = ("is_set.true", "is_set.false")
_TIME_WORDS = {"lt": "before", "lte": "until", "gt": "after", "gte": "from"}
UNITS = ("min", "h", "d", "w", "mo", "y")


def choices(kind: ValueType) -> tuple[str, ...]:
    """The operators offered for a type."""
    if kind is ValueType.STRING:
        return (*_TEXT, *_SET)
    if kind is ValueType.BOOLEAN:
        return ("eq", *_SET)
    return (*(_NUMBER if kind.is_number else _TIME), *_SET)


class OperatorEditor(QWidget):
    """An operator and its operands.

    Signals:
        changed: the new Operator, whenever what is entered makes one.
        wants_values: the editor would like suggestions (answered by :meth:`suggest`).
    """

    changed = Signal(object)
    wants_values = Signal()

    def __init__(self, kind: ValueType, operator: Operator, words: Words, name: str, currency: str = "") -> None:
        super().__init__()
        self._kind, self._currency = kind, currency
        self._words = words
        self._name = name
        self._operator = operator
        self._suggestions: list[dict[str, Any]] = []
        self._read: Callable[[], Operator | None] = lambda: None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._names = QComboBox()
        self._names.setAccessibleName(f"{name}: {words('op.eq')}")
        self._fill_names()
        layout.addWidget(self._names)
        self._fields = QHBoxLayout()
        self._fields.setSpacing(6)
        layout.addLayout(self._fields)
        self._names.currentIndexChanged.connect(self._on_name)
        self._build()

    @property
    def kind(self) -> ValueType:
        """The type of the values."""
        return self._kind

    def show_operator(self, operator: Operator) -> None:
        """Show another operand of the same operator, without telling."""
        self._operator = operator
        self._build()

    def suggest(self, values: list[dict[str, Any]]) -> None:
        """Offer values, each {"value", "count"}, while typing."""
        self._suggestions = values
        for field in self.findChildren(QLineEdit):
            if field.property("suggests"):
                self._complete(field)
        for chips in self.findChildren(ChipField):
            chips.suggest(self._offered())

    def _offered(self) -> dict[str, str]:
        """Suggested values by the text they are shown as: the value and how often it occurs."""
        found = {}
        for one in self._suggestions:
            value = plain(one["value"], self._words.locale)
            found[value] = f"{value}   · {self._words.number(one['count'])}"
        return found

    # -- the list of operators -------------------------------------------------------------------------------------

    def _key(self) -> str:
        if isinstance(self._operator, IsSet):
            return "is_set.true" if self._operator.value else "is_set.false"
        return operator_name(self._operator)

    def _fill_names(self) -> None:
        offered = list(choices(self._kind))
        current = self._key()
        if current not in offered:
            offered.append(current)
        for key in offered:
            shown = _TIME_WORDS.get(key, key) if self._kind.is_temporal else key
            self._names.addItem(self._words(f"op.{shown}"), key)
        self._names.setCurrentIndex(offered.index(current))

    def _on_name(self) -> None:
        self._operator = self._converted(str(self._names.currentData()))
        self._build()
        self.changed.emit(self._operator)

    def _converted(self, key: str) -> Operator:
        """The chosen operator, keeping as much of the operands as fits."""
        if key.startswith("is_set"):
            return IsSet(key.endswith("true"))
        if key in ("within_last", "within_next", "more_than_ago", "anniversary_within_next"):
            before = getattr(self._operator, "duration", Duration(30, "d"))
            if key == "anniversary_within_next":
                return Anniversary(before if before.unit in ("d", "w") else Duration(7, "d"))
            return Relative(cast(RelativeName, key), before)
        first = _first_operand(self._operator, self._kind)
        if key in ("in", "not_in"):
            kept = self._operator.values if isinstance(self._operator, Among) else ((first,) if first != "" else ())
            return Among(cast(AmongName, key), kept)
        if key == "between":
            return Between(first, first)
        if key in ("eq", "neq", "lt", "lte", "gt", "gte"):
            return Compare(cast(CompareName, key), first)
        return TextMatch(cast(TextName, key), str(first))

    # -- the fields ------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        clear(self._fields)
        if self._currency and not isinstance(self._operator, IsSet):
            self._fields.addWidget(label(self._currency, "word"))
        match self._operator:
            case IsSet():
                self._read = lambda: self._operator
            case Relative(name=relative, duration=duration):
                count, unit = self._duration(duration, UNITS)
                self._read = lambda: Relative(relative, Duration(count.value(), str(unit.currentData())))
            case Anniversary(duration=duration):
                count, unit = self._duration(duration, ("d", "w"))
                self._read = lambda: Anniversary(Duration(count.value(), str(unit.currentData())))
            case Compare(name=compare, value=value, ignore_case=fold):
                one = self._scalar(value)
                self._read = lambda: _with(one(), lambda v: Compare(compare, v, fold))
            case Between(low=low, high=high):
                first = self._scalar(low)
                self._fields.addWidget(label(self._words("value.and"), "word"))
                second = self._scalar(high)
                self._read = lambda: _between(first(), second())
            case Among(name=among, values=values, ignore_case=fold):
                listed = self._chips(values)
                self._read = lambda: _among(among, listed.values, fold, self._kind, self._words)
            case TextMatch(name=name, text=text, ignore_case=fold):
                field = self._text(text, "value.hint")
                self._read = lambda: TextMatch(name, field.text(), fold)
        self._case()

    def _case(self) -> None:
        """Whether upper and lower case are the same, and what a missing value counts as."""
        folds = getattr(self._operator, "ignore_case", None)
        if self._kind is ValueType.STRING and folds is not None:
            toggle = QToolButton()
            toggle.setText("Aa")
            toggle.setCheckable(True)
            toggle.setChecked(not folds)
            toggle.setToolTip(self._words("op.case"))
            toggle.setAccessibleName(self._words("op.case"))
            toggle.toggled.connect(self._on_case)
            self._fields.addWidget(toggle)
        if missing_satisfies(self._operator) and not isinstance(self._operator, IsSet):
            self._fields.addWidget(label(self._words("op.missing"), "muted"))

    def _on_case(self, matters: bool) -> None:
        if not isinstance(self._operator, Compare | Among | Between | TextMatch):
            return
        self._operator = replace(self._operator, ignore_case=not matters)
        self._build()
        self.changed.emit(self._operator)

    def _emit(self) -> None:
        found = self._read()
        if found is not None and found != self._operator:
            self._operator = found
            self.changed.emit(found)

    def _scalar(self, value: Scalar) -> Callable[[], Scalar | None]:
        """A field for one operand; gives the way to read it."""
        if self._kind is ValueType.BOOLEAN:
            flags = QComboBox()
            for key in (True, False):
                flags.addItem(self._words("value.true" if key else "value.false"), key)
            flags.setCurrentIndex(0 if value is True else 1)
            flags.setAccessibleName(self._name)
            flags.currentIndexChanged.connect(self._emit)
            self._fields.addWidget(flags)
            return lambda: bool(flags.currentData())
        if self._kind.is_temporal:
            return self._date(value)
        if self._kind.is_number:
            number = NumberField(value, self._words.locale)
            self._place(number, "value.hint", width=90)
            return number.number
        return self._text(str(value), "value.hint").text

    def _date(self, value: Scalar) -> Callable[[], Scalar | None]:
        field = QDateEdit()
        field.setCalendarPopup(True)
        field.setDisplayFormat(self._words.locale.dateFormat(self._words.locale.FormatType.ShortFormat))
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
        field.setDate(QDate(day.year, day.month, day.day))
        field.setAccessibleName(self._name)
        field.dateChanged.connect(self._emit)
        self._fields.addWidget(field)
        return lambda: cast(date, field.date().toPython())

    def _place(self, field: QLineEdit, hint: str, width: int) -> None:
        field.setPlaceholderText(self._words(hint))
        field.setAccessibleName(f"{self._name}: {self._words(hint)}")
        field.setMinimumWidth(width)
        field.textChanged.connect(self._emit)
        self._fields.addWidget(field)

    def _text(self, text: str, hint: str) -> QLineEdit:
        field = QLineEdit(text)
        self._place(field, hint, 160)
        if self._kind is ValueType.STRING and hint == "value.hint":
            field.setProperty("suggests", True)
            self._complete(field)
            self.wants_values.emit()
        return field

    def _chips(self, values: tuple[Scalar, ...]) -> ChipField:
        words = self._words
        chips = ChipField(
            f"{self._name}: {words('values.hint')}",
            words("values.hint"),
            lambda count: words("values.more", words.number(count)),
            lambda value: words("values.remove", value),
        )
        chips.set_values([plain(value, words.locale) for value in values])
        chips.suggest(self._offered())
        chips.changed.connect(self._emit)
        self._fields.addWidget(chips)
        self.wants_values.emit()
        return chips

    def _complete(self, field: QLineEdit) -> None:
        if self._suggestions:
            completer = QCompleter([str(one["value"]) for one in self._suggestions], field)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            field.setCompleter(completer)

    def _duration(self, duration: Duration, units: tuple[str, ...]) -> tuple[QSpinBox, QComboBox]:
        count, unit = duration_fields(duration, units, self._words, self._name)
        count.valueChanged.connect(self._emit)
        unit.currentIndexChanged.connect(self._emit)
        self._fields.addWidget(count)
        self._fields.addWidget(unit)
        return count, unit


def _first_operand(operator: Operator, kind: ValueType) -> Scalar:
    match operator:
        case Compare(value=value):
            return value
        case Among(values=values) if values:
            return values[0]
        case Between(low=low):
            return low
        case TextMatch(text=text):
            return text
        case _:
            return _default(kind)


def duration_fields(duration: Duration, units: tuple[str, ...], words: Words, name: str) -> tuple[QSpinBox, QComboBox]:
    """A count and a unit of time."""
    count = spin(0, 99_999, duration.count, name)
    count.setFixedWidth(64)
    unit = QComboBox()
    for key in units:
        unit.addItem(words(f"unit.{key}"), key)
    unit.setCurrentIndex(units.index(duration.unit) if duration.unit in units else 0)
    unit.setAccessibleName(name)
    return count, unit


def _between(low: Scalar | None, high: Scalar | None) -> Operator | None:
    if low is None or high is None:
        return None
    try:
        return Between(low, high) if low <= high else None  # type: ignore[operator]
    except TypeError:
        return None


def _among(name: AmongName, parts: list[str], fold: bool, kind: ValueType, words: Words) -> Operator | None:
    if kind is ValueType.STRING:
        return Among(name, tuple(parts), fold)
    numbers = [read_number(part, words.locale) for part in parts]
    return Among(name, tuple(n for n in numbers if n is not None)) if None not in numbers else None


def _with(value: Scalar | None, make: Callable[[Scalar], Operator]) -> Operator | None:
    return None if value is None else make(value)


def _default(kind: ValueType) -> Scalar:
    if kind.is_number:
        return 0
    if kind.is_temporal:
        return date.today()
    return True if kind is ValueType.BOOLEAN else ""
