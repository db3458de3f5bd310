"""Twelve states in light and dark, Spanish and Portuguese, look as they were approved (tests/golden/screens).

Look at what changed and approve it with `make screens`. The font is bundled and the platform is offscreen, so that
pictures differ only by what was changed; a few pixels may differ where Qt draws a line otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.canvas import parts_of_events
from app.canvas.group_card import GroupCard
from app.i18n import Words
from app.main_window import MainWindow
from app.preferences.dialog import PreferencesDialog
from app.session import Session
from app.theme.style import Theme
from app.widgets.command_palette import CommandPalette
from app.widgets.searching import plain
from engine.client import Reply
from engine.domain.rule_codec import read_rule
from engine.errors import EngineError
from engine.settings import Settings, write_settings
from tests.app.conftest import OVERVIEW, ui_state
from tests.app.test_screenshot import EVERYTHING, SCREENS, answer_looks, show
from tests.support.canvases import FakeWorker

PICTURES = Path(__file__).parents[1] / "golden" / "screens"
FAILED = Path(__file__).parents[2] / "build" / "screens"
STATES = ("counting", "estimate", "failed", *SCREENS, "preferences", "commands")
LOOKS = [(scheme, language) for scheme in ("light", "dark") for language in ("es", "pt_BR")]
_VISIBLE = 48
"""A channel that differs by more than this is seen as another colour."""
_SHARE = 0.002


class _Then(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _Then:
        return cls(2026, 8, 20, 12, tzinfo=tz or UTC)


class _That(date):
    @classmethod
    def today(cls) -> _That:
        return cls(2026, 8, 20)


@pytest.fixture(params=LOOKS, ids="-".join)
def drawn(
    request: pytest.FixtureRequest,
    qtbot: QtBot,
    qapp: QApplication,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MainWindow]:
    scheme, language = request.param
    monkeypatch.setattr(parts_of_events, "datetime", _Then)
    monkeypatch.setattr(parts_of_events, "date", _That)
    theme = Theme(scheme)
    theme.apply(qapp)
    qapp.setCursorFlashTime(0)
    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    window = MainWindow(session, theme, Words(language), state=ui_state(tmp_path))
    session.setParent(window)
    qtbot.addWidget(window, before_close_func=lambda w: w.document.history.clear())
    session.open()
    overview = {**OVERVIEW, "audiences": [dict(a) for a in OVERVIEW["audiences"]]}
    worker.replied.emit(Reply(worker.of("overview")[0].token, overview))
    window.resize(1280, 800)
    window.setProperty("worker", worker)
    window.setProperty("look", f"{scheme}-{language}")
    window.show()
    window.open_audience("adults")
    window.document.edit_rule(read_rule(EVERYTHING), "everything")
    qtbot.waitUntil(lambda: not any(group._list.unfinished for group in window.findChildren(GroupCard)))
    qtbot.waitUntil(lambda: len(worker.of("size")) >= 1)
    yield window
    Theme().apply(qapp)


def subject(window: MainWindow, state: str, qtbot: QtBot, folder: Path) -> QWidget:
    """Bring a state to the screen; what to take a picture of."""
    worker: FakeWorker = window.property("worker")
    asked = worker.of("size")[-1]
    match state:
        case "counting":
            show(window, "canvas")
        case "estimate":
            worker.answer_early(asked, 420, (401, 440))
            show(window, "canvas")
        case "failed":
            worker.replied.emit(Reply(asked.token, error=EngineError("warehouse", "the warehouse failed: no disk")))
            show(window, "canvas")
        case "preferences":
            write_settings(folder, Settings())
            dialog = PreferencesDialog(folder, window.words)
            qtbot.addWidget(dialog)
            dialog.resize(560, 480)
            return dialog
        case "commands":
            palette = CommandPalette(window.commands.entries(), window.words("commands.hint"), plain)
            qtbot.addWidget(palette)
            return palette
        case _:
            answer_looks(worker)
            show(window, state)
    return window


def pixels(image: QImage) -> NDArray[np.int16]:
    """Height × width × 4 channels."""
    plain_image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    flat = np.frombuffer(plain_image.constBits(), dtype=np.uint8)
    rows = flat.reshape(plain_image.height(), plain_image.bytesPerLine())[:, : plain_image.width() * 4]
    return rows.reshape(plain_image.height(), plain_image.width(), 4).astype(np.int16)


def difference(one: QImage, other: QImage) -> float:
    """The share of pixels that are seen as another colour."""
    if one.size() != other.size():
        return 1.0
    return float((np.abs(pixels(one) - pixels(other)).max(axis=2) > _VISIBLE).mean())


@pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform has no window manager
def test_screens_look_as_approved(drawn: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    otherwise = []
    for state in STATES:
        if state == SCREENS[0]:  # after the failure the size is asked anew
            drawn.bench.ask()
            qtbot.waitUntil(lambda: len(drawn.property("worker").of("size")) >= 2)
            drawn.property("worker").answer_size(drawn.property("worker").of("size")[-1], 42)
        picture = taken(drawn, subject(drawn, state, qtbot, tmp_path))
        name = f"{state}-{drawn.property('look')}.png"
        approved = PICTURES / name
        if os.environ.get("CONVOKE_APPROVE_SCREENS"):
            PICTURES.mkdir(exist_ok=True)
            picture.save(str(approved), quality=0)
            continue
        assert approved.exists(), f"no approved picture {name}: look at the screen, then run make screens"
        share = difference(QImage(str(approved)), picture)
        if share > _SHARE:
            FAILED.mkdir(parents=True, exist_ok=True)
            picture.save(str(FAILED / name))
            otherwise.append(f"{name} by {share:.2%}")
    assert not otherwise, f"{', '.join(otherwise)} look otherwise: see build/screens, then run make screens"


def taken(window: MainWindow, widget: QWidget) -> QImage:
    """A picture at half the size: small files in which a moved pixel does not count."""
    if widget is not window:  # laid out and polished as if it were on the screen
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.show()
    window.statusBar().clearMessage()
    focused = QApplication.focusWidget()
    if focused is not None:
        focused.clearFocus()
    for _ in range(3):
        QApplication.processEvents()
    whole = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    if widget is not window:
        widget.hide()
    return whole.scaledToWidth(whole.width() // 2, Qt.TransformationMode.SmoothTransformation)


def test_a_change_is_seen() -> None:
    """The comparison would notice a moved card, a changed colour or another size."""
    approved = QImage(str(PICTURES / "canvas-light-es.png"))
    assert difference(approved, approved) == 0
    moved = QImage(approved)
    moved.fill(0xFFFFFFFF)
    assert difference(approved, moved) > _SHARE
    assert difference(approved, approved.copy(0, 3, approved.width(), approved.height())) > _SHARE
    assert difference(approved, approved.scaled(10, 10)) == 1.0
