"""The window over a worker that answers by hand, or over the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import make_window
from app.i18n import Words
from app.main_window import MainWindow
from app.session import Session
from app.theme.style import Theme
from engine.client import Reply, Request
from engine.domain.documents import load_one
from sample_data import marketplace


class FakeWorker(QObject):
    """Keeps the requests; the test answers them, in any order."""

    replied = Signal(object)
    started = Signal()
    died = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.cancelled: list[int] = []

    def send(self, request: Request) -> None:
        self.requests.append(request)

    def cancel(self, token: int) -> None:
        self.cancelled.append(token)

    def of(self, operation: str) -> list[Request]:
        return [r for r in self.requests if r.operation == operation]

    def answer_size(self, request: Request, size: int, base: int = 1000) -> None:
        result = {
            "size": size,
            "base": base,
            "as_of": "2026-06-01T00:00:00Z",
            "data_version": "0123456789abcdef",
            "elapsed_ms": 1.0,
            "per_site": {"MLB": size},
            "conditions": [{"path": "rule.all[0]", "size": size, "without": base}],
            "groups": [{"path": "rule", "size": size}],
        }
        self.replied.emit(Reply(request.token, result))


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
}


@pytest.fixture
def worker(qtbot: QtBot) -> FakeWorker:
    return FakeWorker()


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, worker: FakeWorker) -> MainWindow:
    """The window with the audience "Adults" open."""
    theme = Theme()
    theme.apply(qapp)
    session = Session(worker)  # type: ignore[arg-type]
    made = MainWindow(session, theme, Words("en"))
    session.setParent(made)
    qtbot.addWidget(made, before_close_func=lambda w: w.document.history.setClean())
    overview = {**OVERVIEW, "audiences": [dict(a) for a in OVERVIEW["audiences"]]}
    session.open()
    worker.replied.emit(Reply(worker.of("overview")[0].token, overview))
    made.show()
    return made


@pytest.fixture
def real_window(qtbot: QtBot, qapp: QApplication, demo_folder: Path) -> Iterator[MainWindow]:
    """The window over the real worker and the small marketplace."""
    made, worker = make_window(qapp, demo_folder, Theme(), Words("en"))
    qtbot.addWidget(made, before_close_func=lambda w: w.document.history.setClean())
    made.show()
    with qtbot.waitSignal(made.session.sized, timeout=20_000):
        worker.start()
    yield made
    worker.stop()
