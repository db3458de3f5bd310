"""The numbers of home: sizes and trends in batches, as long as home is looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.audiences.table import AudienceTable
from app.i18n import Words
from app.session import Session

BATCH = 100
"""Audiences counted at once: enough that they share their scans, few enough to stop between them."""


class Numbers:
    """Asks for what the table lacks, one batch after the other; stops while home is not looked at, so that the engine
    is free for the audience one opened."""

    def __init__(self, session: Session, table: AudienceTable, words: Words, said: Callable[[str], object]) -> None:
        self._session, self._table, self._words, self._said = session, table, words, said
        self._left: list[str] = []
        self._token: int | None = None
        self._batch: list[str] = []
        self._looked_at = True
        self.on_schedule: Callable[[dict[str, Any]], object] = lambda found: None

    def ask(self) -> None:
        """All of them anew, those one sees first."""
        self.drop()
        self._left = list(dict.fromkeys([*(row.id for row in self._table.shown), *self._table.rows]))
        self._session.call("schedule", self._on_schedule, lambda error: None)
        self._next()

    def drop(self) -> None:
        """Nothing is wanted any more."""
        self._left, self._batch = [], []
        if self._token is not None:
            self._session.drop(self._token)
            self._token = None

    def look(self, *, at: bool) -> None:
        """Whether home is looked at; the batch under way is asked again when it is again."""
        self._looked_at = at
        if not at and self._token is not None:
            left = self._batch + self._left
            self.drop()
            self._left = left
        elif at and self._token is None:
            self._next()

    def _next(self) -> None:
        if not self._left or not self._looked_at:
            self._token = None
            return
        self._batch, self._left = self._left[:BATCH], self._left[BATCH:]
        self._token = self._session.call("sizes", self._on_sizes, self._on_failure, ids=self._batch)
        self._session.call("trends", self._on_trends, lambda error: None, ids=self._batch)

    def _on_sizes(self, sizes: dict[str, int | None]) -> None:
        for identifier, size in sizes.items():
            row = self._table.rows.get(identifier)
            if row is not None:
                row.size = -1 if size is None else size
        self._table.updated(settled=not self._left)
        self._next()

    def _on_failure(self, error: Any) -> None:
        """One sentence, and the rest stays open: what failed for one batch would fail for all."""
        self._token, self._left = None, []
        self._said(self._words.error(error))

    def _on_trends(self, trends: dict[str, list[int]]) -> None:
        for identifier, sizes in trends.items():
            row = self._table.rows.get(identifier)
            if row is not None:
                row.sizes = sizes
        self._table.updated(settled=not self._left)

    def _on_schedule(self, found: dict[str, Any]) -> None:
        for identifier, (moment, paused) in found["next"].items():
            row = self._table.rows.get(identifier)
            if row is not None:
                row.next = None if moment is None else datetime.fromisoformat(moment)
                row.paused = paused
        self._table.updated(settled=not self._left)
        self.on_schedule(found)
