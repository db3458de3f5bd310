"""`list show history diff delete`, and saving from the app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience, write_audience
from engine.domain.describe import describe
from engine.domain.diff import Change, diff_audiences
from engine.domain.documents import dump_yaml, load_one
from engine.domain.references import evaluation_order, targets
from engine.errors import EngineError
from engine.operations.context import catalogue_for, check_all
from engine.operations.delivery_names import DELIVERY, Names, users_of
from engine.operations.targets import Named
from engine.operations.workspace import Workspace, user_name
from engine.store.audiences import Stored, Version

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Listing:
    """The audiences of a workspace."""

    stored: tuple[Stored, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """What `convoke list --json` prints."""
        return [
            {
                "id": s.audience.id,
                "name": s.audience.name,
                "version": s.version,
                "saved_at": s.saved_at,
                "saved_by": s.saved_by,
                "owner": s.audience.owner,
                "tags": list(s.audience.tags),
                "folder": s.audience.folder,
                "sites": list(s.audience.sites) if s.audience.sites is not None else "*",
                "origin": s.origin,
                "rule_hash": s.rule_hash,
            }
            for s in self.stored
        ]

    def frame(self) -> pd.DataFrame:
        """One row an audience."""
        import pandas as pd

        return pd.DataFrame(self.as_json())


def list_audiences(workspace: Workspace) -> Listing:
    """Every audience, by id."""
    return Listing(tuple(workspace.audiences.all().values()))


@dataclass(frozen=True)
class Shown:
    """One audience as written, with its sentence."""

    stored: Stored
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """What `convoke show --json` prints."""
        head = Listing((self.stored,)).as_json()[0]
        return head | {"sentence": self.sentence, "document": load_one(self.stored.document)}


def show(workspace: Workspace, identifier: str, language: str | None = None) -> Shown:
    """One audience's document and its rule in words."""
    stored = workspace.audiences.get(identifier)
    current = workspace.models.current()
    model = current.model if current is not None else None
    return Shown(stored, describe(stored.audience, language or workspace.settings.language, model))


def history(workspace: Workspace, identifier: str) -> list[Version]:
    """Every version of an audience, oldest first: who saved it, when, and what changed."""
    return workspace.audiences.versions(identifier)


def diff(workspace: Workspace, identifier: str, before: int | None = None, after: int | None = None) -> list[Change]:
    """What changed between two versions; by default between the last two."""
    versions = {v.version: v for v in workspace.audiences.versions(identifier)}
    newest = max(versions)
    last = newest if after is None else after
    first = last - 1 if before is None else before
    for number in (first, last):
        if number not in versions and not (number == 0 and before is None):
            raise EngineError(
                "not_found",
                f'audience "{identifier}" has no version {number}',
                hint=f"It has the versions 1 to {newest}.",
            )
    old = versions[first].audience if first in versions else None
    return diff_audiences(old, versions[last].audience)


def delete(workspace: Workspace, identifier: str) -> None:
    """Delete an audience, keeping its history; refused while another audience refers to it or suppresses it, or it
    goes before one at a destination."""
    workspace.audiences.get(identifier)
    mentioning = {i: s.audience for i, s in workspace.audiences.mentioning(identifier).items()}

    def there(one: str) -> Audience | None:
        stored = workspace.audiences.find(one)
        return None if stored is None else stored.audience

    users = users_of(workspace, identifier, mentioning, there)
    if users:
        raise EngineError(
            "refused",
            f'"{identifier}" cannot be deleted, because {", ".join(users)} refers to it',
            hint="Change those first.",
        )
    with workspace.database.transaction():
        workspace.audiences.delete(identifier, user_name())


def save(workspace: Workspace, document: dict[str, Any]) -> int:
    """Save one audience as the app edits it; refused when it is wrong or would close a circle. Gives its version."""
    audience = read_audience(document)
    text = dump_yaml(write_audience(audience))
    named = [Named(audience, text, None)]
    check_all(workspace, workspace.model, catalogue_for(workspace, named), named)
    if any(key in audience.settings for key in DELIVERY):
        Names(workspace, workspace.model, [*workspace.audiences.ids(), audience.id]).check(audience)
    try:
        evaluation_order(_around(workspace, audience))
    except EngineError as error:
        raise EngineError("refused", error.message, error.path, error.hint) from None
    with workspace.database.transaction():
        return workspace.audiences.save(audience, text, user_name(), "app")


def _around(workspace: Workspace, audience: Audience) -> dict[str, Audience]:
    """An audience with the current versions of all it refers to, directly or not: every circle that it could close."""
    around, pending = {audience.id: audience}, [audience]
    while pending:
        for identifier in targets(pending.pop()):
            stored = None if identifier in around else workspace.audiences.find(identifier)
            if stored is not None:
                around[identifier] = stored.audience
                pending.append(stored.audience)
    return around


def save_all(workspace: Workspace, documents: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Save several audiences, all or none of them, those that others refer to first; their versions by id."""
    by_id = {str(document["id"]): document for document in documents}
    order = evaluation_order({identifier: read_audience(document) for identifier, document in by_id.items()})
    with workspace.database.transaction():
        return {identifier: save(workspace, by_id[identifier]) for identifier in order}
