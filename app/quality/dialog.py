"""Contracts over the data: every check with its state and history, what waits for it, and accepting what is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QInputDialog, QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.quality.aside import AsideDialog
from app.quality.editing import ContractDialog
from app.quality.strip import Strip
from app.session import Session
from app.theme.tokens import Tokens
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

_MARKS = {"green": "●", "yellow": "◐", "red": "○"}
_ROLE = Qt.ItemDataRole.UserRole
Ask = Callable[[], str | None]


class QualityDialog(QDialog):
    """The board of contracts. ``ask`` asks for the reason of accepting; None when there is to be none."""

    def __init__(self, session: Session, words: Words, tokens: Tokens, ask: Ask | None = None) -> None:
        super().__init__()
        self._session, self._words, self._ask = session, words, ask or self._ask_reason
        self.setWindowTitle(words("quality"))
        self.resize(1080, 640)
        self.title = label("", "heading", wrap=True)
        self.checks = QTreeWidget()
        self.checks.setAccessibleName(words("quality.checks"))
        self.checks.setHeaderLabels([words(f"quality.{one}") for one in ("table", "check", "state", "what", "at")])
        self.checks.setRootIsDecorated(False)
        self.checks.setAlternatingRowColors(True)
        for place, width in enumerate((150, 210, 100, 420)):
            self.checks.setColumnWidth(place, width)
        self.checks.itemSelectionChanged.connect(self._on_row)
        self.about = label(words("quality.choose"), "muted", wrap=True)
        self.strip = Strip(words("quality.past"), tokens)
        self.touched = label("", "muted", wrap=True)
        self.examples = label("", "muted", wrap=True)
        self.run = button(words("quality.run"), primary=True)
        self.run.clicked.connect(self._on_run)
        self.accept_ = button(words("quality.accept"))
        self.accept_.setToolTip(words("quality.accept.tip"))
        self.accept_.clicked.connect(self._on_accept)
        self.edit = button(words("contract.edit"))
        self.edit.clicked.connect(self._on_edit)
        self.aside = button(words("aside.open"))
        self.aside.clicked.connect(lambda: AsideDialog(self._session, self._words, tokens).exec())
        self.said = label("", "muted", wrap=True)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        layout.addWidget(self.title)
        layout.addWidget(self.checks, 1)
        for part in (self.about, self.strip, self.touched, self.examples, self.said):
            layout.addWidget(part)
        layout.addLayout(row(self.run, self.accept_, self.edit, self.aside, None, close))
        self._show_buttons()
        self._session.call("quality", self._show, self._fail)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _chosen(self) -> dict[str, Any] | None:
        items = self.checks.selectedItems()
        found: dict[str, Any] | None = items[0].data(0, _ROLE) if items else None
        return found

    def _on_run(self) -> None:
        self.run.setEnabled(False)
        self._say(self._words("quality.going"))
        self._session.call("run_quality", self._ran, self._fail)

    def _ran(self, found: list[dict[str, Any]]) -> None:
        self.run.setEnabled(True)
        self._say("")
        self._show(found)

    def _on_row(self) -> None:
        self._show_buttons()
        one = self._chosen()
        if one is None:
            return
        self.about.setText(self._words.sentence(one["sentence"]) + self._accepted(one))
        given = {"table": one["table"], "check": one["check"]}
        self._session.call("quality_past", self._show_past, self._fail, **given)

    def _on_edit(self) -> None:
        one = self._chosen()
        ContractDialog(self._session, self._words, self._on_run, None if one is None else one["table"]).exec()

    def _ask_reason(self) -> str | None:
        text, good = QInputDialog.getText(self, self._words("quality.accept"), self._words("quality.reason"))
        return text.strip() or None if good else None

    def _on_accept(self) -> None:
        one = self._chosen()
        reason = self._ask() if one is not None else None
        if one is not None and reason is not None:
            given = {"table": one["table"], "check": one["check"], "reason": reason}
            self._session.call("accept_quality", self._show, self._fail, **given)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _fail(self, error: EngineError) -> None:
        self.run.setEnabled(True)
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")

    def _say(self, text: str) -> None:
        self.said.setText(text)
        restyle(self.said, "role", "muted")

    def _show(self, found: list[dict[str, Any]]) -> None:
        words, before = self._words, self._chosen()
        red = sum(one["state"] == "red" for one in found)
        if not found:
            self.title.setText(words("quality.none"))
        elif red:
            self.title.setText(words("quality.red", words.number(red), words.number(len(found))))
        else:
            self.title.setText(words("quality.good", words.number(len(found))))
        self.checks.clear()
        for one in sorted(found, key=lambda one: (("red", "yellow", "green").index(one["state"]), one["table"])):
            state = f"{_MARKS[one['state']]} " + words(f"check.{one['state']}")
            at = words.moment(datetime.fromisoformat(one["at"]).astimezone())
            item = QTreeWidgetItem([one["table"], one["check"], state, words.sentence(one["sentence"]), at])
            item.setToolTip(3, one["sentence"] + self._accepted(one))
            item.setData(0, _ROLE, one)
            self.checks.addTopLevelItem(item)
            if before is not None and (one["table"], one["check"]) == (before["table"], before["check"]):
                self.checks.setCurrentItem(item)
        self._show_buttons()

    def _accepted(self, one: dict[str, Any]) -> str:
        return "" if one["accepted"] is None else f" · {self._words('quality.accepted', one['accepted'])}"

    def _show_past(self, found: dict[str, Any]) -> None:
        words = self._words
        self.strip.show_past([(self._moment(at), words(f"check.{state}"), state) for at, _, state in found["past"]])
        names = ", ".join(found["audiences"][:12]) + (", …" if len(found["audiences"]) > 12 else "")
        self.touched.setText(words("quality.audiences", names) if names else words("quality.audiences.none"))
        texts = ", ".join(found["examples"])
        self.examples.setText(words("quality.examples", texts) if texts else "")

    def _moment(self, text: str) -> str:
        return self._words.moment(datetime.fromisoformat(text).astimezone())

    def _show_buttons(self) -> None:
        one = self._chosen()
        self.accept_.setEnabled(one is not None and one["state"] == "red")
