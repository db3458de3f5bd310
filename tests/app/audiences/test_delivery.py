"""The delivery form: what the document says is shown, what is chosen is written, what it does not know stays."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.audiences.delivery import DeliveryDialog
from app.i18n import LANGUAGES, Words
from app.session import Session
from engine.client import Reply
from engine.domain.audience import Audience
from engine.domain.model_codec import read_model
from engine.errors import EngineError
from tests.support.canvases import FakeWorker
from tests.support.delivering import MODEL

PLACES = [{"id": "crm", "name": "CRM", "type": "postgres"}, {"id": "files", "name": "Files", "type": "folder"}]
SETTINGS: dict[str, Any] = {
    "refresh": {"every": "6h"},
    "destinations": ["crm"],
    "consent": ["ads"],
    "suppress": [{"list": "never"}, {"audience": "staff"}],
    "holdout": {"percent": 5, "seed": "winter"},
    "min_size": 100,
}


def shown(qtbot: QtBot, settings: dict[str, Any], words: Words | None = None) -> tuple[DeliveryDialog, FakeWorker]:
    from engine.domain.documents import load_one

    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    audience = Audience("sp", "SP", settings=settings)
    dialog = DeliveryDialog(audience, read_model(load_one(MODEL)), {"never": 3}, session, words or Words("en"))
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    answer(worker, "destinations", PLACES)
    return dialog, worker


def answer(worker: FakeWorker, operation: str, result: Any = None, error: EngineError | None = None) -> None:
    worker.replied.emit(Reply(worker.of(operation)[-1].token, result, error))


def test_what_is_not_touched_stays(qtbot: QtBot) -> None:
    dialog, _ = shown(qtbot, SETTINGS)
    assert {name: box.isChecked() for name, box in dialog.places.items()} == {"crm": True, "files": False}
    assert (dialog.holdout.value(), dialog.least.value()) == (5, 100)
    chosen = dict(dialog.chosen().settings)
    chosen["suppress"] = sorted(chosen["suppress"], key=str)
    assert chosen == {**SETTINGS, "suppress": sorted(SETTINGS["suppress"], key=str)}


def test_what_is_chosen_is_written(qtbot: QtBot) -> None:
    dialog, _ = shown(qtbot, {})
    dialog.places["files"].setChecked(True)
    dialog.consents["ads"].setChecked(True)
    dialog.left_out["never"].setChecked(True)
    dialog.holdout.setValue(10)
    dialog.least.setValue(50)
    with qtbot.waitSignal(dialog.decided) as told:
        dialog._on_ok()
    assert told.args[0].settings == {
        "destinations": ["files"],
        "consent": ["ads"],
        "suppress": [{"list": "never"}],
        "holdout": {"percent": 10, "seed": "sp"},
        "min_size": 50,
    }
    other, _ = shown(qtbot, told.args[0].settings)
    for box in (*other.places.values(), *other.consents.values(), *other.left_out.values()):
        box.setChecked(False)
    other.holdout.setValue(0)
    other.least.setValue(0)
    assert other.chosen().settings == {}


def test_a_destination_that_is_gone_is_shown_until_it_is_taken_off(qtbot: QtBot) -> None:
    dialog, _ = shown(qtbot, {"destinations": ["lost"]})
    assert dialog.places["lost"].isChecked()
    assert dialog.chosen().settings == {"destinations": ["lost"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_preview_and_what_was_delivered(language: str, qtbot: QtBot) -> None:
    words = Words(language)
    dialog, worker = shown(qtbot, SETTINGS, words)
    row = {"destination": "crm", "state": "done", "finished_at": "2026-11-25T19:00:00Z", "reason": None}
    answer(worker, "syncs", [row | {"add": 1200, "remove": 3}, row | {"state": "held", "reason": "too few"}])
    assert words.number(1200) in dialog.lately.text()
    assert "too few" in dialog.lately.text()
    dialog.try_it.click()
    found = {"destination": "crm", "add": 5, "remove": 1, "change": 0, "same": 9, "left_out": {"no_consent": 4}}
    answer(worker, "preview_sync", [found | {"held": None}])
    assert words("delivery.would", "5", "1", "0", "9") in dialog.preview.text()
    assert words("left.no_consent") in dialog.preview.text()
    dialog.go.click()
    answer(worker, "sync", error=EngineError("refused", "audiences are being delivered"))
    assert "being delivered" in dialog.preview.text()


def test_what_is_held_is_let_go_by_a_person(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog, worker = shown(qtbot, SETTINGS)
    row = {"destination": "crm", "state": "done", "finished_at": None, "reason": None}
    held = row | {"state": "held", "reason": "3 of 7 people would be removed"}
    answer(worker, "syncs", [row, held])
    assert dialog.allow.isHidden()  # the newer one went
    dialog._show_lately([held, row])
    assert not dialog.allow.isHidden()
    for said, asked in ((QMessageBox.StandardButton.No, 0), (QMessageBox.StandardButton.Yes, 1)):
        monkeypatch.setattr(QMessageBox, "question", lambda *a, said=said: said)
        dialog.allow.click()
        assert len(worker.of("sync")) == asked
    assert worker.of("sync")[-1].arguments == {"ids": ["sp"], "allow_removals": True}
    answer(worker, "sync", [row])
    assert dialog.allow.isHidden()
    dialog.go.click()
    assert worker.of("sync")[-1].arguments == {"ids": ["sp"]}
