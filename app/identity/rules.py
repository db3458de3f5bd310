"""The identity document as a table and as text, and what it would do before it is in force."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QSplitter, QTabWidget, QTreeWidget, QTreeWidgetItem, QWidget

from app.i18n import Words
from app.identity.kinds import Kinds
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.domain.documents import dump_yaml, load_one
from engine.domain.identity_codec import read_identity
from engine.errors import EngineError

_NUMBERS = ("persons", "households", "identifiers", "refused", "quarantined", "largest")


class Rules(QWidget):
    """Edit, ask what if, keep, run.

    Signals:
        ran: a run has ended, or a document was kept.
    """

    ran = Signal()

    def __init__(self, session: Session, words: Words) -> None:
        super().__init__()
        self._session, self._words = session, words
        self._token: int | None = None
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(words("identity.document"))
        self.text.setProperty("role", "code")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.kinds = Kinds(words)
        self.kinds.edited.connect(self._on_edited)
        self.kinds.wrong.connect(self._fail)
        self.ways = QTabWidget()
        self.ways.setAccessibleName(words("identity.document"))
        self.ways.addTab(self.kinds, words("identity.as.table"))
        self.ways.addTab(self.text, words("identity.as.text"))
        self.ways.currentChanged.connect(self._on_way)
        self.outcome = QTreeWidget()
        self.outcome.setAccessibleName(words("identity.outcome"))
        self.outcome.setHeaderLabels([words("identity.what"), words("identity.now"), words("identity.then")])
        self.outcome.setColumnWidth(0, 250)
        self.outcome.setColumnWidth(1, 84)
        self.outcome.setAlternatingRowColors(True)
        self.draft = button(words("identity.draft"))
        self.draft.clicked.connect(lambda: session.call("draft_identity", self._on_draft, self._fail))
        self.what_if = button(words("identity.whatif"))
        self.what_if.clicked.connect(self.ask_what_if)
        self.keep = button(words("identity.keep"))
        self.keep.clicked.connect(self.save)
        self.run = button(words("identity.run"), primary=True)
        self.run.clicked.connect(self.start)
        self.stop = button(words("cancel"))
        self.stop.clicked.connect(self._on_stop)
        self.said = label(words("identity.about"), "muted", wrap=True)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self.ways)
        parts.addWidget(self.outcome)
        parts.setHandleWidth(12)
        parts.setSizes([680, 440])
        layout = column(self, (0, 10, 0, 0), spacing=8)
        layout.addWidget(parts, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.draft, None, self.stop, self.what_if, self.keep, self.run))
        self._work(None)

    def show_document(self, text: str | None) -> None:
        """The document in force, unless somebody is writing."""
        if text is not None and not self.text.document().isModified():
            self.text.setPlainText(text)
            self._fill_table()

    # -- table and text ------------------------------------------------------------------------------------------------

    def _on_draft(self, found: dict[str, Any]) -> None:
        self.text.setPlainText(found["text"])
        self.text.document().setModified(True)
        self._fill_table()
        notes = [self._words.sentence(one) for one in found["notes"]]
        self._say("\n".join(notes) if notes else self._words("identity.about"))

    def _on_edited(self, document: dict[str, Any]) -> None:
        self.text.setPlainText(dump_yaml(document))
        self.text.document().setModified(True)
        self._say(self._words("identity.about"))

    def _on_way(self) -> None:
        if self.ways.currentWidget() is self.kinds and not self._fill_table():
            self.ways.setCurrentWidget(self.text)

    def _fill_table(self) -> bool:
        """Whether the text is a document that a table can show; otherwise what is wrong with it is said."""
        text = self.text.toPlainText()
        if not text.strip():
            return True
        try:
            document = load_one(text)
            read_identity(document)
        except EngineError as error:
            self._fail(error)
            return False
        self.kinds.show_document(document)
        return True

    # -- asking ----------------------------------------------------------------------------------------------------

    def ask_what_if(self) -> None:
        """What the text would do."""
        self._work(
            self._session.call("what_if_identity", self._show, self._fail, document=self.text.toPlainText()), "whatif"
        )

    def save(self) -> None:
        """Keep the text as the document."""
        self._session.call("apply_identity", self._kept, self._fail, document=self.text.toPlainText())

    def start(self) -> None:
        """Find persons anew."""
        self._work(self._session.call("run_identity", self._on_run, self._fail), "run")

    def _on_stop(self) -> None:
        if self._token is not None:
            self._session.drop(self._token)
            self._work(None)
            self._say(self._words("identity.stopped"))

    def _work(self, token: int | None, what: str = "") -> None:
        self._token = token
        self.stop.setVisible(token is not None)
        for one in (self.what_if, self.keep, self.run):
            one.setEnabled(token is None)
        if token is not None:
            self._say(self._words(f"identity.{what}.going"))

    def _fail(self, error: EngineError) -> None:
        self._work(None)
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")

    def _say(self, text: str) -> None:
        self.said.setText(text)
        restyle(self.said, "role", "muted")

    def _kept(self, found: dict[str, Any]) -> None:
        self.text.document().setModified(False)
        self._say(self._words("identity.kept"))
        self.ran.emit()

    def _on_run(self, found: dict[str, Any]) -> None:
        self._work(None)
        words = self._words
        if found["state"] == "held":
            red = ", ".join(
                words(f"check.{one['name'].replace(' ', '_')}") for one in found["checks"] if one["state"] == "red"
            )
            self._fail(EngineError("check_failed", words("identity.held", red)))
        else:
            self._say(words("identity.done", words.number(found["persons"])))
        self.ran.emit()

    def _show(self, found: dict[str, Any]) -> None:
        self._work(None)
        words = self._words
        self._say(words("identity.whatif.done"))
        self.outcome.clear()
        for name in _NUMBERS:
            before = found["before"].get(name)
            now = "–" if before is None else words.number(before)
            self.outcome.addTopLevelItem(
                QTreeWidgetItem([words(f"identity.number.{name}"), now, words.number(found["after"][name])])
            )
        for title, pairs in (("merges", found["merges"]), ("splits", found["splits"])):
            top = QTreeWidgetItem([words(f"identity.{title}"), "", words.number(len(pairs))])
            for person, count in pairs:
                top.addChild(QTreeWidgetItem([person, "", words.number(count)]))
            self.outcome.addTopLevelItem(top)
        sizes = QTreeWidgetItem([words("identity.audiences"), "", words.number(len(found["sizes"]))])
        for audience, (now_, then) in found["sizes"].items():
            sizes.addChild(QTreeWidgetItem([audience, words.number(now_), words.number(then)]))
        self.outcome.addTopLevelItem(sizes)
        sizes.setExpanded(True)
