"""Every version of an audience: who, when, what changed; and two audiences side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout

from app.i18n import Words
from app.session import Session
from app.widgets.bars import ShareBar
from app.widgets.parts import button, clear, label, row
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.describe import Describer
from engine.domain.diff import diff_audiences

_ROLE = Qt.ItemDataRole.UserRole


class HistoryDialog(QDialog):
    """The versions of one audience.

    Signals:
        restored: the Audience of a version.
    """

    restored = Signal(object)

    def __init__(self, audience: Audience, session: Session, words: Words, describer: Describer) -> None:
        super().__init__()
        self._audience, self._words, self._describer = audience, words, describer
        self.setWindowTitle(words("history.title", audience.name or audience.id))
        self.resize(820, 460)
        self.list = QListWidget()
        self.list.setAccessibleName(words("history"))
        self.list.setFixedWidth(290)
        self.list.currentItemChanged.connect(self._on_chosen)
        self._details = QVBoxLayout()
        self._details.setSpacing(6)
        self.restore = button(words("history.restore"), primary=True)
        self.restore.setEnabled(False)
        self.restore.clicked.connect(self._on_restore)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        both = QHBoxLayout()
        both.addWidget(self.list)
        right = QVBoxLayout()
        right.addLayout(self._details)
        right.addStretch(1)
        both.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(both, 1)
        layout.addLayout(row(None, self.restore, close))
        session.call("history", self._show, id=audience.id)

    def _show(self, versions: list[dict[str, Any]]) -> None:
        for one in reversed(versions):
            gone = "" if one["document"] is not None else f" · {self._words('history.deleted')}"
            when = one["saved_at"][:16].replace("T", " ")
            item = QListWidgetItem(f"{one['version']} · {when} · {one['saved_by']}{gone}")
            item.setData(_ROLE, one)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _chosen(self) -> Audience | None:
        item = self.list.currentItem()
        document = None if item is None else item.data(_ROLE)["document"]
        return None if document is None else read_audience(document)

    def _on_chosen(self) -> None:
        clear(self._details)
        found, item = self._chosen(), self.list.currentItem()
        if self.list.count() == 0:
            return

        def add(text: str, role: str) -> None:
            self._details.addWidget(label(text, role, wrap=True))

        add(self._words("history.changes"), "heading")
        for change in item.data(_ROLE)["changes"] or [self._words("history.first")]:
            add(str(change), "muted")
        if found is not None:
            add(self._words("history.then"), "heading")
            add(self._describer.audience(found), "sentence")
            add(self._words("history.since"), "heading")
            since = [str(change) for change in diff_audiences(found, self._audience)]
            for text in since or [self._words("history.same")]:
                add(text, "muted")
        self.restore.setEnabled(found is not None and found != self._audience)

    def _on_restore(self) -> None:
        found = self._chosen()
        if found is not None:
            self.restored.emit(found)
            self.accept()


class CompareDialog(QDialog):
    """Two audiences: their sizes, what they share, and how their rules differ."""

    def __init__(self, one: Audience, other: Audience, session: Session, words: Words, describer: Describer) -> None:
        super().__init__()
        self._words = words
        self.setWindowTitle(words("compare.title"))
        self.resize(640, 440)
        layout = QVBoxLayout(self)
        self._numbers = QVBoxLayout()
        layout.addLayout(self._numbers)
        self._sizes: dict[str, int] = {}
        self._names = {"one": one.name or one.id, "other": other.name or other.id, "both": words("compare.both")}
        asked = {
            "one": {"audience": one.id},
            "other": {"audience": other.id},
            "both": {"all": [{"audience": one.id}, {"audience": other.id}]},
        }
        for key, rule in asked.items():
            document = {"kind": "audience", "id": "comparison", "name": "comparison", "rule": rule}
            session.call("size", partial(self._on_size, key), document=document)
        for audience in (one, other):
            layout.addWidget(label(audience.name or audience.id, "heading"))
            layout.addWidget(label(describer.audience(audience), "sentence", wrap=True))
        layout.addWidget(label(words("compare.changes"), "heading"))
        for change in diff_audiences(one, other):
            layout.addWidget(label(str(change), "muted", wrap=True))
        layout.addStretch(1)
        buttons = QDialogButtonBox()
        buttons.addButton(words("close"), QDialogButtonBox.ButtonRole.RejectRole).clicked.connect(self.reject)
        layout.addWidget(buttons)

    def _on_size(self, key: str, found: dict[str, Any]) -> None:
        self._sizes[key] = found["size"]
        if len(self._sizes) < 3:
            return
        clear(self._numbers)
        largest = max(self._sizes.values()) or 1
        tokens = self.palette()
        for name in ("one", "both", "other"):
            number = label(self._words.number(self._sizes[name]), "count")
            self._numbers.addLayout(row(label(self._names[name], "muted"), None, number))
            bar = ShareBar(tokens.highlight().color().name(), tokens.mid().color().name(), 7)
            bar.set_share(self._sizes[name] / largest)
            self._numbers.addWidget(bar)
