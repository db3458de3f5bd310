"""The ribbon under a card: exact sizes by threshold, none while they are of an older rule, the handle stays in hand."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.canvas.condition_card import ConditionCard
from app.canvas.ribbon import RibbonStrip, has_ribbon
from app.main_window import MainWindow
from engine.client import Reply
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from tests.support.canvases import FakeWorker, make_canvas

FOUND = {"trait": "age", "thresholds": [16, 17, 18, 19], "sizes": {"gte": [90, 80, 70, 5], "lt": [0, 10, 20, 85]}}


def test_only_a_threshold_has_a_ribbon(qapp: QApplication) -> None:
    context = make_canvas(read_rule({"all": []})).context
    for rule, has in (
        ({"trait": "age", "gte": 3}, True),
        ({"trait": "ltv", "lt": 3}, True),
        ({"trait": "birth", "lte": "2001-01-01"}, True),
        ({"trait": "age", "eq": 3}, False),
        ({"trait": "registered_at", "gte": "2001-01-01"}, True),
        ({"trait": "registered_at", "gte": "2001-01-01T12:00:00"}, False),
        ({"did": "view"}, False),
        ({"trait": "gone", "gte": 3}, False),
    ):
        assert has_ribbon(read_rule(rule), context) is has, rule


def sized(window: MainWindow, worker: FakeWorker, qtbot: QtBot, count: int) -> None:
    qtbot.waitUntil(lambda: len(worker.of("size")) == count)
    worker.answer_size(worker.of("size")[-1], 70)


def strip_of(window: MainWindow) -> RibbonStrip:
    assert window.canvas is not None
    (strip,) = window.canvas.findChildren(RibbonStrip)
    return strip


def test_the_handle_moves_the_condition_and_keeps_the_focus(
    window: MainWindow, worker: FakeWorker, qtbot: QtBot
) -> None:
    sized(window, worker, qtbot, 1)
    canvas = window.canvas
    assert canvas is not None
    card = next(one for one in canvas.cards() if isinstance(one, ConditionCard))
    canvas._on_focus(None, card)
    request = worker.of("thresholds")[-1]
    assert request.arguments["path"] == "rule.all[0]"
    assert request.arguments["as_of"] == "2026-06-01T00:00:00Z"  # the moment of the size it stands beside
    worker.replied.emit(Reply(request.token, FOUND))
    strip = strip_of(window)
    assert (strip.ribbon.at, strip.said.text()) == (2, "18: 70 profiles")
    qtbot.keyClick(strip.ribbon, Qt.Key.Key_Right)
    assert write_rule(window.document.audience.rule)["all"][0] == {"trait": "age", "gte": 19}
    assert card.findChildren(QLineEdit)[0].text() == "19"
    assert strip_of(window) is strip
    assert strip.said.text() == "counting…"
    sized(window, worker, qtbot, 2)
    assert len(worker.of("thresholds")) == 2
    worker.replied.emit(Reply(worker.of("thresholds")[-1].token, FOUND))
    assert strip.said.text() == "19: 5 profiles"


def test_another_edit_makes_its_numbers_old(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot, 1)
    assert window.canvas is not None
    card = next(one for one in window.canvas.cards() if isinstance(one, ConditionCard))
    window.canvas._on_focus(None, card)
    worker.replied.emit(Reply(worker.of("thresholds")[-1].token, FOUND))
    window.canvas.lane.cards[0].toggle_muted()
    assert strip_of(window).said.text() == "counting…"
