"""A field for a number as people of the region write it, with its thousands kept apart while typing."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from engine.domain.values import Scalar

_LONGEST = 18
"""Digits before the decimal sign that a locale can still group."""


def plain(value: Scalar, locale: QLocale) -> str:
    """An operand with the region's decimal sign, without thousands: as a value picked from a list is shown, which may
    be a code."""
    if isinstance(value, Decimal | float):
        text = format(Decimal(str(value)).normalize(), "f")
        return text.replace(".", locale.decimalPoint())
    return str(value)


def read_number(text: str, locale: QLocale) -> int | Decimal | None:
    """A number as people of the region write it; None when it is none."""
    bare = text.strip().replace(locale.groupSeparator(), "").replace(locale.decimalPoint(), ".")
    try:
        value = Decimal(bare)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 28:
        return None
    return int(value) if value == value.to_integral_value() else value


class NumberField(QLineEdit):
    """Groups what is typed; text that is no number stays as it is, so that it can be corrected."""

    def __init__(self, value: Scalar, locale: QLocale) -> None:
        super().__init__()
        self._region = locale
        self._before = self._grouped(plain(value, locale))
        self.setText(self._before)
        self.textEdited.connect(self._regroup)

    def number(self) -> int | Decimal | None:
        """What is entered."""
        return read_number(self.text(), self._region)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the digit behind a separator, not the separator, which would come back."""
        place = self.cursorPosition()
        if event.key() == Qt.Key.Key_Delete and self.text()[place : place + 1] == self._region.groupSeparator():
            self.setCursorPosition(place + 1)
        super().keyPressEvent(event)

    def _regroup(self, text: str) -> None:
        pasted = len(text) - len(self._before) > 1
        if pasted and _foreign(text, self._region):
            text = text.replace(".", self._region.decimalPoint())
        separator = self._region.groupSeparator()
        left = len(text[: self.cursorPosition()].replace(separator, ""))
        self._before = self._grouped(text)
        if self._before == self.text():
            return
        self.setText(self._before)
        place = 0
        while left > 0 and place < len(self._before):
            left -= self._before[place] != separator
            place += 1
        self.setCursorPosition(place)

    def _grouped(self, text: str) -> str:
        separator, point = self._region.groupSeparator(), self._region.decimalPoint()
        bare = text.replace(separator, "")
        found = re.fullmatch(rf"([-+]?)(\d{{1,{_LONGEST}}})({re.escape(point)}\d*)?", bare, re.ASCII)
        if found is None:
            return text
        sign, whole, rest = found.groups()
        # Zeros in front stay while one types behind them.
        shown = self._region.toString(int(whole)) if not whole.startswith("0") else whole
        return f"{sign}{shown}{rest or ''}"


def _foreign(text: str, locale: QLocale) -> bool:
    """Whether a pasted number has a decimal point where the region writes none: its dot cannot part thousands."""
    if locale.groupSeparator() != "." or locale.decimalPoint() in text:
        return False
    return re.fullmatch(r"[-+]?\d+\.\d{1,2}|[-+]?\d+\.\d{4,}|[-+]?\d{4,}\.\d{3}", text.strip(), re.ASCII) is not None
