"""The right side: the size and what it means, and views of the audience in tabs."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QTabWidget

from app.i18n import Words
from app.insights.funnel import FunnelTab
from app.insights.others import MembersTab, OverlapTab, TimeTab
from app.insights.tab import Subject, Tab
from app.insights.who import WhoTab
from app.session import Session
from app.theme.style import Theme
from app.widgets.parts import column, label, restyle, row
from engine.client import SizeAnswer


class Insights(QFrame):
    """Shows a SizeAnswer; greys it while a newer one is on its way.

    Signals:
        path_chosen: the path of a condition to show.
        condition_chosen: a condition to add.
        exclude_chosen: the id of an audience to exclude.
    """

    path_chosen = Signal(str)
    condition_chosen = Signal(object)
    exclude_chosen = Signal(str)

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__()
        self.setObjectName("right")
        self._words, self._theme = words, theme
        layout = column(self, (18, 14, 14, 8), spacing=5)
        layout.addWidget(label(words("size.heading"), "heading", wrap=True))
        self.total = label("–", "big")
        self.total.setAccessibleName(words("size.heading"))
        layout.addWidget(self.total)
        self.share = label("", "muted", wrap=True)
        layout.addWidget(self.share)
        self.chip = label(words("size.counting"), "chip")
        self.took = label("", "muted")
        layout.addLayout(row(self.chip, self.took, None))
        self.as_of = label("", "muted", wrap=True)
        layout.addWidget(self.as_of)
        self.funnel = FunnelTab(words, theme, session)
        self.who = WhoTab(words, theme, session)
        self.time = TimeTab(words, theme, session)
        self.overlap = OverlapTab(words, theme, session)
        self.members = MembersTab(words, theme, session)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(words("tabs"))
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setElideMode(Qt.TextElideMode.ElideNone)
        self.pages: dict[str, Tab] = {
            "funnel": self.funnel,
            "who": self.who,
            "time": self.time,
            "overlap": self.overlap,
            "members": self.members,
        }
        for key, page in self.pages.items():
            self.tabs.addTab(page, words(f"tab.{key}"))
        layout.addSpacing(6)
        layout.addWidget(self.tabs, 1)
        self.funnel.path_chosen.connect(self.path_chosen)
        self.who.condition_chosen.connect(self.condition_chosen)
        self.overlap.exclude_chosen.connect(self.exclude_chosen)

    def show_names(self, names: dict[str, str]) -> None:
        """What other audiences are called, by id."""
        self.overlap.names = names

    def show_page(self, key: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentWidget(self.pages[key])

    def show_stale(self) -> None:
        """The numbers belong to an older rule."""
        self.chip.setText(self._words("size.counting"))
        restyle(self.chip, "state", "counting")
        for widget in (self.total, self.share):
            restyle(widget, "stale", True)
        for page in self.pages.values():
            page.show_stale()

    def show_failed(self) -> None:
        """There is no number for this rule."""
        for text in (self.share, self.took):
            text.setText("")
        self.total.setText("–")
        self.chip.setText(self._words("size.failed"))
        restyle(self.chip, "state", "failed")

    def show_estimate(self, answer: SizeAnswer) -> None:
        """What a sample says, until the exact number comes; the tabs wait for that."""
        words = self._words
        low, high = answer.interval or (answer.size, answer.size)
        self.total.setText(words("size.about", words.number(answer.size)))
        self.share.setText(words("size.between", words.number(low), words.number(high)))
        self.chip.setText(words("size.estimate"))
        restyle(self.chip, "state", "estimate")
        for widget in (self.total, self.share):
            restyle(widget, "stale", False)

    def show_answer(self, subject: Subject) -> None:
        """The numbers of the audience as it stands."""
        words, answer = self._words, subject.answer
        self.total.setText(words.number(answer.size))
        of = words("size.of", words.percent(answer.size, answer.base), words.number(answer.base))
        self.share.setText(of)
        self.chip.setText(words("size.exact"))
        restyle(self.chip, "state", "exact")
        self.took.setText(words("size.took", words.number(round(answer.elapsed_ms))))
        at = words.moment(datetime.fromisoformat(answer.as_of))
        self.as_of.setText(words("size.asof", f"{at} UTC", answer.data_version[:8]))
        for widget in (self.total, self.share):
            restyle(widget, "stale", False)
        for page in self.pages.values():
            page.set_subject(subject)
