"""One sync from snapshot to acknowledgement: whom it concerns, what holds it back, what is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.activation.difference import changes
from engine.activation.identifiers import profile_named
from engine.activation.planning import Plan, Planner, counted
from engine.activation.sender import Sender
from engine.activation.spool import Spool
from engine.activation.target import Wanted, target
from engine.bitmap.erasing import erased
from engine.destinations.opening import open_destination
from engine.destinations.protocol import Capabilities, Destination, Later
from engine.domain.audience import Audience
from engine.domain.delivery import Delivery, read_delivery
from engine.domain.destination import DestinationDocument, read_destination
from engine.domain.documents import iso
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.membership.snapshots import Snapshots
from engine.operations.depending import quality_reason
from engine.operations.membering import members
from engine.operations.sealing import host_of
from engine.operations.suppressing import shrunk_reason, suppressed_now
from engine.operations.targets import ById
from engine.operations.workspace import Workspace
from engine.store.activation import END, Batches, Destinations, Outbox, SyncRow
from engine.store.erasures import Erasures

PASSING = ("warehouse", "warehouse_file", "changed", "store", "bitmaps", "memory", "internal")
STALE = timedelta(hours=1)
"""What was planned so long ago and not sent is planned anew: consent counts as of now."""


def clock() -> datetime:
    """Now, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Some:
    """The profiles by which a snapshot may differ from those of the runs ``before``: who of them is in now, and who is
    not. Where one of these was delivered last, nobody else need be looked at."""

    before: frozenset[int]
    came: NDArray[Any]
    went: NDArray[Any]

    def texts(self) -> list[str]:
        """Their keys as they are on record."""
        return [str(one) for one in (*self.came.tolist(), *self.went.tolist())]


class Delivering:
    """Plans and sends the syncs of a workspace, one after the other."""

    def __init__(self, workspace: Workspace, job: Job | None = None, now: Callable[[], datetime] = clock) -> None:
        self._workspace, self._job, self._now = workspace, job, now
        database = workspace.database
        self._outbox, self._batches, self._destinations = Outbox(database), Batches(database), Destinations(database)
        self._sender = Sender(database, now, job)
        self._some: Some | None = None
        self._people: dict[str, int] = {}  # the sizes of the audiences that were suppressed

    def deliver(self, identifier: int, some: Some | None = None) -> SyncRow:
        """Do one sync as far as it goes; by ``some`` people alone, where it :meth:`follows`."""
        sync = self._outbox.get(identifier)
        self._some = some
        try:
            document = self._document(sync.destination_id)
            destination = self._opened(document)
            try:
                return self._deliver(sync, document, destination)
            finally:
                destination.close()
        except EngineError as error:
            if error.code == "cancelled":
                raise
            self._failed(self._outbox.get(identifier), error)
            return self._outbox.get(identifier)

    def follows(self, sync: SyncRow, some: Some) -> bool:
        """Whether all up to one of the snapshots before was delivered, so that nobody else can have changed. Of one
        that was superseded nothing was sent."""
        mine = [one for one in self._outbox.newest(sync.audience_id, 50) if one.stream_id == sync.stream_id]
        before = next((one for one in mine if one.id < sync.id and one.state != "superseded"), None)
        return before is not None and before.run_id in some.before and before.state == "done"

    def _failed(self, sync: SyncRow, error: EngineError) -> None:
        """What may pass (a locked file, a full disk) is tried again; what a person must mend ends the sync."""
        if error.code in PASSING:
            self._sender.wait(sync, Later(str(error)))
            return
        with self._workspace.database.transaction():
            self._outbox.settle(sync, "failed", at=iso(self._now()), reason=str(error))

    def _deliver(self, sync: SyncRow, document: DestinationDocument, destination: Destination) -> SyncRow:
        as_of = self._as_of(sync)
        if sync.state == "planned":
            if not self._sender.resend(sync, as_of, destination, document.rate):
                return self._outbox.get(sync.id)
            sync = self._outbox.get(sync.id)
        if sync.state == "queued" or self._is_stale(sync):
            held = self._plan(sync, document, destination)
            sync = self._outbox.get(sync.id)
            if held:
                return self._hold(sync, as_of, destination)
        return self._sender.send(sync, as_of, destination, document.rate)

    def _hold(self, sync: SyncRow, as_of: str, destination: Destination) -> SyncRow:
        """Send nothing more; what was sent before it was held is made whole at the destination."""
        with self._workspace.database.transaction():
            self._batches.forget_planned(sync.id)
        if self._batches.of(sync.id):
            ended = self._sender.send(sync, as_of, destination)
            if ended.state == "done":
                with self._workspace.database.transaction():
                    self._outbox.settle(ended, "held", reason=sync.reason)
        return self._outbox.get(sync.id)

    def _is_stale(self, sync: SyncRow) -> bool:
        planned = sync.summary.get("planned_at")
        unsent = any(batch.state == "planned" for batch in self._batches.of(sync.id))
        return unsent and (planned is None or self._now() - datetime.fromisoformat(planned) > STALE)

    # -- planning --------------------------------------------------------------------------------------------------

    def _plan(self, sync: SyncRow, document: DestinationDocument, destination: Destination) -> bool:
        """Keep the batches of a sync; True when it is held back instead."""
        with self._target(sync.audience_id, sync.run_id, document, destination.capabilities) as (wanted, plan_of):
            plan, found = plan_of(sync.stream_id)
            reason, suppressing = self._guard(sync, wanted, plan, destination)
            at = iso(self._now())
            if reason is None:
                planner = Planner(self._workspace.database, sync, destination.capabilities.batch_rows, at)
                planner.write(found, plan, lambda: self._others(sync.stream_id))
            summary = plan.as_json() | {"planned_at": at, "suppressing": suppressing}
            with self._workspace.database.transaction():
                state = "planned" if reason is None else "held"
                self._outbox.settle(sync, state, reason=reason, summary=summary)  # type: ignore[arg-type]
        return reason is not None

    def _others(self, stream: int) -> Iterator[str]:
        """What was sent of everybody who is not looked at; without ``some`` there is no such."""
        if self._some is None:
            return
        texts = set(self._some.texts())
        yield from (payload for key, payload, _ in self._batches.delivered(stream) if key not in texts)

    def preview(self, audience: str, destination_id: str, run: int) -> tuple[Plan, str | None]:
        """What a sync would do, and what would hold it back; nothing is kept or sent."""
        document = self._document(destination_id)
        destination = self._opened(document)
        stream = next((n for n, pair in self._outbox.streams().items() if pair == (audience, destination_id)), 0)
        try:
            with self._target(audience, run, document, destination.capabilities) as (wanted, plan_of):
                plan, _ = plan_of(stream)
                row = SyncRow(0, stream, audience, destination_id, run, "queued", False, 0, "", None, {}, "", None)
                return plan, self._guard(row, wanted, plan, destination)[0]
        finally:
            destination.close()

    def _target(self, audience_id: str, run: int, document: DestinationDocument, can: Capabilities) -> _Target:
        if run == END:
            wanted, found = wanted_of(self._workspace, document, Delivery()), np.zeros(0, dtype=np.int64)
        else:
            settings = self._workspace.audiences.get(audience_id).audience.settings
            wanted = wanted_of(self._workspace, document, read_delivery(settings))
            if _least(wanted, can) > 1:
                self._some = None  # who could be told apart by comparing is known from everybody alone
            found = self._members(audience_id, run) if self._some is None else self._some.came
        delivery, some = wanted.delivery, self._some

        first = document.before(audience_id)
        self._people = {}
        hidden = {
            "suppressed": lambda keys: self._suppressed(delivery.suppress, keys, self._people),
            "elsewhere": lambda keys: self._suppressed([("audience", one) for one in first], keys, {}),
        }
        gone = Erasures(self._workspace.database).keys()
        if gone:
            hidden["erased"] = lambda keys: erased(keys.astype(str), gone)

        days = can.longest_days
        stale = None if days is None else iso(self._now() - timedelta(days=days) / 2)
        tally, pairs = target(wanted, found, hidden, self._workspace.warehouse, self._job)
        spool = Spool(self._workspace.folder / "spool", pairs)

        def plan_of(stream: int) -> tuple[Plan, Callable[[], Iterator[Any]]]:
            refused = self._batches.rejected(stream)

            def differences() -> Iterator[Any]:
                had = self._batches.delivered(stream, stale)
                if some is not None:
                    had = iter(self._batches.delivered_of(stream, some.texts()))
                return changes(iter(spool), had, refused)

            # Keys are compared only where an audience may not be too small.
            return counted(tally, differences(), keys=_least(wanted, can) > 1), differences

        return _Target(wanted, spool, plan_of)

    def _members(self, audience_id: str, run: int) -> NDArray[Any]:
        """The members of the audience in a run."""
        reader = Snapshots(self._workspace.runs, self._workspace.segments, self._workspace.library)
        rows = next((found for found in reader.history(audience_id) if found[0].run_id == run), None)
        if rows is None:
            raise EngineError(
                "not_found", f'the snapshot of "{audience_id}" of run {run} is gone', hint="Run the audience again."
            )
        return reader.members(rows)

    def _suppressed(
        self, suppress: Sequence[tuple[str, str]], keys: NDArray[Any], people: dict[str, int]
    ) -> NDArray[np.bool_]:
        """Which of these profiles are in something that is suppressed, as of now; into ``people`` goes how large the
        audiences among them are."""
        hidden = np.zeros(len(keys), dtype=bool)
        if not len(keys):
            return hidden
        texts = keys.astype(str) if suppress else keys
        lists = self._workspace.lists.sizes() if suppress else {}
        for kind, name in suppress:
            if kind == "list" or (kind == "any" and name in lists):
                if name not in lists:
                    raise EngineError(
                        "unknown_name", f'there is no list "{name}"', "suppress", nearest(name, lists, "list")
                    )
                others = self._workspace.lists.keys(name)
            else:
                others = members(self._workspace, [ById(name)], job=self._job)[0].keys
                people[name] = len(others)
            hidden |= np.isin(texts, np.asarray([str(one) for one in others], dtype=str))
        return hidden

    # -- what holds it back ----------------------------------------------------------------------------------------

    def _guard(
        self, sync: SyncRow, wanted: Wanted, plan: Plan, destination: Destination
    ) -> tuple[str | None, dict[str, Any]]:
        """Why a sync waits for a person, and what it suppresses: of one that waits, what the last one did."""
        if sync.run_id == END:
            return None if sync.allow_removals or not plan.removed else _ended(sync, plan), {}
        audience = self._workspace.audiences.get(sync.audience_id).audience
        before = self._outbox.suppressed_at_last(sync.stream_id)
        size = partial(_size_of, self._workspace, self._job) if self._some is None else None
        now = before | suppressed_now(self._workspace, audience, wanted.delivery.suppress, self._people, size)
        reason = self._unsafe(sync, audience, wanted, plan, destination)
        if reason is None and not sync.allow_removals:
            most = wanted.document.max_removal
            reason = shrunk_reason(self._workspace, sync.audience_id, before, now, most)
        return reason, now if reason is None else before

    def _unsafe(
        self, sync: SyncRow, audience: Audience, wanted: Wanted, plan: Plan, destination: Destination
    ) -> str | None:
        """Why a sync must wait, by the data and by whom it would add and remove."""
        red = quality_reason(self._workspace, audience)
        if red is not None:
            return red
        least = _least(wanted, destination.capabilities)
        if 0 < plan.leaving < least:
            return f"only {plan.leaving:,} people would be there, fewer than {least:,}"
        there = self._batches.delivered_count(sync.stream_id)
        if not sync.allow_removals and plan.removed * 100 > there * wanted.document.max_removal:
            return (
                f"{plan.removed:,} of {there:,} people would be removed, more than {wanted.document.max_removal} %; "
                f"to let it happen: convoke sync {sync.audience_id} --allow-removals"
            )
        return self._too_alike(sync, plan, least) if least > 1 else None

    def _too_alike(self, sync: SyncRow, plan: Plan, least: int) -> str | None:
        """Another audience at the same destination that differs by so few that they could be told by comparing."""
        for stream, (audience, destination) in self._outbox.streams().items():
            if destination != sync.destination_id or stream == sync.stream_id:
                continue
            there = self._batches.delivered_count(stream)
            if not there or abs(there - plan.leaving) >= least:
                continue
            apart = self._apart(plan.keys, (key for key, *_ in self._batches.delivered(stream)), least)
            if 0 < apart < least:
                return f'it differs from "{audience}", which is there too, by {apart:,} people, fewer than {least:,}'
        return None

    @staticmethod
    def _apart(one: list[str], other: Iterator[str], enough: int) -> int:
        """How many are in only one of both; not counted further than ``enough``."""
        mine, apart = set(one), 0
        for key in other:
            if key in mine:
                mine.discard(key)
            else:
                apart += 1
                if apart >= enough:
                    return apart
        return apart + len(mine)

    # -- names -----------------------------------------------------------------------------------------------------

    def _document(self, identifier: str) -> DestinationDocument:
        known = self._destinations.all()
        if identifier not in known:
            hint = nearest(identifier, known, "destination")
            raise EngineError("unknown_name", f'there is no destination "{identifier}"', "destinations", hint)
        return read_destination(known[identifier].document)

    def _opened(self, document: DestinationDocument) -> Destination:
        host = host_of(self._workspace, document.id, document.type, document.settings)
        return open_destination(document, host)

    def _as_of(self, sync: SyncRow) -> str:
        if sync.run_id == END:
            return sync.created_at
        return self._workspace.runs.as_of(sync.run_id) or ""


class _Target:
    """A target while it is used; its spool is let go of afterwards."""

    def __init__(self, wanted: Wanted, spool: Spool, plan_of: Callable[[int], tuple[Plan, Callable[[], Any]]]) -> None:
        self._both, self._spool = (wanted, plan_of), spool

    def __enter__(self) -> tuple[Wanted, Callable[[int], tuple[Plan, Callable[[], Any]]]]:
        return self._both

    def __exit__(self, *exception: object) -> None:
        self._spool.close()


def _least(wanted: Wanted, can: Capabilities) -> int:
    """Fewer people than this are not sent."""
    return max(wanted.document.min_size, wanted.delivery.min_size or 0, can.smallest_audience)


def wanted_of(workspace: Workspace, document: DestinationDocument, delivery: Delivery) -> Wanted:
    """Whom and how, checked against the model; raises EngineError with the place of what is not there."""
    model = workspace.model
    for i, name in enumerate(document.identifiers):
        if name not in model.identifiers:
            hint = nearest(name, model.identifiers, "identifier")
            raise EngineError("unknown_name", f'the model has no identifier "{name}"', f"identifiers[{i}]", hint)
    for name in delivery.consent:
        if name not in model.consents:
            hint = nearest(name, model.consents, "consent")
            raise EngineError("unknown_name", f'the model has no consent "{name}"', "consent", hint)
    kinds = {name: model.identifiers[name].kind for name in document.identifiers}
    return Wanted(document, delivery, profile_named(document.profile, kinds), model)


def _size_of(workspace: Workspace, job: Job | None, audience: str) -> int:
    """How large an audience is as of now."""
    return len(members(workspace, [ById(audience)], job=job)[0].array)


def _ended(sync: SyncRow, plan: Plan) -> str:
    """Why an audience's end waits for a person."""
    return (
        f"the audience does not go there any more: {plan.removed:,} people would be removed; "
        f"to let it happen: convoke sync {sync.audience_id} --allow-removals"
    )


def destinations_of(audience: Audience) -> tuple[str, ...]:
    """Where an audience goes."""
    return read_delivery(audience.settings).destinations
