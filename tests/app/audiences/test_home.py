"""Home: sizes and trends when they come, search over rules, several audiences at once, versions and templates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtWidgets import QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.audiences.table import COLUMNS
from app.audiences.templates import templates
from app.audiences.versions import CompareDialog, HistoryDialog
from app.main_window import MainWindow
from engine.client import Reply
from engine.domain.audience import Audience
from engine.domain.audience_codec import write_audience
from engine.domain.check import check_audience
from engine.domain.describe import Describer
from engine.domain.rule_codec import read_rule
from tests.support.canvases import SMALL, FakeWorker


@pytest.fixture
def home(window: MainWindow) -> MainWindow:
    """The window with three audiences at home."""
    rules = {
        "phones": {"did": "purchase", "where": [{"property": "category", "eq": "phones"}]},
        "gone": {"trait": "x", "eq": 1},
    }
    for name, rule in rules.items():
        window.audiences[name] = (Audience(name, name.title(), read_rule(rule), tags=("a",)), 1)
    assert window.model is not None
    window.home.show_audiences(window.audiences, window.model, window.lists)
    window.show_page(home=True)
    return window


def answer(worker: FakeWorker, operation: str, result: Any) -> None:
    worker.replied.emit(Reply(worker.of(operation)[-1].token, result))


def shown(window: MainWindow) -> list[str]:
    model = window.home.tree.model()
    return [str(model.index(place, 0).data()) for place in range(model.rowCount())]


def cells(window: MainWindow, column: str) -> dict[str, Any]:
    """What a column shows, by the name in the row."""
    model, place = window.home.tree.model(), COLUMNS.index(column)
    return {str(model.index(i, 0).data()): model.index(i, place).data() for i in range(model.rowCount())}


def test_sizes_trends_and_what_is_broken(home: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: len(worker.of("sizes")) >= 1 and set(worker.of("sizes")[-1].arguments["ids"]) == set(home.audiences)
    )
    answer(worker, "sizes", {"phones": 1200, "adults": 30, "gone": None})
    answer(worker, "trends", {"phones": [1100, 1200]})
    assert cells(home, "size") == {"Phones": "1,200", "Adults": "30", "Gone": "–"}
    assert cells(home, "trend")["Phones"] == "▲ 100"
    assert cells(home, "state")["Gone"] == "broken"
    home.home.tree.sortByColumn(1, home.home.tree.header().sortIndicatorOrder().DescendingOrder)
    assert shown(home) == ["Phones", "Adults", "Gone"]


def test_next_runs_and_the_scheduler(home: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(worker.of("schedule")) >= 1)
    coming = {
        "phones": ["2026-06-02T11:30:00Z", False],
        "adults": [None, False],
        "gone": ["2026-06-01T00:00:00Z", True],
    }
    answer(worker, "schedule", {"daemon": "stopped", "next": coming})
    rows = cells(home, "next")
    local = datetime(2026, 6, 2, 11, 30, tzinfo=UTC).astimezone()
    assert rows == {"Phones": home.words.moment(local), "Adults": "", "Gone": "paused"}
    assert home.home.daemon.isVisible()
    assert "nothing is refreshed" in home.home.daemon.text()
    home.home.tree.selectAll()
    home.home._run()
    assert len(worker.of("run")) == 1  # nobody else would
    home.home.numbers._on_schedule({"daemon": "running", "next": coming})
    home.home._run()
    assert (len(worker.of("run")), len(worker.of("run_soon"))) == (1, 1)
    home.home.numbers._on_schedule({"daemon": "never", "next": {}})
    assert not home.home.daemon.isVisible()


def test_search_looks_into_the_rules(home: MainWindow) -> None:
    home.home.search.setText("Category is “phones”")
    assert shown(home) == ["Phones"]
    home.home.search.setText("ADULT")
    assert shown(home) == ["Adults"]


def test_several_at_once(home: MainWindow, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    home.home.tree.selectAll()
    assert sorted(home.home.selected()) == ["adults", "gone", "phones"]
    monkeypatch.setattr(QInputDialog, "getText", lambda *a: ("x, y", True))
    home.home._tag()
    documents = worker.of("save_all")[-1].arguments["documents"]
    assert {tuple(d["tags"]) for d in documents} == {("x", "y")}
    monkeypatch.setattr(QMessageBox, "question", lambda *a: QMessageBox.StandardButton.Yes)
    home.home._delete()
    assert {r.arguments["id"] for r in worker.of("delete")} == {"adults", "gone", "phones"}
    home.home._run()
    answer(worker, "run", [{"id": "adults", "state": "done"}, {"id": "gone", "state": "failed"}])
    assert home.statusBar().currentMessage() == "1 run, 1 failed"


def test_every_template_suits_the_model(home: MainWindow) -> None:
    assert home.model is not None
    for model in (home.model, SMALL):
        made = templates(model)
        assert len(made) >= 3
        for one in made:
            check_audience(Audience("a", "a", one.rule), model, [])
            assert home.words(one.key)


def test_a_version_is_restored_as_an_edit(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    assert window.model is not None
    old = Audience("adults", "Adults", read_rule({"trait": "age", "gte": 21}))
    dialog = HistoryDialog(window.document.audience, window.session, window.words, Describer("en", window.model))
    qtbot.addWidget(dialog)
    version = {"version": 1, "saved_at": "2026-01-01T00:00:00Z", "saved_by": "ana", "changes": []}
    answer(worker, "history", [version | {"document": write_audience(old)}, version | {"version": 2, "document": None}])
    assert dialog.list.count() == 2
    dialog.list.setCurrentRow(1)
    dialog.restored.connect(window.commands._restore)
    dialog._on_restore()
    assert window.document.audience == old
    window.actions_by_key["undo"].trigger()
    assert window.document.audience != old


def test_two_audiences_side_by_side(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    assert window.model is not None
    one, other = Audience("a", "A", read_rule({"trait": "age", "gte": 3})), Audience("b", "B")
    dialog = CompareDialog(one, other, window.session, window.words, Describer("en", window.model))
    qtbot.addWidget(dialog)
    for request, size in zip(worker.of("size")[-3:], (10, 20, 5), strict=True):
        worker.replied.emit(Reply(request.token, {"size": size}))
    assert dialog._sizes == {"one": 10, "other": 20, "both": 5}
