"""What something is made of and what depends on it: to look at before a column, an event or an audience is changed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QDialog, QTreeWidget, QTreeWidgetItem

from app.i18n import Words
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row
from engine.errors import EngineError

_ROLE = Qt.ItemDataRole.UserRole


class LineageDialog(QDialog):
    """Choose a thing; what it is made of and what depends on it stand beside each other. A double click goes there."""

    def __init__(self, session: Session, words: Words) -> None:
        super().__init__()
        self._session, self._words = session, words
        self.setWindowTitle(words("lineage"))
        self.resize(980, 600)
        self.title = label(words("lineage.choose"), "heading", wrap=True)
        self.choose = QComboBox()
        self.choose.setEditable(True)
        self.choose.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.choose.setAccessibleName(words("lineage.find"))
        edit = self.choose.lineEdit()
        assert edit is not None  # noqa: S101 - it can be edited
        edit.setPlaceholderText(words("lineage.find"))
        self.choose.activated.connect(self._on_chosen)
        self.made_of, self.part_of = self._list("lineage.made_of"), self._list("lineage.part_of")
        self.checks = label("", "muted", wrap=True)
        self.said = label("", "muted", wrap=True)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        layout = column(self, (18, 14, 18, 14), spacing=10)
        layout.addWidget(self.title)
        layout.addWidget(self.choose)
        layout.addLayout(row(self.made_of, self.part_of), 1)
        for part in (self.checks, self.said):
            layout.addWidget(part)
        layout.addLayout(row(None, close))
        self._session.call("lineage_names", self._show_names, self._fail)

    def _list(self, key: str) -> QTreeWidget:
        made = QTreeWidget()
        made.setAccessibleName(self._words(key))
        made.setHeaderLabels([self._words(key), ""])
        made.setColumnWidth(0, 140)
        made.setRootIsDecorated(False)
        made.setAlternatingRowColors(True)
        made.itemDoubleClicked.connect(lambda item, _: self._ask(item.data(0, _ROLE)))
        return made

    # -- asking ----------------------------------------------------------------------------------------------------

    def _show_names(self, found: list[dict[str, str]]) -> None:
        self.choose.clear()
        for one in found:
            self.choose.addItem(self._named(one), f"{one['kind']}:{one['name']}")
        self.choose.setCurrentIndex(-1)
        completer = QCompleter(self.choose.model(), self.choose)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.choose.setCompleter(completer)
        if not found:
            self.title.setText(self._words("lineage.nothing"))

    def _on_chosen(self, place: int) -> None:
        self._ask(self.choose.itemData(place))

    def _ask(self, name: str | None) -> None:
        if name is not None:
            self._session.call("lineage", self._show, self._fail, name=name)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _named(self, one: dict[str, str]) -> str:
        kind = self._words(f"lineage.kind.{one['kind']}")
        return f"{one['name']} · {kind}"

    def _show(self, found: dict[str, Any]) -> None:
        words, asked = self._words, found["asked"]
        self.said.setText("")
        place = self.choose.findData(f"{asked['kind']}:{asked['name']}")
        self.choose.setCurrentIndex(place)
        count = {kind: sum(one["kind"] == kind for one in found["part_of"]) for kind in ("audience", "destination")}
        told = words.number(count["audience"]), words.number(count["destination"])
        self.title.setText(words("lineage.touches", self._named(asked), *told))
        for tree, nodes in ((self.made_of, found["made_of"]), (self.part_of, found["part_of"])):
            tree.clear()
            for one in nodes:
                item = QTreeWidgetItem([words(f"lineage.kind.{one['kind']}"), one["name"]])
                item.setData(0, _ROLE, f"{one['kind']}:{one['name']}")
                item.setToolTip(1, one["name"])
                tree.addTopLevelItem(item)
        texts = ", ".join(found["checks"])
        self.checks.setText(words("lineage.checks", texts) if texts else "")

    def _fail(self, error: EngineError) -> None:
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")
