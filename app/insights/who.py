"""Who the members are: by any trait against everyone, and how they can be reached."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import Words
from app.insights.tab import Subject, Tab
from app.session import Session
from app.theme.style import Theme
from app.widgets.bars import ShareBar
from app.widgets.charts import TwoBars
from app.widgets.parts import clear, column, combo, flat_text, label, name_first, restyle, row
from engine.domain.operators import Between, Compare, IsSet
from engine.domain.rule import Node, TraitIs
from engine.domain.values import ValueType


class WhoTab(Tab):
    """Composition and reach.

    Signals:
        condition_chosen: a condition for the value that was clicked.
    """

    condition_chosen = Signal(object)

    def __init__(self, words: Words, theme: Theme, session: Session) -> None:
        super().__init__(words, theme, session)
        self._which = combo((), None, words("who.by"))
        self._which.setSizeAdjustPolicy(self._which.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._which.setMinimumContentsLength(12)
        self._which.activated.connect(self._ask_breakdown)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(5)
        self._reach = QVBoxLayout()
        self._reach.setSpacing(4)
        self.body.addLayout(row(label(words("who.heading"), "heading", wrap=True), None, self._which))
        self.body.addLayout(self._rows)
        self._note = label(words("who.note"), "muted", wrap=True)
        self.body.addWidget(self._note)
        self._sites_title = label(words("sites.heading"), "heading", wrap=True)
        self._sites = QVBoxLayout()
        self._sites.setSpacing(4)
        self.body.addSpacing(8)
        self.body.addWidget(self._sites_title)
        self.body.addLayout(self._sites)
        self._reach_title = label(words("reach.heading"), "heading", wrap=True)
        self.body.addWidget(self._reach_title)
        self.body.addLayout(self._reach)
        self.body.addStretch(1)

    def set_subject(self, subject: Subject) -> None:
        traits = {name: one for name, one in subject.model.profile.traits.items() if not one.personal}
        if self._which.count() != len(traits):
            self._which.clear()
            for name, found in traits.items():
                self._which.addItem(self.words.label(name, found.label), name)
        super().set_subject(subject)

    def ask(self) -> None:
        self._ask_breakdown()
        self._show_sites()
        model = self.subject.model
        known = bool(model.identifiers or model.consents)
        self._reach_title.setVisible(known)
        if known:
            self.session.look("reachable", self._on_reach, self.show_failure)

    def _ask_breakdown(self) -> None:
        trait = self._which.currentData()
        if trait is not None and self._subject is not None:
            self.session.look("breakdown", self._on_breakdown, self.show_failure, trait=str(trait))

    # -- by a trait ------------------------------------------------------------------------------------------------

    def _on_breakdown(self, found: dict[str, Any]) -> None:
        self.answered()
        clear(self._rows)
        largest = max((s["members"] / max(1, found["size"]) for s in found["shares"]), default=1) or 1
        for share in found["shares"]:
            self._rows.addWidget(self._share(found, share, largest))

    def _share(self, found: dict[str, Any], share: dict[str, Any], largest: float) -> QWidget:
        words = self.words
        text = words.scalar(share["value"])
        if share["high"] is not None:
            text = f"{text} – {words.scalar(share['high'])}"
        name = flat_text(text, words("who.add"))
        name.clicked.connect(lambda: self._choose(found["trait"], share))
        members, base = share["members"] / max(1, found["size"]), share["base"] / max(1, found["base"])
        index = label("–" if share["index"] is None else words.number(round(share["index"])), "count")
        if share["index"] is not None:
            low, high = words.number(round(share["low_index"])), words.number(round(share["high_index"]))
            index.setToolTip(words("who.index", low, high))
            sure = share["low_index"] > 100 or share["high_index"] < 100
            restyle(index, "sure", sure)
        bars = TwoBars(self.colours)
        bars.show_shares(members / largest, base / largest)
        holder = QWidget()
        inner = column(holder, spacing=1)
        inner.addLayout(name_first(name, label(words.percent(share["members"], found["size"]), "muted"), index))
        inner.addWidget(bars)
        return holder

    def _choose(self, trait: str, share: dict[str, Any]) -> None:
        """The value that was clicked, as a condition."""
        kind = self.subject.model.profile.traits[trait].type
        self.condition_chosen.emit(condition_for(trait, kind, share["value"], share["high"]))

    # -- by site ---------------------------------------------------------------------------------------------------

    def _show_sites(self) -> None:
        """The size in each site, which came with the size itself."""
        clear(self._sites)
        answer, sites = self.subject.answer, self.subject.model.sites
        self._sites_title.setVisible(len(answer.per_site) > 1)
        if len(answer.per_site) > 1:
            for site, size in sorted(answer.per_site.items(), key=lambda pair: -pair[1]):
                name = sites[site].name if site in sites else site
                self._part(self._sites, name, size, answer.size, self.theme.tokens.accent)

    # -- reach -----------------------------------------------------------------------------------------------------

    def _on_reach(self, found: dict[str, Any]) -> None:
        clear(self._reach)
        for name, count in found["identifiers"].items():
            self._part(self._reach, name.replace("_", " "), count, found["size"])
        for name, count in found["consents"].items():
            self._part(self._reach, self.words("reach.consent", name.replace("_", " ")), count, found["size"])
        for identifier, consents in found["both"].items():
            for consent, count in consents.items():
                text = f"{identifier} + {consent}".replace("_", " ")
                self._part(self._reach, text, count, found["size"])

    def _part(self, rows: QVBoxLayout, text: str, count: int, size: int, colour: str | None = None) -> None:
        """A part of the members: name, number and bar."""
        bar = ShareBar(colour or self.theme.tokens.all_bar, self.theme.tokens.bar_back)
        bar.set_share(count / size if size else 0)
        holder = QWidget()
        inner = column(holder, spacing=1)
        number = f"{self.words.number(count)} · {self.words.percent(count, size)}"
        inner.addLayout(name_first(label(text, "muted"), label(number, "count")))
        inner.addWidget(bar)
        rows.addWidget(holder)


def condition_for(trait: str, kind: ValueType, value: Any, high: Any) -> Node:
    """The condition that a value (or range) of a trait stands for."""
    if value is None:
        return TraitIs(trait, IsSet(False))
    if high is None or kind is ValueType.BOOLEAN or kind is ValueType.STRING:
        return TraitIs(trait, Compare("eq", value))
    return TraitIs(trait, Between(_operand(value), _operand(high)))


def _operand(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value
