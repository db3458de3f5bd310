"""A column that could be meant in two ways is shown in both, and numbers wait for an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.i18n import Words
from engine.operations import Workspace
from tests.app.ingest.test_dialog import browse, cell, rows, shown, workspace  # noqa: F401 - a fixture

TEXT = "id;total;dia\n1;1.234;01/02/2026\n2;12.345;03/04/2026\n"


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    path = tmp_path / "vendas.csv"
    path.write_text(TEXT)
    return path


def test_both_readings_side_by_side(qtbot: QtBot, workspace: Workspace, doubtful: Path) -> None:  # noqa: F811
    dialog, worker = shown(qtbot, workspace, doubtful, "pt_BR")
    browse(qtbot, dialog, worker)
    asked = dialog.doubts._choices
    assert list(asked) == ["total", "dia"]
    total, day = asked["total"], asked["dia"]
    assert [total.itemData(place) for place in range(3)] == ["", ".", ","]
    assert "1.234 → 1.234" in total.itemText(1)
    assert "1.234 → 1234" in total.itemText(2)
    assert day.currentData() == "%d/%m/%Y", "dates are read day first until somebody says otherwise"
    assert not dialog.load.isEnabled(), "an amount is never guessed"
    total.setCurrentIndex(2)
    worker.answer()
    day.setCurrentIndex(1)
    worker.answer()
    assert list(dialog.doubts._choices) == ["total", "dia"], "an answer may be changed"
    assert cell(dialog, 2).text(3) == "%m/%d/%Y"
    assert dialog.load.isEnabled()
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert rows(workspace, "SELECT total::INTEGER, dia::VARCHAR FROM vendas ORDER BY 1")[0] == (1234, "2026-01-02")


def test_another_file_has_doubts_of_its_own(qtbot: QtBot, workspace: Workspace, doubtful: Path) -> None:  # noqa: F811
    dialog, worker = shown(qtbot, workspace, doubtful)
    browse(qtbot, dialog, worker)
    assert dialog.doubts.open()
    plain = doubtful.with_name("plain.csv")
    plain.write_text("id\n1\n")
    dialog.path.setText(str(plain))
    dialog._on_line()
    worker.answer()
    assert not dialog.doubts.open()
    assert not dialog.doubts.isVisible()


def test_notes_are_in_the_readers_language(qtbot: QtBot, workspace: Workspace, doubtful: Path) -> None:  # noqa: F811
    doubtful.write_text("nasc;valor\n25/12/85;R$ 10,50\n")
    dialog, worker = shown(qtbot, workspace, doubtful, "es")
    browse(qtbot, dialog, worker)
    sentence = Words("es").sentence("years of two digits: 69 to 99 are 19xx, 00 to 68 are 20xx")
    assert sentence.startswith("años")
    assert cell(dialog, 0).toolTip(3) == sentence
    assert "moneda" in cell(dialog, 1).toolTip(3)
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert rows(workspace, "SELECT nasc::VARCHAR, valor::VARCHAR FROM vendas") == [("1985-12-25", "10.5000")]
