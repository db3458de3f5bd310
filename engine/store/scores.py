"""Models of people: their versions, and what became of each when it was last used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.store.audiences import now
from engine.store.database import Database


@dataclass(frozen=True)
class ScoreModel:
    """A version of a model: its document, the SHA-256 of its files, and its card."""

    id: str
    version: int
    kind: str
    hash: str
    document: str
    digest: str
    card: dict[str, Any]
    at: str
    who: str


@dataclass(frozen=True)
class ScoreState:
    """What became of a document last: ``state`` is trained, applied, held or failed."""

    id: str
    state: str
    version: int | None
    as_of: str
    told: dict[str, Any]


class ScoreModels:
    """The repository of models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, identifier: str | None = None) -> list[ScoreModel]:
        """Every version (of one document), the oldest first."""
        found = []
        for row in self._database.rows("score_models"):
            name, version, kind, digest, document, files, card, at, who = row
            if identifier in (None, name):
                found.append(ScoreModel(name, version, kind, digest, document, files, json.loads(card), at, who))
        return found

    def newest(self, identifier: str) -> ScoreModel | None:
        """The last version of a document's model."""
        return next(reversed(self.all(identifier)), None)

    def keep(self, model: ScoreModel) -> None:
        """Add a version; its state is that it was trained."""
        row = vars(model) | {"card": json.dumps(model.card, ensure_ascii=False), "at": now()}
        with self._database.transaction():
            self._database.run("save_score_model", row)

    def states(self) -> dict[str, ScoreState]:
        """What became of each document last."""
        found = {}
        for name, state, version, as_of, told in self._database.rows("score_states"):
            found[str(name)] = ScoreState(name, state, version, as_of, json.loads(told))
        return found

    def say(self, state: ScoreState) -> None:
        """Keep what became of a document."""
        with self._database.transaction():
            self._database.run("save_score_state", vars(state) | {"told": json.dumps(state.told, ensure_ascii=False)})

    def forget(self, identifier: str) -> None:
        """A document is gone: nothing became of it."""
        with self._database.transaction():
            self._database.run("forget_score_state", {"id": identifier})
