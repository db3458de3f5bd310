"""What runs, increments and decisions have in common: nobody beside, what people decided, what became of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from engine.domain.identity import PROFILE, IdentityDocument
from engine.durable import make_folder
from engine.locks import holding
from engine.operations.identity_documents import raw_model
from engine.operations.workspace import IDENTITY, Workspace
from engine.store.identity import Decision, Identities

if TYPE_CHECKING:
    from engine.identity.arrays import Ints
    from engine.identity.candidates import Candidate
    from engine.identity.history import Change
    from engine.identity.publication import Map, Pointer
    from engine.identity.quality import Check, Pair
    from engine.identity.resolving import Decisions
    from engine.identity.values import Hasher


@dataclass(frozen=True)
class IdentityOutcome:
    """What a run came to: its numbers, the checks, and whether the new map is in force; ``read`` slices of records were
    read, and ``increment`` says whether the map in force was changed rather than made anew. ``unusable`` says by
    kind how many values there are (``values``; ``different`` ones in the map) and how many name nobody, by reason."""

    run: int
    state: str
    numbers: Mapping[str, Any]
    checks: tuple[Check, ...]
    read: int
    increment: bool = False
    unusable: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What `convoke identity run --json` prints."""
        return {
            "run": self.run,
            "state": self.state,
            "read": self.read,
            "increment": self.increment,
            **self.numbers,
            "unusable": self.unusable,
            "checks": [asdict(one) for one in self.checks],
        }


def alone(workspace: Workspace) -> AbstractContextManager[None]:
    """Nobody else publishes a map meanwhile; EngineError("refused") while somebody does."""
    from engine.identity.publication import LOCK

    make_folder(workspace.folder / IDENTITY)
    return holding(workspace.folder / IDENTITY / LOCK, "convoke identity", "refused", "identity is being resolved")


def pointer_of(workspace: Workspace) -> Pointer | None:
    """What is in force."""
    from engine.identity.publication import current

    return current(workspace.folder / IDENTITY)


def opened_map(workspace: Workspace) -> Map | None:
    """The map in force, to be closed by whoever asks."""
    from engine.identity.publication import opened

    return opened(workspace.folder / IDENTITY)


def judged(workspace: Workspace) -> list[Pair]:
    """The pairs that people judged."""
    from engine.identity.explaining import node_in
    from engine.identity.quality import Pair

    return [
        Pair(node_in(one.one), node_in(one.other), one.what == "same")
        for one in Identities(workspace.database).decisions()
        if one.what in ("same", "differ") and one.undone_at is None
    ]


def decided(document: IdentityDocument, decisions: Sequence[Decision]) -> Decisions:
    """What the document and people say, as graph nodes."""
    from engine.identity.explaining import node_in
    from engine.identity.resolving import Decisions

    together = [(node_in(one.one), node_in(one.other)) for one in document.manual if one.together]
    apart = [(node_in(one.one), node_in(one.other)) for one in document.manual if not one.together]
    blocked: list[int] = []
    for one in decisions:
        if one.undone_at is None:
            if one.what in ("block", "erase"):
                blocked.append(node_in(one.one))
            elif one.what in ("apart", "together"):
                into = apart if one.what == "apart" else together
                into.append((node_in(one.one), node_in(one.other)))
    return Decisions(tuple(together), tuple(apart), tuple(blocked))


def led(before: Map | None, found: Candidate) -> dict[str, str]:
    """Where earlier ids lead now: in one step, whatever was merged again since."""
    redirects = {} if before is None else before.redirects()
    fresh = dict(found.names.merged)
    followed = {one: fresh.get(into, into) for one, into in redirects.items()} | fresh
    alive = set(found.names.ids)
    return {one: into for one, into in followed.items() if into in alive and one not in alive}


def changes_of(found: Candidate) -> list[Change]:
    """What became of ids, with why."""
    from engine.identity.history import Change

    merged = [Change("merged", one, into, "they share an identifier now") for one, into in found.names.merged]
    split = [Change("split", one, into, "some identifiers no longer belong to it") for one, into in found.names.split]
    return merged + split


def profile_places(workspace: Workspace, document: IdentityDocument, hasher: Hasher, found: Candidate) -> Any:
    """An Arrow table of (key of the model's profiles, its node, place of the person)."""
    import pyarrow as pa

    from engine.domain.identity import Kind
    from engine.identity.records import hashed_column
    from engine.sql.keys import distinct_keys
    from engine.sql.sources import Sources

    kind = document.kind(PROFILE) or Kind(PROFILE, "text")
    sources = Sources(raw_model(workspace), workspace.warehouse)
    table = workspace.scratch.table(distinct_keys(sources))
    keys = table.column("key").combine_chunks()
    high, _ = hashed_column([keys], kind, hasher)
    return with_places(pa.table({"key": keys, "high": high}), found)


def with_places(profiles: Any, found: Candidate) -> Any:
    """An Arrow table of (key, high) with the place of each one's person; those that are nobody's are left out."""
    import numpy as np
    import pyarrow as pa

    high = np.asarray(profiles.column("high"))
    if not len(found.graph.high):
        return pa.table({"key": pa.array([], pa.string()), "high": high[:0], "place": np.zeros(0, dtype=np.int32)})
    places: Ints = np.minimum(np.searchsorted(found.graph.high, high), len(found.graph.high) - 1)
    there = found.graph.high[places] == high
    kept = profiles.filter(pa.array(there))
    return kept.append_column("place", pa.array(found.persons.person[places[there]].astype(np.int32)))
