"""`plan` and `apply`: a folder of documents against the workspace, as adds, changes and deletes with their sizes.

A folder owns the audiences that were applied from files: those that are no longer in it are deleted. Audiences saved
in the
app are not touched unless a document takes over their id.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.domain.audience import Audience
from engine.domain.diff import diff_audiences
from engine.domain.documents import load_documents, read_file
from engine.domain.identity import IdentityDocument
from engine.domain.identity_codec import read_identity, write_identity
from engine.domain.references import evaluation_order
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.operations.context import placed, prepare, sound
from engine.operations.delivery_names import Names, users_of
from engine.operations.identity_documents import apply_identity_text, raw_model
from engine.operations.sizing import AudienceSize, sizes_of
from engine.operations.targets import Named, all_wrong, moment, read_audience_files, refuse_twins
from engine.operations.value_hints import ValueHint
from engine.operations.workspace import Workspace, user_name
from engine.store.audiences import Stored
from engine.store.identity import Identities

if TYPE_CHECKING:
    import pandas as pd

Action = Literal["add", "change", "delete"]


@dataclass(frozen=True)
class Step:
    """One thing a plan would do, with the sizes before and after (None where there is none)."""

    action: Action
    id: str
    name: str
    changes: tuple[str, ...]
    size_before: int | None
    size_after: int | None
    hints: tuple[ValueHint, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What applying a folder would do; ``unchanged`` audiences are already as written."""

    steps: tuple[Step, ...]
    unchanged: int
    skipped: tuple[str, ...]
    as_of: datetime

    def as_json(self) -> dict[str, Any]:
        """What `convoke plan --json` prints."""
        return {
            "steps": [
                {
                    "action": s.action,
                    "id": s.id,
                    "name": s.name,
                    "changes": list(s.changes),
                    "size_before": s.size_before,
                    "size_after": s.size_after,
                    **({"hints": [one.as_json() for one in s.hints]} if s.hints else {}),
                }
                for s in self.steps
            ],
            "unchanged": self.unchanged,
            "skipped": list(self.skipped),
        }

    def frame(self) -> pd.DataFrame:
        """One row a step."""
        import pandas as pd

        return pd.DataFrame(self.as_json()["steps"])


@dataclass(frozen=True)
class _Prepared:
    plan: Plan
    added: list[Named]
    deleted: list[str]
    identity: str | None = None
    """The text of an identity document that differs from the one in force."""


def plan(
    workspace: Workspace,
    folder: Path,
    *,
    as_of: str | datetime | None = None,
    job: Job | None = None,
    hints: bool = False,
) -> Plan:
    """What applying a folder would add, change and delete; raises EngineError("refused") for what cannot be, and one
    error that names every document that is wrong. With ``hints``, for who may see values of the data, a condition on
    text that finds nobody comes with the nearest value that occurs."""
    return _prepare(workspace, folder, moment(as_of), job, hints=hints).plan


def apply(workspace: Workspace, folder: Path, *, as_of: str | datetime | None = None, job: Job | None = None) -> Plan:
    """Make the workspace's audiences what the folder says, all in one transaction; gives the plan that was carried
    out."""
    prepared = _prepare(workspace, folder, moment(as_of), job)
    who = user_name()
    with workspace.database.transaction():
        for identifier in prepared.deleted:
            workspace.audiences.delete(identifier, who)
        for one in prepared.added:
            workspace.audiences.save(one.audience, one.document, who, "files")
        if prepared.identity is not None:
            apply_identity_text(workspace, prepared.identity)
    return prepared.plan


def _prepare(workspace: Workspace, folder: Path, as_of: datetime, job: Job | None, *, hints: bool = False) -> _Prepared:
    if not folder.exists():
        raise EngineError("file", f"there is no folder {folder}", "-f", "Name a folder of audience documents.")
    skipped: list[str] = []
    wrong: list[EngineError] = []
    named = read_audience_files(folder, skipped, wrong)
    refuse_twins(named)
    stored = workspace.audiences.all()
    given = {one.audience.id: one for one in named}
    deleted = [s.audience.id for s in stored.values() if s.origin == "files" and s.audience.id not in given]
    after = {i: s.audience for i, s in stored.items() if i not in deleted} | {i: n.audience for i, n in given.items()}
    _refuse_orphans(workspace, deleted, after)
    _refuse_wrong(workspace, named, after, wrong)
    _refuse_circles(after)
    differing = [
        one for one in named if one.audience.id not in stored or stored[one.audience.id].document != one.document
    ]
    taken_over = [one for one in named if one.audience.id in stored and stored[one.audience.id].origin == "app"]
    steps = _steps(workspace, named, differing, deleted, stored, as_of, job, hints=hints)
    touched = {one.audience.id: one for one in (*differing, *taken_over)}
    text, step = _identity(workspace, folder, skipped)
    unchanged = len(named) - len(differing) + (text is not None and step is None)
    result = Plan((*steps, *([] if step is None else [step])), unchanged, tuple(skipped), as_of)
    return _Prepared(result, list(touched.values()), deleted, None if step is None else text)


def _identity(workspace: Workspace, folder: Path, skipped: list[str]) -> tuple[str | None, Step | None]:
    """The identity document of a folder, and the step that would make it the workspace's; it leaves the skipped."""
    found: list[tuple[str, str, IdentityDocument]] = []
    for shown in list(dict.fromkeys(skipped)):
        text = read_file(folder / shown)
        for document in load_documents(text):
            if isinstance(document, dict) and document.get("kind") == "identity":
                try:
                    found.append((shown, text.decode("utf-8-sig"), read_identity(document)))
                except EngineError as error:
                    raise error.within(shown) from None
    if not found:
        return None, None
    if len(found) > 1:
        names = " and ".join(shown for shown, _, _ in found)
        raise EngineError("duplicate_id", f"there are several identity documents: {names}", hint="Keep one of them.")
    from engine.identity.records import must_fit

    shown, text_, document = found[0]
    try:
        must_fit(document, raw_model(workspace), workspace.warehouse)
    except EngineError as error:
        raise error.within(shown) from None
    while shown in skipped:
        skipped.remove(shown)
    stored = Identities(workspace.database).current()
    if stored is not None and stored.text == text_:
        return text_, None
    before = {} if stored is None else write_identity(stored.document)
    after = write_identity(document)
    changes = tuple(f"{key} changed" for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key))
    action: Action = "add" if stored is None else "change"
    return text_, Step(action, document.id, document.name, changes if stored else (), None, None)


def _refuse_circles(audiences: Mapping[str, Audience]) -> None:
    try:
        evaluation_order(audiences)
    except EngineError as error:
        raise EngineError("refused", error.message, error.path, error.hint) from None


def _refuse_wrong(
    workspace: Workspace, named: list[Named], after: Mapping[str, Audience], wrong: list[EngineError]
) -> None:
    """Raise one error that names every document that is wrong or names something that there is not."""
    with suppress(EngineError):  # a circle is another kind of refusal
        evaluation_order(after)
        good = sound(workspace, named, wrong)
        wrong += _wrong_names(workspace, named if not wrong else good, after)
    if wrong:
        raise all_wrong(wrong)


def _wrong_names(workspace: Workspace, named: list[Named], after: Mapping[str, Audience]) -> list[EngineError]:
    """What deliveries name that there is not, at most one a document."""
    found = []
    names = Names(workspace, workspace.model, after) if named else None
    for one in named:
        try:
            if names is not None:
                names.check(one.audience)
        except EngineError as error:
            found.append(placed(error, one))
    return found


def _refuse_orphans(workspace: Workspace, deleted: list[str], after: Mapping[str, Audience]) -> None:
    for identifier in deleted:
        users = users_of(workspace, identifier, after, after.get)
        if users:
            raise EngineError(
                "refused",
                f'"{identifier}" cannot be deleted, because {", ".join(users)} refers to it',
                hint="Change those first, or put its document back.",
            )


def _steps(
    workspace: Workspace,
    named: list[Named],
    differing: list[Named],
    deleted: list[str],
    stored: Mapping[str, Stored],
    as_of: datetime,
    job: Job | None,
    *,
    hints: bool,
) -> list[Step]:
    after = _sizes_after(workspace, named, differing, as_of, job, hints=hints)
    replaced = {one.audience.id for one in differing} | set(deleted)
    before = _sizes_before(workspace, [s for i, s in stored.items() if i in replaced], as_of, job)
    steps = []
    for one in differing:
        previous = stored.get(one.audience.id)
        size = after.get(one.audience.id)
        changes = diff_audiences(previous.audience if previous else None, one.audience)
        steps.append(
            Step(
                "change" if previous else "add",
                one.audience.id,
                one.audience.name,
                tuple(str(c) for c in changes) if previous else (),
                before.get(one.audience.id),
                None if size is None else size.size,
                () if size is None else size.hints,
            )
        )
    gone = [stored[identifier] for identifier in deleted]
    return steps + [Step("delete", s.audience.id, s.audience.name, (), before.get(s.audience.id), None) for s in gone]


def _sizes_after(
    workspace: Workspace, named: list[Named], differing: list[Named], as_of: datetime, job: Job | None, *, hints: bool
) -> dict[str, AudienceSize]:
    """Sizes of the documents that differ; all documents are checked, also those that do not."""
    if not named:
        return {}
    if not differing:
        prepare(workspace, named, as_of, job)
        return {}
    found = sizes_of(workspace, named, site=None, as_of=as_of, job=job, only=differing, hints=hints)
    return {one.id: one for one in found}


def _sizes_before(workspace: Workspace, stored: list[Stored], as_of: datetime, job: Job | None) -> dict[str, int]:
    """Sizes of what is replaced or deleted; what no longer fits the model has none."""
    named = [Named(one.audience, one.document, None) for one in stored]
    try:
        return _sizes(workspace, named, as_of, job)
    except Cancelled:
        raise
    except EngineError:  # at least one does not fit: each on its own
        result: dict[str, int] = {}
        for one in named:
            with suppress(EngineError):
                result |= _sizes(workspace, [one], as_of, job)
        return result


def _sizes(workspace: Workspace, named: list[Named], as_of: datetime, job: Job | None) -> dict[str, int]:
    return {one.id: one.size for one in sizes_of(workspace, named, site=None, as_of=as_of, job=job)} if named else {}
