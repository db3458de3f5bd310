"""One propensity: whether its probabilities held, what they rest on, what was left out, and its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QComboBox, QTreeWidgetItem, QWidget

from app.i18n import Words
from app.lookalike.explained import Explained, versions
from app.lookalike.reliability import ReliabilityCurve
from app.theme.tokens import Tokens
from app.widgets.parts import column, label
from engine.domain.model import DataModel

_UPLIFT = "uplift"


class LikelihoodPane(QWidget):
    """Shows what `propensity` answers, a service at a time."""

    def __init__(self, words: Words, tokens: Tokens, model: DataModel | None) -> None:
        super().__init__()
        self._words = words
        self.card: dict[str, Any] | None = None
        self.title = label(words("propensity.choose"), "title", wrap=True)
        self.service = QComboBox()
        self.service.setAccessibleName(words("propensity.services"))
        self.service.currentTextChanged.connect(self._on_service)
        self.curve = ReliabilityCurve(words, tokens)
        self.judged = label("", "count", wrap=True)
        self.how = label("", "muted", wrap=True)
        self.uplift = label("", "muted", wrap=True)
        who = words("propensity.did"), words("lookalike.distribution.others")
        self.explained = Explained(words, tokens, model, words("propensity.factors"), who)
        heads = "lookalike.version", "lookalike.at", "lookalike.auc", "propensity.error", "propensity.ratio"
        self.versions = versions(words, [words(one) for one in heads])
        layout = column(self, (0, 0, 12, 0), spacing=8)
        first: tuple[QWidget, ...] = (self.title, self.service, self.curve, self.judged, self.how, self.uplift)
        for part in (*first, self.explained, label(words("lookalike.versions"), "heading"), self.versions):
            layout.addWidget(part)
        layout.addStretch(1)
        self._show_card(None)

    def show_model(self, found: dict[str, Any]) -> None:
        """Another model, or another version of it."""
        words, card = self._words, found["card"]
        self._show_card(card)
        self._told = found["versions"], found["version"]
        self._show_versions()
        if card is None:
            self.title.setText(words("lookalike.no_model", found["id"]))
            return
        days, version = words.number(card["days"]), words.number(found["version"])
        self.title.setText(words("propensity.title", found["id"], days, version))

    def _show_card(self, card: dict[str, Any] | None) -> None:
        self.card, self._told = card, ([], None)
        names = [] if card is None else [name for name in card["services"] if name != _UPLIFT]
        self.service.blockSignals(True)
        self.service.clear()
        self.service.addItems(names)
        self.service.blockSignals(False)
        self.service.setVisible(len(names) > 1)
        self._show_uplift({} if card is None else card["services"].get(_UPLIFT) or {})
        self._on_service(self.service.currentText())

    def _show_uplift(self, told: dict[str, Any]) -> None:
        words = self._words
        parts = [words.part(told[key]) for key in ("effect", "low", "high")] if told else []
        self.uplift.setText(words("propensity.uplift", *parts) if parts else "")
        self.uplift.setVisible(bool(parts))

    def _on_service(self, name: str) -> None:
        words, card = self._words, self.card
        told = None if card is None else card["services"].get(name)
        self.curve.show_curve([] if told is None else told["curve"])
        excluded = [] if card is None else card["excluded"]
        self.explained.show_factors([] if told is None else told["factors"], excluded)
        self._show_versions()
        if card is None or told is None:
            self.judged.setText("")
            self.how.setText("")
            return
        since = words.day(datetime.fromisoformat(card["judged"][1]).date())
        people, did = words.number(told["people"]), words.number(told["did"])
        expected = words.number(round(told["ratio"] * told["did"]))
        self.judged.setText(words("propensity.judged", words.number(card["days"]), since, people, expected, did))
        way = words(f"propensity.way.{told['way']}")
        numbers = words.decimal(told["auc"]), words.locale.toString(100 * told["ece"], "f", 2)
        lift = words.locale.toString(told["lift"], "f", 1)
        self.how.setText(words("propensity.how", way, *numbers, lift, words.number(card["features"])))

    def _show_versions(self) -> None:
        words, (every, current) = self._words, self._told
        self.versions.clear()
        for one in reversed(every):
            told = one["services"].get(self.service.currentText())
            at = words.moment(datetime.fromisoformat(one["at"]).astimezone())
            numbers = ["", "", ""]
            if told is not None:
                error = words.locale.toString(100 * told["ece"], "f", 2)
                numbers = [words.decimal(told["auc"]), f"{error} %", words.decimal(told["ratio"])]
            mark = "●" if one["version"] == current else ""
            self.versions.addTopLevelItem(QTreeWidgetItem([f"{one['version']} {mark}", at, *numbers]))
