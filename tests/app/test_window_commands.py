"""Work that was never saved is offered at the next start, and is as safe as before once it is taken up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.document import Document
from app.drafts import Drafts
from app.i18n import Words
from app.main_window import MainWindow
from app.session import Session
from app.theme.style import Theme
from engine.client import Reply
from engine.domain.audience_codec import read_audience
from tests.app.conftest import OVERVIEW, FakeWorker, ui_state


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
