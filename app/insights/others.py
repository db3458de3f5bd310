"""The audience over time, beside other audiences, and a few of its members."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.i18n import Words
from app.insights.tab import Subject, Tab
from app.session import Session
from app.theme.style import Theme
from app.widgets.bars import ShareBar
from app.widgets.charts import Sparkline
from app.widgets.parts import button, clear, column, flat_button, label, name_first, row
from engine.errors import EngineError

DAYS = 30
_WAIT_MS = 120
_LAGS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


class TimeTab(Tab):
    """The size of each of the last days, evaluated one day at a time while nothing else is asked."""

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__(words, theme, session)
        self.line = Sparkline(self.colours, words("time.heading"))
        self._said = label("", "muted", wrap=True)
        self.fresh = label("", "muted", wrap=True)
        self.body.addWidget(label(words("time.heading"), "heading", wrap=True))
        self.body.addWidget(self.line)
        self.body.addWidget(self._said)
        self.body.addWidget(label(words("time.note"), "muted", wrap=True))
        self.body.addWidget(self.fresh)
        self.body.addStretch(1)
        self._sizes: dict[int, tuple[str, int]] = {}
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(_WAIT_MS)
        self._next.timeout.connect(self._ask_next)

    @property
    def is_complete(self) -> bool:
        return self._current and len(self._sizes) > DAYS

    def set_subject(self, subject: Subject) -> None:
        self._sizes = {0: (subject.answer.as_of, subject.answer.size)}
        super().set_subject(subject)

    def ask(self) -> None:
        self._next.start()  # with the day that is missing; those that came while it was looked at before are kept
        self.session.call("freshness", self._show_fresh, lambda error: None, id=self.subject.audience.id)

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._next.stop()
        self._current = self._current and len(self._sizes) > DAYS

    def _ask_next(self) -> None:
        """The next day that is missing; later, while the size itself is awaited."""
        missing = next((day for day in range(1, DAYS + 1) if day not in self._sizes), None)
        if missing is None or self._subject is None or not self.isVisible():
            return
        if self.session.busy:
            self._next.start()
            return
        self.session.look("past_size", partial(self._on_size, missing), self.show_failure, ago=missing)

    def _show_fresh(self, found: dict[str, Any] | None) -> None:
        """As of when the last snapshot is, which is what was delivered, and what has come since."""
        words = self.words
        if found is None or found["as_of"] is None:
            self.fresh.setText("")
            return
        at = words.moment(datetime.fromisoformat(found["as_of"]))
        said = [words("time.fresh", f"{at} UTC", self._lag(found["lag_seconds"]), found["data_version"][:8])]
        if found["received_at"] is not None:
            said.append(words("time.fresh.event", f"{words.moment(datetime.fromisoformat(found['received_at']))} UTC"))
        if found["waiting"]:
            said.append(words("time.fresh.waiting", words.number(found["waiting"])))
        self.fresh.setText(" ".join(said))

    def _lag(self, seconds: int) -> str:
        key, size = next(((key, size) for key, size in _LAGS if seconds >= 2 * size), _LAGS[-1])
        return self.words(f"time.lag.{key}", self.words.number(seconds // size))

    def _on_size(self, day: int, found: dict[str, Any]) -> None:
        self._sizes[day] = (found["as_of"], found["size"])
        self.answered()
        self._show()
        self._next.start()

    def _show(self) -> None:
        words = self.words
        days = sorted(self._sizes)
        sizes = [self._sizes[day][1] for day in days]
        first, last = (datetime.fromisoformat(self._sizes[day][0]).date() for day in (days[-1], days[0]))
        said = words("time.said", words.number(sizes[-1]), words.day(first), words.number(sizes[0]), words.day(last))
        self.line.show_points(
            [(-day, size) for day, size in zip(days, sizes, strict=True)],
            (words.day(first), words.day(last)),
            (words.number(min(sizes)), words.number(max(sizes))),
            said,
        )
        self._said.setText(said)


class OverlapTab(Tab):
    """Which other audiences share members.

    Signals:
        exclude_chosen: the id of an audience to exclude.
    """

    exclude_chosen = Signal(str)

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__(words, theme, session)
        self.names: dict[str, str] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self.body.addWidget(label(words("overlap.heading"), "heading", wrap=True))
        self.body.addLayout(self._rows)
        self.body.addStretch(1)

    def ask(self) -> None:
        self.session.look("overlap", self._on_answer, self.show_failure)

    def _on_answer(self, found: list[dict[str, Any]]) -> None:
        self.answered()
        clear(self._rows)
        size = self.subject.answer.size
        for one in [o for o in found if o["both"]][:12]:
            self._rows.addWidget(self._row(one, size))
        if not any(o["both"] for o in found):
            self._rows.addWidget(label(self.words("overlap.none"), "muted", wrap=True))

    def _row(self, one: dict[str, Any], size: int) -> QWidget:
        words = self.words
        holder = QWidget()
        inner = column(holder, spacing=2)
        name = self.names.get(one["id"], one["id"])
        out = flat_button(self.theme.icon("ban"), f"{words('overlap.exclude')}: {name}")
        out.clicked.connect(lambda: self.exclude_chosen.emit(one["id"]))
        number = f"{words.number(one['both'])} · {words.percent(one['both'], size)}"
        union = size + one["size"] - one["both"]
        text = label(name, "muted")
        text.setToolTip(words("overlap.tip", words.number(one["size"]), words.percent(one["both"], union)))
        inner.addLayout(name_first(text, label(number, "count"), out))
        bar = ShareBar(self.theme.tokens.any_bar, self.theme.tokens.bar_back)
        bar.set_share(one["both"] / size if size else 0)
        inner.addWidget(bar)
        return holder


class MembersTab(Tab):
    """A few members, masked, and why one profile is in or out."""

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__(words, theme, session)
        self.key = QLineEdit()
        self.key.setPlaceholderText(words("why.hint"))
        self.key.setAccessibleName(words("why.hint"))
        ask = button(words("why.ask"))
        ask.clicked.connect(self._ask_why)
        self.key.returnPressed.connect(self._ask_why)
        self._why = QVBoxLayout()
        self._why.setSpacing(3)
        self.table = QTableWidget()
        self.table.setAccessibleName(words("members.heading"))
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.setMinimumHeight(260)
        self.table.itemActivated.connect(lambda item: self._on_row(item.row()))
        self.body.addWidget(label(words("why.heading"), "heading", wrap=True))
        self.body.addLayout(row(self.key, ask))
        self.body.addLayout(self._why)
        self.body.addSpacing(8)
        self.body.addWidget(label(words("members.heading"), "heading", wrap=True))
        self.body.addWidget(self.table)
        self.body.addWidget(label(words("members.note"), "muted", wrap=True))
        self.body.addStretch(1)
        self._keys: list[str] = []

    def ask(self) -> None:
        clear(self._why)
        self.session.look("sample_members", self._on_answer, self.show_failure)

    def _on_answer(self, found: list[dict[str, Any]]) -> None:
        self.answered()
        self._keys = [str(one["key"]) for one in found]
        heads = [head for head in found[0] if head != "key"] if found else []
        traits = self.subject.model.profile.traits
        self.table.setColumnCount(len(heads))
        self.table.setRowCount(len(found))
        shown = [self.words.label(h, traits[h].label) if h in traits else self.words("members.key") for h in heads]
        self.table.setHorizontalHeaderLabels(shown)
        for place, one in enumerate(found):
            for index, head in enumerate(heads):
                text = one[head] if head not in traits else self.words.scalar(one[head])
                self.table.setItem(place, index, QTableWidgetItem(text))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def _on_row(self, place: int) -> None:
        if 0 <= place < len(self._keys):
            self._explain(self._keys[place])

    def _ask_why(self) -> None:
        if self.key.text().strip():
            self._explain(self.key.text().strip())

    def _explain(self, key: str) -> None:
        if self._subject is not None:
            language = self.words.of_rules
            self.session.look("why", self._on_why, self._on_no_profile, key=key, language=language)

    def _on_no_profile(self, error: EngineError) -> None:
        clear(self._why)
        self._why.addWidget(label(self.words.error(error), "error", wrap=True))

    def _on_why(self, found: dict[str, Any]) -> None:
        clear(self._why)
        words = self.words
        verdict = words("why.in" if found["member"] else "why.out")
        self._why.addWidget(label(verdict, "title"))
        if not found["conditions"]:
            self._why.addWidget(label(words("why.elsewhere"), "muted", wrap=True))
        for one in found["conditions"]:
            mark = "✓" if one["in"] else "✗"
            depth = one["path"].count(".") + one["path"].count("[") - 1
            value = "" if one["value"] is None else f"  ({words.scalar(one['value'])})"
            line = label(f"{'   ' * max(0, depth // 2)}{mark}  {one['condition']}{value}", "why", wrap=True)
            line.setProperty("holds", one["in"])
            line.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
            self._why.addWidget(line)
