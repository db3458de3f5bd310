"""Where numbers come from, in the app: found by typing, followed by a double click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.lineage.dialog import LineageDialog
from app.session import Session
from engine import operations
from engine.domain.documents import dump_yaml
from engine.operations import Workspace
from tests.app.identity.test_dialog import Answering, top
from tests.engine.operations.test_contracting import MODEL


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with duckdb.connect(str(tmp_path / "data.duckdb")) as made:
        made.execute("CREATE TABLE users AS SELECT 1 AS id, 'pro' AS plan")
        made.execute("CREATE TABLE orders AS SELECT 1 AS user_id, 'x' AS coupon, now() AS ts")
        made.execute("CREATE TABLE visits AS FROM orders")
    with operations.init(tmp_path / "ws") as made_:
        operations.connect(made_, str(tmp_path / "data.duckdb"))
        yield made_


def shown(qtbot: QtBot, workspace: Workspace, language: str) -> tuple[LineageDialog, Answering]:
    worker = Answering(workspace)
    session = Session(worker)  # type: ignore[arg-type]
    dialog = LineageDialog(session, Words(language))
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.answer()
    return dialog, worker


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_table_to_an_audience_and_back(qtbot: QtBot, workspace: Workspace, language: str) -> None:
    workspace.models.save(dump_yaml(MODEL), "test")
    operations.save(workspace, {"kind": "audience", "id": "buyers", "name": "B", "rule": {"did": "order"}})
    words = Words(language)
    dialog, worker = shown(qtbot, workspace, language)
    place = dialog.choose.findData("table:orders")
    assert place >= 0
    dialog.choose.activated.emit(place)
    worker.answer()
    asked = f"orders · {words('lineage.kind.table')}"
    assert dialog.title.text() == words("lineage.touches", asked, "1", "0")
    found = [top(dialog.part_of, i) for i in range(dialog.part_of.topLevelItemCount())]
    assert [words("lineage.kind.audience"), "buyers"] in [[one.text(0), one.text(1)] for one in found]
    assert dialog.made_of.topLevelItemCount() == 0
    audience = next(one for one in found if one.text(1) == "buyers")
    dialog.part_of.itemDoubleClicked.emit(audience, 0)
    worker.answer()
    assert dialog.choose.currentData() == "audience:buyers"
    names = [top(dialog.made_of, i).text(1) for i in range(dialog.made_of.topLevelItemCount())]
    assert {"orders", "order"} <= set(names)
    dialog._ask("audience:gone")
    worker.answer()
    assert "gone" in dialog.said.text()
    completer = dialog.choose.completer()
    assert completer is not None
    completer.setCompletionPrefix("UYER")
    assert completer.completionCount() == 1, "anywhere in the name, however it is written"


def test_without_a_model_it_says_so(qtbot: QtBot, workspace: Workspace) -> None:
    dialog, _ = shown(qtbot, workspace, "en")
    assert dialog.title.text() == Words("en")("lineage.nothing")
