"""Who was erased: keys that no destination gets any more, and marks of identifiers that are not taken in again."""

from __future__ import annotations

from collections.abc import Iterable

from engine.store.audiences import now
from engine.store.database import Database


class Erasures:
    """The repository of erasures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keys(self) -> set[str]:
        """The profile keys of people who were erased."""
        return {row[0] for row in self._database.rows("erased_keys")}

    def marks(self) -> set[str]:
        """The marks of identifiers that were erased."""
        return {row[0] for row in self._database.rows("erased_marks")}

    def add(self, keys: Iterable[str], marks: Iterable[str]) -> None:
        """Some more, all at once; the keys leave uploaded lists."""
        with self._database.transaction():
            for key in keys:
                self._database.run("save_erased_key", {"key": key, "at": now()})
                self._database.run("forget_list_member", {"key": key})
                self._database.run("forget_dropped_member", {"key": key})
            for mark in marks:
                self._database.run("save_erased_mark", {"mark": mark, "at": now()})

    def delivered_to(self, key: str) -> list[str]:
        """The audiences in which a destination has a profile."""
        return [row[0] for row in self._database.rows("audiences_delivered_to", {"key": key})]
