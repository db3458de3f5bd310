"""Destinations in the app: every kind's form, secrets that go to the keyring or vault, and what is missing is said."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.destinations.dialog import DestinationsDialog
from app.i18n import LANGUAGES, Words
from app.session import Session
from engine.client import Reply
from engine.domain.model_codec import read_model
from engine.errors import EngineError
from engine.operations import destination_types
from tests.support.canvases import FakeWorker
from tests.support.delivering import MODEL

CRM = {
    "kind": "destination",
    "id": "crm",
    "name": "CRM",
    "type": "postgres",
    "settings": {"dbname": "crm", "port": 5433, "password": {"secret": "crm"}, "sslmode": "require"},
    "identifiers": ["email"],
    "profile": "google",
    "max_removal": 20,
}
PLACES = [{"id": "crm", "name": "CRM", "type": "postgres", "paused": False, "document": CRM}]


def shown(
    qtbot: QtBot, places: list[dict[str, Any]] = PLACES, language: str = "en"
) -> tuple[DestinationsDialog, FakeWorker]:
    from engine.domain.documents import load_one

    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    dialog = DestinationsDialog(read_model(load_one(MODEL)), session, Words(language))
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    answer(worker, "destination_types", destination_types())
    answer(worker, "destinations", places)
    dialog.show()
    return dialog, worker


def answer(worker: FakeWorker, operation: str, result: Any = None, error: EngineError | None = None) -> None:
    worker.replied.emit(Reply(worker.of(operation)[-1].token, result, error))


def typed(dialog: DestinationsDialog, name: str, text: str) -> None:
    assert dialog.form is not None
    field = dialog.form.inputs[name]
    assert isinstance(field, QLineEdit)
    field.setText(text)


def test_what_is_not_touched_is_saved_as_it_was(qtbot: QtBot) -> None:
    dialog, worker = shown(qtbot)
    dialog.save.click()
    asked = worker.of("save_destination")[-1].arguments
    assert asked["secrets"] == {}
    saved = asked["document"]
    assert saved == {**CRM, "min_size": 0}
    answer(worker, "save_destination", PLACES)
    assert dialog.said.text() == "Saved."


def test_a_new_one_with_a_secret(qtbot: QtBot) -> None:
    dialog, worker = shown(qtbot)
    dialog.kind.setCurrentIndex(dialog.kind.findData("sftp"))
    dialog.add.click()
    assert dialog.form is not None
    dialog.save.click()
    assert "Server" in dialog.said.text()
    assert worker.of("save_destination") == []
    dialog.form.name.setText("Agência São Paulo")
    for name, text in (("host", "files.example.org"), ("user", "us"), ("private_key", "-----BEGIN")):
        typed(dialog, name, text)
    assert dialog.form.inputs["private_key"].echoMode() == QLineEdit.EchoMode.Password  # type: ignore[union-attr]
    chosen = dialog.form.inputs["format"]
    assert isinstance(chosen, QComboBox)
    chosen.setCurrentIndex(chosen.findData("parquet"))
    dialog.form.identifiers["email"].setChecked(True)
    dialog.form.country.setText("br")
    dialog.save.click()
    asked = worker.of("save_destination")[-1].arguments
    assert asked["secrets"] == {"private_key": "-----BEGIN"}
    assert asked["document"] == {
        "kind": "destination",
        "id": "agencia-sao-paulo",
        "name": "Agência São Paulo",
        "type": "sftp",
        "settings": {"host": "files.example.org", "user": "us", "format": "parquet", "cells": "safe"},
        "identifiers": ["email"],
        "profile": "sha256",
        "country": "BR",
        "min_size": 0,
        "max_removal": 30,
    }
    answer(worker, "save_destination", error=EngineError("locked", "the keyring is locked"))
    assert dialog.said.text() == "the keyring is locked"
    assert dialog.form.name.text() == "Agência São Paulo"  # nothing typed is lost


def test_it_is_tried_held_back_and_removed(qtbot: QtBot) -> None:
    dialog, worker = shown(qtbot)
    dialog.test.click()
    answer(worker, "try_destination", "crm answers.")
    assert dialog.said.text() == "crm answers."
    dialog.pause.click()
    assert worker.of("pause_destination")[-1].arguments == {"id": "crm", "paused": True}
    answer(worker, "pause_destination", [PLACES[0] | {"paused": True}])
    assert dialog.pause.text() == "Let go again"
    dialog.remove.click()
    answer(worker, "remove_destination", error=EngineError("refused", '"crm" cannot be removed, because sp goes there'))
    assert "cannot be removed" in dialog.said.text()
    dialog.remove.click()
    answer(worker, "remove_destination", [])
    assert dialog.list.count() == 0
    assert not dialog.save.isEnabled()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_a_form_in_every_language(qtbot: QtBot, language: str) -> None:
    dialog, _ = shown(qtbot, [], language)
    assert dialog.kind.count() == len(destination_types())
    for place in range(dialog.kind.count()):
        dialog.kind.setCurrentIndex(place)
        dialog.add.click()
        assert dialog.form is not None
        for name, field in dialog.form.inputs.items():
            assert field.accessibleName(), name
            assert "." not in field.accessibleName(), name


def test_a_kind_of_a_plug_in_is_only_named(qtbot: QtBot) -> None:
    other = {
        "id": "x",
        "name": "X",
        "type": "other",
        "paused": False,
        "document": {"type": "other", "id": "x", "name": "X"},
    }
    dialog, _ = shown(qtbot, [other])
    assert dialog.form is None
    assert not dialog.save.isEnabled()
    assert dialog.remove.isEnabled()
