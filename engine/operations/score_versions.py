"""Versions of models of people: which one is used, what became of it, and keeping another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from engine.operations.scoring import Written, model_path, say_state
from engine.operations.workspace import Workspace, user_name
from engine.store.scores import ScoreModel, ScoreModels

BUSY = "models of people are being trained or used"
_USED = ("reach", "applied", "drift", "text")


@dataclass(frozen=True)
class ScoreOutcome:
    """What became of a document: ``state`` is trained, applied, held (what was in force stays) or removed (its document
    is gone); how many people have a score and are within reach, and how much the scores moved (a population stability
    index)."""

    id: str
    state: str
    version: int | None
    people: int = 0
    reach: int | None = None
    drift: float | None = None
    audience: str | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """A line of `convoke lookalike apply --json`."""
        return asdict(self)


def in_force(store: ScoreModels, name: str) -> ScoreModel | None:
    """The version that is used."""
    state = store.states().get(name)
    return next((one for one in store.all(name) if state is not None and one.version == state.version), None)


def used(store: ScoreModels, name: str) -> dict[str, Any]:
    """What a document's scores in force came to: that stays when a model is trained anew or held."""
    state = store.states().get(name)
    return {} if state is None else {key: state.told.get(key) for key in _USED}


@dataclass(frozen=True)
class Fresh:
    """A model that was trained: its card, and what its files hold."""

    kind: str
    card: dict[str, Any]
    told: Mapping[str, Any]
    arrays: Mapping[str, Any]


def keep_version(
    workspace: Workspace,
    written: Written,
    at: datetime,
    fresh: Fresh,
    worse: Callable[[dict[str, Any]], str | None] | None,
) -> ScoreOutcome:
    """Keep another version of a document's model. It is used from now on unless ``worse`` (told the card of the one in
    force, of the same document; None: nobody asks) says why not; then the one before is."""
    from engine.lookalike.kept import keep

    name, store = written.document.learning.id, ScoreModels(workspace.database)
    before, newest = in_force(store, name), store.newest(name)
    version = 1 if newest is None else newest.version + 1
    digest = keep(model_path(workspace, name, version), fresh.told, fresh.arrays)
    told = written.hash, written.text, digest, fresh.card
    store.keep(ScoreModel(name, version, fresh.kind, *told, "", user_name()))
    held = None
    if before is not None and worse is not None and before.hash == written.hash:  # another document is another matter
        held = worse(before.card)
    keeps = version if held is None or before is None else before.version
    state = "trained" if held is None else "held"
    say_state(workspace, name, state, keeps, at, {**used(store, name), "reason": held})
    return ScoreOutcome(name, state, version, reason=held)
