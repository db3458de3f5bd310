"""`convoke lookalike apply`: everybody's similarity put in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.domain.audience_codec import write_audience
from engine.domain.scoring import LookalikeDocument
from engine.domain.values import ValueType
from engine.errors import EngineError
from engine.jobs import Job
from engine.locks import holding
from engine.operations.keeping import save
from engine.operations.lookalikes import SHARE, chosen, document_of, model_of, opened
from engine.operations.score_versions import BUSY, ScoreOutcome, used
from engine.operations.scoring import (
    LOCK,
    Score,
    Scoring,
    Written,
    day,
    put_in_force,
    remove_gone,
    say_state,
)
from engine.operations.workspace import Workspace
from engine.store.scores import ScoreModels, ScoreState

_SIMILAR = {"en": "Like {seed}", "es": "Parecido a {seed}", "pt": "Parecido com {seed}"}
_CLOSE = 0.01
"""An audience of a count is written anew when it would be further off than this."""


def lookalike_apply(
    workspace: Workspace,
    ids: Sequence[str] = (),
    *,
    as_of: str | datetime | None = None,
    accept: bool = False,
    job: Job | None = None,
) -> list[ScoreOutcome]:
    """Rank everybody by the models in force (of all documents, or those named), give each profile its percentile as a
    trait, and write the audience where the document says a reach. What moved further than the document's guard allows
    is held, and what was in force stays, unless it is ``accept``-ed."""
    with holding(workspace.folder / LOCK, "convoke lookalike", "refused", BUSY):
        scoring, at = Scoring(workspace, job), day(as_of)
        found = [_apply(scoring, one, at, accept=accept) for one in chosen(workspace, ids)]
        gone = () if ids else remove_gone(workspace)
    return found + [ScoreOutcome(name, "removed", None) for name in gone]


def _apply(scoring: Scoring, written: Written, at: datetime, *, accept: bool) -> ScoreOutcome:
    import numpy as np

    from engine.lookalike.scoring import drift, rank

    workspace, document = scoring.workspace, document_of(written)
    name, model = document.learning.id, model_of(workspace, document.learning.id)
    if model.hash != written.hash:
        hint = f"Run convoke lookalike train {name}."
        raise EngineError(
            "changed", f'the document of "{name}" is another one than its model was trained by', hint=hint
        )
    fitted, features = opened(workspace, model)
    table = scoring.table(document.learning, at, features)
    seed = scoring.places(table, scoring.keys(document.seed, "seed", at))
    ranking = rank(table, fitted, features, np.array([], dtype=int) if document.keep_seed else seed, scoring.job)
    if not ranking.ranked:
        raise EngineError("refused", "nobody is left to be ranked", "seed").within(f'lookalike "{name}"')
    share = share_of(document, ranking.ranked)
    reach = int((ranking.percentile > threshold(share)).sum())
    moved = drift(np.array(model.card["scores"]), ranking.scores)
    store = ScoreModels(workspace.database)
    before = store.states().get(name)
    held = None if accept else _moved_reason(written, before, reach)
    told = {"reason": held, "drift": moved, "reach": reach, "applied": model.version, "text": written.whole}
    if held is not None:
        say_state(workspace, name, "held", model.version, at, {**used(store, name), "reason": held})
        return ScoreOutcome(name, "held", model.version, ranking.ranked, reach, moved, reason=held)
    seed_name = document.seed.audience or document.seed.list or ""
    label = document.learning.label or {k: v.format(seed=seed_name) for k, v in _SIMILAR.items()}
    score = Score(name, ValueType.FLOAT, ranking.percentile, label, model.version, written.hash)
    put_in_force(workspace, table, [score], "lookalike")
    audience = _audience(workspace, document, share, ranking.ranked)
    say_state(workspace, name, "applied", model.version, at, told)
    return ScoreOutcome(name, "applied", model.version, ranking.ranked, reach, moved, audience)


def share_of(document: LookalikeDocument, ranked: int) -> float:
    """The share of everybody who is ranked that a document's audience takes."""
    if document.count is not None:
        return min(1.0, document.count / ranked)
    return document.share or SHARE


def threshold(share: float) -> float:
    """The percentile above which a share of everybody is."""
    return round(100 * (1 - share), 6)


def _moved_reason(written: Written, before: ScoreState | None, reach: int) -> str | None:
    """Why a reach is held: it moved further than is allowed since the same document put it in force."""
    told = {} if before is None else before.told
    if before is None or told.get("text") != written.whole or not told.get("reach"):
        return None
    document = document_of(written)
    ratio, (low, high) = reach / before.told["reach"], document.learning.guard.reach
    if low <= ratio <= high:
        return None
    return f"{reach:,} people are within reach, and {before.told['reach']:,} were: {ratio:.2f} times as many"


def _audience(workspace: Workspace, document: LookalikeDocument, share: float, ranked: int) -> str | None:
    """Write the audience of the most similar, where the document says how many; one that is as it should be stays."""
    if document.share is None and document.count is None:
        return None
    name = document.learning.id
    stored = workspace.audiences.find(name)
    rule = {"trait": name, "gt": threshold(share)}
    if stored is not None:
        kept = write_audience(stored.audience)
        mine = kept.get("rule", {})
        if mine.get("trait") != name:
            hint = "Give the lookalike another id, or delete that audience."
            raise EngineError("refused", f'there is an audience "{name}" that is not this lookalike\'s', "id", hint)
        now = 100 - float(mine.get("gt", 100))
        if abs(now * ranked / 100 - share * ranked) <= max(0.5, _CLOSE * share * ranked):
            return name
        save(workspace, kept | {"rule": rule})
        return name
    made: dict[str, Any] = {"kind": "audience", "id": name, "rule": rule, "refresh": "on_data", "tags": ["lookalike"]}
    if document.learning.sites:
        made["sites"] = list(document.learning.sites)
    save(workspace, made)
    return name
