"""Activity: what is wrong, what ran and what was delivered is shown in the reader's language; failed tasks are retried."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.runs.activity import ActivityDialog
from app.session import Session
from engine.client import Reply
from engine.errors import EngineError
from tests.support.canvases import FakeWorker

AT = "2026-11-25T12:00:00Z"
ALERT = {
    "id": 1,
    "kind": "held",
    "subject": "sp → crm",
    "message": "only 2 people would be there, fewer than 3",
    "opened_at": AT,
    "closed_at": None,
    "seen_at": None,
}
TASK = {
    "id": 7,
    "due": AT,
    "cause": "schedule",
    "audiences": ["sp"],
    "state": "failed",
    "attempt": 4,
    "finished_at": AT,
}
TASK |= {"summary": {"error": {"code": "warehouse_file", "message": "the warehouse failed: locked"}}}
SYNC = {
    "sync": 3,
    "audience": "sp",
    "destination": "crm",
    "state": "done",
    "add": 1200,
    "remove": 3,
    "reason": None,
    "finished_at": AT,
}
DAEMON = {"state": "running", "queued": 2, "running": 1, "next_at": AT}
FOUND: dict[str, Any] = {
    "daemon": DAEMON,
    "alerts": [ALERT, ALERT | {"id": 2, "kind": "late", "subject": "scheduler", "closed_at": AT, "seen_at": AT}],
    "tasks": [
        TASK,
        TASK | {"id": 6, "state": "queued", "summary": {}, "audiences": ["a", "b", "c", "d"], "finished_at": None},
    ],
    "syncs": [SYNC],
    "log": [{"at": AT, "level": "info", "what": "due", "task": 7}],
}


def shown(qtbot: QtBot, language: str = "en", found: dict[str, Any] = FOUND) -> tuple[ActivityDialog, FakeWorker]:
    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    dialog = ActivityDialog(session, Words(language))
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.replied.emit(Reply(worker.of("activity")[-1].token, found))
    return dialog, worker


def texts(table: Any) -> list[list[str]]:
    items = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
    return [[item.text(column) for column in range(table.columnCount())] for item in items]


def item(dialog: ActivityDialog, place: int) -> QTreeWidgetItem:
    found = dialog.tasks.topLevelItem(place)
    assert found is not None
    return found


def test_everything_is_shown(qtbot: QtBot) -> None:
    dialog, worker = shown(qtbot)
    assert texts(dialog.alerts)[0][:3] == [
        "a delivery is held",
        "sp → crm",
        "only 2 people would be there, fewer than 3",
    ]
    assert texts(dialog.tasks)[0][1:4] == ["its schedule", "sp", "failed"]
    assert texts(dialog.tasks)[0][5] == "the warehouse failed: locked"
    assert texts(dialog.tasks)[1][2] == "4 audiences"
    assert texts(dialog.syncs)[0][1:5] == ["sp", "crm", "delivered", "+1,200 −3"]
    assert texts(dialog.log)[0][1:] == ["info", "due", "task: 7"]
    assert dialog.tabs.tabText(0) == "Alerts (1)"
    assert "2 waiting, 1 running" in dialog.waiting.text()
    assert len(worker.of("see_alerts")) == 1
    dialog.close()


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_in_the_readers_language(qtbot: QtBot, language: str) -> None:
    dialog, _ = shown(qtbot, language)
    assert "people would be there" not in texts(dialog.alerts)[0][2]
    assert "the warehouse failed" not in texts(dialog.tasks)[0][5]
    dialog.close()


def test_a_failed_task_is_tried_again_and_a_waiting_one_given_up(qtbot: QtBot) -> None:
    dialog, worker = shown(qtbot)
    assert not dialog.retry.isVisible()
    dialog.tabs.setCurrentWidget(dialog.tasks)
    assert dialog.retry.isVisible()
    assert not dialog.retry.isEnabled()
    dialog.tasks.setCurrentItem(item(dialog, 0))
    assert (dialog.retry.isEnabled(), dialog.cancel.isEnabled()) == (True, False)
    dialog.retry.click()
    assert worker.of("retry_task")[-1].arguments == {"task": 7}
    before = len(worker.of("activity"))
    worker.replied.emit(Reply(worker.of("retry_task")[-1].token, None))
    assert len(worker.of("activity")) == before + 1
    worker.replied.emit(Reply(worker.of("activity")[-1].token, FOUND))
    assert dialog.tasks.selectedItems()[0].data(0, 256) == 7  # chosen as before
    dialog.tasks.setCurrentItem(item(dialog, 1))
    dialog.cancel.click()
    worker.replied.emit(Reply(worker.of("cancel_task")[-1].token, error=EngineError("refused", "task 6 is done")))
    assert dialog.said.text() == "task 6 is done"
    dialog.close()


def test_what_is_held_back_is_let_go_after_a_question(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    held = SYNC | {"sync": 4, "state": "held", "finished_at": None, "reason": "7 of 9 people would be removed"}
    dialog, worker = shown(qtbot, found=FOUND | {"syncs": [held, SYNC]})
    dialog.tabs.setCurrentWidget(dialog.syncs)
    for place, able in ((1, False), (0, True)):
        chosen = dialog.syncs.topLevelItem(place)
        assert chosen is not None
        dialog.syncs.setCurrentItem(chosen)
        assert dialog.allow.isEnabled() is able
    for answered, asked in ((QMessageBox.StandardButton.No, 0), (QMessageBox.StandardButton.Yes, 1)):
        monkeypatch.setattr(QMessageBox, "question", lambda *a, answered=answered: answered)
        dialog.allow.click()
        assert len(worker.of("sync")) == asked
    assert worker.of("sync")[-1].arguments == {"ids": ["sp"], "allow_removals": True}
    dialog.close()


def test_nothing_is_wrong_and_no_scheduler(qtbot: QtBot) -> None:
    empty = {"daemon": DAEMON | {"state": "never", "next_at": None}, "alerts": [], "tasks": [], "syncs": [], "log": []}
    dialog, worker = shown(qtbot, found=empty)
    assert dialog.said.text() == "Nothing is wrong."
    assert "does not run" in dialog.daemon.text()
    assert worker.of("see_alerts") == []
    assert (dialog.isVisible(), dialog._again.isActive()) == (True, True), "it looks again while it is looked at"
    dialog.close()
    assert not dialog._again.isActive()
