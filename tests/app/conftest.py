"""The window over a worker that answers by hand, or over the real one."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QSettings, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app import opening
from app.__main__ import Shell
from app.i18n import Words
from app.main_window import MainWindow
from app.session import Session
from app.theme.style import Theme
from app.ui_state import UiState
from engine.client import Reply
from engine.domain.documents import load_one
from engine.settings import read_settings, write_settings
from sample_data import marketplace
from tests.support.canvases import FakeWorker

OVERVIEW: dict[str, Any] = {
    "model": load_one(Path(marketplace.MODEL_FILE).read_bytes()),
    "audiences": [
        {
            "kind": "audience",
            "id": "adults",
            "name": "Adults",
            "rule": {"all": [{"trait": "age", "gte": 18}, {"not": {"did": "purchase", "within": "30d"}}]},
            "_version": 3,
        }
    ],
    "lists": {"vip": 12},
    "warehouse": "duckdb:////data/shop.duckdb",
}


def ui_state(folder: Path) -> UiState:
    """Where windows stood, of nobody; the tour is over."""
    state = UiState(QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat))
    state.see("tour")
    return state


@pytest.fixture
def worker(qtbot: QtBot) -> FakeWorker:
    return FakeWorker()


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, worker: FakeWorker, tmp_path: Path) -> MainWindow:
    """The window with the audience "Adults" open."""
    theme = Theme()
    theme.apply(qapp)
    session = Session(worker)  # type: ignore[arg-type]
    made = MainWindow(session, theme, Words("en"), state=ui_state(tmp_path))
    session.setParent(made)
    qtbot.addWidget(made, before_close_func=lambda w: w.document.history.setClean())
    overview = {**OVERVIEW, "audiences": [dict(a) for a in OVERVIEW["audiences"]]}
    session.open()
    worker.replied.emit(Reply(worker.of("overview")[0].token, overview))
    made.show()
    made.open_audience("adults")
    return made


@pytest.fixture
def shell(qapp: QApplication, demo_folder: Path, tmp_path: Path) -> Iterator[Shell]:
    """Everything behind the app over the small marketplace, not started yet."""
    settings = read_settings(demo_folder)
    write_settings(demo_folder, replace(settings, theme="light"))
    made = Shell(qapp, demo_folder, read_settings(demo_folder), ui_state(tmp_path))
    yield made
    made.worker.stop()
    made.document.history.clear()
    made.window.close()
    write_settings(demo_folder, settings)


@pytest.fixture
def real_window(qtbot: QtBot, shell: Shell) -> MainWindow:
    """The window over the real worker and the small marketplace."""
    made = shell.window
    with qtbot.waitSignal(made.session.opened, timeout=20_000):
        shell.start()
    with qtbot.waitSignal(made.session.sized, timeout=20_000):
        made.open_audience("lapsed-buyers")
    return made


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Iterator[None]:
    """The app starts no threads; what a test starts, it ends."""
    before = set(threading.enumerate())
    yield
    left = [one for one in threading.enumerate() if one not in before and one.is_alive()]
    assert left == []


@pytest.fixture(autouse=True, scope="module")
def _no_timer_is_left_behind(qapp: QApplication) -> Iterator[None]:
    """Windows that are closed and given up leave no timer that goes on."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(opening, "gc", SimpleNamespace(freeze=lambda: None))  # what is set aside could not be looked at
        yield
    left = _timers_left(qapp)
    if left:  # what is given up may hang together with what the tests set aside
        gc.unfreeze()
        left = _timers_left(qapp)
        gc.freeze()
    assert [(one.interval(), one.parent()) for one in left] == []


def _timers_left(qapp: QApplication) -> list[QTimer]:
    for _ in range(3):
        gc.collect()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.processEvents()
    return [
        one
        for one in gc.get_objects()
        if type(one) is QTimer and isValid(one) and one.isActive() and one.interval() > 0
    ]
