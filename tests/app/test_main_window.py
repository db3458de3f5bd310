"""Stories at the window: numbers are never stale, everything undoes, nothing is unnamed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from app.__main__ import Shell
from app.canvas.group_card import GroupCard
from app.main_window import MainWindow
from app.mime import Item, item_data, place_data
from engine.client import Reply
from engine.domain.operators import Compare
from engine.domain.rule import All, AnyOf, Did, Not, TraitIs
from engine.domain.rule_writing import write_rule
from engine.errors import EngineError
from engine.settings import read_settings
from tests.support.canvases import FakeWorker


def root(window: MainWindow) -> GroupCard:
    assert window.canvas is not None
    assert isinstance(window.canvas.root, GroupCard)
    return window.canvas.root


def test_an_answer_counts_only_for_the_rule_it_was_asked_for(
    window: MainWindow, worker: FakeWorker, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: len(worker.of("size")) == 1)
    first = worker.of("size")[0]
    root(window).add_item(Item("trait", "state"))
    assert worker.cancelled[-1] == first.token
    assert window.insights.total.property("stale") is True
    worker.answer_size(first, 111)
    assert window.insights.total.text() == "–"
    qtbot.waitUntil(lambda: len(worker.of("size")) == 2)
    worker.answer_size(worker.of("size")[1], 222)
    assert window.insights.total.text() == "222"
    assert window.insights.total.property("stale") is False
    assert root(window).cards[0].count.text() == "222 · 22.2 %"


def test_a_sample_answers_first_and_says_so(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(worker.of("size")) == 1)
    root(window).add_item(Item("trait", "state"))
    qtbot.waitUntil(lambda: len(worker.of("size")) == 2)
    request = worker.of("size")[1]
    worker.answer_early(request, 220, (200, 240))
    insights = window.insights
    assert (insights.total.text(), insights.chip.text()) == ("≈ 220", "estimate")
    assert "200" in insights.share.text()
    assert "240" in insights.share.text()
    assert root(window).cards[0].count.text() == "≈ 220 · 22.0 %"
    worker.answer_size(request, 222)
    assert (insights.total.text(), insights.chip.text()) == ("222", "exact")
    assert root(window).cards[0].count.text() == "222 · 22.2 %"
    worker.answer_early(request, 220, (200, 240))  # too late: the exact number stays
    assert insights.total.text() == "222"


def test_quick_edits_ask_once(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(worker.of("size")) == 1)
    for _ in range(5):
        root(window).add_item(Item("event", "view"))
    qtbot.waitUntil(lambda: len(worker.of("size")) == 2)
    rule = worker.of("size")[1].arguments["document"]["rule"]
    assert len(rule["all"]) == 7


def test_everything_undoes(window: MainWindow) -> None:
    start = window.document.audience
    group = root(window)
    group.add_item(Item("trait", "uses_app"))
    group.add_item(Item("audience", "adults"), 0)
    group.cards[1].negate()
    assert len(group.cards) == 2  # the negated one stands in the other lane
    group.cards[0].toggle_muted()
    group.cards[1].step(-1)
    group.cards[0].duplicate()
    group._on_add_group()
    group.cards[0].remove()
    assert window.canvas is not None
    window.canvas.lane.cards[0].negate()
    group.cards[0].exclude()
    window.name.setText("Others")
    window.name.textEdited.emit("Others")
    assert window.document.audience != start
    while window.document.history.canUndo():
        window.actions_by_key["undo"].trigger()
    assert window.document.audience == start
    assert window.document.is_saved
    shown = [card.node for card in (*root(window).cards, *window.canvas.lane.cards)]
    assert shown == list(start.rule.children)  # type: ignore[union-attr]


def test_typing_a_number_edits_the_rule_and_keeps_the_cursor(window: MainWindow, qtbot: QtBot) -> None:
    card = root(window).cards[0]
    field = card.findChildren(QLineEdit)[0]
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "45")
    rule = window.document.audience.rule
    assert isinstance(rule, All)
    assert rule.children[0] == TraitIs("age", Compare("gte", 45))
    assert root(window).cards[0].findChildren(QLineEdit)[0] is field
    assert window.document.history.count() == 1


def test_event_editors_change_times_window_and_details(window: MainWindow) -> None:
    assert window.canvas is not None
    card = window.canvas.lane.cards[0]
    times = next(f for f in card.findChildren(QLineEdit) if f.placeholderText() == "value")
    times.setText("4")
    card.findChildren(QSpinBox)[0].setValue(60)
    rule = window.document.audience.rule
    assert isinstance(rule, All)
    node = rule.children[1]
    assert isinstance(node, Not)
    assert isinstance(node.child, Did)
    assert node.child.measure.operator == Compare("gte", 4)
    assert str(node.child.window.duration) == "60d"  # type: ignore[union-attr]
    more = next(c for c in card.findChildren(QComboBox) if c.itemText(0) == "with…")
    more.activated.emit(more.findData("category"))
    document = write_rule(window.document.audience.rule)
    assert document["all"][1]["not"]["where"] == [{"property": "category", "is_set": True}]


def drop(group: GroupCard, data: QMimeData, y: int) -> None:
    event = QDropEvent(
        QPointF(40, y),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    group.dropEvent(event)


def test_drops_from_the_palette_and_from_the_canvas(window: MainWindow) -> None:
    group = root(window)
    drop(group, item_data(Item("trait", "gender")), 0)
    rule = window.document.audience.rule
    assert isinstance(rule, All)
    assert write_rule(rule.children[0]) == {"trait": "gender", "is_set": True}
    drop(group, place_data((0,)), 10_000)
    moved = window.document.audience.rule
    assert isinstance(moved, All)
    assert moved.children == (rule.children[1], rule.children[0], rule.children[2])


def test_keys_do_what_drags_do(window: MainWindow, qtbot: QtBot) -> None:
    root(window).add_item(Item("trait", "gender"))
    first = root(window).cards[0]
    first.setFocus()
    node = first.node
    qtbot.keyClick(first, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert root(window).cards[1].node == node
    qtbot.keyClick(root(window).cards[1], Qt.Key.Key_Delete)
    assert len(root(window).cards) == 1


def test_logic_switches(window: MainWindow) -> None:
    combo = root(window)._logic
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    rule = write_rule(window.document.audience.rule)
    assert rule == {"all": [{"any": [{"trait": "age", "gte": 18}]}, {"not": {"did": "purchase", "within": "30d"}}]}
    window.actions_by_key["undo"].trigger()
    window.canvas.lane.cards[0].remove()  # type: ignore[union-attr]
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert isinstance(window.document.audience.rule, AnyOf)


def test_an_error_of_the_rule_is_a_sentence_on_the_canvas(window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(worker.of("size")) == 1)
    error = EngineError("unknown_name", 'there is no trait "age"', "rule.all[0]", "Known: state.")
    worker.replied.emit(Reply(worker.of("size")[0].token, error=error))
    assert window.canvas is not None
    assert window.canvas.error.text() == str(error)
    assert window.insights.total.text() == "–"
    assert 'no trait "age"' in " ".join(found.text() for found in root(window).cards[0].findChildren(QLabel))


def test_saving_marks_the_audience_saved(window: MainWindow, worker: FakeWorker) -> None:
    root(window).add_item(Item("trait", "state"))
    assert not window.document.is_saved
    window.actions_by_key["save"].trigger()
    request = worker.of("save")[0]
    assert request.arguments["document"]["id"] == "adults"
    worker.replied.emit(Reply(request.token, {"version": 4}))
    assert (window.document.is_saved, window.document.version) == (True, 4)


def test_a_new_audience_gets_its_id_from_its_name(window: MainWindow, worker: FakeWorker) -> None:
    window.new()
    window.document.edit(replace(window.document.audience, name="Compradores de São Paulo"), "name")
    window.save()
    assert worker.of("save")[0].arguments["document"]["id"] == "compradores-de-sao-paulo"


def test_the_look_changes_around_the_open_document(real_window: MainWindow, shell: Shell, qtbot: QtBot) -> None:
    real_window.document.edit(replace(real_window.document.audience, name="Half done"), "name")
    for theme in ("dark", "contrast", "system", "light"):
        before = shell.window
        before.actions_by_key["theme"].trigger()
        assert shell.window is not before
        qtbot.waitUntil(lambda: shell.window.insights.total.text() != "–", timeout=20_000)
        assert read_settings(shell.window.folder).theme == theme  # type: ignore[arg-type]
        assert shell.window.document.audience.name == "Half done"
        assert shell.window.name.text() == "Half done"
        assert shell.window.insights.total.text() != "–"
    assert shell.window.document.history.canUndo()


def test_the_real_engine_answers_an_edit(real_window: MainWindow, qtbot: QtBot) -> None:
    window = real_window
    before = window.insights.total.text()
    assert before not in ("–", "0")
    with qtbot.waitSignal(window.session.sized, timeout=10_000) as caught:
        window.bench.palette_panel.chosen.emit(Item("trait", "uses_app"))
    assert caught.args is not None
    assert caught.args[0].nodes["rule.all[2]"].size > 0
    assert window.insights.total.text() != before
    with qtbot.waitSignal(window.session.sized, timeout=10_000):
        window.actions_by_key["undo"].trigger()
    assert window.insights.total.text() == before


def test_the_worker_is_restarted_when_it_dies(real_window: MainWindow, qtbot: QtBot) -> None:
    worker = real_window.session._worker
    with qtbot.waitSignal(real_window.session.sized, timeout=20_000):
        worker._process.kill()
    assert real_window.insights.total.text() != "–"


def test_the_search_ignores_accents_and_case(window: MainWindow) -> None:
    window.bench.palette_panel.search.setText("LOYALTY")
    tree = window.bench.palette_panel.tree
    shown = [
        tree.topLevelItem(i).child(j).text(0)  # type: ignore[union-attr]
        for i in range(tree.topLevelItemCount())
        for j in range(tree.topLevelItem(i).childCount())  # type: ignore[union-attr]
        if not tree.topLevelItem(i).child(j).isHidden()  # type: ignore[union-attr]
    ]
    assert shown == ["Loyalty level · number"]


def test_a_large_rule_is_built_bit_by_bit_and_gets_its_numbers(
    window: MainWindow, worker: FakeWorker, qtbot: QtBot
) -> None:
    nodes = tuple(TraitIs("age", Compare("gte", number)) for number in range(20))
    before = len(worker.of("size"))  # a slow machine may have asked for the window's first audience already
    window.document.edit_rule(All((*nodes, AnyOf(nodes[:5]))), "many")
    assert len(root(window).cards) < 21
    qtbot.waitUntil(lambda: len(worker.of("size")) > before)
    worker.answer_size(worker.of("size")[-1], 5)
    qtbot.waitUntil(lambda: len(root(window).cards) == 21)
    assert [card.node for card in root(window).cards[:20]] == list(nodes)
    assert root(window).cards[0].count.text() == "5 · 0.5 %"
    window.actions_by_key["undo"].trigger()
    assert len(root(window).cards) == 1


def test_the_bell_says_how_many_alerts_nobody_has_looked_at(window: MainWindow, worker: FakeWorker) -> None:
    for count, text in ((3, "3"), (0, "0")):
        window.ask_alerts()
        worker.replied.emit(Reply(worker.of("unseen_alerts")[-1].token, count))
        assert window.top.bell.text() == text
        assert ("3" in window.top.bell.accessibleName()) == (count == 3)
    assert window._bell.isActive()
