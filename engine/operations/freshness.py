"""How fresh the numbers of audiences are: as of when, over which data, and what was received since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from engine.errors import EngineError
from engine.membership.snapshots import Snapshots
from engine.operations.following import on_data_audiences
from engine.operations.touching import followed_tables
from engine.operations.workspace import Workspace
from engine.store.following import Following
from engine.store.schedules import Schedules


@dataclass(frozen=True)
class Freshness:
    """An audience's newest snapshot: the moment it is as of, the data's version, and how many seconds ago that was.

    ``follows``: it is kept up with collected events. Then ``received_at`` is when the newest event was received that is
    in it, and ``waiting`` how many landings of events it has not looked at yet. None where there is no snapshot.
    """

    id: str
    as_of: str | None
    data_version: str | None
    lag_seconds: int | None
    follows: bool
    received_at: str | None
    waiting: int | None

    def as_json(self) -> dict[str, Any]:
        """A line of `convoke freshness --json`."""
        return asdict(self)


def _that_follow(workspace: Workspace, ids: Sequence[str]) -> set[str]:
    """Which audiences are kept up with collected events: all, or of those named."""
    if not ids:
        return set(on_data_audiences(workspace).follow)
    on_data = set(Schedules(workspace.database).on_data())
    return {one for one in ids if one in on_data and followed_tables(workspace, workspace.audiences.get(one).audience)}


def freshness_of(workspace: Workspace, ids: Sequence[str] = ()) -> list[Freshness]:
    """How fresh audiences are (all, or those named)."""
    from engine.warehouses.collected import state

    stored = [workspace.audiences.get(one).audience.id for one in ids] or sorted(workspace.audiences.ids())
    followed, follow = Following(workspace.database).all(), _that_follow(workspace, ids)
    collected = state(workspace.warehouse_folder)
    newest = 0 if collected is None else collected.landed
    reader, now = Snapshots(workspace.runs, workspace.segments, workspace.library), datetime.now(UTC)
    found = []
    for identifier in stored:
        try:
            last = reader.at(identifier, None)[0]
        except EngineError:
            found.append(Freshness(identifier, None, None, None, identifier in follow, None, None))
            continue
        known = followed.get(identifier)
        landed = workspace.runs.report(last.run_id).get("landed")
        as_of, received = last.as_of, None
        if identifier in follow and known is not None and known.run_id == last.run_id:
            landed, as_of, received = known.landed, known.as_of, known.received_at
        lag = max(0, round((now - datetime.fromisoformat(as_of)).total_seconds()))
        waiting = newest - int(landed) if identifier in follow and landed is not None else None
        found.append(Freshness(identifier, as_of, last.data_version, lag, identifier in follow, received, waiting))
    return found
