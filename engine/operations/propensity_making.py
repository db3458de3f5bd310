"""What the app does with propensities: documents it writes, what may be foreseen, and using a model."""

from __future__ import annotations

from typing import Any

from engine.jobs import Job
from engine.operations.inclining import propensity_apply
from engine.operations.lookalike_making import consent_of, free_name, written_while_good
from engine.operations.propensities import propensity_train
from engine.operations.score_versions import ScoreOutcome
from engine.operations.workspace import Workspace


def propensity_targets(workspace: Workspace) -> list[dict[str, Any]]:
    """What may be foreseen: every event of the data model, and every audience that people may enter."""
    events = workspace.model.events
    found = [{"target": {"did": name}, "label": dict(one.label)} for name, one in sorted(events.items())]
    return found + [{"target": {"audience": name}, "label": {}} for name in sorted(workspace.audiences.ids())]


def propensity_create(workspace: Workspace, target: dict[str, Any], days: int, job: Job | None = None) -> str:
    """Write a document for an event (`{did: ID}`) or an audience (`{audience: ID}`) within so many days, and train its
    model; its id. A model that cannot be trained leaves no document."""
    what = str(target.get("did") or target.get("audience"))
    name = free_name(workspace, f"p_{what}_{days}d")
    document: dict[str, Any] = {"kind": "propensity", "id": name, "target": target, "horizon": f"{days}d"}
    with written_while_good(workspace, document | {"consent": consent_of(workspace)}):
        propensity_train(workspace, [name], job=job)
    return name


def propensity_use(workspace: Workspace, identifier: str, job: Job | None = None) -> ScoreOutcome:
    """Put everybody's probabilities in force, whatever the document's guard says: somebody asks for it."""
    (outcome,) = propensity_apply(workspace, [identifier], accept=True, job=job)
    return outcome
