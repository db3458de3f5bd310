"""How far audiences that follow collected events have got."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.store.database import Database


@dataclass(frozen=True)
class FollowedRow:
    """An audience: the moment it is as of, the last file of the journal that was looked at, when the newest event of
    those was received, when that was, and the run whose snapshot says who was in. Times are ISO in UTC."""

    audience_id: str
    as_of: str
    landed: int
    received_at: str | None
    at: str
    run_id: int


class Following:
    """The repository of how far audiences have got."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, FollowedRow]:
        """Every audience that ever followed."""
        return {row[0]: FollowedRow(*row) for row in self._database.rows("followed")}

    def save(self, rows: Iterable[FollowedRow]) -> None:
        """Keep how far audiences are (within the caller's transaction)."""
        self._database.run_many("save_followed", (vars(row) for row in rows))
