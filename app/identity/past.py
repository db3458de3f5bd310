"""What became of a person's ids and household: when, what, why, and by which identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.identity.graph import short


class Past(QTreeWidget):
    """One row a change, the newest first."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self.setAccessibleName(words("identity.past"))
        self.setHeaderLabels([words(f"identity.past.{name}") for name in ("at", "what", "why", "by")])
        self.setRootIsDecorated(False)
        self.setAlternatingRowColors(True)
        for place, width in enumerate((150, 470, 290)):
            self.setColumnWidth(place, width)

    def show_history(self, history: Sequence[dict[str, Any]]) -> None:
        """Show these steps."""
        self.clear()
        for step in reversed(history):
            at = self._words.moment(datetime.fromisoformat(step["at"]).astimezone())
            texts = [at, self._what(step), self._words.sentence(step["reason"])]
            item = QTreeWidgetItem([*texts, " – ".join(short(one) for one in step["evidence"])])
            item.setToolTip(1, item.text(1))
            item.setToolTip(2, item.text(2))
            item.setToolTip(3, "\n".join(step["evidence"]))
            self.addTopLevelItem(item)

    def _what(self, step: dict[str, Any]) -> str:
        if step["what"] == "rehoused" and step["other"] == step["id"]:
            return self._words("identity.past.alone", step["id"])
        return self._words(f"identity.past.{step['what']}", step["id"], step["other"])
