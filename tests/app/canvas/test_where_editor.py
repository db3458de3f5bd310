"""Editors of events: windows, measures, properties nested as one likes, sequences and the other conditions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QDoubleSpinBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.canvas.condition_card import ConditionCard
from app.canvas.parts_of_events import WindowEditor, window_kind
from app.canvas.sequence_editor import SequenceEditor
from app.canvas.where_editor import WhereEditor, as_group, from_group
from app.i18n import Words
from app.widgets.chooser import Chooser
from engine.domain.audience import Audience
from engine.domain.durations import Duration
from engine.domain.rule import Did, Node, PropertyIs, Sequence, WhereAll, WhereAny, WhereNot
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from engine.domain.windows import Ago, CalendarCurrent, CalendarLast, Last, Span
from tests.support.canvases import SMALL, make_canvas


def card_of(node: Any, qtbot: QtBot, **more: Any) -> ConditionCard:
    canvas = make_canvas(read_rule(node), **more)
    qtbot.addWidget(canvas)
    assert isinstance(canvas.root, ConditionCard)
    return canvas.root


def rule_of(card: ConditionCard) -> Any:
    return write_rule(card.context.document.audience.rule)


def choose(combo: QComboBox, value: object) -> None:
    index = combo.findData(value)
    assert index >= 0, value
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def chooser_in(widget: QWidget) -> Chooser:
    return next(one for one in widget.findChildren(Chooser) if not one.isHidden())


def combo_with(widget: QWidget, value: object) -> QComboBox:
    return next(c for c in widget.findChildren(QComboBox) if c.findData(value) >= 0 and not c.isHidden())


def broken_row(card: ConditionCard) -> QWidget | None:
    return card._broken


WINDOWS = [
    None,
    Last(Duration(3, "w")),
    CalendarLast("quarter", 2),
    CalendarCurrent("year"),
    Span(date(2026, 1, 1), date(2026, 2, 1)),
    Ago(Duration(60, "d"), Duration(30, "d")),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_kind_of_window_is_shown_with_its_moments(window: Any, qtbot: QtBot) -> None:
    site = SMALL.sites["MLB"]
    editor = WindowEditor(window, site, Words("en"), "Purchase")
    qtbot.addWidget(editor)
    assert editor._kind.currentData() == window_kind(window)
    if window is None:
        assert editor.preview.isHidden()
    else:
        assert editor.preview.text().endswith("Sao Paulo")
        assert "–" in editor.preview.text()
    if isinstance(window, Span):
        assert editor.preview.text() == "1 Jan 2026 00:00 – 1 Feb 2026 00:00, Sao Paulo"


@pytest.mark.parametrize("kind", ["all", "last", "calendar", "current", "span", "ago"])
def test_windows_switch_and_change(kind: str, qtbot: QtBot) -> None:
    card = card_of({"did": "view", "within": "30d"}, qtbot)
    choose(combo_with(card, "calendar"), kind)
    node = card.context.document.audience.rule
    assert isinstance(node, Did)
    assert window_kind(node.window) == kind
    editor = card.findChildren(WindowEditor)[0]
    for spin in editor.findChildren(QSpinBox):
        spin.setValue(spin.value() + 2)
    for field in editor.findChildren(QDateEdit):
        field.setDate(field.date().addDays(-3))
    changed = card.context.document.audience.rule
    assert isinstance(changed, Did)
    assert kind in ("all", "current") or changed.window != node.window
    assert read_rule(write_rule(changed)) == changed


def test_measures_of_every_kind(qtbot: QtBot) -> None:
    card = card_of({"did": "purchase"}, qtbot)
    measures = combo_with(card, "distinct")
    for kind in ("days", "sum", "avg", "min", "max", "distinct", "first", "last", "never", "times"):
        choose(measures, kind)
        document = rule_of(card)
        if kind == "never":
            assert document == {"did": "purchase", "times": {"eq": 0}}
        elif kind == "times":
            assert document == {"did": "purchase"}
        else:
            assert kind in document["measure"]
        assert read_rule(document) == card.context.document.audience.rule


def test_where_trees_of_any_shape_survive() -> None:
    a, b = PropertyIs("category", read_rule({"trait": "t", "eq": "x"}).operator), WhereAny(())  # type: ignore[union-attr]
    for where in (None, a, WhereAll((a, b)), WhereAny((a,)), WhereNot(WhereAny((a, b))), WhereNot(a)):
        kind, children = as_group(where)
        again = as_group(from_group(kind, children))
        assert again == (kind, children)


def test_properties_are_added_nested_changed_and_taken_away(qtbot: QtBot) -> None:
    card = card_of({"did": "purchase"}, qtbot)
    choose(combo_with(card, "category"), "category")
    assert rule_of(card)["where"] == [{"property": "category", "is_set": True}]
    choose(combo_with(card.findChildren(WhereEditor)[0], ""), "")
    assert rule_of(card)["where"] == [{"property": "category", "is_set": True}, {"any": []}]
    inner = next(e for e in card.findChildren(WhereEditor) if e._inner)
    choose(combo_with(inner, "amount"), "amount")
    choose(combo_with(inner, "none"), "none")
    assert rule_of(card)["where"][1] == {"not": {"any": [{"property": "amount", "is_set": True}]}}
    outer = card.findChildren(WhereEditor)[0]
    outer._put(())
    assert rule_of(card) == {"did": "purchase"}


SEQUENCE = {
    "sequence": [
        {"did": "view", "as": "v"},
        {"did": "purchase", "gap": {"lte": "7d"}, "same": {"product_id": "v.product_id"}, "without": {"did": "return"}},
    ],
    "within": "30d",
}


def test_sequences_keep_what_they_say_and_change(qtbot: QtBot) -> None:
    card = card_of(SEQUENCE, qtbot)
    editor = card.findChildren(SequenceEditor)[0]
    boxes = card.findChildren(QCheckBox)
    assert [box.isChecked() for box in boxes] == [True, False]
    boxes[1].setChecked(True)
    assert rule_of(card)["sequence"][1]["gap"] == {"gte": "7d", "lte": "7d"}
    editor._on_add()
    assert len(rule_of(card)["sequence"]) == 3
    editor.shift(1, -1)
    assert [step["did"] for step in rule_of(card)["sequence"]] == ["purchase", "view", "purchase"]
    assert "same" not in rule_of(card)["sequence"][0]
    editor.remove(0)
    editor.remove(0)
    editor.remove(0)
    assert len(rule_of(card)["sequence"]) == 1
    node = card.context.document.audience.rule
    assert isinstance(node, Sequence)
    assert read_rule(rule_of(card)) == node


def test_references_lists_samples_and_sql(qtbot: QtBot) -> None:
    rule = read_rule({"trait": "age", "gte": 3})
    known = {"old": (Audience("old", "Old", rule), 3), "new": (Audience("new", "New"), 1)}
    card = card_of({"audience": "old"}, qtbot, audiences=known)
    choose(combo_with(card, 2), 2)
    assert rule_of(card) == {"audience": "old", "version": 2}
    chooser_in(card).choose("new")
    assert rule_of(card) == {"audience": "new"}
    chooser_in(card).choose("old")
    card._editor._on_copy()  # type: ignore[union-attr]
    assert rule_of(card) == {"trait": "age", "gte": 3}
    lists = card_of({"list": "a"}, qtbot, lists={"a": 1, "b": 2})
    choose(combo_with(lists, "b"), "b")
    assert rule_of(lists) == {"list": "b"}
    sample = card_of({"sample": {"percent": 10, "seed": "x"}}, qtbot)
    sample.findChildren(QDoubleSpinBox)[0].setValue(2.5)
    assert rule_of(sample) == {"sample": {"percent": Decimal("2.5"), "seed": "x"}}
    sql = card_of({"sql": "SELECT 1"}, qtbot)
    with qtbot.waitSignal(sql.context.document.changed):
        sql.findChildren(QPlainTextEdit)[0].setPlainText("SELECT 2")
    assert rule_of(sql) == {"sql": "SELECT 2"}


def test_a_broken_card_says_what_and_offers_the_way_out(qtbot: QtBot) -> None:
    card = card_of({"trait": "gone", "gte": 3}, qtbot)
    assert card._broken is not None
    chooser_in(card._broken).choose("ltv")
    assert rule_of(card) == {"trait": "ltv", "gte": 3}
    assert broken_row(card) is None
    wrong = card_of({"trait": "vip", "gte": 3}, qtbot)
    assert wrong._broken is not None
    reset = next(b for b in wrong._broken.findChildren(QPushButton) if "known" in b.text())
    reset.click()
    assert rule_of(wrong) == {"trait": "vip", "is_set": True}
    assert broken_row(wrong) is None
    lost = card_of({"did": "nothing", "times": 3, "within": "7d"}, qtbot)
    assert lost._broken is not None
    chooser_in(lost._broken).choose("view")
    assert rule_of(lost) == {"did": "view", "times": {"eq": 3}, "within": "7d"}


def test_a_hundred_thousand_values_are_pasted_at_once(qtbot: QtBot) -> None:
    card = card_of({"trait": "state", "in": ["SP"]}, qtbot)
    from app.widgets.chips import ChipField

    chips = card.findChildren(ChipField)[0]
    chips.add_text("\n".join(f"S{number}" for number in range(100_000)))
    assert len(rule_of(card)["in"]) == 100_001
    assert len(chips.findChildren(QLineEdit)) == 1
    chips.entry.setText("RJ, MG")
    chips._take()
    assert rule_of(card)["in"][-2:] == ["RJ", "MG"]


def test_numbers_are_read_as_the_region_writes_them(qtbot: QtBot) -> None:
    canvas = make_canvas(read_rule({"trait": "ltv", "gte": 3}))
    canvas.context.words = Words("es", "es_CO")
    canvas.root._build()  # type: ignore[union-attr]
    qtbot.addWidget(canvas)
    assert canvas.root is not None
    field = canvas.root.findChildren(QLineEdit)[0]
    field.setText("1.234,5")
    node: Node = canvas.context.document.audience.rule
    assert write_rule(node) == {"trait": "ltv", "gte": Decimal("1234.5")}
