"""Destinations, the outbox, batches, and what each destination has acknowledged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.store.database import Database

END = 0
"""The run of a sync that removes everyone: the audience does not go there any more, or is deleted."""
SyncState = Literal["queued", "planned", "done", "held", "failed", "superseded"]
_AT_ONCE = 20_000


@dataclass(frozen=True)
class DestinationRow:
    """A destination with its state; ``open_until``: nothing is tried before, for it failed again and again."""

    id: str
    document: dict[str, Any]
    saved_at: str
    saved_by: str
    paused: bool
    failures: int
    open_until: str | None


@dataclass(frozen=True)
class SyncRow:
    """One snapshot to one destination. Times are ISO in UTC."""

    id: int
    stream_id: int
    audience_id: str
    destination_id: str
    run_id: int
    state: SyncState
    allow_removals: bool
    attempt: int
    not_before: str
    reason: str | None
    summary: dict[str, Any]
    created_at: str
    finished_at: str | None

    def as_json(self) -> dict[str, Any]:
        """As `convoke sync --json` prints it."""
        return {
            "sync": self.id,
            "audience": self.audience_id,
            "destination": self.destination_id,
            "run": self.run_id,
            "state": self.state,
            "reason": self.reason,
            "not_before": self.not_before if self.state in ("queued", "planned") else None,
            "finished_at": self.finished_at,
            **self.summary,
        }


@dataclass(frozen=True)
class BatchRow:
    """A batch of a sync; one that is ``sending`` may have arrived."""

    id: str
    number: int
    part: str
    operation: Literal["add", "remove"]
    state: Literal["planned", "sending", "done"]

    @property
    def name(self) -> str:
        """Its place in the sync as a text that sorts."""
        return f"{self.number:05d}{f'.{self.part}' if self.part else ''}"


class Destinations:
    """The repository of destinations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, identifier: str, document: Mapping[str, Any], who: str, at: str) -> None:
        """Keep a destination (within the caller's transaction)."""
        text = json.dumps(document, ensure_ascii=False)
        self._database.run("save_destination", {"id": identifier, "document": text, "saved_at": at, "saved_by": who})

    def all(self) -> dict[str, DestinationRow]:
        """Every destination by id."""
        return {
            row[0]: DestinationRow(row[0], json.loads(row[1]), row[2], row[3], bool(row[4]), row[5], row[6])
            for row in self._database.rows("destinations")
        }

    def pause(self, identifier: str, *, paused: bool) -> bool:
        """Hold everything back, or let it go; whether there is such a destination."""
        return bool(self._database.rows("pause_destination", {"id": identifier, "paused": int(paused)}))

    def breaker(self, identifier: str, failures: int, open_until: str | None) -> None:
        """How often it failed in a row, and until when nothing is tried: there, and wherever the same credentials are
        used, for it is them that a destination counts and locks."""
        known = self.all()
        mine = _credentials(known[identifier]) if identifier in known else ()
        for one in known.values():
            if one.id == identifier or (mine and _credentials(one) == mine):
                self._database.run("breaker", {"id": one.id, "failures": failures, "open_until": open_until})

    def forget(self, identifier: str) -> None:
        """Remove a destination (within the caller's transaction); what was sent there stays on record."""
        self._database.run("forget_destination", {"id": identifier})


class Outbox:
    """Syncs to be done, in the order they were decided."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, audience: str, destination: str, run: int, at: str, *, allow_removals: bool = False) -> int:
        """Queue a snapshot (within the caller's transaction); older ones of which nothing was sent are superseded."""
        stream = int(self._database.rows("add_stream", {"audience_id": audience, "destination_id": destination})[0][0])
        self._database.run("supersede_syncs", {"stream_id": stream, "at": at})
        self._database.run("resume_failed_syncs", {"stream_id": stream, "at": at})  # what was begun is ended first
        values = {"stream_id": stream, "run_id": run, "allow_removals": int(allow_removals), "at": at}
        return int(self._database.rows("add_sync", values)[0][0])

    def due(self, now: str) -> list[int]:
        """The syncs that may be done now: of each stream only the oldest."""
        return [int(row[0]) for row in self._database.rows("due_syncs", {"now": now})]

    def clean(self, before: str) -> None:
        """Forget syncs that ended before a moment, with their batches, but for the last of each stream (within the
        caller's transaction)."""
        self._database.run("forget_old_batches", {"before": before})
        self._database.run("forget_old_syncs", {"before": before})

    def needs(self, run: int) -> bool:
        """Whether a sync that is not at its end is of a run."""
        return bool(self._database.rows("unfinished_syncs_of_run", {"run_id": run}))

    def get(self, identifier: int) -> SyncRow:
        """One sync."""
        return _sync(self._database.rows("sync", {"id": identifier})[0])

    def newest(self, audience: str | None = None, most: int = 100) -> list[SyncRow]:
        """The newest syncs, of one audience or of all."""
        return [_sync(row) for row in self._database.rows("syncs", {"audience_id": audience, "most": most})]

    def held(self) -> list[SyncRow]:
        """The syncs that are held, and are the last of their streams."""
        return [self.get(int(row[0])) for row in self._database.rows("held_syncs")]

    def to_end(self) -> list[tuple[str, str]]:
        """(audience, destination) where people are still on record, and the audience does not go any more."""
        return [(row[0], row[1]) for row in self._database.rows("streams_to_end")]

    def suppressed_at_last(self, stream: int) -> dict[str, Any]:
        """What a stream's newest planned sync suppressed, by name, with how large it was."""
        rows = self._database.rows("suppressed_at_last", {"stream_id": stream})
        found: dict[str, Any] = json.loads(rows[0][0])["suppressing"] if rows else {}
        return found

    def streams(self) -> dict[int, tuple[str, str]]:
        """(audience, destination) of every stream."""
        return {row[0]: (row[1], row[2]) for row in self._database.rows("streams")}

    def settle(
        self,
        sync: SyncRow,
        state: SyncState,
        *,
        at: str | None = None,
        reason: str | None = None,
        summary: Mapping[str, Any] | None = None,
        attempt: int | None = None,
        not_before: str | None = None,
    ) -> None:
        """Write a sync's state; ``at`` when that ends it."""
        self._database.run(
            "set_sync",
            {
                "id": sync.id,
                "state": state,
                "attempt": sync.attempt if attempt is None else attempt,
                "not_before": not_before or sync.not_before,
                "reason": reason,
                "summary": json.dumps(sync.summary if summary is None else dict(summary)),
                "finished_at": at,
            },
        )


class Batches:
    """Batches and their rows, and what a stream has delivered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, sync: int, identifier: str, place: tuple[int, str], operation: str, rows: Sequence[tuple[str, str]]
    ) -> None:
        """Keep a batch with its (key, payload) rows (within the caller's transaction); ``place``: number and part."""
        values = {"id": identifier, "sync_id": sync, "number": place[0], "part": place[1], "operation": operation}
        self._database.run("add_batch", values)
        members = (
            {"batch_id": identifier, "place": i, "key": key, "payload": payload}
            for i, (key, payload) in enumerate(rows)
        )
        self._database.run_many("add_batch_member", members)

    def forget_planned(self, sync: int) -> None:
        """Drop what was planned and not sent (within the caller's transaction)."""
        self._database.run("forget_batch_members", {"sync_id": sync})
        self._database.run("forget_batches", {"sync_id": sync})

    def begin(self, identifier: str) -> None:
        """A batch is about to be sent (within the caller's transaction)."""
        self._database.run("begin_batch", {"id": identifier})

    def refer(self, identifier: str, reference: str) -> None:
        """Keep what the destination calls a batch (within the caller's transaction)."""
        self._database.run("refer_batch", {"id": identifier, "reference": reference})

    def forget_payloads(self, identifier: str) -> None:
        """What was sent with a batch is done with there (within the caller's transaction)."""
        self._database.run("forget_payloads", {"batch_id": identifier})

    def undo(self, stream: int, sync: int, references: Sequence[str]) -> None:
        """A destination did not do what it had taken (within the caller's transaction): who was to come is sent again
        at the next sync, who was to go is there again, and it is not asked for these any more."""
        for batch in self.of(sync):
            if self.references(sync).get(batch.id) in references:
                both = {"stream_id": stream, "batch_id": batch.id}
                self._database.run("undo_removal" if batch.operation == "remove" else "undo_addition", both)
                self._database.run("forget_reference", {"id": batch.id})
                self.forget_payloads(batch.id)

    def references(self, sync: int) -> dict[str, str]:
        """What the destination calls the batches of a sync, in their order."""
        return {row[0]: row[1] for row in self._database.rows("references_of_sync", {"sync_id": sync})}

    def drop(self, identifier: str) -> None:
        """Drop one batch that was never taken (within the caller's transaction)."""
        self._database.run("forget_members_of_batch", {"id": identifier})
        self._database.run("forget_batch", {"id": identifier})

    def of(self, sync: int) -> list[BatchRow]:
        """The batches of a sync in order."""
        return [BatchRow(*row) for row in self._database.rows("batches", {"sync_id": sync})]

    def rows(self, batch: str) -> list[tuple[str, str]]:
        """(key, payload) of a batch that was not sent yet."""
        return [(row[0], row[1]) for row in self._database.rows("batch_members", {"batch_id": batch})]

    def finish(self, stream: int, batch: BatchRow, rejected: Mapping[int, str], at: str, *, unsure: bool) -> None:
        """Take what a destination acknowledged into the record (within the caller's transaction).

        ``unsure``: the batch was sent before, and nobody knows whether it arrived; what is rejected now may be there
        all the same, so it stays on record as delivered and will be removed like everything else.
        """
        both = {"stream_id": stream, "batch_id": batch.id}
        self._database.run("unreject", both)
        if batch.operation == "remove":
            self._database.run("undeliver", both)
            for place in rejected:  # it is still there, and is to go at the next sync
                self._database.run("deliver_again", both | {"place": place})
        else:
            self._database.run("deliver", both | {"at": at})
            for place, reason in rejected.items():
                self._database.run("keep_rejected", both | {"place": place, "reason": reason})
            if rejected and not unsure:
                self._database.run("undeliver_rejected", both)
        self._database.run("finish_members", {"batch_id": batch.id})
        for place, reason in rejected.items():
            self._database.run("reject_member", {"batch_id": batch.id, "place": place, "reason": reason})
        self._database.run("finish_batch", {"id": batch.id, "at": at})

    def delivered(self, stream: int, stale: str | None = None) -> Iterator[tuple[str, str, bool]]:
        """(key, payload, whether last acknowledged before ``stale``) of everyone a stream has delivered, by key."""
        after = ""
        while True:
            rows = self._database.rows("delivered_from", {"stream_id": stream, "after": after, "most": _AT_ONCE})
            yield from ((row[0], row[1], stale is not None and (row[2] or "") < stale) for row in rows)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1][0]

    def delivered_of(self, stream: int, keys: Iterable[str]) -> list[tuple[str, str, bool]]:
        """The same of some people, by key; nobody of them is to be sent again because of time."""
        values = {"stream_id": stream, "keys": json.dumps(list(keys))}
        return [(row[0], row[1], False) for row in self._database.rows("delivered_of", values)]

    def delivered_count(self, stream: int) -> int:
        """How many people a stream has delivered."""
        return int(self._database.rows("delivered_count", {"stream_id": stream})[0][0])

    def rejected(self, stream: int) -> dict[str, str]:
        """Payloads that were rejected, by key."""
        return {row[0]: row[1] for row in self._database.rows("rejected_of", {"stream_id": stream})}

    def forget(self, stream: int) -> None:
        """Forget all a stream has delivered, so that the next sync sends everyone (within the caller's transaction)."""
        self._database.run("forget_delivered", {"stream_id": stream})
        self._database.run("forget_rejected", {"stream_id": stream})

    def sent_since(self, destination: str, since: str) -> list[str]:
        """When batches were taken at a destination after a moment, oldest first."""
        rows = self._database.rows("batches_since", {"destination_id": destination, "since": since})
        return [row[0] for row in rows]

    def clean(self, before: str) -> None:
        """Forget who was in batches of syncs that ended before a moment (within the caller's transaction)."""
        self._database.run("forget_old_members", {"before": before})

    def sent_to(self, key: str) -> Iterable[dict[str, Any]]:
        """When one person was sent where, and what became of it."""
        names = ("at", "audience", "destination", "operation", "outcome", "batch")
        return [dict(zip(names, row, strict=True)) for row in self._database.rows("sent_to_person", {"key": key})]


def set_aside(database: Database, sync: int) -> dict[str, int]:
    """How many people of a sync the destination did not take, by reason, the most frequent first."""
    return {row[0]: int(row[1]) for row in database.rows("set_aside", {"sync_id": sync})}


def _credentials(row: DestinationRow) -> tuple[str, ...]:
    """The kind of a destination and the secrets it names; nothing for one that names none."""
    named = (value for value in (row.document.get("settings") or {}).values() if isinstance(value, dict))
    found = sorted(json.dumps(value, sort_keys=True) for value in named)
    return (str(row.document.get("type")), *found) if found else ()


def _sync(row: tuple[Any, ...]) -> SyncRow:
    return SyncRow(
        row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6]), row[7], row[8], row[9],
        json.loads(row[10] or "{}"), row[11], row[12],
    )  # fmt: skip
