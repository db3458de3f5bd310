"""One model: how far it reaches, what it rests on, what was left out, and its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QTreeWidgetItem, QWidget

from app.i18n import Words
from app.lookalike.curve import ReachCurve
from app.lookalike.explained import Explained, versions
from app.lookalike.why import WhyPanel
from app.theme.tokens import Tokens
from app.widgets.parts import column, label
from engine.domain.model import DataModel
from engine.domain.reach import NEAR_CHANCE, reach_of

_FIRST = 50
"""Thousandths: where the handle stands before a model is shown."""
_SHARED = 8


class ModelPane(QWidget):
    """Shows what `lookalike` answers; the reach under the handle is told from the card, without asking anybody."""

    def __init__(self, words: Words, tokens: Tokens, model: DataModel | None) -> None:
        super().__init__()
        self._words = words
        self.card: dict[str, Any] | None = None
        self.title = label(words("lookalike.choose"), "title", wrap=True)
        self.curve = ReachCurve(words, tokens)
        self.curve.moved.connect(self._on_moved)
        self.expected = label("", "count", wrap=True)
        self.shared = label("", "muted", wrap=True)
        self.how = label("", "muted", wrap=True)
        who = words("lookalike.distribution.seed"), words("lookalike.distribution.others")
        self.explained = Explained(words, tokens, model, words("lookalike.factors"), who)
        self.why = WhyPanel(words, model)
        heads = ("version", "at", "model", "seed", "auc", "found")
        self.versions = versions(words, [words(f"lookalike.{one}") for one in heads])
        layout = column(self, (0, 0, 12, 0), spacing=8)
        first: tuple[QWidget, ...] = (self.title, self.curve, self.expected, self.shared, self.how, self.explained)
        headings = [label(words(f"lookalike.{one}"), "heading") for one in ("person", "versions")]
        for part in (*first, headings[0], self.why, headings[1], self.versions):
            layout.addWidget(part)
        layout.addStretch(1)
        self._show_card(None)

    def show_model(self, found: dict[str, Any]) -> None:
        """Another model, or another version of it."""
        words, card = self._words, found["card"]
        self._show_card(card)
        self._show_versions(found)
        if card is None:
            self.title.setText(words("lookalike.no_model", found["id"]))
            self.how.setText("")
            return
        seed = card["seed_of"].get("audience") or card["seed_of"].get("list")
        trial, name = card["trials"][card["chosen"]], card["chosen"]
        self.title.setText(words("lookalike.title", found["id"], seed, words.number(found["version"])))
        told = words(f"lookalike.model.{name}"), words.decimal(trial["auc"]), words.number(card["features"])
        small = f" {words('lookalike.quality.small')}" if card["seed"] < 1_000 else ""
        weak = f" {words('lookalike.weak')}" if trial["auc"] - trial["error"] < NEAR_CHANCE else ""
        self.how.setText(words("lookalike.how", *told, words.number(card["seed"])) + small + weak)

    def _show_versions(self, found: dict[str, Any]) -> None:
        words = self._words
        self.versions.clear()
        for one in reversed(found["versions"]):
            at = words.moment(datetime.fromisoformat(one["at"]).astimezone())
            way = words(f"lookalike.model.{one['chosen']}")
            told = words.number(one["seed"]), words.decimal(one["auc"]), words.part(one["recall"])
            mark = "●" if one["version"] == found["version"] else ""
            self.versions.addTopLevelItem(QTreeWidgetItem([f"{one['version']} {mark}", at, way, *told]))

    def _show_card(self, card: dict[str, Any] | None) -> None:
        self.card = card
        self.curve.show_recall([] if card is None else card["recall"], self.curve.at if card else _FIRST, "")
        told = card or {"factors": [], "excluded": []}
        self.explained.show_factors(told["factors"], told["excluded"])
        self.why.clear()
        self.why.setEnabled(card is not None)
        self._on_moved(self.curve.at)

    def show_shared(self, found: dict[str, Any]) -> None:
        """What an audience of the reach under the handle would share with the seed, and with other audiences."""
        words, seed = self._words, found["seed"]
        within = words("lookalike.preview.few") if seed["within"] is None else words.number(seed["within"])
        key = "lookalike.preview.kept" if found["keeps_seed"] else "lookalike.preview.seed"
        said = [words(key, within, words.number(seed["people"]))]
        names = [f"{one['id']} {words.number(one['both'])}" for one in found["others"]]
        said.append(words("lookalike.preview.shared", ", ".join(names[:_SHARED])) if names else "")
        self.shared.setText(" ".join([*said, "" if names else words("lookalike.preview.none")]).strip())
        self.shared.setVisible(True)

    def _on_moved(self, thousandths: int) -> None:
        """What the reach under the handle promises; a preview was of another reach."""
        self.shared.setVisible(False)
        if self.card is None:
            self.expected.setText("")
            return
        words, found = self._words, reach_of(self.card, thousandths / 1000)
        told = [words.part(one) for one in (found.recall, found.low, found.high)]
        times = words.locale.toString(found.lift, "f", 1)
        text = words("lookalike.expected", words.part(found.share), words.number(found.people), *told, times)
        text = text.replace(" %", "\u00a0%")
        self.expected.setText(text)
        self.curve.say(text)
