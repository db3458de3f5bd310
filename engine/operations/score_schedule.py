"""Models of people when they are due: trained anew, and their scores put in force, each document for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from engine.domain.schedule import Schedule, read_schedule
from engine.domain.scoring import LookalikeDocument
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.operations.inclining import propensity_apply
from engine.operations.likening import lookalike_apply
from engine.operations.lookalikes import lookalike_train
from engine.operations.propensities import propensity_train
from engine.operations.score_versions import ScoreOutcome, used
from engine.operations.scoring import FOLDER, Written, gone_scores, remove_gone, say_state, today, written_scores
from engine.operations.traits import data_without_traits
from engine.operations.workspace import Workspace
from engine.store.scores import ScoreModel, ScoreModels, ScoreState

Way = Callable[..., Sequence[ScoreOutcome]]


def scores_due(workspace: Workspace, at: datetime) -> bool:
    """Whether any document's model is to be trained or used now, or scores are to be removed."""
    if not (workspace.folder / FOLDER).is_dir() or workspace.settings.warehouse is None:
        return False
    if workspace.models.current() is None:
        return False
    try:
        return bool(_due(workspace, at)) or bool(gone_scores(workspace))
    except EngineError:  # a document that cannot be read is an alert
        return False


def scores_run(workspace: Workspace, at: datetime, job: Job | None = None) -> list[ScoreOutcome]:
    """Train and use the models that are due. One that fails says why, is tried again at its next time or when its
    document changes, and the others go on."""
    found: list[ScoreOutcome] = []
    for written, what in _due(workspace, at):
        found += _one(workspace, written, what, job)
    found += [ScoreOutcome(name, "removed", None) for name in remove_gone(workspace)]
    return found


def _one(workspace: Workspace, written: Written, what: str, job: Job | None) -> list[ScoreOutcome]:
    name = written.document.learning.id
    alike = isinstance(written.document, LookalikeDocument)
    train: Way = lookalike_train if alike else propensity_train
    use: Way = lookalike_apply if alike else propensity_apply
    found: list[ScoreOutcome] = []
    try:
        if what == "train":
            found += train(workspace, [name], job=job)
        if all(one.state != "held" for one in found):
            found += use(workspace, [name], job=job)
    except Cancelled:
        raise
    except EngineError as error:
        store = ScoreModels(workspace.database)
        before = store.states().get(name)
        version = None if before is None else before.version
        why = _sentence(error)
        told = {**used(store, name), "reason": why, "hash": written.hash}
        say_state(workspace, name, "failed", version, today(), told)
        found.append(ScoreOutcome(name, "failed", version, reason=why))
    return found


def _due(workspace: Workspace, at: datetime) -> list[tuple[Written, str]]:
    """The documents with something to do: `train` (and use), or `apply`."""
    store = ScoreModels(workspace.database)
    states = store.states()
    found = []
    for name, one in written_scores(workspace).items():
        what = _what(workspace, one, store.newest(name), states.get(name), at)
        if what:
            found.append((one, what))
    return found


def _what(
    workspace: Workspace, written: Written, newest: ScoreModel | None, state: ScoreState | None, at: datetime
) -> str:
    learning = written.document.learning
    if state is not None and state.state == "failed" and state.told.get("hash") == written.hash:
        again = read_schedule(learning.refresh)
        again = again if again.timed else read_schedule(learning.retrain)
        return "train" if _passed(again, state.told["at"], at) else ""
    if newest is None or newest.hash != written.hash:
        return "train"
    if _passed(read_schedule(learning.retrain), newest.at, at):
        return "train"
    if state is None or state.state == "trained":
        return "apply"
    if state.state == "applied" and state.told.get("text") != written.whole:
        return "apply"
    refresh = read_schedule(learning.refresh)
    if refresh.kind == "on_data":
        return "apply" if state.told.get("data") != data_without_traits(workspace) else ""
    return "apply" if _passed(refresh, state.told["at"], at) else ""


def _passed(schedule: Schedule, since: str, at: datetime) -> bool:
    """Whether a timed schedule's next time after a moment has come."""
    return schedule.timed and schedule.after(datetime.fromisoformat(since)) <= at


def score_troubles(workspace: Workspace) -> dict[str, str]:
    """Models that are held or failed, and why; or the document that cannot be read."""
    try:
        known = written_scores(workspace)
    except EngineError as error:
        return {FOLDER: _sentence(error)}
    states = ScoreModels(workspace.database).states()
    held = {name: one for name, one in states.items() if one.state in ("held", "failed") and name in known}
    return {name: str(one.told.get("reason") or one.state) for name, one in held.items()}


def _sentence(error: EngineError) -> str:
    where = f"{error.path}: " if error.path else ""
    return f"{where}{error.message}" + (f". {error.hint}" if error.hint else "")
