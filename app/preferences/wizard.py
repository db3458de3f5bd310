"""Connect a warehouse: where it is, the drafted data model to look over, and what a check of the data finds."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWizard,
    QWizardPage,
)

from app.i18n import Words
from app.preferences.model_table import ModelTable
from app.preferences.questions import Questions
from app.session import Session
from app.widgets.parts import button, label, restyle, row
from engine.domain.documents import dump_yaml, load_one
from engine.domain.model_codec import read_model
from engine.errors import EngineError


class ConnectWizard(QWizard):
    """Connect → draft → check; the model is applied on the last step, and can be adjusted and checked again."""

    def __init__(self, session: Session, words: Words) -> None:
        super().__init__()
        self.words, self.session = words, session
        self.setWindowTitle(words("connect.title"))
        self.setWizardStyle(QWizard.WizardStyle.ModernStyle)
        self.resize(760, 560)
        self.where, self.model = WherePage(words, session), ModelPage(words, session)
        self.check = CheckPage(words, session, self.model)
        for page in (self.where, self.model, self.check):
            self.addPage(page)
        names = {
            QWizard.WizardButton.NextButton: "wizard.next",
            QWizard.WizardButton.BackButton: "wizard.back",
            QWizard.WizardButton.FinishButton: "wizard.finish",
            QWizard.WizardButton.CancelButton: "cancel",
        }
        for which, key in names.items():
            self.setButtonText(which, words(key))

    @property
    def connected(self) -> bool:
        """Whether the workspace points at another warehouse now."""
        return self.where.isComplete()

    @property
    def applied(self) -> bool:
        """Whether the data model is in use."""
        return self.check.isComplete()


class _Page(QWizardPage):
    """A page knows nothing of its wizard, so that both go at once when the wizard is let go of."""

    def __init__(self, words: Words, session: Session, key: str) -> None:
        super().__init__()
        self.words, self.session = words, session
        self.setTitle(self.words(f"{key}.title"))
        self.setSubTitle(self.words(f"{key}.hint"))
        self.column = QVBoxLayout(self)
        self.state = label("", "muted", wrap=True)
        self._done = False

    def isComplete(self) -> bool:
        return self._done

    def say(self, text: str, *, wrong: bool = False) -> None:
        """What is going on, or went wrong."""
        self.state.setText(text)
        restyle(self.state, "role", "error" if wrong else "muted")

    def set_done(self, done: bool) -> None:
        """Whether one may go on."""
        self._done = done
        self.completeChanged.emit()

    def fail(self, error: EngineError) -> None:
        """What went wrong; nothing was changed."""
        self.say(self.words.error(error), wrong=True)
        self.set_done(False)


class WherePage(_Page):
    """A file, a folder or a URL."""

    def __init__(self, words: Words, session: Session) -> None:
        super().__init__(words, session, "connect.where")
        self.url = QLineEdit()
        self.url.setAccessibleName(self.words("connect.url"))
        self.url.setPlaceholderText("duckdb:///…  ·  /data/folder")
        self.url.textEdited.connect(lambda: self.set_done(False))
        file = button(self.words("connect.file"))
        file.clicked.connect(self._on_file)
        folder = button(self.words("connect.folder"))
        folder.clicked.connect(self._on_folder)
        self.test = button(self.words("connect.test"), primary=True)
        self.test.clicked.connect(self.connect_now)
        self.url.returnPressed.connect(self.connect_now)
        self.tables = QListWidget()
        self.tables.setAccessibleName(self.words("connect.tables"))
        self.column.addLayout(row(self.url, file, folder))
        self.column.addLayout(row(self.test, None))
        self.column.addWidget(self.state)
        self.column.addWidget(self.tables, 1)

    def _on_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.words("connect.file"), "", "DuckDB (*.duckdb *.db);;* (*)")
        if path:
            self.url.setText(f"duckdb:///{path}")
            self.connect_now()

    def _on_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self.words("connect.folder"))
        if path:
            self.url.setText(path)
            self.connect_now()

    def connect_now(self) -> None:
        """Try the place; it becomes the workspace's when it can be opened."""
        if self.url.text().strip():
            self.say(self.words("connect.trying"))
            self.session.call("connect", self._on_connected, self.fail, url=self.url.text().strip())

    def _on_connected(self, found: dict[str, Any]) -> None:
        self.tables.clear()
        self.tables.addItems(found["tables"])
        self.say(self.words("connect.found", self.words.number(len(found["tables"]))))
        self.set_done(bool(found["tables"]))


class ModelPage(_Page):
    """The draft: its questions, a table of its fields, and the whole of it as text."""

    def __init__(self, words: Words, session: Session) -> None:
        super().__init__(words, session, "connect.model")
        self.table = ModelTable(words)
        self.text = QPlainTextEdit()
        self.table.edited.connect(lambda document: self.text.setPlainText(dump_yaml(document)))
        self.questions = Questions(words)
        self.questions.answered.connect(self._on_answered)
        self._drafted = ""
        self.text.setAccessibleName(self.words("connect.model.text"))
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.tabs = QTabWidget()
        self.tabs.addTab(self.table, self.words("connect.model.table"))
        self.tabs.addTab(self.text, self.words("connect.model.text"))
        self.tabs.addTab(self.questions, self.words("connect.questions.title"))
        self.tabs.currentChanged.connect(self._on_tab)
        self.notes = label("", "muted", wrap=True)
        self.column.addWidget(self.state)
        self.column.addWidget(self.tabs, 1)
        self.column.addWidget(self.notes)

    def initializePage(self) -> None:
        self.questions.forget()
        self._draft()

    def _draft(self) -> None:
        self.set_done(False)
        self.tabs.setEnabled(False)
        self.say(self.words("connect.drafting"))
        self.session.call("infer", self._on_draft, self._on_failed, answers=dict(self.questions.answers))

    def _on_answered(self) -> None:
        """An answer drafts again, unless that would undo what was written meanwhile."""
        if self.text.toPlainText() == self._drafted:
            self._draft()
        else:
            self.say(self.words("connect.questions.edited"), wrong=True)

    def _on_failed(self, error: EngineError) -> None:
        self.tabs.setEnabled(True)
        self.fail(error)

    def _on_draft(self, found: dict[str, Any]) -> None:
        self.tabs.setEnabled(True)
        self.text.setPlainText(found["document"])
        self._drafted = self.text.toPlainText()
        self._show_questions(found.get("questions", []))
        self.notes.setText("\n".join(f"· {self.words.sentence(note)}" for note in found["notes"]))
        self.say(self.words("connect.drafted"))
        self.set_done(True)
        self._on_tab(self.tabs.currentIndex())

    def _show_questions(self, open_ones: list[dict[str, Any]]) -> None:
        """The questions in a tab of their own, which comes to the front while one is open."""
        self.questions.show_questions(open_ones)
        at, count = self.tabs.indexOf(self.questions), self.questions.count
        self.tabs.setTabVisible(at, bool(count))
        self.tabs.setTabText(at, self.words("connect.questions", self.words.number(len(open_ones))))
        if open_ones:
            self.tabs.setCurrentIndex(at)
        elif not count:
            self.tabs.setCurrentIndex(0)

    def _on_tab(self, at: int) -> None:
        """The table shows what the text says; a text that is no model stays in front, with what is wrong."""
        if at != 0 or not self.text.toPlainText():
            return
        try:
            document = load_one(self.text.toPlainText())
            read_model(document)
        except EngineError as error:
            self.say(self.words.error(error), wrong=True)
            self.tabs.setCurrentIndex(1)
            return
        self.say(self.words("connect.drafted"))
        self.table.show_document(document)


class CheckPage(_Page):
    """Applies the model and says what its check finds."""

    def __init__(self, words: Words, session: Session, model: ModelPage) -> None:
        super().__init__(words, session, "connect.check")
        self._model = model
        self.findings = QListWidget()
        self.findings.setAccessibleName(self.words("connect.check.title"))
        self.findings.setWordWrap(True)
        self.column.addWidget(self.state)
        self.column.addWidget(self.findings, 1)

    def initializePage(self) -> None:
        self.set_done(False)
        self.findings.clear()
        self.say(self.words("connect.checking"))
        document = self._model.text.toPlainText()
        self.session.call("apply_model", self._on_checked, self.fail, document=document)

    def _on_checked(self, found: dict[str, Any]) -> None:
        for one in found["findings"]:
            self.findings.addItem(self._sentence(one))
        self.say(self.words("connect.sound" if found["sound"] else "connect.unsound"), wrong=not found["sound"])
        self.set_done(True)

    def _sentence(self, one: dict[str, Any]) -> str:
        """A finding: how bad, where, what, and of how many rows."""
        words = self.words
        text = f"{words('severity.' + one['severity'])} · {one['path']}: {words.sentence(one['message'])}"
        if one["count"] is None:
            return text
        whole = one["of"] if one["of"] is not None else one["count"]
        return f"{text} · {words('connect.count', words.number(one['count']), words.number(whole))}"
