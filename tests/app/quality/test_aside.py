"""Rows that were put aside in the app: why, corrected in their cells, and in."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.quality.aside import AsideDialog
from app.session import Session
from app.theme.tokens import DARK, LIGHT
from engine.operations import Workspace
from tests.app.identity.test_dialog import Answering, top
from tests.engine.operations.test_gating import collected, load, rows, workspace
from tests.engine.operations.test_putting_right import orders

__all__ = ["workspace"]


def shown(qtbot: QtBot, workspace: Workspace, language: str = "en") -> tuple[AsideDialog, Answering]:
    worker = Answering(workspace)
    session = Session(worker)  # type: ignore[arg-type]
    dialog = AsideDialog(session, Words(language), DARK if language == "es" else LIGHT)
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.answer()
    return dialog, worker


@pytest.mark.parametrize("language", LANGUAGES)
def test_cells_are_corrected_and_the_rows_come_in(qtbot: QtBot, workspace: Workspace, language: str) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n3,c@x.com,-1,XX,2026-11-25\n")
    dialog, worker = shown(qtbot, workspace, language)
    words = Words(language)
    assert dialog.source.currentText() == words("aside.load", "f.csv", "people", "2")
    head = dialog.rows.headerItem()
    assert [head.text(place) for place in range(4)] == [words("aside.why"), "id", "email", "age"]
    by_id = {top(dialog.rows, place).text(1): top(dialog.rows, place) for place in range(2)}
    assert "email" in by_id["2"].text(0)
    marked = {(name, place) for name, item in by_id.items() for place in range(6) if not item.icon(place).isNull()}
    assert marked == {("2", 2), ("3", 3), ("3", 4)}
    by_id["2"].setText(2, "b@x.com")
    assert by_id["2"].font(2).bold()
    by_id["3"].setText(3, "7")
    by_id["3"].setText(3, "-1")
    assert not by_id["3"].font(3).bold()
    qtbot.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    assert not dialog.again.isEnabled()
    worker.answer()
    assert dialog.said.text() == f"{words('aside.done', '1')} {words('aside.still', '1')}"
    assert rows(workspace) == [1, 2]
    (left,) = (top(dialog.rows, place) for place in range(dialog.rows.topLevelItemCount()))
    left.setText(3, "9")
    left.setText(4, "SP")
    qtbot.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    worker.answer()
    assert dialog.title.text() == words("aside.none")
    assert dialog.rows.topLevelItemCount() == 0
    assert not dialog.again.isEnabled()
    assert dialog.changed


def test_another_source_begins_anew_and_lines_are_only_shown(qtbot: QtBot, workspace: Workspace) -> None:
    orders(workspace)
    collected(workspace, -5)
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n3,too,many,cells,here,today\n")
    dialog, worker = shown(qtbot, workspace)
    assert dialog.source.count() == 2
    line = top(dialog.rows, 0)
    assert line.text(1) == "3,too,many,cells,here,today"
    assert not line.flags() & Qt.ItemFlag.ItemIsEditable
    assert not dialog.again.isEnabled(), "nothing here can come in"
    dialog.source.setCurrentIndex(1)
    worker.answer()
    row = top(dialog.rows, 0)
    place = [dialog.rows.headerItem().text(one) for one in range(20)].index("price")
    row.setText(place, "no number")
    dialog.source.setCurrentIndex(0)
    dialog.source.setCurrentIndex(1)
    worker.answer()
    assert top(dialog.rows, 0).text(place) == "-5"
    top(dialog.rows, 0).setText(place, "5")
    qtbot.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    worker.answer()
    assert dialog.said.text() == "1 rows came in."
    assert dialog.source.count() == 1


def test_what_is_refused_is_said_and_stays(qtbot: QtBot, workspace: Workspace) -> None:
    load(workspace, "1,a@x.com,30,SP,2026-11-25\n2,,30,SP,2026-11-25\n")
    dialog, worker = shown(qtbot, workspace)
    top(dialog.rows, 0).setText(1, "1")
    top(dialog.rows, 0).setText(2, "b@x.com")
    qtbot.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    worker.answer()
    assert "id: primary key" in dialog.said.text()
    assert dialog.again.isEnabled()
    assert not dialog.changed
    assert dialog.rows.topLevelItemCount() == 1


def test_nothing_aside(qtbot: QtBot, workspace: Workspace) -> None:
    dialog, _ = shown(qtbot, workspace)
    assert dialog.title.text() == Words("en")("aside.none")
    assert not dialog.source.isEnabled()
    assert not dialog.again.isEnabled()
