"""Work that was never saved is offered at the next start, and is as safe as before once it is taken up."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.actions import COMMANDS
from app.document import Document
from app.drafts import Drafts
from app.i18n import Words
from app.main_window import MainWindow
from app.preferences.wizard import ConnectWizard
from app.session import Session
from app.theme.style import Theme
from engine.client import Reply
from engine.domain.audience_codec import read_audience
from tests.app.conftest import OVERVIEW, ui_state
from tests.support.canvases import FakeWorker


@pytest.mark.parametrize("taken", [True, False])
def test_unsaved_work_is_offered(
    taken: bool, tmp_path: Path, qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = read_audience({k: v for k, v in OVERVIEW["audiences"][0].items() if k != "_version"})
    document = Document()
    document.open(saved, 3)
    before = Drafts(tmp_path, document)
    document.edit(replace(saved, name="Half done"), "x")
    before.keep()
    button = QMessageBox.StandardButton.Yes if taken else QMessageBox.StandardButton.Discard
    monkeypatch.setattr(QMessageBox, "question", lambda *a: button)
    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    theme = Theme()
    theme.apply(qapp)
    window = MainWindow(session, theme, Words("en"), tmp_path, state=ui_state(tmp_path))
    qtbot.addWidget(window, before_close_func=lambda w: w.document.history.clear())
    session.open()
    overview = {**OVERVIEW, "audiences": [dict(a) for a in OVERVIEW["audiences"]]}
    worker.replied.emit(Reply(worker.of("overview")[0].token, overview))
    assert window.drafts is not None
    if taken:
        assert (window.document.audience.name, window.document.version) == ("Half done", 3)
        assert not window.document.is_saved
        assert [draft.audience.name for draft in window.drafts.found()] == ["Half done"]
        window.actions_by_key["undo"].trigger()
        assert window.document.audience == saved
    assert window.drafts.found() == []


def overview(**more: Any) -> dict[str, Any]:
    return {**OVERVIEW, "audiences": [dict(a) for a in OVERVIEW["audiences"]], **more}


def test_an_audience_asked_for_is_opened_once(
    tmp_path: Path, qtbot: QtBot, qapp: QApplication, worker: FakeWorker
) -> None:
    session = Session(worker)  # type: ignore[arg-type]
    window = MainWindow(session, Theme(), Words("en"), state=ui_state(tmp_path))
    qtbot.addWidget(window, before_close_func=lambda w: w.document.history.clear())
    window.first = "adults"
    for _ in range(2):  # the engine was restarted, or audiences were changed at home
        session.open()
        worker.replied.emit(Reply(worker.of("overview")[-1].token, overview()))
        assert window.document.audience.id == "adults"
        window.document.edit(replace(window.document.audience, name="Mine"), "x")
    assert window.document.audience.name == "Mine"


def test_other_audiences_do_not_rebuild_the_canvas(window: MainWindow, worker: FakeWorker) -> None:
    canvas = window.canvas
    assert canvas is not None
    canvas.cards()[1].toggle_locked()
    window.session.open()
    worker.replied.emit(Reply(worker.of("overview")[-1].token, overview(lists={"new": 3})))
    assert window.canvas is canvas
    assert canvas.cards()[1].locked
    assert canvas.context.lists == {"new": 3}


@pytest.mark.parametrize("applied", [True, False])
def test_a_wizard_that_is_given_up_leaves_the_data_as_it_was(
    applied: bool, window: MainWindow, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drive(wizard: ConnectWizard) -> int:
        wizard.where.set_done(True)
        wizard.check.set_done(applied)
        return 0

    monkeypatch.setattr(ConnectWizard, "exec", drive)
    window.warehouse = "duckdb:////old"
    asked = len(worker.of("overview"))
    window.commands.connect_warehouse()
    assert [r.arguments["url"] for r in worker.of("connect")] == ([] if applied else ["duckdb:////old"])
    assert len(worker.of("overview")) == asked + applied


def test_who_waits_is_told_when_the_engine_stops(window: MainWindow, worker: FakeWorker) -> None:
    said: list[str] = []
    window.session.call("infer", said.append, lambda error: said.append(str(error)))
    worker.died.emit()
    assert said == ["the engine stopped while it worked Try again."]


def test_no_command_takes_a_key_of_the_cards() -> None:
    """A command of the window is heard first: a card would never hear of its key."""
    found = "".join(path.read_text(encoding="utf-8") for path in Path("app/canvas").glob("*.py"))
    cards = set(re.findall(r'"((?:Ctrl|Alt)\+[^"]+)"', found))
    commands = [one.shortcut for one in COMMANDS if one.shortcut]
    assert "Ctrl+Shift+G" in cards
    assert not cards & set(commands)
    assert len(commands) == len(set(commands))
