"""A contract, drafted from a table's values or as it is kept, changed as a table or as text, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QComboBox, QDialog, QPlainTextEdit, QTabWidget

from app.i18n import Words
from app.quality.table import ContractTable
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.domain.documents import dump_yaml, load_one
from engine.errors import EngineError


class ContractDialog(QDialog):
    """Edits the contract of a table. ``then`` is called when one was kept."""

    def __init__(self, session: Session, words: Words, then: Callable[[], None], table: str | None = None) -> None:
        super().__init__()
        self._session, self._words, self._then, self._wanted = session, words, then, table
        self.setWindowTitle(words("contract"))
        self.resize(980, 620)
        self.which = QComboBox()
        self.which.setAccessibleName(words("quality.table"))
        self.which.activated.connect(lambda _: self._ask())
        self.state = label(words("contract.choose"), "muted", wrap=True)
        self.table, self.text = ContractTable(words), QPlainTextEdit()
        self.table.edited.connect(lambda document: self.text.setPlainText(dump_yaml(document)))
        self.text.setAccessibleName(words("connect.model.text"))
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.tabs = QTabWidget()
        self.tabs.addTab(self.table, words("connect.model.table"))
        self.tabs.addTab(self.text, words("connect.model.text"))
        self.tabs.currentChanged.connect(self._on_tab)
        self.save = button(words("contract.keep"), primary=True)
        self.save.setEnabled(False)
        self.save.clicked.connect(self._on_save)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        layout.addWidget(self.which)
        layout.addWidget(self.state)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(row(self.save, None, close))
        self._session.call("contract_tables", self._show_tables, self._fail)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _show_tables(self, names: list[str]) -> None:
        self.which.addItems(names)
        self.which.setCurrentIndex(names.index(self._wanted) if self._wanted in names else -1)
        if self._wanted in names:
            self._ask()

    def _ask(self) -> None:
        self.save.setEnabled(False)
        self._say(self._words("contract.reading"))
        self._session.call("contract", self._show, self._fail, table=self.which.currentText())

    def _on_save(self) -> None:
        given = {"table": self.which.currentText(), "text": self.text.toPlainText()}
        self._session.call("save_contract", self._kept, self._fail, **given)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show(self, found: dict[str, Any]) -> None:
        self.text.setPlainText(found["text"])
        file = found["file"]
        self._say(self._words("contract.drafted") if file is None else self._words("contract.kept_in", file))
        self.save.setEnabled(True)
        self._on_tab(self.tabs.currentIndex())

    def _on_tab(self, at: int) -> None:
        """The table shows what the text says; a text that is no YAML stays in front, with what is wrong."""
        if at != 0 or not self.text.toPlainText():
            return
        try:
            document = load_one(self.text.toPlainText())
            self.table.show_document(document, self.which.currentText())
        except EngineError as error:
            self._fail(error)
            self.tabs.setCurrentIndex(1)
        except (AttributeError, KeyError, TypeError):  # YAML, but no contract: the text says how it is meant
            self._say(self._words("contract.unreadable"), wrong=True)
            self.tabs.setCurrentIndex(1)

    def _kept(self, file: str) -> None:
        self._say(self._words("contract.kept_in", file))
        self._then()

    def _fail(self, error: EngineError) -> None:
        self._say(self._words.error(error), wrong=True)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.state.setText(text)
        restyle(self.state, "role", "error" if wrong else "muted")
