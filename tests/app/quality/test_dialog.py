"""The board of contracts in the app: states, what waits, masked values, and accepting what is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.quality.dialog import QualityDialog
from app.session import Session
from app.theme.tokens import DARK, LIGHT
from engine import operations
from engine.domain.documents import dump_yaml
from engine.operations import Workspace
from tests.app.identity.test_dialog import Answering, top
from tests.engine.operations.test_contracting import CONTRACT, MODEL, contract


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with duckdb.connect(str(tmp_path / "data.duckdb")) as made:
        made.execute("CREATE TABLE users AS SELECT i AS id, 'pro' AS plan FROM range(20) AS r(i)")
        made.execute(
            "CREATE TABLE orders AS SELECT i AS user_id, 'Maria-77' AS coupon, now() AS ts FROM range(9) AS r(i)"
        )
        made.execute("CREATE TABLE visits AS FROM orders")
    with operations.init(tmp_path / "ws") as made_:
        operations.connect(made_, str(tmp_path / "data.duckdb"))
        made_.models.save(dump_yaml(MODEL), "test")
        options = {"logicalType": "string", "logicalTypeOptions": {"maxLength": 3}}
        orders = {"name": "orders", "properties": [{"name": "coupon", **options}]}
        contract(made_, CONTRACT | {"schema": [CONTRACT["schema"][0], orders]})
        operations.save(made_, {"kind": "audience", "id": "buyers", "name": "B", "rule": {"did": "order"}})
        yield made_


def shown(
    qtbot: QtBot, workspace: Workspace, language: str, reason: str | None = "known"
) -> tuple[QualityDialog, Answering]:
    worker = Answering(workspace)
    session = Session(worker)  # type: ignore[arg-type]
    tokens = DARK if language == "es" else LIGHT
    dialog = QualityDialog(session, Words(language), tokens, lambda: reason)
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.answer()
    return dialog, worker


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_nothing_checked_to_what_is_bad_and_accepted(qtbot: QtBot, workspace: Workspace, language: str) -> None:
    dialog, worker = shown(qtbot, workspace, language)
    words = Words(language)
    assert dialog.title.text() == words("quality.none")
    assert not dialog.accept_.isEnabled()
    for _ in range(2):
        qtbot.mouseClick(dialog.run, Qt.MouseButton.LeftButton)
        assert not dialog.run.isEnabled()
        worker.answer()
    assert dialog.run.isEnabled()
    assert dialog.title.text() == words("quality.red", "1", "5")
    first = top(dialog.checks, 0)
    assert [first.text(0), first.text(1)] == ["orders", "coupon: length"], "what is bad comes first"
    dialog.checks.setCurrentItem(first)
    worker.answer()
    assert "buyers" in dialog.touched.text()
    assert "Maaaa-00" in dialog.examples.text()
    assert "Maria" not in dialog.examples.text()
    bad = words("check.red")
    assert dialog.strip.accessibleDescription() == f"{bad}: 2"
    assert dialog.accept_.isEnabled()
    qtbot.mouseClick(dialog.accept_, Qt.MouseButton.LeftButton)
    worker.answer()
    assert dialog.title.text() == words("quality.good", "5")
    assert "known" in top(dialog.checks, 0).toolTip(3)
    assert not dialog.accept_.isEnabled()


def test_who_does_not_say_why_accepts_nothing(qtbot: QtBot, workspace: Workspace) -> None:
    operations.quality_run(workspace)
    dialog, worker = shown(qtbot, workspace, "en", None)
    dialog.checks.setCurrentItem(top(dialog.checks, 0))
    worker.answer()
    asked = len(worker.requests)
    qtbot.mouseClick(dialog.accept_, Qt.MouseButton.LeftButton)
    assert len(worker.requests) == asked


def test_a_contract_that_cannot_be_read_is_said(qtbot: QtBot, workspace: Workspace) -> None:
    contract(workspace, {"kind": "DataContract"}, "broken.yaml")
    dialog, _ = shown(qtbot, workspace, "pt_BR")
    assert "broken.yaml" in dialog.said.text()
    assert "o contrato não é como o ODCS define" in dialog.said.text()


def test_a_square_says_when_it_was(qtbot: QtBot, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda place, text, widget: told.append(text))
    operations.quality_run(workspace)
    dialog, worker = shown(qtbot, workspace, "en")
    dialog.checks.setCurrentItem(top(dialog.checks, 0))
    worker.answer()
    dialog.strip.grab()
    for at in (QPoint(5, 5), QPoint(400, 5)):
        dialog.strip.event(QHelpEvent(QEvent.Type.ToolTip, at, dialog.strip.mapToGlobal(at)))
    assert len(told) == 1, "there was one run"
    assert told[0].endswith(": bad")
