"""Activity: alerts, runs, deliveries and the scheduler's log; what failed is tried again, what waits is given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QMessageBox, QTabWidget, QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

_EVERY_MS = 5_000
_TASK = Qt.ItemDataRole.UserRole
_OPEN_TASKS = ("queued", "running")
_AGAIN = ("failed", "cancelled")


class Cells:
    """What happened, as the texts of a row each."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def alert(self, one: dict[str, Any]) -> list[str]:
        """An alert."""
        words = self._words
        times = [self.moment(one["opened_at"]), self.moment(one["closed_at"])]
        return [words(f"alert.{one['kind']}"), one["subject"], words.sentence(one["message"]), *times]

    def task(self, one: dict[str, Any]) -> list[str]:
        """A run."""
        words, error = self._words, one["summary"].get("error") or {}
        message = words.sentence(error["message"]) if error else "; ".join(one["summary"].get("failed", {}).values())
        few = len(one["audiences"]) <= 3
        where = ", ".join(one["audiences"]) if few else words("activity.audiences", words.number(len(one["audiences"])))
        cause, state = words(f"cause.{one['cause']}"), words(f"task.{one['state']}")
        return [self.moment(one["due"]), cause, where, state, self.moment(one["finished_at"]), message]

    def sync(self, one: dict[str, Any]) -> list[str]:
        """A delivery."""
        words = self._words
        counts = f"+{words.number(one['add'])} −{words.number(one['remove'])}" if "add" in one else ""
        reason = words.sentence(one["reason"]) if one["reason"] else ""
        state = words(f"sync.{one['state']}")
        return [self.moment(one["finished_at"]), one["audience"], one["destination"], state, counts, reason]

    def line(self, one: dict[str, Any]) -> list[str]:
        """A line of the log."""
        rest = ", ".join(f"{k}: {v}" for k, v in one.items() if k not in ("at", "level", "what") and v is not None)
        return [self.moment(one.get("at")), str(one.get("level", "")), str(one.get("what", "")), rest]

    def moment(self, text: str | None) -> str:
        """A moment of the store, in this machine's zone."""
        return "" if text is None else self._words.moment(datetime.fromisoformat(text).astimezone())


class ActivityDialog(QDialog):
    """What happened lately, asked anew while one looks at it; it works as well when no scheduler runs."""

    def __init__(self, session: Session, words: Words) -> None:
        super().__init__()
        self._session, self._words = session, words
        self.setWindowTitle(words("activity"))
        self.resize(980, 560)
        self.daemon = label("", "chip")
        self.waiting = label("", "muted")
        self.alerts = self._table("alerts", ("what", "where", "message", "since", "passed"), (150, 190, 330, 150))
        self.tasks = self._table(
            "tasks", ("due", "cause", "where", "state", "ended", "message"), (150, 120, 180, 90, 150)
        )
        self.syncs = self._table(
            "syncs", ("ended", "where", "destination", "state", "what", "message"), (150, 180, 120, 110, 120)
        )
        self.log = self._table("log", ("at", "level", "what", "message"), (160, 70, 220))
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(words("activity"))
        for name in ("alerts", "tasks", "syncs", "log"):
            self.tabs.addTab(getattr(self, name), words(f"activity.{name}"))
        self.retry = button(words("activity.retry"))
        self.retry.clicked.connect(lambda: self._do("retry_task"))
        self.cancel = button(words("activity.cancel"))
        self.cancel.clicked.connect(lambda: self._do("cancel_task"))
        self.allow = button(words("delivery.allow"))
        self.allow.clicked.connect(self._on_allow)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        self.said = label("", "muted", wrap=True)
        layout = column(self, (18, 16, 18, 14), spacing=10)
        layout.addLayout(row(label(words("activity.scheduler"), "heading"), self.daemon, self.waiting, None))
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.retry, self.cancel, self.allow, None, close))
        self.tasks.itemSelectionChanged.connect(self._show_buttons)
        self.syncs.itemSelectionChanged.connect(self._show_buttons)
        self.tabs.currentChanged.connect(self._show_buttons)
        self._again = QTimer(self)
        self._again.setInterval(_EVERY_MS)
        self._again.timeout.connect(self._ask)
        self._show_buttons()

    def _table(self, name: str, columns: Sequence[str], widths: Sequence[int]) -> QTreeWidget:
        made = QTreeWidget()
        made.setAccessibleName(self._words(f"activity.{name}"))
        made.setHeaderLabels([self._words(f"activity.{one}") for one in columns])
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setAlternatingRowColors(True)
        for place, width in enumerate(widths):
            made.setColumnWidth(place, width)
        made.header().setStretchLastSection(True)
        return made

    # -- asking ----------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Ask while it is looked at."""
        super().showEvent(event)
        self._ask()
        self._again.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask no more."""
        super().hideEvent(event)
        self._again.stop()

    def _ask(self) -> None:
        self._session.call("activity", self._show, self._fail)

    def _fail(self, error: EngineError) -> None:
        self._say(self._words.error(error), "error")

    def _say(self, text: str, role: str = "muted") -> None:
        self.said.setText(text)
        restyle(self.said, "role", role)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show(self, found: dict[str, Any]) -> None:
        self._show_daemon(found["daemon"])
        cells = Cells(self._words)
        self._fill(self.alerts, found["alerts"], cells.alert)
        self._fill(self.tasks, found["tasks"], cells.task)
        self._fill(self.syncs, found["syncs"], cells.sync)
        self._fill(self.log, list(reversed(found["log"])), cells.line)
        unseen = any(one["closed_at"] is None and one["seen_at"] is None for one in found["alerts"])
        open_now = sum(one["closed_at"] is None for one in found["alerts"])
        shown = self._words("activity.alerts")
        self.tabs.setTabText(0, f"{shown} ({open_now})" if open_now else shown)
        if not found["alerts"]:
            self._say(self._words("activity.none"))
        if unseen and self.tabs.currentIndex() == 0:
            self._session.call("see_alerts", lambda answer: None, self._fail)
        self._show_buttons()

    def _show_daemon(self, found: dict[str, Any]) -> None:
        words = self._words
        state = "stopped" if found["state"] == "never" else found["state"]
        self.daemon.setText(words(f"home.daemon.{state}"))
        restyle(self.daemon, "state", "exact" if state == "running" else "failed")
        coming = Cells(words).moment(found["next_at"]) or "–"
        self.waiting.setText(
            words("activity.waiting", words.number(found["queued"]), words.number(found["running"]), coming)
        )

    def _fill(
        self, table: QTreeWidget, found: list[dict[str, Any]], cells: Callable[[dict[str, Any]], list[str]]
    ) -> None:
        """Rows in place of those before; what was chosen stays chosen."""
        chosen = [item.data(0, _TASK) for item in table.selectedItems()]
        place = table.verticalScrollBar().value()
        table.clear()
        items = []
        for one in found:
            texts = cells(one)
            item = QTreeWidgetItem(texts)
            item.setData(0, _TASK, one.get("id", one.get("sync")))
            for column_, text in enumerate(texts):
                item.setToolTip(column_, text)
            items.append(item)
        table.addTopLevelItems(items)
        for item in items:
            if item.data(0, _TASK) is not None and item.data(0, _TASK) in chosen:
                item.setSelected(True)
        table.verticalScrollBar().setValue(place)

    # -- what one does ---------------------------------------------------------------------------------------------

    def _chosen(self) -> dict[str, Any] | None:
        items = self.tasks.selectedItems() if self.tabs.currentWidget() is self.tasks else []
        return {"task": items[0].data(0, _TASK), "state": items[0].text(3)} if items else None

    def _show_buttons(self) -> None:
        chosen, words = self._chosen(), self._words
        for made, states in ((self.retry, _AGAIN), (self.cancel, _OPEN_TASKS)):
            made.setVisible(self.tabs.currentWidget() is self.tasks)
            made.setEnabled(chosen is not None and chosen["state"] in [words(f"task.{one}") for one in states])
        self.allow.setVisible(self.tabs.currentWidget() is self.syncs)
        self.allow.setEnabled(self._held() is not None)

    def _held(self) -> QTreeWidgetItem | None:
        """The chosen delivery, if it is held back."""
        items = self.syncs.selectedItems() if self.tabs.currentWidget() is self.syncs else []
        return items[0] if items and items[0].text(3) == self._words("sync.held") else None

    def _on_allow(self) -> None:
        """Let what is held back go, after one more question."""
        held, words = self._held(), self._words
        if held is None:
            return
        question = f"{held.text(1)} → {held.text(2)}\n{held.text(5)}"
        if QMessageBox.question(self, words("delivery.allow"), question) == QMessageBox.StandardButton.Yes:
            self._say(words("size.counting"))
            self._session.call("sync", lambda answer: self._ask(), self._fail, ids=[held.text(1)], allow_removals=True)

    def _do(self, operation: str) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._say("")
            self._session.call(operation, lambda answer: self._ask(), self._fail, task=chosen["task"])
