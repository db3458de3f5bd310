"""Uploading a list in the app: what is asked before it takes another's place."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.i18n import Words
from app.session import Session
from app.uploading import ListUpload
from engine.client import Reply
from engine.errors import EngineError
from tests.support.canvases import FakeWorker

Button = QMessageBox.StandardButton


def upload(qtbot: QtBot, taken: list[str]) -> tuple[FakeWorker, Session, list[Any]]:
    worker, parent = FakeWorker(), QWidget()
    qtbot.addWidget(parent)
    session = Session(worker, parent)  # type: ignore[arg-type]
    reports: list[Any] = []
    ListUpload(parent, session, Words("en")).start("Do not contact.csv", taken, reports.append)
    return worker, session, reports


def sent(worker: FakeWorker) -> list[dict[str, Any]]:
    return [dict(one.arguments) for one in worker.of("upload_list")]


@pytest.mark.parametrize(
    ("answer", "identifier"), [(Button.Yes, "do-not-contact"), (Button.No, "do-not-contact-2"), (Button.Cancel, None)]
)
def test_a_list_of_that_name_is_replaced_only_when_a_person_says_so(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, answer: Any, identifier: str | None
) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *a: answer)
    worker, _, _ = upload(qtbot, ["do-not-contact"])
    assert [one["id"] for one in sent(worker)] == ([] if identifier is None else [identifier])


def test_the_column_and_a_list_that_would_shrink_are_asked_for(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *a: Button.Yes)
    monkeypatch.setattr(QInputDialog, "getText", lambda *a: (" code ", True))
    worker, _, reports = upload(qtbot, [])

    def fail(*error: str) -> None:
        worker.replied.emit(Reply(worker.of("upload_list")[-1].token, None, EngineError(*error)))

    fail("usage", "several columns may hold the profile keys: a, b", "--key")
    fail("refused", 'the list "do-not-contact" holds 4 profiles and would hold 0', "--allow-shrink")
    assert [(one.get("key"), one.get("allow_shrink")) for one in sent(worker)] == [
        (None, None),
        ("code", None),
        ("code", True),
    ]
    worker.replied.emit(Reply(worker.of("upload_list")[-1].token, {"id": "do-not-contact", "size": 1}))
    assert reports == [{"id": "do-not-contact", "size": 1}]


def test_a_person_who_says_no_and_other_trouble(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *a: Button.No)
    worker, session, reports = upload(qtbot, [])
    troubles: list[EngineError] = []
    session.trouble.connect(troubles.append)
    worker.replied.emit(
        Reply(worker.of("upload_list")[-1].token, None, EngineError("refused", "it would shrink", "--allow-shrink"))
    )
    assert (len(sent(worker)), troubles) == (1, [])
    worker, session, reports = upload(qtbot, [])
    session.trouble.connect(troubles.append)
    worker.replied.emit(Reply(worker.of("upload_list")[-1].token, None, EngineError("file", "it is empty")))
    assert ([one.message for one in troubles], reports) == (["it is empty"], [])
