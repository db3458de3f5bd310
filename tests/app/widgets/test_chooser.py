"""A choice among thousands of names: searched, not scrolled."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.widgets.chooser import Chooser
from app.widgets.command_palette import CommandPalette

NAMES = {f"a{i}": f"Audiência {i}" for i in range(3000)}


def test_one_of_thousands_is_found_by_typing(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    field = Chooser(NAMES, "a7", "Audience", "Type to search…")
    qtbot.addWidget(field)
    assert field.currentText() == "Audiência 7"

    def drive(dialog: CommandPalette) -> int:
        dialog.search.setText("audiencia 2999")
        assert dialog.list.count() == 1
        dialog._run()
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(CommandPalette, "exec", drive)
    with qtbot.waitSignal(field.chosen) as told:
        field.showPopup()
    assert told.args == ["a2999"]
    assert (field.currentText(), field.currentData()) == ("Audiência 2999", "a2999")


def test_a_choice_that_is_gone_is_shown_as_written(qtbot: QtBot) -> None:
    field = Chooser({}, "gone", "Audience", "hint")
    qtbot.addWidget(field)
    assert field.currentText() == "gone"
    field.show_choice(None)
    assert field.currentText() == "hint"
