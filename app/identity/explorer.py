"""Search for a person by any identifier, and look at what makes them one; what is wrong is cut or set aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QInputDialog,
    QLineEdit,
    QSplitter,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.i18n import Words
from app.identity.graph import PersonGraph, short
from app.identity.past import Past
from app.session import Session
from app.theme.tokens import Tokens
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

Ask = Callable[[str], str | None]


class Explorer(QWidget):
    """One person at a time. ``ask`` asks for the reason of a decision; None when there is to be none."""

    def __init__(self, session: Session, words: Words, tokens: Tokens, ask: Ask | None = None) -> None:
        super().__init__()
        self._session, self._words, self._ask = session, words, ask or self._ask_reason
        self._chosen: list[str] = []
        self._person: dict[str, Any] | None = None
        self.kind = QComboBox()
        self.kind.setAccessibleName(words("identity.kind"))
        self.value = QLineEdit()
        self.value.setAccessibleName(words("identity.value"))
        self.value.setPlaceholderText(words("identity.value"))
        self.value.returnPressed.connect(self.search)
        self.look = button(words("identity.search"), primary=True)
        self.look.clicked.connect(self.search)
        self.title = label("", "heading")
        self.graph = PersonGraph(tokens, words("identity.graph"))
        self.graph.chosen.connect(self._on_chosen)
        self.table = QTreeWidget()
        self.table.setAccessibleName(words("identity.links"))
        names = ("one", "other", "by", "records", "sources", "since", "until")
        self.table.setHeaderLabels([words(f"identity.{name}") for name in names])
        self.table.setRootIsDecorated(False)
        self.table.setAlternatingRowColors(True)
        for place, width in enumerate((130, 130, 100, 70, 110, 130)):
            self.table.setColumnWidth(place, width)
        self.table.itemSelectionChanged.connect(self._on_row)
        self.past = Past(words)
        self.below = QTabWidget()
        self.below.setAccessibleName(words("identity.links"))
        self.below.addTab(self.table, words("identity.links"))
        self.below.addTab(self.past, words("identity.past"))
        self.cut = button(words("identity.cut"))
        self.cut.clicked.connect(lambda: self._decide("apart"))
        self.block = button(words("identity.block"))
        self.block.clicked.connect(lambda: self._decide("block"))
        self.said = label(words("identity.hashed"), "muted", wrap=True)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.graph)
        parts.addWidget(self.below)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        parts.setSizes([320, 190])
        layout = column(self, (0, 10, 0, 0), spacing=8)
        layout.addLayout(row(self.kind, self.value, self.look))
        layout.addWidget(self.title)
        layout.addWidget(parts, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.cut, self.block, None))
        self._show_buttons()

    def show_kinds(self, kinds: list[str]) -> None:
        """What may be searched by."""
        chosen = self.kind.currentText()
        self.kind.clear()
        self.kind.addItems([*kinds, self._words("identity.person")])
        if chosen in kinds:
            self.kind.setCurrentText(chosen)
        elif "email" in kinds:
            self.kind.setCurrentText("email")

    # -- asking ----------------------------------------------------------------------------------------------------

    def search(self) -> None:
        """Look for whoever the value names; it is hashed by the engine on this machine."""
        value = self.value.text().strip()
        if value:
            by_id = self.kind.currentIndex() == self.kind.count() - 1
            self._session.call(
                "find_person", self._show, self._fail, text=value if by_id else f"{self.kind.currentText()}:{value}"
            )

    def _fail(self, error: EngineError) -> None:
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")

    def _say(self, text: str) -> None:
        self.said.setText(text)
        restyle(self.said, "role", "muted")

    def _ask_reason(self, what: str) -> str | None:
        text, good = QInputDialog.getText(self, self._words(f"identity.{what}"), self._words("identity.reason"))
        return text.strip() or None if good else None

    def _decide(self, what: str) -> None:
        reason = self._ask("cut" if what == "apart" else "block")
        if reason is None or not self._chosen:
            return
        one, other = [*self._chosen, ""][:2]

        def done(found: dict[str, Any]) -> None:
            self._say(self._words("identity.decided", self._words.number(found["looked_at"])))
            if self._person is not None:
                self._session.call("find_person", self._show_quietly, self._fail, text=self._person["identifiers"][0])

        self._session.call("decide_identity", done, self._fail, what=what, one=one, other=other, reason=reason)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show(self, found: dict[str, Any]) -> None:
        self._say(self._words("identity.hashed"))
        self._show_quietly(found)

    def _show_quietly(self, found: dict[str, Any]) -> None:
        words = self._words
        self._person = found
        alone = found["household"] == found["id"]
        home = words("identity.alone") if alone else words("identity.household", found["household"])
        many = words("identity.many", words.number(len(found["identifiers"])))
        self.title.setText(f"{found['id']} · {many} · {home}")
        self.table.blockSignals(True)
        self.table.clear()
        for edge in found["edges"]:
            by = words("identity.refused") if edge["refused"] else edge["rule"]
            texts = [short(edge["one"]), short(edge["other"]), by, words.number(edge["records"])]
            texts += [", ".join(edge["sources"]), edge["first_seen"] or "–", edge["last_seen"] or "–"]
            item = QTreeWidgetItem(texts)
            item.setData(0, Qt.ItemDataRole.UserRole, [edge["one"], edge["other"]])
            for place, text in ((0, edge["one"]), (1, edge["other"])):
                item.setToolTip(place, text)
            self.table.addTopLevelItem(item)
        self.table.blockSignals(False)
        self.past.show_history(found["history"])
        steps = len(found["history"])
        self.below.setTabText(1, words("identity.past") + (f" ({words.number(steps)})" if steps else ""))
        self.graph.show_person(found, f"{many}, {home}")

    def _on_row(self) -> None:
        items = self.table.selectedItems()
        self._on_chosen(items[0].data(0, Qt.ItemDataRole.UserRole) if items else [])

    def _on_chosen(self, chosen: list[str]) -> None:
        self._chosen = list(chosen)
        self._show_buttons()

    def _show_buttons(self) -> None:
        self.cut.setEnabled(len(self._chosen) == 2)
        self.block.setEnabled(len(self._chosen) == 1)
        self.cut.setToolTip(self._words("identity.cut.tip"))
        self.block.setToolTip(self._words("identity.block.tip"))
