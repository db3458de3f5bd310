"""Load a file: choose it, see what its columns would become, change that, load, and read what became of its rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QLineEdit, QMessageBox

from app.i18n import Words
from app.ingest.columns import Columns
from app.ingest.doubts import Doubts
from app.session import Session
from app.widgets.parts import button, column, combo, label, restyle, row
from engine.errors import ALLOW_SHRINK, EngineError

_MODES = ("insert", "upsert", "replace")
_ENDINGS = (
    *("csv", "tsv", "txt", "xlsx", "xlsm", "xlsb", "xls", "ods", "jsonl", "ndjson", "json", "parquet", "avro"),
    *("gz", "zst", "zip"),
)
Choose = Callable[[], str]


class LoadDialog(QDialog):
    """One file into one table. ``choose`` asks for the file; empty when there is to be none."""

    def __init__(self, session: Session, words: Words, choose: Choose | None = None) -> None:
        super().__init__()
        self._session, self._words, self._choose = session, words, choose or self._ask_file
        self._token: int | None = None
        self.loaded = False
        self.setWindowTitle(words("ingest"))
        self.resize(1040, 600)
        self.path = self._line("ingest.file")
        self.browse = button(words("ingest.browse"))
        self.browse.clicked.connect(self._on_browse)
        self.into = self._line("ingest.into")
        self.mode = combo([(one, words(f"ingest.mode.{one}")) for one in _MODES], "insert", words("ingest.mode"))
        self.mode.currentIndexChanged.connect(lambda _: self._show_buttons())
        self.key = self._line("ingest.key")
        self.evolve = QCheckBox(words("ingest.evolve"))
        self.columns = Columns(words)
        self.columns.edited.connect(self.look)
        self.doubts = Doubts(words)
        self.doubts.chosen.connect(self.columns.choose)
        self.said = label(words("ingest.about"), "muted", wrap=True)
        self.load = button(words("ingest.load"), primary=True)
        self.load.clicked.connect(self._on_load)
        self.stop = button(words("cancel"))
        self.stop.clicked.connect(self._on_stop)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        for line in (self.path, self.into, self.key):
            line.editingFinished.connect(self._on_line)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        layout.addLayout(row(self.path, self.browse))
        layout.addLayout(row(self.into, self.mode, self.key))
        layout.addWidget(self.columns, 1)
        layout.addWidget(self.doubts)
        layout.addWidget(self.evolve)
        layout.addWidget(self.said)
        layout.addLayout(row(self.load, self.stop, None, close))
        self.evolve.hide()
        self._show_buttons()

    def _line(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setPlaceholderText(self._words(name))
        made.setAccessibleName(self._words(name))
        return made

    def done(self, code: int) -> None:
        """Closed: when rows were loaded, the window looks at the warehouse anew."""
        if self.loaded:
            self._session.open()
        super().done(code)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _ask_file(self) -> str:
        endings = " ".join(f"*.{one}" for one in _ENDINGS)
        kinds = f"CSV, Excel, JSON, Parquet ({endings});;* (*)"
        return QFileDialog.getOpenFileName(self, self._words("ingest.file"), "", kinds)[0]

    def _on_browse(self) -> None:
        found = self._choose()
        if found:
            self.path.setText(found)
            self._on_line()

    def _on_line(self) -> None:
        """Another file begins anew; its table is called as it is, until somebody says otherwise."""
        path = self.path.text().strip()
        if path and path != self.path.property("seen"):
            self.path.setProperty("seen", path)
            self.columns.clear()
            self.doubts.clear()
            if not self.into.text().strip():
                self.into.setText(_plain(Path(path).stem))
        self.look()

    def look(self) -> None:
        """Ask what the columns would become."""
        if self.path.text().strip() and self.into.text().strip():
            self._begin("preview_file", self._show, "ingest.looking")
        self._show_buttons()

    def _on_load(self) -> None:
        self._begin("load_file", self._done, "ingest.loading")

    def _ask_shrink(self, text: str) -> None:
        """Whether few rows may take the place of many is for a person to say."""
        question = f"{text}\n{self._words('ingest.shrink')}"
        if QMessageBox.question(self, self._words("ingest"), question) == QMessageBox.StandardButton.Yes:
            self._begin("load_file", self._done, "ingest.loading", allow_shrink=True)

    def _begin(self, operation: str, answer: Callable[[Any], None], said: str, **more: Any) -> None:
        if self._token is not None:
            self._session.drop(self._token)
        given = {"path": self.path.text().strip(), "document": self._document(), **more}
        self._token = self._session.call(operation, answer, self._fail, **given)
        self._say(self._words(said))
        self._show_buttons()

    def _document(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": "ingest", "id": "by-hand", "into": self.into.text().strip()}
        found["mode"] = self.mode.currentData()
        keys = [one.strip() for one in self.key.text().split(",") if one.strip()]
        if keys and found["mode"] == "upsert":
            found["key"] = keys
        columns = self.columns.document()
        if columns:
            found["columns"] = columns
        if self.evolve.isChecked():
            found["evolve"] = "add"
        return found

    def _on_stop(self) -> None:
        if self._token is not None:
            self._session.drop(self._token)
            self._token = None
            self._say(self._words("ingest.stopped"))
            self._show_buttons()

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show(self, found: dict[str, Any]) -> None:
        self._token = None
        self.columns.show_columns(found["columns"])
        self.doubts.show_columns(found["columns"])
        self.evolve.setVisible(bool(found["not_in_table"]))
        missing = ", ".join(found["not_in_table"])
        said = self._words("ingest.missing", missing) if missing else self._words("ingest.seen")
        self._say(" ".join([*map(self._words.sentence, found["remarks"]), said]))
        self._show_buttons()

    def _done(self, found: list[dict[str, Any]]) -> None:
        words, one = self._words, found[0]
        self._token = None
        if one["state"] == "known":
            self._say(words("ingest.known"))
        elif one["state"] == "refused":
            self._fail(EngineError("refused", one["message"]))
        else:
            self.loaded = True
            text = words("ingest.done", words.number(one["rows"]), one["into"])
            if one["bad"]:
                why = ", ".join(
                    f"{words.reason(name)} ({words.number(count)})" for name, count in one["reasons"].items()
                )
                text += " " + words("ingest.bad", words.number(one["bad"]), why)
            self._say(text)
        self._show_buttons()

    def _fail(self, error: EngineError) -> None:
        self._token = None
        shrinks = error.path == ALLOW_SHRINK
        text = self._words.error(EngineError(error.code, error.message) if shrinks else error)
        self.said.setText(text)
        restyle(self.said, "role", "error")
        self._show_buttons()
        if shrinks:
            self._ask_shrink(text)

    def _say(self, text: str) -> None:
        self.said.setText(text)
        restyle(self.said, "role", "muted")

    def _show_buttons(self) -> None:
        busy, upsert = self._token is not None, self.mode.currentData() == "upsert"
        self.key.setVisible(upsert)
        self.stop.setVisible(busy)
        ready = bool(self.columns.document()) and bool(self.into.text().strip()) and not self.doubts.open()
        self.load.setEnabled(ready and not busy and (not upsert or bool(self.key.text().strip())))


def _plain(text: str) -> str:
    """A table's name out of a file's."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9]+", "_", ascii_).strip("_")[:60]
    return found if found[:1].isalpha() else f"t_{found}".rstrip("_")
