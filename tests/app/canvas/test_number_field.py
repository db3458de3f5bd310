"""Numbers are typed as people of the region write them, thousands apart."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.canvas.number_field import NumberField, plain, read_number

BRAZIL, STATES, SPAIN = QLocale("pt_BR"), QLocale("en_US"), QLocale("es_ES")


@pytest.mark.parametrize(
    ("value", "locale", "shown"),
    [
        (1500, BRAZIL, "1.500"),
        (Decimal("1234567.5"), BRAZIL, "1.234.567,5"),
        (-20000, STATES, "-20,000"),
        (Decimal("0.05"), STATES, "0.05"),
        (1500, SPAIN, "1500"),
        (25000, SPAIN, "25.000"),
        (10**20, STATES, "1" + "0" * 20),
    ],
)
def test_a_value_is_shown_in_the_regions_format(qtbot: QtBot, value: int, locale: QLocale, shown: str) -> None:
    field = NumberField(value, locale)
    qtbot.addWidget(field)
    assert field.text() == shown
    assert field.number() == value


@pytest.mark.parametrize(
    ("typed", "locale", "shown", "value"),
    [
        ("1500", BRAZIL, "1.500", 1500),
        ("1.500,75", BRAZIL, "1.500,75", Decimal("1500.75")),
        ("-1234567", STATES, "-1,234,567", -1234567),
        ("1,5", STATES, "15", 15),
        ("0,05", BRAZIL, "0,05", Decimal("0.05")),
        ("12x", BRAZIL, "12x", None),
    ],
)
def test_typing_groups_the_digits(
    qtbot: QtBot, typed: str, locale: QLocale, shown: str, value: int | Decimal | None
) -> None:
    field = NumberField("", locale)
    qtbot.addWidget(field)
    QTest.keyClicks(field, typed)
    assert (field.text(), field.number()) == (shown, value)
    assert field.cursorPosition() == len(shown)


def test_a_digit_in_the_middle_and_keys_that_delete_keep_their_place(qtbot: QtBot) -> None:
    field = NumberField(12345, BRAZIL)
    qtbot.addWidget(field)
    field.setCursorPosition(1)
    QTest.keyClicks(field, "9")
    assert (field.text(), field.cursorPosition()) == ("192.345", 2)
    field.setCursorPosition(4)
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert field.text() == "19.345"
    field.setCursorPosition(2)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    assert field.text() == "1.945"


@pytest.mark.parametrize(
    ("pasted", "value"),
    [
        ("1500.75", Decimal("1500.75")),
        ("1.500", 1500),
        ("1.500,75", Decimal("1500.75")),
        ("12345.678", Decimal("12345.678")),
    ],
)
def test_a_pasted_number_of_another_region_is_not_a_hundred_times_more(
    qtbot: QtBot, pasted: str, value: int | Decimal
) -> None:
    field = NumberField("", BRAZIL)
    qtbot.addWidget(field)
    QApplication.clipboard().setText(pasted)
    field.paste()
    assert field.number() == value


def test_values_picked_from_a_list_may_be_codes_and_have_no_thousands() -> None:
    assert plain(55021, BRAZIL) == "55021"
    assert plain(Decimal("1500.50"), BRAZIL) == "1500,5"
    assert read_number("55021", BRAZIL) == 55021
    assert read_number("", BRAZIL) is None
    assert read_number("NaN", BRAZIL) is None
