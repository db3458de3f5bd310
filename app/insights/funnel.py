"""What makes the size: each part in turn, who fails only one of them, and which parts come together."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import Words
from app.insights.tab import Tab
from app.session import Session
from app.theme.style import Theme
from app.widgets.bars import ShareBar
from app.widgets.charts import UpSet
from app.widgets.parts import clear, column, flat_text, label, name_first, row
from engine.domain.describe import Describer
from engine.domain.walk import walk

_SHOWN_TEXT = 44
_MOST_ROWS = 16


class FunnelTab(Tab):
    """The waterfall and the exclusive intersections.

    Signals:
        path_chosen: the path of a part that was clicked.
    """

    path_chosen = Signal(str)

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__(words, theme, session)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(5)
        self._combined = label(words("upset.heading"), "heading", wrap=True)
        self.upset = UpSet(self.colours, words("upset.heading"))
        self.body.addWidget(label(words("funnel.heading"), "heading", wrap=True))
        self.body.addLayout(self._rows)
        self.body.addSpacing(8)
        self.body.addWidget(self._combined)
        self.body.addWidget(self.upset)
        self.body.addStretch(1)

    def ask(self) -> None:
        self.session.look("insights", self._on_answer, self.show_failure)

    def _on_answer(self, found: dict[str, Any]) -> None:
        self.answered()
        clear(self._rows)
        base = found["base"]
        self._bar(self.words("funnel.base"), base, base, None, "")
        nodes = dict(walk(self.subject.audience.rule))
        describer = Describer(self.words.of_rules, self.subject.model)
        for number, part in enumerate(found["parts"][:_MOST_ROWS]):
            node = nodes.get(part["path"])
            clause = part["path"] if node is None else describer.clause(node)
            self._bar(f"{number + 1}  {clause}", part["after"], base, part, "near" if found["every"] else "alone")
        if len(found["parts"]) > _MOST_ROWS:
            more = self.words("values.more", self.words.number(len(found["parts"]) - _MOST_ROWS))
            self._rows.addWidget(label(more, "muted"))
        self._show_combinations(found)

    def _bar(self, text: str, size: int, base: int, part: dict[str, Any] | None, only: str) -> None:
        holder = QWidget()
        inner = column(holder, spacing=2)
        shown = text if len(text) < _SHOWN_TEXT else text[: _SHOWN_TEXT - 1] + "…"
        number = label(self.words.number(size), "count")
        if part is None:
            inner.addLayout(row(label(shown, "muted"), None, number))
        else:
            name = flat_text(shown, text)
            name.clicked.connect(lambda: self.path_chosen.emit(part["path"]))
            inner.addLayout(name_first(name, number))
        bar = ShareBar(self.theme.tokens.accent, self.theme.tokens.bar_back, 7)
        bar.set_share(size / base if base else 0)
        inner.addWidget(bar)
        if part is not None and part["only"]:
            key = "funnel.near" if only == "near" else "funnel.alone"
            inner.addWidget(label(self.words(key, self.words.number(part["only"])), "muted"))
        self._rows.addWidget(holder)

    def _show_combinations(self, found: dict[str, Any]) -> None:
        rows = [(tuple(c["parts"]), c["size"], self.words.number(c["size"])) for c in found["combinations"]]
        several = len(found["parts"]) > 1 and bool(rows)
        self._combined.setVisible(several)
        self.upset.setVisible(several)
        if several:
            said = "; ".join(f"{' + '.join(str(i + 1) for i in parts)}: {text}" for parts, _, text in rows)
            self.upset.show_rows(len(found["parts"]), rows, said)
