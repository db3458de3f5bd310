"""The views beside the canvas: asked only while looked at, never old numbers as new, and what clicks do."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.insights.who import condition_for
from app.main_window import MainWindow
from app.widgets.bars import ShareBar
from engine.client import Reply, Request
from engine.domain.rule_writing import write_rule
from engine.domain.values import ValueType
from tests.support.canvases import FakeWorker

INSIGHTS = {
    "every": True,
    "base": 1000,
    "size": 50,
    "parts": [
        {"path": "rule.all[0]", "size": 400, "after": 400, "only": 7},
        {"path": "rule.all[1]", "size": 100, "after": 50, "only": 350},
    ],
    "combinations": [{"parts": [0], "size": 350}, {"parts": [0, 1], "size": 50}],
    "left_out": 0,
}


def texts(widget: QWidget) -> list[str]:
    return [found.text() for found in widget.findChildren(QLabel)]


def asked(worker: FakeWorker, days: int) -> bool:
    """Whether so many days were asked for."""
    return len(worker.of("past_size")) == days


def sized(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    """A size has come."""
    asked = len(worker.of("size"))
    window.bench.ask()
    qtbot.waitUntil(lambda: len(worker.of("size")) > asked)
    worker.answer_size(worker.of("size")[-1], 50)


def answer(worker: FakeWorker, operation: str, result: Any) -> Request:
    request = worker.of(operation)[-1]
    worker.replied.emit(Reply(request.token, result))
    return request


def test_the_funnel_shows_the_parts_and_who_fails_only_one(
    window: MainWindow, worker: FakeWorker, qtbot: QtBot
) -> None:
    sized(window, worker, qtbot)
    answer(worker, "insights", INSIGHTS)
    funnel = window.insights.funnel
    assert funnel.is_current
    shown = texts(funnel)
    for wanted in ("1,000", "400", "50", "7 fail only this", "350 fail only this"):
        assert wanted in shown
    assert "1 + 2: 50" in funnel.upset.accessibleDescription()
    with qtbot.waitSignal(window.insights.path_chosen) as chosen:
        next(b for b in funnel.findChildren(QPushButton) if b.text().startswith("1 ")).click()
    assert chosen.args == ["rule.all[0]"]


def test_an_old_answer_is_never_shown_as_new(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot)
    request = worker.of("insights")[-1]
    assert window.canvas is not None
    window.canvas.cards()[0].duplicate()
    assert request.token in worker.cancelled
    worker.replied.emit(Reply(request.token, INSIGHTS))
    assert not window.insights.funnel.is_current
    assert not window.insights.funnel.shown.isEnabled()


def test_only_the_view_one_looks_at_asks(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot)
    assert len(worker.of("insights")) == 1
    assert worker.of("breakdown") == worker.of("overlap") == worker.of("sample_members") == []
    window.insights.show_page("who")
    (request,) = worker.of("breakdown")
    assert request.arguments["trait"] == "age"
    window.insights.show_page("members")
    assert len(worker.of("sample_members")) == 1
    window.insights.show_page("funnel")
    assert len(worker.of("insights")) == 2  # it had no answer yet


def test_a_value_becomes_a_condition(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot)
    window.insights.show_page("who")
    share = {
        "value": 17,
        "high": 19,
        "members": 20,
        "base": 100,
        "index": 400.0,
        "low_index": 300.0,
        "high_index": 500.0,
    }
    answer(worker, "breakdown", {"trait": "age", "size": 50, "base": 1000, "shares": [share]})
    who = window.insights.who
    assert "400" in texts(who)
    next(b for b in who.findChildren(QPushButton) if b.text() == "17 – 19").click()
    assert write_rule(window.document.audience.rule)["all"][-1] == {"trait": "age", "between": [17, 19]}
    assert write_rule(condition_for("t", ValueType.STRING, None, None)) == {"trait": "t", "is_set": False}
    assert write_rule(condition_for("t", ValueType.BOOLEAN, True, None)) == {"trait": "t", "eq": True}


@pytest.mark.parametrize(
    ("low", "high", "sure"),
    [(99.0, 140.0, False), (100.0, 140.0, False), (101.0, 140.0, True), (60.0, 100.0, False), (60.0, 99.0, True)],
)
def test_an_index_is_sure_only_where_its_interval_leaves_out_100(
    window: MainWindow, worker: FakeWorker, qtbot: QtBot, low: float, high: float, sure: bool
) -> None:
    sized(window, worker, qtbot)
    window.insights.show_page("who")
    share = {"value": 17, "high": 19, "members": 20, "base": 100, "index": 98.0, "low_index": low, "high_index": high}
    unknown = {**share, "value": 20, "index": None, "low_index": None, "high_index": None}
    answer(worker, "breakdown", {"trait": "age", "size": 50, "base": 1000, "shares": [share, unknown]})
    found = {one.text(): one for one in window.insights.who.findChildren(QLabel)}
    assert found["98"].property("sure") is sure
    assert f"{low:.0f}" in found["98"].toolTip()
    assert f"{high:.0f}" in found["98"].toolTip()
    assert not found["–"].property("sure")


def test_an_overlap_counts_shared_members_once(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    """50 here, 30 there, 10 in both: 70 people in all, of whom one in seven is shared."""
    sized(window, worker, qtbot)
    window.insights.show_page("overlap")
    answer(worker, "overlap", [{"id": "vips", "size": 30, "both": 10}, {"id": "all", "size": 1000, "both": 50}])
    overlap = window.insights.overlap
    found = {one.text(): one for one in overlap.findChildren(QLabel)}
    tips = {name: found[name].toolTip() for name in ("vips", "all")}
    words = window.insights.overlap.words
    assert tips["vips"] == words("overlap.tip", "30", words.percent(10, 70))
    assert tips["all"] == words("overlap.tip", "1,000", words.percent(50, 1000))
    assert {"10 · 20.0 %", f"50 · {words.percent(50, 50)}"} <= set(texts(overlap))
    assert [bar.share for bar in overlap.findChildren(ShareBar)] == [0.2, 1.0]


def test_another_audience_is_excluded_by_a_click(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot)
    window.insights.show_page("overlap")
    answer(worker, "overlap", [{"id": "vips", "size": 30, "both": 10}, {"id": "none", "size": 3, "both": 0}])
    overlap = window.insights.overlap
    assert "10 · 20.0 %" in texts(overlap)
    assert "none" not in texts(overlap)
    overlap.findChildren(QToolButton)[0].click()
    assert write_rule(window.document.audience.rule)["all"][-1] == {"not": {"audience": "vips"}}


def test_days_come_one_by_one_while_nothing_else_is_asked(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot)
    window.insights.show_page("time")
    for day in range(1, 4):
        qtbot.waitUntil(partial(asked, worker, day))
        request = worker.of("past_size")[-1]
        assert request.arguments["ago"] == day
        worker.replied.emit(Reply(request.token, {"as_of": f"2026-05-{20 - day}T00:00:00Z", "size": 50 - day}))
    assert [size for _, size in window.insights.time.line.points] == [47, 48, 49, 50]
    assert not window.insights.time.is_complete


def test_how_fresh_the_last_snapshot_is(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot)
    window.insights.show_page("time")
    told = {"as_of": "2026-05-20T10:00:00Z", "data_version": "abcdef0123", "lag_seconds": 190, "waiting": 3}
    answer(worker, "freshness", told | {"received_at": "2026-05-20T09:59:58Z"})
    said = window.insights.time.fresh.text()
    assert all(part in said for part in ("3 minutes ago", "data abcdef01", "3 batches", "The newest event in it"))
    window.insights.time._show_fresh(told | {"received_at": None, "waiting": 0, "lag_seconds": 90_000})
    assert "25 hours ago" in window.insights.time.fresh.text()
    assert "event" not in window.insights.time.fresh.text()
    window.insights.time._show_fresh(None)
    assert window.insights.time.fresh.text() == "", "it was never saved"


def test_why_someone_is_in(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    sized(window, worker, qtbot)
    window.insights.show_page("members")
    members = window.insights.members
    answer(worker, "sample_members", [{"key": 987654, "member": "98••54", "age": 30}])
    item = members.table.item(0, 0)
    assert item is not None
    assert item.text() == "98••54"
    assert "987654" not in " ".join(texts(window))
    members._on_row(0)
    assert worker.of("why")[-1].arguments["key"] == "987654"
    conditions = [{"path": "rule.all[0]", "condition": "Age is at least 18", "in": True, "value": 30}]
    answer(worker, "why", {"member": True, "site": "MLB", "conditions": conditions})
    assert "In the audience" in texts(members)
    assert any("✓" in text and "(30)" in text for text in texts(members))
