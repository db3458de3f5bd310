"""A file is loaded in the app: seen before, changed, loaded, told; what is wrong is said in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.ingest.dialog import LoadDialog
from app.session import Session
from engine import operations
from engine.operations import Workspace
from tests.app.identity.test_dialog import Answering, top

TEXT = "User ID;Nascimento;Saldo;Estado\n1;31/01/1990;10,50;SP\n2;05/02/1985;7,25;RJ\n3;09/03/1979;1,00;SP\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with operations.init(tmp_path / "ws") as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Clientes 2026.csv"
    path.write_text(TEXT)
    return path


def shown(qtbot: QtBot, workspace: Workspace, file: Path, language: str = "en") -> tuple[LoadDialog, Answering]:
    worker = Answering(workspace)
    session = Session(worker)  # type: ignore[arg-type]
    dialog = LoadDialog(session, Words(language), lambda: str(file))
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    return dialog, worker


def browse(qtbot: QtBot, dialog: LoadDialog, worker: Answering) -> None:
    qtbot.mouseClick(dialog.browse, Qt.MouseButton.LeftButton)
    worker.answer()


def rows(workspace: Workspace, sql: str) -> list[tuple[object, ...]]:
    workspace.reload()
    return workspace.warehouse.rows(sql)


def cell(dialog: LoadDialog, place: int) -> QTreeWidgetItem:
    return top(dialog.columns, place)


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_file_to_rows(qtbot: QtBot, workspace: Workspace, file: Path, language: str) -> None:
    dialog, worker = shown(qtbot, workspace, file, language)
    words = Words(language)
    assert not dialog.load.isEnabled()
    browse(qtbot, dialog, worker)
    assert dialog.into.text() == "clientes_2026"
    assert dialog.said.text() == words("ingest.seen")
    first = [cell(dialog, place) for place in range(4)]
    assert [one.text(0) for one in first] == ["User ID", "Nascimento", "Saldo", "Estado"]
    assert [one.text(2) for one in first] == [words(f"type.{one}") for one in ("integer", "date", "decimal", "string")]
    assert "31/01/1990 → 1990-01-31" in first[1].text(5)
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert dialog.said.text() == words("ingest.done", "3", "clientes_2026")
    assert dialog.loaded
    assert rows(workspace, "SELECT user_id, saldo::VARCHAR FROM clientes_2026 ORDER BY 1")[0] == (1, "10.5000")
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert dialog.said.text() == words("ingest.known")
    asked = len(worker.requests)
    dialog.reject()
    assert len(worker.requests) > asked, "the window looks at the warehouse anew"


def test_bad_rows_are_told_in_the_readers_language(qtbot: QtBot, workspace: Workspace, file: Path) -> None:
    file.write_text(
        TEXT + "".join(f"{n};01/0{1 + n % 9}/1990;1,00;SP\n" for n in range(4, 400)) + "x;99/99/1990;1,00;SP\n"
    )
    dialog, worker = shown(qtbot, workspace, file, "es")
    browse(qtbot, dialog, worker)
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert "nascimento: no es una fecha como %d/%m/%Y (1)" in dialog.said.text()


def test_names_types_and_columns_can_be_changed_and_what_does_not_fit_is_told(
    qtbot: QtBot, workspace: Workspace, file: Path
) -> None:
    dialog, worker = shown(qtbot, workspace, file)
    browse(qtbot, dialog, worker)
    cell(dialog, 0).setText(1, "client")
    worker.answer()
    cell(dialog, 3).setData(2, Qt.ItemDataRole.UserRole, "integer")
    worker.answer()
    assert cell(dialog, 3).text(4) == "3", "no state is a number"
    assert "SP ✗" in cell(dialog, 3).text(5)
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert "3 of 3 rows" in dialog.said.text()
    assert not dialog.loaded
    cell(dialog, 3).setCheckState(0, Qt.CheckState.Unchecked)
    worker.answer()
    assert cell(dialog, 3).text(0) == "Estado", "it stays, to be taken in again"
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert rows(workspace, "SELECT * FROM clientes_2026 ORDER BY 1 LIMIT 1")[0][0] == 1
    names = [one[0] for one in rows(workspace, "SELECT column_name FROM (DESCRIBE clientes_2026)")]
    assert names == ["client", "nascimento", "saldo"]


def test_rows_by_their_key_and_columns_that_are_new(
    qtbot: QtBot, workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    dialog, worker = shown(qtbot, workspace, file)
    browse(qtbot, dialog, worker)
    qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
    worker.answer()
    more = tmp_path / "more.csv"
    more.write_text("User ID;Nascimento;Saldo;Estado;Plano\n2;05/02/1985;9,99;RJ;pro\n")
    again, worker = shown(qtbot, workspace, more)
    again.into.setText("clientes_2026")
    browse(qtbot, again, worker)
    assert "plano" in again.said.text()
    assert again.evolve.isVisible()
    again.evolve.setChecked(True)
    again.mode.setCurrentIndex(again.mode.findData("upsert"))
    assert not again.load.isEnabled(), "by which key?"
    again.key.setText("user_id")
    again.key.editingFinished.emit()
    worker.answer()
    qtbot.mouseClick(again.load, Qt.MouseButton.LeftButton)
    worker.answer()
    assert rows(workspace, "SELECT saldo::DOUBLE, plano FROM clientes_2026 WHERE user_id = 2") == [(9.99, "pro")]


def test_what_is_wrong_is_said_and_stopping_writes_nothing(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    dialog, worker = shown(qtbot, workspace, tmp_path / "gone.csv", "es")
    browse(qtbot, dialog, worker)
    assert dialog.said.text().startswith("no existe el archivo")
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    dialog.path.setText(str(path))
    dialog.path.editingFinished.emit()
    assert dialog.stop.isVisible()
    qtbot.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    worker.answer()
    assert dialog.said.text() == Words("es")("ingest.stopped")
    assert not dialog.load.isEnabled()


@pytest.mark.parametrize(
    ("answer", "left"), [(QMessageBox.StandardButton.Yes, 1), (QMessageBox.StandardButton.No, 3)], ids=["yes", "no"]
)
def test_a_table_that_would_lose_most_rows_is_asked_about(
    qtbot: QtBot, workspace: Workspace, file: Path, monkeypatch: pytest.MonkeyPatch, answer: object, left: int
) -> None:
    questions: list[str] = []

    def asked(parent: object, title: str, text: str) -> object:
        questions.append(text)
        return answer

    monkeypatch.setattr(QMessageBox, "question", asked)
    for text in (TEXT, TEXT[: TEXT.index("2;05")]):
        file.write_text(text)
        dialog, worker = shown(qtbot, workspace, file, "es")
        dialog.mode.setCurrentIndex(dialog.mode.findData("replace"))
        browse(qtbot, dialog, worker)
        qtbot.mouseClick(dialog.load, Qt.MouseButton.LeftButton)
        worker.answer()
        worker.answer()
    assert len(questions) == 1
    assert questions[0].startswith('3 filas de la tabla "clientes_2026" se reemplazarían por 1')
    assert rows(workspace, "SELECT count(*) FROM clientes_2026") == [(left,)]


def test_lines_above_the_table_and_below_it_are_told(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "vendas.csv"
    path.write_text("Relatório de vendas;\n\nid;valor\n1;10,50\n2;9,25\nTotal;19,75\n", encoding="utf-8")
    dialog, worker = shown(qtbot, workspace, path, "es")
    browse(qtbot, dialog, worker)
    assert dialog.said.text().startswith("Las primeras 2 líneas")
    assert dialog.said.text().endswith(Words("es")("ingest.seen"))
