"""Preferences are checked before they are kept; the wizard connects, drafts, checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from app.i18n import Words
from app.preferences.dialog import PreferencesDialog
from app.preferences.help import HelpDialog
from app.preferences.wizard import ConnectWizard
from app.session import Session
from engine.client import Reply
from engine.errors import EngineError
from engine.settings import Settings, read_settings, write_settings
from tests.support.canvases import FakeWorker


def test_what_is_entered_is_kept(tmp_path: Path, qtbot: QtBot) -> None:
    write_settings(tmp_path, Settings(warehouse="duckdb:///x"))
    dialog = PreferencesDialog(tmp_path, Words("en"))
    qtbot.addWidget(dialog)
    dialog.language.setCurrentIndex(dialog.language.findData("pt_BR"))
    dialog.region.setCurrentIndex(dialog.region.findData("es_CO"))
    dialog.theme.setCurrentIndex(dialog.theme.findData("contrast"))
    dialog.memory.setText("2GB")
    dialog._on_save()
    assert read_settings(tmp_path) == Settings("duckdb:///x", "pt_BR", "es_CO", "contrast", "2GB")


def test_what_cannot_be_is_said_and_nothing_changes(tmp_path: Path, qtbot: QtBot) -> None:
    write_settings(tmp_path, Settings())
    dialog = PreferencesDialog(tmp_path, Words("en"))
    qtbot.addWidget(dialog)
    dialog.keep.setText("for ever")
    dialog._on_save()
    assert '"for ever" is no number of days' in dialog._error.text()
    assert read_settings(tmp_path) == Settings()


def answer(worker: FakeWorker, operation: str, result: Any = None, error: EngineError | None = None) -> None:
    worker.replied.emit(Reply(worker.of(operation)[-1].token, result, error))


def test_a_warehouse_is_connected_step_by_step(qtbot: QtBot) -> None:
    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    wizard = ConnectWizard(session, Words("en"))
    qtbot.addWidget(wizard)
    wizard.show()
    wizard.where.url.setText("/nowhere")
    wizard.where.connect_now()
    answer(worker, "connect", error=EngineError("warehouse_file", "there is no folder /nowhere"))
    assert "no folder" in wizard.where.state.text()
    assert not wizard.where.isComplete()
    wizard.where.url.setText("/data")
    wizard.where.connect_now()
    answer(worker, "connect", {"tables": ["users", "events"]})
    assert wizard.where.isComplete()
    wizard.next()
    answer(worker, "infer", {"document": "kind: model\n", "notes": ["look at users"], "columns": []})
    assert wizard.model.text.toPlainText() == "kind: model\n"
    wizard.model.text.setPlainText("kind: model\n# mine\n")
    wizard.next()
    assert worker.of("apply_model")[-1].arguments["document"] == "kind: model\n# mine\n"
    answer(
        worker,
        "apply_model",
        {
            "sound": False,
            "findings": [{"severity": "error", "path": "profile", "message": "null keys", "count": 2, "of": 9}],
        },
    )
    assert wizard.check.findings.item(0).text() == "Error · profile: null keys · 2 of 9"
    assert wizard.check.isComplete()


def test_help_opens_in_every_language(qtbot: QtBot) -> None:
    for language in ("en", "es", "pt_BR"):
        dialog = HelpDialog(Words(language), "about")
        qtbot.addWidget(dialog)
        assert dialog.tabs.count() == 9


QUESTION = {
    "id": "person:customers",
    "text": "Which column of customers identifies a person?",
    "evidence": "10 values of a belong to 8 values of b; other tables do not tell which of the two is the person",
    "confidence": 0.7,
    "options": [
        {"value": "b", "text": "b: a person may have several rows"},
        {"value": "a", "text": "a: each row is a person"},
    ],
}


def test_an_answer_drafts_again_and_can_be_taken_back(qtbot: QtBot) -> None:
    worker = FakeWorker()
    wizard = ConnectWizard(Session(worker), Words("es"))  # type: ignore[arg-type]
    qtbot.addWidget(wizard)
    page = wizard.model
    page.initializePage()
    assert worker.of("infer")[-1].arguments["answers"] == {}
    answer(worker, "infer", {"document": "kind: model\n", "notes": [], "columns": [], "questions": [QUESTION]})
    assert page.tabs.currentWidget() is page.questions
    choices = page.questions.groups["person:customers"].buttons()
    assert [choice.text() for choice in choices] == [
        "b: una persona puede tener varias filas",
        "a: cada fila es una persona",
    ]
    assert choices[0].isChecked()
    choices[1].click()
    assert worker.of("infer")[-1].arguments["answers"] == {"person:customers": "a"}
    assert not page.isComplete()
    answer(worker, "infer", {"document": "kind: model\n# a\n", "notes": [], "columns": [], "questions": []})
    assert page.isComplete()
    assert page.text.toPlainText() == "kind: model\n# a\n"
    choices = page.questions.groups["person:customers"].buttons()
    assert choices[1].isChecked()
    page.text.setPlainText("kind: model\n# mine\n")
    choices[0].click()
    assert len(worker.of("infer")) == 2
    assert page.text.toPlainText() == "kind: model\n# mine\n"
    assert "Editaste" in page.state.text()


def test_without_a_question_there_is_no_tab_for_them(qtbot: QtBot) -> None:
    worker = FakeWorker()
    wizard = ConnectWizard(Session(worker), Words("en"))  # type: ignore[arg-type]
    qtbot.addWidget(wizard)
    page = wizard.model
    page.initializePage()
    answer(worker, "infer", {"document": "kind: model\n", "notes": [], "columns": [], "questions": []})
    assert not page.tabs.isTabVisible(page.tabs.indexOf(page.questions))
