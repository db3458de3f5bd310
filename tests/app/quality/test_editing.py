"""Contracts in the app: drafted from a table, changed as a table or as text, kept and checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.quality.editing import ContractDialog
from app.session import Session
from engine import operations
from engine.domain.documents import load_one
from engine.operations import Workspace
from tests.app.identity.test_dialog import Answering, top
from tests.app.quality.test_dialog import workspace as workspace


def shown(
    qtbot: QtBot, workspace: Workspace, language: str = "en", table: str | None = None
) -> tuple[ContractDialog, Answering, list[str]]:
    worker, kept = Answering(workspace), list[str]()
    session = Session(worker)  # type: ignore[arg-type]
    dialog = ContractDialog(session, Words(language), lambda: kept.append("kept"), table)
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.answer()
    return dialog, worker, kept


def choose(dialog: ContractDialog, worker: Answering, table: str) -> None:
    dialog.which.setCurrentText(table)
    dialog.which.activated.emit(dialog.which.currentIndex())
    worker.answer()


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_draft_to_a_contract_that_is_kept(qtbot: QtBot, workspace: Workspace, language: str) -> None:
    dialog, worker, kept = shown(qtbot, workspace, language)
    words = Words(language)
    assert not dialog.save.isEnabled()
    choose(dialog, worker, "visits")
    assert dialog.state.text() == words("contract.drafted")
    rows = {top(dialog.table, i).text(0): top(dialog.table, i) for i in range(dialog.table.topLevelItemCount())}
    rows["user_id"].setCheckState(2, Qt.CheckState.Checked)
    rows["user_id"].setText(4, "0")
    rows["user_id"].setText(5, "many")
    assert rows["user_id"].text(5) != "many", "no number is put back"
    rows["coupon"].setText(6, "^Maria")
    dialog.save.click()
    worker.answer()
    assert kept == ["kept"]
    assert dialog.state.text() == words("contract.kept_in", "visits.yaml")
    (schema,) = load_one((workspace.folder / "contracts" / "visits.yaml").read_bytes())["schema"]
    specs = {one["name"]: one for one in schema["properties"]}
    assert specs["user_id"]["required"] is True
    assert specs["user_id"]["logicalTypeOptions"]["minimum"] == 0
    assert specs["coupon"]["logicalTypeOptions"]["pattern"] == "^Maria"
    assert any(one.table == "visits" for one in operations.quality_run(workspace))
    choose(dialog, worker, "visits")
    assert dialog.state.text() == words("contract.kept_in", "visits.yaml")
    again = {top(dialog.table, i).text(0): top(dialog.table, i) for i in range(dialog.table.topLevelItemCount())}
    assert (again["user_id"].text(4), again["coupon"].text(6)) == ("0", "^Maria")
    again["user_id"].setCheckState(2, Qt.CheckState.Unchecked)
    again["user_id"].setText(4, "")
    assert "minimum: 0" not in dialog.text.toPlainText()


def test_what_is_no_contract_is_not_kept(qtbot: QtBot, workspace: Workspace) -> None:
    dialog, worker, kept = shown(qtbot, workspace, table="visits")
    before = list((workspace.folder / "contracts").iterdir())
    for text, said in (
        ("schema: [", "YAML"),
        ("kind: DataContract\nschema: 3\n", ""),
        (dialog.text.toPlainText().replace("name: visits", "name: other"), "says nothing of the table"),
    ):
        dialog.tabs.setCurrentIndex(1)
        dialog.text.setPlainText(text)
        dialog.save.click()
        worker.answer()
        assert said in dialog.state.text()
        assert dialog.state.property("role") == "error"
    assert kept == []
    assert list((workspace.folder / "contracts").iterdir()) == before
    dialog.text.setPlainText("- 1\n- 2\n")
    dialog.tabs.setCurrentIndex(0)
    assert dialog.tabs.currentIndex() == 1, "the text stays in front"


def test_a_contract_of_several_tables_stays_whole(qtbot: QtBot, workspace: Workspace) -> None:
    file = next((workspace.folder / "contracts").iterdir())
    before = load_one(file.read_bytes())
    assert len(before["schema"]) > 1
    dialog, worker, kept = shown(qtbot, workspace, table="orders")
    assert dialog.state.text() == Words("en")("contract.kept_in", file.name)
    top(dialog.table, 0).setCheckState(2, Qt.CheckState.Checked)
    dialog.save.click()
    worker.answer()
    after = load_one(Path(file).read_bytes())
    assert [one["name"] for one in after["schema"]] == [one["name"] for one in before["schema"]]
    assert after["schema"][1]["properties"][0]["required"] is True
    assert kept == ["kept"]
