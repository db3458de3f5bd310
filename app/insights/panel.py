"""The right side: the size, what it means, each condition alone, and the sites."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.i18n import Words
from app.theme.style import Theme
from app.widgets.bars import ShareBar
from app.widgets.parts import clear, column, label, restyle, row
from engine.client import SizeAnswer
from engine.domain.audience import Audience
from engine.domain.describe import Describer
from engine.domain.model import DataModel
from engine.domain.walk import conditions

_MOST_BARS = 12


class Insights(QFrame):
    """Shows a SizeAnswer; greys it while a newer one is on its way."""

    def __init__(self, words: Words, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("right")
        self._words, self._theme = words, theme
        layout = column(self, (18, 16, 18, 16), spacing=6)
        layout.addWidget(label(words("size.heading"), "heading"))
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
        self._bars = QVBoxLayout()
        self._bars.setSpacing(4)
        layout.addSpacing(10)
        layout.addLayout(self._bars)
        layout.addStretch(1)

    def show_stale(self) -> None:
        """The numbers belong to an older rule."""
        self.chip.setText(self._words("size.counting"))
        restyle(self.chip, "state", "counting")
        for widget in (self.total, self.share):
            restyle(widget, "stale", True)

    def show_failed(self) -> None:
        """There is no number for this rule."""
        self.total.setText("–")
        self.share.setText("")
        self.took.setText("")
        self.chip.setText(self._words("size.failed"))
        restyle(self.chip, "state", "failed")
        clear(self._bars)

    def show_answer(self, answer: SizeAnswer, audience: Audience, model: DataModel, describer: Describer) -> None:
        """The numbers of the audience as it stands."""
        words = self._words
        self.total.setText(words.number(answer.size))
        of = words("size.of", words.percent(answer.size, answer.base), words.number(answer.base))
        self.share.setText(of)
        self.chip.setText(words("size.exact"))
        restyle(self.chip, "state", "exact")
        self.took.setText(words("size.took", words.number(round(answer.elapsed_ms))))
        self.as_of.setText(
            words("size.asof", answer.as_of.replace("T", " ").replace(":00Z", " UTC"), answer.data_version[:8])
        )
        for widget in (self.total, self.share):
            restyle(widget, "stale", False)
        clear(self._bars)
        leaves = conditions(audience.rule)[:_MOST_BARS]
        if leaves:
            self._heading("conditions.heading")
        for path, node in leaves:
            found = answer.nodes.get(path)
            if found is not None:
                self._bar(describer.clause(node), found.size, answer.base)
        if len(answer.per_site) > 1:
            self._bars.addSpacing(10)
            self._heading("sites.heading")
            largest = max(answer.per_site.values(), default=0)
            for site, size in sorted(answer.per_site.items(), key=lambda pair: -pair[1]):
                self._bar(model.sites[site].name if site in model.sites else site, size, largest)

    def _heading(self, key: str) -> None:
        self._bars.addWidget(label(self._words(key), "heading"))

    def _bar(self, text: str, size: int, whole: int) -> None:
        name = label(text if len(text) < 46 else text[:45] + "…", "muted")
        name.setToolTip(text)
        number = label(self._words.number(size), "count")
        bar = ShareBar(self._theme.tokens.accent, self._theme.tokens.bar_back)
        bar.set_share(size / whole if whole else 0)
        holder = QWidget()
        inner = column(holder, spacing=2)
        inner.addLayout(row(name, None, number))
        inner.addWidget(bar)
        self._bars.addWidget(holder)
