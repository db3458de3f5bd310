"""`convoke lookalike train|show|reach`: models of who is like a seed, their versions, and what is to be expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Feature
from engine.domain.reach import Reach, reach_of, recall_at
from engine.domain.scoring import Group, LookalikeDocument
from engine.errors import EngineError
from engine.jobs import Job
from engine.locks import holding
from engine.operations.score_versions import BUSY, Fresh, ScoreOutcome, in_force, keep_version
from engine.operations.scoring import (
    LOCK,
    Scoring,
    Written,
    day,
    model_path,
    one_score,
    written_scores,
)
from engine.operations.workspace import Workspace
from engine.store.scores import ScoreModel, ScoreModels

if TYPE_CHECKING:
    from engine.lookalike.candidates import Fitted
    from engine.lookalike.table import FeatureTable
    from engine.lookalike.training import Trained

SHARE = 0.05
"""The reach that is told of when the document says none."""


def lookalike_train(
    workspace: Workspace,
    ids: Sequence[str] = (),
    *,
    as_of: str | datetime | None = None,
    accept: bool = False,
    job: Job | None = None,
) -> list[ScoreOutcome]:
    """Train lookalikes (all, or those named). A model that finds clearly less of its seed than the one before is kept
    but not used, unless it is ``accept``-ed."""
    with holding(workspace.folder / LOCK, "convoke lookalike", "refused", BUSY):
        scoring, at = Scoring(workspace, job), day(as_of)
        return [_train(scoring, one, at, accept=accept) for one in chosen(workspace, ids)]


def chosen(workspace: Workspace, ids: Sequence[str]) -> list[Written]:
    """The documents of lookalikes: those named, or all."""
    if ids:
        return [one_score(workspace, name, LookalikeDocument) for name in ids]
    found = [one for one in written_scores(workspace).values() if isinstance(one.document, LookalikeDocument)]
    if not found:
        raise EngineError("not_found", "there is no document of a lookalike", hint="Write one in the folder scores.")
    return found


def document_of(written: Written) -> LookalikeDocument:
    """What it says."""
    assert isinstance(written.document, LookalikeDocument)  # noqa: S101 - chosen by its kind
    return written.document


def _train(scoring: Scoring, written: Written, at: datetime, *, accept: bool) -> ScoreOutcome:
    from engine.lookalike.training import train

    workspace, document = scoring.workspace, document_of(written)
    name = document.learning.id
    try:
        keys = scoring.keys(document.seed, "seed", at)
        rule = frozenset() if document.learning.seed_rule else scoring.rule_of(document.seed)
        table = scoring.table(document.learning, at, seed=rule)
        seed = scoring.places(table, keys)
        learning = document.learning
        trained = train(table, seed, learning.number, scoring.job, allowed=learning.allow)
    except EngineError as error:
        raise error.within(f'lookalike "{name}"') from None
    told, arrays = trained.fitted.parts()
    features = [one.as_json() for one in trained.features]
    card = _card(document, table, trained)
    fresh = Fresh("lookalike", card, {**told, "features": features}, arrays)
    worse = None if accept else partial(_worse_reason, document, card)
    return replace(keep_version(workspace, written, at, fresh, worse), people=trained.others)


def _worse_reason(document: LookalikeDocument, card: dict[str, Any], before: dict[str, Any]) -> str | None:
    share = document.share or SHARE
    old, new = (recall_at(one, share) for one in (before, card))
    if new >= document.learning.guard.recall * old:
        return None
    return f"the new model finds {new:.1%} of its seed within {share:.1%}, and the one before found {old:.1%}"


def _card(document: LookalikeDocument, table: FeatureTable, trained: Trained) -> dict[str, Any]:
    """What people are told of a model."""
    trials = {name: {"auc": one.auc, "error": one.error} for name, one in trained.trials.items()}
    return {
        "kind": "lookalike",
        "seed_of": _named(document.seed),
        "seed": trained.seed,
        "candidates": trained.others,
        "apart": len(trained.trials[trained.fitted.candidate].above),
        "data": table.data,
        "as_of": table.as_of,
        "consent": document.learning.consent,
        "sites": list(document.learning.sites),
        "chosen": trained.fitted.candidate,
        "trials": trials,
        "recall": [round(float(one), 5) for one in trained.recall],
        "scores": [float(one) for one in trained.scores],
        "factors": [one.as_json() for one in trained.factors],
        "features": len(trained.features),
        "reads": sorted({one.source for one in trained.features}),
        "excluded": [vars(one) for one in trained.excluded],
    }


def _named(group: Group) -> dict[str, str]:
    return {"audience": group.audience} if group.audience is not None else {"list": group.list or ""}


def lookalike_show(workspace: Workspace, identifier: str) -> dict[str, Any]:
    """The versions of a lookalike, the card of the one in force, and what became of it last."""
    written = one_score(workspace, identifier, LookalikeDocument)
    store = ScoreModels(workspace.database)
    every, state = store.all(identifier), store.states().get(identifier)
    current = in_force(store, identifier)
    return {
        "id": identifier,
        "card": None if current is None else current.card,
        "version": None if current is None else current.version,
        "changed": current is not None and current.hash != written.hash,
        "state": None if state is None else asdict(state),
        "versions": [
            {
                "version": one.version,
                "at": one.at,
                "who": one.who,
                "chosen": one.card["chosen"],
                "seed": one.card["seed"],
                "auc": one.card["trials"][one.card["chosen"]]["auc"],
                "recall": recall_at(one.card, document_of(written).share or SHARE),
            }
            for one in every
        ],
    }


def lookalike_list(workspace: Workspace) -> list[dict[str, Any]]:
    """Every lookalike there is a document of, with its state and what its newest model came to."""
    store = ScoreModels(workspace.database)
    states = store.states()
    found = []
    for name, one in written_scores(workspace).items():
        if not isinstance(one.document, LookalikeDocument):
            continue
        current, state = in_force(store, name), states.get(name)
        card = None if current is None else current.card
        found.append(
            {
                "id": name,
                "label": dict(one.document.learning.label),
                "seed": _named(one.document.seed),
                "share": one.document.share,
                "state": "new" if state is None else state.state,
                "reason": None if state is None else state.told.get("reason"),
                "version": None if current is None else current.version,
                "trained": None if current is None else current.at,
                "chosen": None if card is None else card["chosen"],
                "auc": None if card is None else card["trials"][card["chosen"]]["auc"],
                "reach": None if state is None else state.told.get("reach"),
                "drift": None if state is None else state.told.get("drift"),
                "audience": workspace.audiences.find(name) is not None,
            }
        )
    return found


def lookalike_reach(
    workspace: Workspace, identifier: str, *, share: float | None = None, count: int | None = None
) -> Reach:
    """What is to be expected of a share, or of a number of people; by default of what the document says."""
    document = document_of(one_score(workspace, identifier, LookalikeDocument))
    card = model_of(workspace, identifier).card
    people = int(card["candidates"])
    if share is None and count is None:
        share, count = document.share, document.count
    wanted = share if share is not None else SHARE if count is None else count / people
    if not 0 < wanted <= 1:
        raise EngineError("usage", f"a reach is some of the {people:,} people there are", "--share", "Write 0.05.")
    return reach_of(card, wanted)


def model_of(workspace: Workspace, identifier: str) -> ScoreModel:
    """The version that is used; EngineError when none was trained."""
    found = in_force(ScoreModels(workspace.database), identifier)
    if found is None:
        hint = f"Run convoke lookalike train {identifier}."
        raise EngineError("not_found", f'the lookalike "{identifier}" has no model yet', hint=hint)
    return found


def opened(workspace: Workspace, model: ScoreModel) -> tuple[Fitted, tuple[Feature, ...]]:
    """A version as it was trained, and what it reads."""
    from engine.lookalike.candidates import Fitted
    from engine.lookalike.kept import read

    told, arrays = read(model_path(workspace, model.id, model.version), model.digest)
    return Fitted.of(told, arrays), tuple(Feature.from_json(one) for one in told["features"])
