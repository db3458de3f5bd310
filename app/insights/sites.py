"""The size in each site; it comes with the size itself."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import Words
from app.insights.tab import Tab
from app.session import Session
from app.theme.style import Theme
from app.widgets.bars import ShareBar
from app.widgets.parts import clear, column, label, row


class SitesTab(Tab):
    """A bar a site, the largest first."""

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__(words, theme, session)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self.body.addWidget(label(words("sites.heading"), "heading"))
        self.body.addLayout(self._rows)
        self.body.addStretch(1)

    def ask(self) -> None:
        self.answered()
        clear(self._rows)
        answer, sites = self.subject.answer, self.subject.model.sites
        largest = max(answer.per_site.values(), default=0)
        for site, size in sorted(answer.per_site.items(), key=lambda pair: -pair[1]):
            holder = QWidget()
            inner = column(holder, spacing=2)
            name = sites[site].name if site in sites else site
            number = f"{self.words.number(size)} · {self.words.percent(size, answer.size)}"
            inner.addLayout(row(label(name, "muted"), None, label(number, "count")))
            bar = ShareBar(self.theme.tokens.accent, self.theme.tokens.bar_back)
            bar.set_share(size / largest if largest else 0)
            inner.addWidget(bar)
            self._rows.addWidget(holder)
