"""The versions of computed traits' documents."""

from __future__ import annotations

from dataclasses import dataclass

from engine.store.audiences import now
from engine.store.database import Database


@dataclass(frozen=True)
class TraitVersion:
    """A version of a trait's document."""

    id: str
    version: int
    hash: str
    document: str
    at: str
    who: str


class TraitVersions:
    """The repository of versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[TraitVersion]:
        """Every version, oldest first."""
        return [TraitVersion(*row) for row in self._database.rows("trait_versions")]

    def keep(self, identifier: str, digest: str, document: str, who: str) -> int:
        """The number of a document's version; a new one when it is not the newest already."""
        mine = [one for one in self.all() if one.id == identifier]
        if mine and mine[-1].hash == digest:
            return mine[-1].version
        row = TraitVersion(identifier, len(mine) + 1, digest, document, now(), who)
        with self._database.transaction():
            self._database.run("save_trait_version", vars(row))
        return row.version
