"""The report of a crash says where, and nothing of the data."""

from __future__ import annotations

import sys
from types import TracebackType

from pytestqt.qtbot import QtBot

from app.crash import CrashDialog, report
from app.i18n import Words


def caught() -> tuple[type[BaseException], TracebackType | None]:
    try:
        secret = "maria@example.com"  # noqa: S105
        raise KeyError(secret)
    except KeyError:
        kind, _, trace = sys.exc_info()
        assert kind is not None
        return kind, trace


def test_the_report_names_places_not_values(qtbot: QtBot) -> None:
    text = report(*caught())
    assert "KeyError" in text
    assert "tests/app/test_crash.py" in text
    assert "maria" not in text
    dialog = CrashDialog(text, Words("es"))
    qtbot.addWidget(dialog)
    assert dialog.windowTitle() == Words("es")("crash.title")
