"""Sending what was planned: batch by batch, each acknowledged before the next, whatever happens in between.

A batch whose outcome is unknown (the process died, the line broke) is sent again as it was: a destination knows its id,
or adding and removing are set operations there. Waits are stored, never slept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from engine.activation.planning import batch_id
from engine.destinations.protocol import Batch, Destination, Later, Misconfigured, Pending, Refused, Row, Sync, Undone
from engine.domain.documents import iso
from engine.errors import EngineError
from engine.jobs import Job
from engine.store.activation import Batches, BatchRow, Destinations, Outbox, SyncRow, set_aside
from engine.store.database import Database

WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
"""Before the next try; the last one from then on."""
GIVE_UP_AFTER = 12
BREAK_AFTER = 5
BREAK_FOR = timedelta(minutes=15)
"""After so many failures in a row of anything to a destination, nothing is tried there for a while."""
Clock = Callable[[], datetime]


_HALF = "a text holds half a character (a lone surrogate)"
_A_MINUTE = timedelta(minutes=1)
_PATIENCE = timedelta(days=2)
"""How long a destination may work on a delivery by itself."""


class _NotYet(Exception):
    """The destination's rate is used up until a moment."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at


class Sender:
    """Sends the planned batches of syncs."""

    def __init__(self, database: Database, clock: Clock, job: Job | None = None) -> None:
        self._database, self._clock, self._job = database, clock, job
        self._outbox, self._batches = Outbox(database), Batches(database)
        self._destinations = Destinations(database)

    def resend(self, sync: SyncRow, as_of: str, destination: Destination, rate: int | None = None) -> bool:
        """Send again what may have arrived already; False when that has to wait or failed."""
        return self._guarded(sync, lambda: self._all(sync, as_of, destination, ("sending",), rate))

    def send(self, sync: SyncRow, as_of: str, destination: Destination, rate: int | None = None) -> SyncRow:
        """Send what is left of a sync, at most ``rate`` batches a minute; its state afterwards: done, planned (waits),
        or failed."""

        def work() -> None:
            self._all(sync, as_of, destination, ("sending", "planned"), rate)
            done = [(one.id, one.name, one.operation) for one in self._batches.of(sync.id)]
            if done:
                asked = int(sync.summary.get("asked", 0))
                references = self._batches.references(sync.id)
                destination.finish(Sync(sync.id, sync.audience_id, as_of, references, asked), done)

        if self._guarded(sync, work):
            self._settle(sync, "done", set_aside_reason(set_aside(self._database, sync.id)))
        return self._outbox.get(sync.id)

    def _guarded(self, sync: SyncRow, work: Callable[[], None]) -> bool:
        """Do it; what keeps it from being done is written down, and False."""
        try:
            work()
        except _NotYet as turn:  # nobody's fault: no attempt is counted, no breaker opens
            with self._database.transaction():
                self._outbox.settle(self._outbox.get(sync.id), sync.state, not_before=iso(turn.at))
        except Pending as error:
            self._on_pending(sync, error)
        except Undone as error:
            with self._database.transaction():
                self._batches.undo(sync.stream_id, sync.id, error.references)
            self._settle(sync, "failed", error.reason)
        except Later as error:
            self._on_later(sync, error)
        except Misconfigured as error:
            self._settle(sync, "failed", f"{error.reason}. {error.hint}" if error.hint else error.reason)
        except Refused as error:  # of a whole delivery, which cannot be halved
            self._settle(sync, "failed", error.reason)
        except EngineError:
            raise
        except Exception as error:  # a connector's mistake ends its own sync, not the others'
            self._settle(sync, "failed", f"the destination met a case it did not expect ({type(error).__name__})")
        else:
            return True
        return False

    def _all(
        self, sync: SyncRow, as_of: str, destination: Destination, states: tuple[str, ...], rate: int | None
    ) -> None:
        about = Sync(sync.id, sync.audience_id, as_of)
        while (batch := self._next(sync, states)) is not None:
            if rate is not None:
                self._wait_for_turn(sync, rate)
            if self._job is not None:
                self._job.check()
            self._one(sync, about, batch, destination)

    def _wait_for_turn(self, sync: SyncRow, rate: int) -> None:
        """Raises _NotYet when so many batches were sent there in the last minute."""
        sent = self._batches.sent_since(sync.destination_id, iso(self._clock() - _A_MINUTE))
        if len(sent) >= rate:
            raise _NotYet(datetime.fromisoformat(sent[-rate]) + _A_MINUTE)

    def _next(self, sync: SyncRow, states: tuple[str, ...]) -> BatchRow | None:
        return next((one for one in self._batches.of(sync.id) if one.state in states), None)

    def _one(self, sync: SyncRow, about: Sync, batch: BatchRow, destination: Destination) -> None:
        """Send one batch and take its acknowledgement into the record."""
        rows = [
            Row(key, tuple((n, v) for n, v in json.loads(payload))) for key, payload in self._batches.rows(batch.id)
        ]
        with self._database.transaction():
            self._batches.begin(batch.id)
        try:
            receipt = destination.send(Batch(batch.id, about, batch.name, batch.operation, rows))
        except (Refused, UnicodeError) as error:
            if len(rows) > 1:
                self._halve(sync, batch)
                return
            rejected, reference = {0: error.reason if isinstance(error, Refused) else _HALF}, None
        else:
            rejected, reference = dict(receipt.rejected), receipt.reference
        with self._database.transaction():
            at = iso(self._clock())
            self._batches.finish(sync.stream_id, batch, rejected, at, unsure=batch.state == "sending")
            if reference is not None:
                self._batches.refer(batch.id, reference)
            else:
                self._batches.forget_payloads(batch.id)
            self._destinations.breaker(sync.destination_id, 0, None)

    def _halve(self, sync: SyncRow, batch: BatchRow) -> None:
        """Two batches in place of one that was refused whole; each has an id of its own for good."""
        rows = self._batches.rows(batch.id)
        middle = len(rows) // 2
        with self._database.transaction():
            self._batches.drop(batch.id)
            for half, some in (("0", rows[:middle]), ("1", rows[middle:])):
                place = (batch.number, batch.part + half)
                identifier = batch_id(sync, f"{batch.id}.{half}")
                self._batches.add(sync.id, identifier, place, batch.operation, some)
                if batch.state == "sending":  # an earlier try may have got through: so may each half
                    self._batches.begin(identifier)

    def _on_pending(self, sync: SyncRow, error: Pending) -> None:
        """Ask again later, without counting it as an attempt; after two days somebody is to look."""
        now = self._clock()
        current = self._outbox.get(sync.id)
        with self._database.transaction():
            if now - datetime.fromisoformat(sync.created_at) > _PATIENCE:
                self._outbox.settle(current, "failed", at=iso(now), reason=error.reason)
                return
            summary = {**current.summary, "asked": int(current.summary.get("asked", 0)) + 1}
            again = iso(now + timedelta(seconds=error.after))
            self._outbox.settle(current, "planned", reason=error.reason, not_before=again, summary=summary)

    def _on_later(self, sync: SyncRow, error: Later) -> None:
        """Try again; a destination that failed again and again is left alone for a while."""
        row = self._destinations.all().get(sync.destination_id)
        failures = 1 if row is None else row.failures + 1
        open_until = iso(self._clock() + BREAK_FOR) if failures >= BREAK_AFTER else None
        with self._database.transaction():
            self._destinations.breaker(sync.destination_id, failures, open_until)
            self.wait(sync, error)

    def wait(self, sync: SyncRow, error: Later) -> None:
        """Try again later, whoever is to blame; at last give it up."""
        now = self._clock()
        attempt = sync.attempt + 1
        asked = None if error.after is None else timedelta(seconds=max(1.0, error.after))
        wait = WAITS[min(attempt, len(WAITS)) - 1] if asked is None else asked
        with self._database.transaction():
            if attempt >= GIVE_UP_AFTER:
                self._outbox.settle(sync, "failed", at=iso(now), reason=error.reason, attempt=attempt)
            else:
                again = iso(now + wait)
                self._outbox.settle(sync, sync.state, reason=error.reason, attempt=attempt, not_before=again)

    def _settle(self, sync: SyncRow, state: str, reason: str | None) -> None:
        current = self._outbox.get(sync.id)
        with self._database.transaction():
            if state == "done":
                for batch in self._batches.references(sync.id):
                    self._batches.forget_payloads(batch)
            self._outbox.settle(current, state, at=iso(self._clock()), reason=reason)  # type: ignore[arg-type]


def set_aside_reason(counts: Mapping[str, int]) -> str | None:
    """What is said of a delivery that is done but for some people: how many and why, never who."""
    if not counts:
        return None
    number = sum(counts.values())
    why = "; ".join(f"{one} ({count:,})" if len(counts) > 1 else one for one, count in counts.items())
    return f"{number:,} of the people are set aside until their values change: {why}"
