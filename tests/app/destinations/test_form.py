"""What is typed into a destination's form."""

from __future__ import annotations

import asyncssh
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.destinations.form import pem


def test_a_key_that_is_pasted_into_one_line_is_still_a_key(qtbot: QtBot) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    field = QLineEdit()
    qtbot.addWidget(field)
    QApplication.clipboard().setText(key)
    field.paste()
    assert pem(field.text()) == key
    asyncssh.import_private_key(pem(field.text()))


def test_other_secrets_stay_as_they_are() -> None:
    for text in ("a b  c", "whsec_x", '{"type": "service_account"}', "-----BEGIN"):
        assert pem(text) == text
