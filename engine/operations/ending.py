"""When an audience stops naming a destination, or is deleted: everyone it has there is to be removed, once a person
says so."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain.documents import iso
from engine.operations.delivering import clock, destinations_of
from engine.operations.workspace import Workspace
from engine.store.activation import END, Outbox, SyncRow


def queue_ends(workspace: Workspace) -> None:
    """Queue the removal of everyone where an audience does not go any more; it waits for a person's word."""
    outbox, at = Outbox(workspace.database), iso(clock())
    with workspace.database.transaction():
        for audience, place in outbox.to_end():
            outbox.add(audience, place, END, at)


def let_end(workspace: Workspace, held: Sequence[SyncRow]) -> list[int]:
    """Queue held ends again, this time with a person's word."""
    outbox, at = Outbox(workspace.database), iso(clock())
    with workspace.database.transaction():
        return [outbox.add(one.audience_id, one.destination_id, END, at, allow_removals=True) for one in held]


def goes(workspace: Workspace, identifier: str) -> bool:
    """Whether an audience is there and goes anywhere."""
    stored = workspace.audiences.mentioning("destinations").get(identifier)
    return stored is not None and bool(destinations_of(stored.audience))
