"""What the app's palette and editors ask: the model with the audiences, and values with counts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from engine.domain.audience_codec import write_audience
from engine.domain.documents import load_one
from engine.domain.model import SITE_MONEY
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.operations.traits import trait_show
from engine.operations.workspace import Workspace
from engine.sql.sources import Sources
from engine.sql.values import frequent_values
from engine.store.models import StoredModel

AUDIENCES_A_PAGE = 40
CHARACTERS_A_PAGE = 100_000
"""What a window reads in one turn: about 10 ms."""


@dataclass(frozen=True)
class ValueCount:
    """A value and how many profiles (or events) show it."""

    value: Any
    count: int


def values(
    workspace: Workspace, name: str, *, source: str | None = None, most: int = 50, job: Job | None = None
) -> list[ValueCount]:
    """The most frequent values of a trait, or of a property of an event or object (``source``)."""
    model = workspace.model
    if source is None:
        known = model.profile.traits
    elif source in model.events:
        known = model.events[source].properties
    elif source in model.objects:
        known = model.objects[source].properties
    else:
        everything = [*model.events, *model.objects]
        raise EngineError("unknown_name", f'there is no event "{source}"', hint=nearest(source, everything, "event"))
    if name not in known:
        raise EngineError("unknown_name", f'there is no "{name}"', hint=nearest(name, known, "trait or property"))
    statement = frequent_values(Sources(model, workspace.warehouse), name, source, most)
    rows = workspace.warehouse.rows(statement.sql, statement.parameters, job)
    return [ValueCount(value, int(count)) for value, count in rows]


def overview(workspace: Workspace) -> dict[str, Any]:
    """What the app shows when it opens a workspace: the model's document with the computed traits, the first audiences,
    the lists, the data version."""
    stored = workspace.models.current()
    return {
        "folder": str(workspace.folder),
        "language": workspace.settings.language,
        "warehouse": workspace.settings.warehouse,
        "data_version": workspace.warehouse.data_version() if workspace.settings.warehouse else None,
        "model": None if stored is None else _told(workspace, stored),
        "lists": workspace.lists.sizes(),
        **audience_page(workspace),
    }


def _told(workspace: Workspace, stored: StoredModel) -> dict[str, Any]:
    """The model's document, computed traits among its own: to be read, not to be kept."""
    document: dict[str, Any] = load_one(stored.document)
    if trait_show(workspace) and workspace.settings.warehouse:
        mine = document["profile"]["traits"] = dict(document["profile"].get("traits") or {})
        for name, told in workspace.model.profile.traits.items():
            if name not in stored.model.profile.traits:
                money = True if told.money == SITE_MONEY else told.money or False
                about = {"label": dict(told.label), "personal": told.personal, "money": money}
                mine[name] = {"type": told.type.value, **about}
    return document


def audience_page(workspace: Workspace, after: str = "") -> dict[str, Any]:
    """Documents of the audiences behind an id, in the order of their ids, each with its version as ``_version``: as
    many as the window reads in one turn; and whether there are more."""
    stored = workspace.audiences.page(after, AUDIENCES_A_PAGE + 1)
    weights = list(accumulate(len(one.document) for one in stored))
    count = sum(weight <= CHARACTERS_A_PAGE for weight in weights[:AUDIENCES_A_PAGE]) or min(1, len(stored))
    documents = [write_audience(one.audience) | {"_version": one.version} for one in stored[:count]]
    return {"audiences": documents, "more": count < len(stored)}
