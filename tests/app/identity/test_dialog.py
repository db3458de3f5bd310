"""Identity in the app: a person is searched and looked at, links are cut, rules are tried, pairs are judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.identity.dialog import IdentityDialog
from app.identity.graph import PersonGraph
from app.session import Session
from app.theme.tokens import DARK, LIGHT
from engine.client import Reply
from engine.domain.documents import load_one
from engine.domain.identity import IdentityDocument
from engine.domain.identity_codec import read_identity
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations import Workspace, run_identity
from engine.store.identity import Identities
from engine.worker.calls import CHANGING, LOOKS, READING
from tests.support.canvases import FakeWorker
from tests.support.people import make


class Answering(FakeWorker):
    """A worker that answers with what the workspace says."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._answered = 0

    def answer(self) -> None:
        while self._answered < len(self.requests):
            request = self.requests[self._answered]
            self._answered += 1
            try:
                self.replied.emit(Reply(request.token, self._done(request.operation, dict(request.arguments))))
            except EngineError as error:
                self.replied.emit(Reply(request.token, error=error))

    def _done(self, operation: str, given: dict[str, Any]) -> Any:
        if operation in LOOKS:
            return LOOKS[operation](self._workspace, given.pop("document"), job=Job(), **given)
        return {**READING, **CHANGING}[operation](self._workspace, given, Job())


def shown(qtbot: QtBot, workspace: Workspace, language: str = "en") -> tuple[IdentityDialog, Answering]:
    worker = Answering(workspace)
    session = Session(worker)  # type: ignore[arg-type]
    dialog = IdentityDialog(session, Words(language), DARK if language == "es" else LIGHT)
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.answer()
    return dialog, worker


def items(graph: PersonGraph) -> list[list[str]]:
    return [item.data(0) for item in graph.scene().items() if item.data(0)]


def top(table: QTreeWidget, place: int) -> QTreeWidgetItem:
    found = table.topLevelItem(place)
    assert found is not None
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_rules_to_a_person_that_is_cut_and_taken_back(qtbot: QtBot, tmp_path: Path, language: str) -> None:
    with make(tmp_path) as workspace:
        dialog, worker = shown(qtbot, workspace, language)
        assert dialog.tabs.currentWidget() is dialog.rules, "there is nothing to look at yet"
        assert "kind: identity" in dialog.rules.text.toPlainText()
        qtbot.mouseClick(dialog.rules.run, Qt.MouseButton.LeftButton)
        assert not dialog.rules.run.isEnabled()
        worker.answer()
        worker.answer()
        assert "4" in dialog.rules.said.text()
        assert "4" in dialog.board.title.text()
        dialog.tabs.setCurrentWidget(dialog.explorer)
        explorer = dialog.explorer
        explorer.kind.setCurrentText("email")
        explorer.value.setText("ana@mail.com")
        qtbot.mouseClick(explorer.look, Qt.MouseButton.LeftButton)
        worker.answer()
        before = explorer.title.text()
        assert before.startswith("p")
        assert explorer.graph.accessibleDescription()
        assert "ana@mail.com" not in str(
            [top(explorer.table, i).text(0) for i in range(explorer.table.topLevelItemCount())]
        )
        links = [one for one in items(explorer.graph) if len(one) == 2]
        assert len(links) == explorer.table.topLevelItemCount() > 3
        assert not explorer.cut.isEnabled()
        wanted = next(
            i for i in explorer.graph.scene().items() if i.data(0) and len(i.data(0)) == 2 and "email" in str(i.data(0))
        )
        wanted.setSelected(True)
        assert explorer.cut.isEnabled()
        assert not explorer.block.isEnabled()
        explorer._ask = lambda what: None
        qtbot.mouseClick(explorer.cut, Qt.MouseButton.LeftButton)
        worker.answer()
        assert not dialog.decisions.table.topLevelItemCount(), "no reason, no decision"
        explorer._ask = lambda what: f"for {what}"
        qtbot.mouseClick(explorer.cut, Qt.MouseButton.LeftButton)
        worker.answer()
        worker.answer()
        dialog.tabs.setCurrentWidget(dialog.decisions)
        worker.answer()
        (row,) = [top(dialog.decisions.table, 0)]
        assert row.text(3) == "for cut"
        row.setSelected(True)
        qtbot.mouseClick(dialog.decisions.undo, Qt.MouseButton.LeftButton)
        worker.answer()
        worker.answer()
        assert not dialog.decisions.undo.isEnabled()
        dialog.tabs.setCurrentWidget(dialog.explorer)
        qtbot.mouseClick(explorer.look, Qt.MouseButton.LeftButton)
        worker.answer()
        assert explorer.title.text() == before
        explorer.value.setText("who@mail.com")
        qtbot.mouseClick(explorer.look, Qt.MouseButton.LeftButton)
        worker.answer()
        assert explorer.said.property("role") == "error"


def test_rules_are_edited_in_a_table(qtbot: QtBot, tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        dialog, worker = shown(qtbot, workspace)
        rules = dialog.rules
        table = rules.kinds.table
        assert rules.ways.currentWidget() is rules.kinds

        def names() -> list[str]:
            return [top(table, i).text(0) for i in range(table.topLevelItemCount())]

        def document() -> IdentityDocument:
            return read_identity(load_one(rules.text.toPlainText()))

        assert names() == ["profile", "cpf", "email", "device"]
        assert [top(table, 0).text(i) for i in (1, 3, 5, 6)] == ["text", "4", "1", ""]
        top(table, 2).setText(3, "7")
        assert document().kinds[2].most == 7
        top(table, 2).setText(5, "")
        assert document().kinds[2].shared is None
        top(table, 2).setText(3, "")
        assert document().kinds[2].most is None
        top(table, 2).setCheckState(7, Qt.CheckState.Checked)
        assert document().households == ("device", "email")
        top(table, 2).setText(3, "many")
        assert rules.said.property("role") == "error"
        assert top(table, 2).text(3) == "", "what cannot be is taken back"
        assert not rules.kinds.up.isEnabled()
        table.setCurrentItem(top(table, 2))
        qtbot.mouseClick(rules.kinds.up, Qt.MouseButton.LeftButton)
        assert names() == ["profile", "email", "cpf", "device"]
        rules.kinds.add_kind("phone")
        rules.kinds.add_kind("Phone")
        assert names()[-1] == "phone"
        assert top(table, 4).text(1) == "telephone"
        qtbot.mouseClick(rules.kinds.remove, Qt.MouseButton.LeftButton)
        assert names()[-1] == "device"
        table.setCurrentItem(top(table, 0))
        assert not rules.kinds.remove.isEnabled(), "profiles are always there"
        qtbot.mouseClick(rules.keep, Qt.MouseButton.LeftButton)
        worker.answer()
        assert [one.name for one in Identities(workspace.database).current().document.kinds] == names()  # type: ignore[union-attr]
        rules.ways.setCurrentWidget(rules.text)
        rules.text.setPlainText("kind: identity\nid: p\nkinds: {email: {most: none}}\n")
        rules.ways.setCurrentWidget(rules.kinds)
        assert rules.ways.currentWidget() is rules.text, "a table cannot show it"
        assert rules.said.property("role") == "error"


def test_what_if_is_shown_before_anything_is_kept(qtbot: QtBot, tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        run_identity(workspace)
        dialog, worker = shown(qtbot, workspace)
        text = dialog.rules.text.toPlainText()
        dialog.rules.text.setPlainText(text.replace("links: 5", "links: 1"))
        dialog.rules.text.document().setModified(True)
        qtbot.mouseClick(dialog.rules.what_if, Qt.MouseButton.LeftButton)
        worker.answer()
        first = top(dialog.rules.outcome, 0)
        assert (first.text(1), int(first.text(2)) > 4) == ("4", True)
        dialog.ask()
        worker.answer()
        assert "links: 1" in dialog.rules.text.toPlainText(), "what is being written stays"
        qtbot.mouseClick(dialog.rules.keep, Qt.MouseButton.LeftButton)
        worker.answer()
        worker.answer()
        dialog.rules.text.setPlainText("kind: nothing")
        qtbot.mouseClick(dialog.rules.what_if, Qt.MouseButton.LeftButton)
        worker.answer()
        assert "not an identity document" in dialog.rules.said.text()
        assert dialog.rules.run.isEnabled()
        qtbot.mouseClick(dialog.rules.draft, Qt.MouseButton.LeftButton)
        worker.answer()
        assert "households" in dialog.rules.text.toPlainText()
        assert "stand for no value" in dialog.rules.said.text(), "what the values are like"
        qtbot.mouseClick(dialog.rules.run, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(dialog.rules.stop, Qt.MouseButton.LeftButton)
        assert dialog.rules.run.isEnabled()


def test_pairs_are_judged(qtbot: QtBot, tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        run_identity(workspace)
        dialog, worker = shown(qtbot, workspace)
        dialog.tabs.setCurrentWidget(dialog.review)
        worker.answer()
        review = dialog.review
        facts = {
            top(review.facts, i).text(0): top(review.facts, i).text(1) for i in range(review.facts.topLevelItemCount())
        }
        assert facts["email"] in ("A•••a@Mail.com", "a•••k@firm.com")
        assert "•" in facts["device"]
        qtbot.mouseClick(review.same, Qt.MouseButton.LeftButton)
        worker.answer()
        (decision,) = READING["identity"](workspace, {}, Job())["decisions"]
        assert decision["what"] == "same"
        for _ in range(5):
            qtbot.mouseClick(review.skip, Qt.MouseButton.LeftButton)
        assert not review.same.isEnabled()
        judged: list[dict[str, Any]] = READING["pairs_to_judge"](workspace, {}, Job())
        assert decision["one"] not in {one["one"] for one in judged if one["other"] == decision["other"]}
