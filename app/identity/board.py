"""The quality of the map in force, its runs, and what people decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QTreeWidget, QTreeWidgetItem, QWidget

from app.i18n import Words
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

_STATES = {"green": "●", "yellow": "◐", "red": "○"}


def table(words: Words, name: str, columns: Sequence[str], widths: Sequence[int]) -> QTreeWidget:
    """An empty table."""
    made = QTreeWidget()
    made.setAccessibleName(words(f"identity.{name}"))
    made.setHeaderLabels([words(f"identity.{one}") for one in columns])
    made.setRootIsDecorated(False)
    made.setAlternatingRowColors(True)
    for place, width in enumerate(widths):
        made.setColumnWidth(place, width)
    return made


def moment(words: Words, text: str | None) -> str:
    """A moment of the store, in this machine's zone."""
    return "" if text is None else words.moment(datetime.fromisoformat(text).astimezone())


class Board(QWidget):
    """Checks and runs."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self.title = label(words("identity.none"), "heading", wrap=True)
        self.checks = table(words, "checks", ("check", "state", "what"), (160, 90))
        self.runs = table(words, "runs", ("started", "state", "number.persons", "message"), (170, 110, 110))
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.checks)
        parts.addWidget(self.runs)
        parts.setSizes([220, 300])
        layout = column(self, (0, 10, 0, 0), spacing=8)
        layout.addWidget(self.title)
        layout.addWidget(parts, 1)

    def show_state(self, found: dict[str, Any]) -> None:
        """What is in force, and the newest runs."""
        words = self._words
        if found["in_force"] is not None:
            numbers = found["in_force"]["summary"]
            at = moment(words, found["in_force"]["at"])
            counts = words.number(numbers["persons"]), words.number(numbers["identifiers"])
            self.title.setText(words("identity.in_force", at, *counts))
        self.checks.clear()
        newest = next((one for one in found["runs"] if one["summary"].get("checks")), None)
        for check in newest["summary"]["checks"] if newest else ():
            name = words(f"check.{check['name'].replace(' ', '_')}")
            state = f"{_STATES[check['state']]} {words('check.' + check['state'])}"
            self.checks.addTopLevelItem(QTreeWidgetItem([name, state, words.sentence(check["sentence"])]))
        self.runs.clear()
        for one in found["runs"]:
            persons = one["summary"].get("persons")
            texts = [moment(words, one["started_at"]), words(f"identity.run.{one['state']}")]
            texts += ["" if persons is None else words.number(persons), words.sentence(one["reason"] or "")]
            self.runs.addTopLevelItem(QTreeWidgetItem(texts))


class DecisionList(QWidget):
    """What people decided; each can be taken back.

    Signals:
        changed: one was taken back.
    """

    changed = Signal()

    def __init__(self, session: Session, words: Words) -> None:
        super().__init__()
        self._session, self._words = session, words
        self.table = table(words, "decisions", ("what", "one", "other", "why", "at", "who"), (150, 150, 150, 200, 150))
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.undo = button(words("identity.undo"))
        self.undo.clicked.connect(self._on_undo)
        self.said = label("", "muted", wrap=True)
        layout = column(self, (0, 10, 0, 0), spacing=8)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.undo, None))
        self._show_buttons()

    def show_decisions(self, found: list[dict[str, Any]]) -> None:
        """Every decision, the newest first."""
        words = self._words
        self.table.clear()
        for one in found:
            what = words(f"decision.{one['what']}")
            back = f" ({words('identity.taken_back')})" if one["undone_at"] else ""
            texts = [
                what + back,
                one["one"][:20],
                one["other"][:20],
                one["reason"],
                moment(words, one["at"]),
                one["by"],
            ]
            item = QTreeWidgetItem(texts)
            item.setData(0, Qt.ItemDataRole.UserRole, None if one["undone_at"] else one["id"])
            self.table.addTopLevelItem(item)
        self._show_buttons()

    def _chosen(self) -> int | None:
        items = self.table.selectedItems()
        return items[0].data(0, Qt.ItemDataRole.UserRole) if items else None

    def _show_buttons(self) -> None:
        self.undo.setEnabled(self._chosen() is not None)

    def _on_undo(self) -> None:
        number = self._chosen()
        if number is not None:
            self._session.call("undo_decision", lambda found: self.changed.emit(), self._fail, id=number)

    def _fail(self, error: EngineError) -> None:
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")


class Review(QWidget):
    """Pairs to judge, one after another: the map's accuracy is reckoned from them."""

    def __init__(self, session: Session, words: Words) -> None:
        super().__init__()
        self._session, self._words = session, words
        self._pairs: list[dict[str, Any]] = []
        self.title = label(words("identity.review.about"), "muted", wrap=True)
        self.facts = table(words, "facts", ("fact", "one", "other"), (200, 280))
        self.same = button(words("identity.same"), primary=True)
        self.same.clicked.connect(lambda: self._judge("same"))
        self.differ = button(words("identity.differ"))
        self.differ.clicked.connect(lambda: self._judge("differ"))
        self.skip = button(words("identity.skip"))
        self.skip.clicked.connect(self._next)
        self.more = button(words("identity.more"))
        self.more.clicked.connect(self.ask)
        self.said = label("", "muted", wrap=True)
        layout = column(self, (0, 10, 0, 0), spacing=8)
        layout.addWidget(self.title)
        layout.addWidget(self.facts, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.more, None, self.skip, self.differ, self.same))
        self._show()

    def ask(self) -> None:
        """Fetch pairs nobody has judged."""
        self._session.call("pairs_to_judge", self._on_pairs, self._fail)

    def _on_pairs(self, found: list[dict[str, Any]]) -> None:
        self._pairs = found
        self._show()

    def _judge(self, what: str) -> None:
        if self._pairs:
            pair = self._pairs[0]
            self._session.call(
                "decide_identity",
                lambda found: self._next(),
                self._fail,
                what=what,
                one=pair["one"],
                other=pair["other"],
            )

    def _next(self) -> None:
        self._pairs = self._pairs[1:]
        self._show()

    def _show(self) -> None:
        words, there = self._words, bool(self._pairs)
        for one in (self.same, self.differ, self.skip):
            one.setEnabled(there)
        self.facts.clear()
        if not there:
            self.said.setText(words("identity.review.none"))
            return
        pair = self._pairs[0]
        state = words("identity.review.together" if pair["together"] else "identity.review.apart")
        self.said.setText(f"{state} · {words('identity.review.left', words.number(len(self._pairs)))}")
        for name, one, other in pair["facts"]:
            item = QTreeWidgetItem([name, one, other])
            if one == other and one:
                font = item.font(0)
                font.setBold(True)
                for place in range(3):
                    item.setFont(place, font)
            self.facts.addTopLevelItem(item)

    def _fail(self, error: EngineError) -> None:
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")
