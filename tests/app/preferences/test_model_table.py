"""The model as a table: what is edited there is what the document says, and it stays a model."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QTreeWidgetItem, QWidget
from pytestqt.qtbot import QtBot

from app.i18n import Words
from app.preferences.model_table import ModelTable
from app.preferences.wizard import ConnectWizard
from app.session import Session
from engine.domain.documents import dump_yaml, load_one
from engine.domain.model_codec import read_model
from engine.operations import Workspace, infer
from tests.support.canvases import FakeWorker


def rows(table: ModelTable) -> dict[str, QTreeWidgetItem]:
    """Rows by heading and name."""
    found = {}
    for i in range(table.topLevelItemCount()):
        head = table.topLevelItem(i)
        assert head is not None
        for j in range(head.childCount()):
            child = head.child(j)
            assert child is not None
            found[f"{head.text(0)}/{child.text(0)}"] = child
    return found


def shown(qtbot: QtBot, document: dict[str, Any], language: str = "en") -> ModelTable:
    table = ModelTable(Words(language))
    qtbot.addWidget(table)
    table.show_document(document)
    return table


MODEL = """kind: model
profile:
  table: users
  key: id
  traits:
    city: {type: string}
    spend: {type: decimal, label: Spend}
events:
  buy: {table: e, profile: id, time: t, properties: {amount: {type: decimal, money: true}}}
"""


def test_each_cell_is_a_key_of_the_document(qtbot: QtBot) -> None:
    document = load_one(MODEL)
    table = shown(qtbot, document, "pt_BR")
    found = {name.split("/")[1]: row for name, row in rows(table).items()}
    assert found["amount"].checkState(4) == Qt.CheckState.Checked
    assert found["city"].data(4, Qt.ItemDataRole.CheckStateRole) is None
    with qtbot.waitSignal(table.edited):
        found["city"].setText(1, "Cidade")
    found["city"].setCheckState(3, Qt.CheckState.Checked)
    found["spend"].setText(1, "Gasto")
    found["spend"].setCheckState(4, Qt.CheckState.Checked)
    found["amount"].setCheckState(0, Qt.CheckState.Unchecked)
    traits = document["profile"]["traits"]
    assert traits["city"] == {"type": "string", "label": {"pt": "Cidade"}, "personal": True}
    assert traits["spend"]["label"] == {"en": "Spend", "es": "Spend", "pt": "Gasto"}
    assert traits["spend"]["money"] is True
    assert document["events"]["buy"]["properties"] == {}
    found["amount"].setCheckState(0, Qt.CheckState.Checked)
    assert document["events"]["buy"]["properties"] == {"amount": {"type": "decimal", "money": True}}
    read_model(document)


def test_a_type_is_chosen_and_takes_money_away(qtbot: QtBot) -> None:
    document = load_one(MODEL)
    table = shown(qtbot, document)
    row = next(one for name, one in rows(table).items() if name.endswith("/amount"))
    index, delegate = table.indexFromItem(row, 2), table.itemDelegate()
    editor = delegate.createEditor(QWidget(table), None, index)  # type: ignore[arg-type]
    assert isinstance(editor, QComboBox)
    delegate.setEditorData(editor, index)
    assert editor.currentData() == "decimal"
    editor.setCurrentIndex(editor.findData("string"))
    delegate.setModelData(editor, table.model(), index)
    assert document["events"]["buy"]["properties"]["amount"] == {"type": "string"}
    assert row.data(4, Qt.ItemDataRole.CheckStateRole) is None


STEPS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 1, 3, 4]), st.booleans(), st.text(max_size=5)))


@given(steps=STEPS)
@settings(max_examples=20)
def test_any_edits_leave_a_model(demo: Workspace, qapp: QApplication, steps: list[tuple[int, int, bool, str]]) -> None:
    document = load_one(infer(demo).document)
    table = ModelTable(Words("en"))
    table.show_document(document)
    there = list(rows(table).values())
    for at, column, on, text in steps:
        row = there[at % len(there)]
        if column == 1:
            row.setText(1, text)
        elif row.data(column, Qt.ItemDataRole.CheckStateRole) is not None:
            row.setCheckState(column, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
    read_model(load_one(dump_yaml(document)))


def test_table_and_text_are_one_model(qtbot: QtBot) -> None:
    wizard = ConnectWizard(Session(FakeWorker()), Words("en"))  # type: ignore[arg-type]
    qtbot.addWidget(wizard)
    page = wizard.model
    page._on_draft({"document": MODEL, "notes": [], "columns": []})
    found = {name.split("/")[1]: row for name, row in rows(page.table).items()}
    found["city"].setText(1, "Town")
    assert read_model(load_one(page.text.toPlainText())).profile.traits["city"].label == {"en": "Town"}
    page.tabs.setCurrentIndex(1)
    page.text.setPlainText(MODEL.replace("city:", "town:").replace("type: string", "type: strin"))
    page.tabs.setCurrentIndex(0)
    assert page.tabs.currentIndex() == 1
    assert "profile.traits.town.type" in page.state.text()
    page.text.setPlainText(MODEL.replace("city:", "town:"))
    page.tabs.setCurrentIndex(0)
    assert any(name.endswith("/town") for name in rows(page.table))
