"""Identity: search and look at persons, the rules and what they would do, quality, pairs to judge, decisions."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QDialog, QTabWidget

from app.i18n import Words
from app.identity.board import Board, DecisionList, Review
from app.identity.explorer import Explorer
from app.identity.rules import Rules
from app.session import Session
from app.theme.tokens import Tokens
from app.widgets.parts import button, column, label, restyle, row
from engine.domain.documents import load_one
from engine.errors import EngineError


class IdentityDialog(QDialog):
    """Everything about who is one person."""

    def __init__(self, session: Session, words: Words, tokens: Tokens) -> None:
        super().__init__()
        self._session, self._words = session, words
        self.setWindowTitle(words("identity"))
        self.resize(1180, 720)
        self.explorer = Explorer(session, words, tokens)
        self.rules = Rules(session, words)
        self.board = Board(words)
        self.review = Review(session, words)
        self.decisions = DecisionList(session, words)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(words("identity"))
        for name in ("explorer", "rules", "board", "review", "decisions"):
            self.tabs.addTab(getattr(self, name), words(f"identity.tab.{name}"))
        self.tabs.currentChanged.connect(self._on_tab)
        self.rules.ran.connect(self.ask)
        self.decisions.changed.connect(self.ask)
        self.said = label("", "muted", wrap=True)
        close = button(words("close"))
        close.clicked.connect(self.reject)
        layout = column(self, (18, 14, 18, 14), spacing=8)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(row(self.said, None, close))
        self.ask()

    def ask(self) -> None:
        """Ask for the state anew."""
        self._session.call("identity", self._show, self._fail)

    def _on_tab(self) -> None:
        if self.tabs.currentWidget() is self.review:
            self.review.ask()
        elif self.tabs.currentWidget() in (self.decisions, self.board):
            self.ask()

    def _fail(self, error: EngineError) -> None:
        self.said.setText(self._words.error(error))
        restyle(self.said, "role", "error")

    def _show(self, found: dict[str, Any]) -> None:
        self.said.setText("")
        self.rules.show_document(found["document"])
        self.board.show_state(found)
        self.decisions.show_decisions(found["decisions"])
        kinds = list(load_one(found["document"]).get("kinds") or {}) if found["document"] else []
        self.explorer.show_kinds(kinds if "profile" in kinds else ["profile", *kinds])
        if found["in_force"] is None and self.tabs.currentWidget() is self.explorer:
            self.tabs.setCurrentWidget(self.rules)
