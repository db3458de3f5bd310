"""Every screen in every language and scheme: rendered for real, nothing clipped, nothing unnamed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.audiences.schedule import ScheduleDialog
from app.canvas.group_card import GroupCard
from app.destinations.dialog import DestinationsDialog
from app.i18n import PSEUDO, Words
from app.main_window import MainWindow
from app.preferences.dialog import PreferencesDialog
from app.preferences.help import HelpDialog
from app.preferences.wizard import ConnectWizard
from app.runs.activity import ActivityDialog
from app.session import Session
from app.theme.style import Theme
from engine import programs
from engine.client import Reply
from engine.domain.rule_codec import read_rule
from engine.operations import destination_types
from engine.settings import Settings, write_settings
from tests.app.conftest import OVERVIEW, ui_state
from tests.app.insights.test_panel import INSIGHTS
from tests.support.canvases import FakeWorker

EVERYTHING = {
    "all": [
        {"trait": "age", "between": [25, 44]},
        {"trait": "state", "in": ["SP", "RJ"]},
        {"trait": "registered_at", "within_last": "90d"},
        {
            "did": "purchase",
            "where": [{"property": "category", "eq": "phones"}],
            "within": {"calendar": "month", "last": 2},
        },
        {"did": "view", "measure": {"days": True}, "gte": 3, "within": {"ago": ["60d", "30d"]}},
        {"has": "card", "where": {"any": [{"property": "brand", "eq": "visa"}]}},
        {"any": [{"audience": "adults"}, {"list": "vip"}, {"sample": {"percent": 10, "seed": "s"}}]},
        {"sequence": [{"did": "view", "as": "v"}, {"did": "purchase", "gap": {"lte": "7d"}}], "within": "30d"},
        {"trait": "gone", "eq": 1},
        {"not": {"sql": "SELECT user_id FROM users"}},
        {"not": {"any": [{"did": "refund"}], "muted": True}},
    ]
}
SCREENS = ("home", "canvas", "funnel", "who", "time", "overlap", "members")


@pytest.fixture(params=["en", "es", "pt_BR", PSEUDO])
def every(request: pytest.FixtureRequest, qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> MainWindow:
    """A window with a card of every kind, in one language; the schemes take turns."""
    theme = Theme({"en": "light", "es": "dark", "pt_BR": "contrast"}.get(request.param, "light"))
    theme.apply(qapp)
    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    window = MainWindow(session, theme, Words(request.param), state=ui_state(tmp_path))
    session.setParent(window)
    qtbot.addWidget(window, before_close_func=lambda w: w.document.history.clear())
    session.open()
    overview = {**OVERVIEW, "audiences": [dict(a) for a in OVERVIEW["audiences"]]}
    worker.replied.emit(Reply(worker.of("overview")[0].token, overview))
    window.resize(1440, 900)
    window.setProperty("worker", worker)
    window.show()
    window.open_audience("adults")
    window.document.edit_rule(read_rule(EVERYTHING), "everything")
    qtbot.waitUntil(lambda: not any(group._list.unfinished for group in window.findChildren(GroupCard)))
    qtbot.waitUntil(lambda: len(worker.of("size")) >= 1)
    worker.answer_size(worker.of("size")[-1], 42)
    answer_looks(worker)
    return window


LONG = "An audience with a name as long as people give them when many work together"
SHARES = [
    {"value": LONG, "high": None, "members": 9, "base": 90, "index": 123.0, "low_index": 101.0, "high_index": 140.0}
]
ANSWERS: dict[str, Any] = {
    "insights": INSIGHTS,
    "breakdown": {"trait": "state", "size": 42, "base": 1000, "shares": SHARES},
    "overlap": [{"id": LONG, "size": 123456, "both": 42}],
    "sample_members": [{"key": 1, "member": "•", "age": 3}],
    "reachable": {"size": 42, "identifiers": {LONG: 4}, "consents": {LONG: 5}, "both": {LONG: {LONG: 3}}},
    "freshness": None,
    "past_size": {"as_of": "2026-01-01T00:00:00Z", "size": 5},
}


def answer_looks(worker: FakeWorker) -> None:
    """Answer what the views have asked."""
    for request in list(worker.requests):
        if request.operation in ANSWERS:
            worker.replied.emit(Reply(request.token, ANSWERS[request.operation]))


def show(window: MainWindow, screen: str) -> None:
    window.show_page(home=screen == "home")
    if screen in window.insights.pages:
        window.insights.show_page(screen)
    QApplication.processEvents()
    answer_looks(window.property("worker"))
    for _ in range(3):  # a scroll bar that comes makes the rest narrower
        QApplication.processEvents()


def clipped(widget: QWidget) -> list[str]:
    """Texts that have less room than they need; what scrolls and what wraps may."""
    found = []
    for child in widget.findChildren(QWidget):
        if not child.isVisible() or not isinstance(child, QLabel | QPushButton) or not child.text():
            continue
        if child.sizePolicy().horizontalPolicy() is QSizePolicy.Policy.Ignored:
            assert child.toolTip()  # a name that gives way says itself there
            continue
        wraps = isinstance(child, QLabel) and child.wordWrap()
        needed: QSize = child.minimumSizeHint() if wraps else child.sizeHint()
        if child.height() < needed.height() - 2 or (not wraps and child.width() < needed.width() - 2):
            found.append(f"{child.text()[:40]} {child.size().toTuple()} < {needed.toTuple()}")
    return found


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_is_clipped(every: MainWindow, screen: str) -> None:
    show(every, screen)
    if screen in every.insights.pages:
        assert beyond(every.insights.pages[screen]) == []
    page = every.home if screen == "home" else every.insights
    assert clipped(page) == []
    if screen == "canvas":
        assert every.canvas is not None
        assert clipped(every.canvas) == []


def beyond(page: QScrollArea) -> list[str]:
    """Texts and buttons that end beyond the right edge, where one cannot scroll."""
    edge = page.viewport().width()
    found = []
    for child in page.findChildren(QWidget):
        if isinstance(child, QLabel | QAbstractButton) and child.isVisible():
            right = child.mapTo(page.viewport(), child.rect().topRight()).x()
            if right > edge + 1 and not isinstance(child.parentWidget(), QAbstractItemView):
                found.append(f"{child.text()[:30]} {right} > {edge}")
    return found


def unnamed(widget: QWidget) -> list[QWidget]:
    """Interactive objects without a name for a screen reader."""
    roles = {
        QAccessible.Role.Button,
        QAccessible.Role.ButtonMenu,
        QAccessible.Role.CheckBox,
        QAccessible.Role.ComboBox,
        QAccessible.Role.EditableText,
        QAccessible.Role.List,
        QAccessible.Role.Slider,
        QAccessible.Role.SpinBox,
        QAccessible.Role.Table,
        QAccessible.Role.Tree,
    }
    found = []
    for child in widget.findChildren(QWidget):
        interface = QAccessible.queryAccessibleInterface(child)
        inner = isinstance(child.parentWidget(), QAbstractSpinBox | QComboBox | QScrollArea)
        if interface is None or inner or not child.isVisible() or interface.role() not in roles:
            continue
        own = child.accessibleName() or interface.text(QAccessible.Text.Name) or child.toolTip()
        if not own and type(child.parentWidget()).__name__ not in ("QLineEdit", "QComboBoxPrivateContainer"):
            found.append(child)
    return found


@pytest.mark.parametrize("screen", SCREENS)
def test_no_interactive_object_is_unnamed(every: MainWindow, screen: str) -> None:
    show(every, screen)
    assert unnamed(every) == []


def _destinations(window: MainWindow) -> DestinationsDialog:
    """The dialog with the longest form."""
    assert window.model is not None
    made = DestinationsDialog(window.model, window.session, window.words)
    made._show_types(destination_types())
    made.kind.setCurrentIndex(made.kind.findData("objects"))
    made.add.click()
    assert made.form is not None
    return made


def test_no_dialog_has_unnamed_or_clipped_parts(every: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    write_settings(tmp_path, Settings())
    for dialog in (
        PreferencesDialog(tmp_path, every.words),
        HelpDialog(every.words),
        ConnectWizard(every.session, every.words),
        ActivityDialog(every.session, every.words),
        ScheduleDialog(every.document.audience, ["America/Sao_Paulo"], every.words),
        _destinations(every),
    ):
        qtbot.addWidget(dialog)
        dialog.show()
        QApplication.processEvents()
        assert unnamed(dialog) == [], dialog
        assert clipped(dialog) == [], dialog


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (["--screen", "home", "--lang", "es", "--theme", "dark"], (1000, 700)),
        (["--audience", "lapsed-buyers", "--lang", "pt_BR", "--scale", "2"], (2000, 1400)),
        (["--audience", "lapsed-buyers", "--screen", "who", "--theme", "contrast"], (1000, 700)),
        (["--screen", "commands"], None),
    ],
)
def test_a_picture_of_one_state(
    options: list[str], size: tuple[int, int] | None, demo_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    options = ["-w", str(demo_folder), "--screenshot", str(out), *options]
    command = programs.command(programs.Program.COMMAND_LINE, "app", *options)
    for name in ("yaml.py", "app.py", "engine.py", "sitecustomize.py"):  # a repository of somebody else
        (tmp_path / name).write_text("raise SystemExit(99)")
    done = subprocess.run(
        [*command, "--size", "1000x700"], capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    picture = QImage(str(out))
    assert size is None or picture.size().toTuple() == size
    step = max(1, picture.width() // 60)
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), step) for y in range(0, picture.height(), step)}
    assert len(colours) > 5


def test_a_picture_of_nothing_is_refused(demo_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    command = [sys.executable, "-m", "engine.cli", "app", "-w", str(demo_folder), "--screenshot", str(out)]
    done = subprocess.run([*command, "--audience", "nobody"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert 'there is no audience "nobody"' in done.stderr
    assert not out.exists()
