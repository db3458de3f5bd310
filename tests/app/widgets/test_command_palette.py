"""Everything by name, small charts, and the tour."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets.charts import Colours, Ribbon, Sparkline, UpSet
from app.widgets.command_palette import CommandPalette, Entry
from app.widgets.searching import plain
from app.widgets.tour import Tour
from engine.domain.rule_writing import write_rule

COLOURS = Colours("#2456d6", "#e3e7f0", "#161c2b", "#566175")


def test_it_narrows_without_accents_and_runs(qtbot: QtBot) -> None:
    ran: list[str] = []
    entries = [Entry(text, "", partial(ran.append, text)) for text in ("Teléfono", "Telegrama", "Guardar")]
    dialog = CommandPalette(entries, "hint", plain)
    qtbot.addWidget(dialog)
    dialog.search.setText("telef")
    assert dialog.list.count() == 1
    qtbot.keyClick(dialog.search, Qt.Key.Key_Return)
    assert ran == ["Teléfono"]
    dialog.search.setText("tele")
    qtbot.keyClick(dialog.search, Qt.Key.Key_Down)
    assert dialog.list.currentRow() == 1


def test_the_window_offers_commands_audiences_and_fields(window: MainWindow) -> None:
    entries = {entry.text: entry for entry in window.commands.entries()}
    assert {"Save", "Undo", "Adults", "Loyalty level", "Purchased", "SQL"} <= entries.keys()
    entries["Loyalty level"].call()
    assert write_rule(window.document.audience.rule)["all"][-1] == {"trait": "loyalty_level", "is_set": True}


def test_a_ribbon_moves_by_mouse_and_keys(qtbot: QtBot) -> None:
    ribbon = Ribbon(COLOURS, "sizes")
    qtbot.addWidget(ribbon)
    ribbon.resize(212, 44)
    ribbon.show_sizes([100, 80, 40, 10, 0], 1)
    ribbon.show()
    with qtbot.waitSignal(ribbon.released) as released:
        qtbot.keyClick(ribbon, Qt.Key.Key_Right)
    assert released.args == [2]
    with qtbot.waitSignal(ribbon.moved) as moved:
        event = QMouseEvent(
            QMouseEvent.Type.MouseButtonPress,
            QPointF(206, 20),
            QPointF(206, 20),
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        ribbon.mousePressEvent(event)
    assert moved.args == [4]


def test_charts_say_what_they_show(qtbot: QtBot) -> None:
    line, upset = Sparkline(COLOURS, "trend"), UpSet(COLOURS, "sets")
    for widget in (line, upset):
        qtbot.addWidget(widget)
    line.show_points([(2, 5), (1, 3)], ("a", "b"), ("3", "5"), "from 3 to 5")
    upset.show_rows(2, [((0, 1), 7, "7"), ((1,), 3, "3")], "1 + 2: 7; 2: 3")
    assert line.points == [(1, 3), (2, 5)]
    assert (line.accessibleDescription(), upset.accessibleDescription()) == ("from 3 to 5", "1 + 2: 7; 2: 3")
    for widget in (line, upset):
        widget.resize(200, 100)
        blank = widget.grab().toImage()
        assert len({blank.pixel(x, y) for x in range(0, 200, 3) for y in range(0, blank.height(), 3)}) > 2


def test_the_tour_ends(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    tour = Tour(["one", "two"], "Next", "Skip", "Done", parent)
    go = next(b for b in tour.findChildren(QPushButton) if b.text() == "Next")
    go.click()
    assert go.text() == "Done"
    with qtbot.waitSignal(tour.dismissed):
        go.click()
