"""Audiences that follow collected events: whoever did something since is looked at, and nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from engine.domain.audience import Audience
from engine.domain.canonical import canonical, canonical_json
from engine.domain.documents import iso
from engine.domain.rule import InList, TraitIs
from engine.domain.walk import conditions
from engine.errors import EngineError
from engine.jobs import Job
from engine.locks import holding
from engine.membership.following import Standing, Undelivered, found_among, written
from engine.membership.snapshots import Snapshots
from engine.operations.activating import deliver_some, queue_syncs
from engine.operations.catalogue import Catalogue, with_referred
from engine.operations.context import audience_problem, lists_for
from engine.operations.delivering import Some, destinations_of
from engine.operations.running import LOCK
from engine.operations.scheduling import next_second
from engine.operations.touching import Numbers, Reading, array_of, followed_tables, typed
from engine.operations.traits import trait_show
from engine.operations.workspace import Workspace
from engine.sql.compile import World
from engine.sql.sources import Sources
from engine.store.activation import Outbox, SyncRow
from engine.store.audiences import Stored, now
from engine.store.following import FollowedRow, Following
from engine.store.schedules import Schedules, Tasks

if TYPE_CHECKING:
    from engine.ingest.news import Part
    from engine.warehouses.collected import Collected

_ONLY = "followed"
_BUSY = "audiences are being run"
_ASK_AGAIN = 600.0
"""Seconds until an audience that was to be run as a whole, and was not or in vain, is asked for again."""
_MOST = 200_000
"""Profiles that are looked at one by one; when more did something, everybody is."""
_MOST_MISSED = 20_000
"""Of a delivery that was missed, or goes to a destination that is down or paused: with more of them the others would
be kept waiting at each step, so the daemon delivers the whole."""


@dataclass(frozen=True)
class Followed:
    """A step: the run it made (none when nobody came or went), the audiences that changed, how many came and went, how
    many profiles were looked at and bytes read to know which; audiences that are to be run as a whole from now on, or
    were before (``waiting``); what became of deliveries; and the last file of the journal that was looked at."""

    run: int | None = None
    audiences: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    touched: int = 0
    bytes: int = 0
    whole: tuple[str, ...] = ()
    syncs: tuple[SyncRow, ...] = ()
    landed: int = 0
    waiting: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """A line of the log."""
        told = {name: value for name, value in vars(self).items() if name != "syncs" and value}
        return told | {"syncs": [one.state for one in self.syncs]}


@dataclass
class _Behind:
    """An audience with what it is read from, its snapshot, and who of it was touched."""

    stored: Stored
    parts: frozenset[Part]
    run: int
    standings: dict[str, Standing]
    since: int
    as_of: datetime
    touched: set[Any] = field(default_factory=set)
    received: datetime | None = None


@dataclass(frozen=True)
class OnData:
    """The audiences with ``refresh: on_data``: those that follow collected events, those that these do not touch, and
    those that can only be run as a whole; and which of them all use a computed trait."""

    follow: list[str]
    untouched: list[str]
    whole: list[str]
    computed: list[str]


def on_data_audiences(workspace: Workspace) -> OnData:
    """What becomes of each audience when more is collected."""
    found, traits = OnData([], [], [], []), set(trait_show(workspace))
    for identifier in Schedules(workspace.database).on_data():
        stored = workspace.audiences.find(identifier)
        tables = None if stored is None else followed_tables(workspace, stored.audience)
        (found.whole if tables is None else found.follow if tables else found.untouched).append(identifier)
        if stored is not None and traits and not traits.isdisjoint(_traits_of(workspace, stored.audience)):
            found.computed.append(identifier)
    return found


def _traits_of(workspace: Workspace, audience: Audience) -> Iterator[str]:
    for one in with_referred(workspace, {(audience.id, None): audience}, strict=False).values():
        yield from (leaf.trait for _, leaf in conditions(one.rule) if isinstance(leaf, TraitIs))
        if one.top is not None:
            yield one.top.trait


class Follower:
    """Keeps the audiences with ``refresh: on_data`` up with what is collected. One in a workspace."""

    def __init__(self, workspace: Workspace, job: Job | None = None) -> None:
        self._workspace, self._job = workspace, job
        self._seen = self._stamp = -1
        self._tables: dict[tuple[str, int], frozenset[Part] | None] = {}
        self._wanted: list[Stored] = []
        self._standings: dict[str, tuple[int, dict[str, Standing]]] = {}
        self._meanings: dict[str, tuple[int, str]] = {}
        self._told: dict[str, tuple[int, str]] = {}
        self._asked: dict[str, tuple[int, float]] = {}
        self._undelivered = Undelivered(_MOST_MISSED)

    def step(self) -> Followed | None:
        """Look at what landed since the last step; None when nothing did, or while audiences are run."""
        from engine.warehouses.collected import state

        collected = state(self._workspace.warehouse_folder)
        if collected is None or collected.version == self._seen:
            return None
        with ExitStack() as held:
            try:
                held.enter_context(holding(self._workspace.folder / LOCK, "convoke daemon", "bitmaps", _BUSY))
            except EngineError:
                return None
            if not self._workspace.warehouse.still_current():
                self._workspace.reload()
            found = self._followed(collected)
        self._seen = -1 if found.whole or found.waiting else collected.version
        return found

    def _followed(self, collected: Collected) -> Followed:
        landed, as_of = self._workspace.warehouse.landed or 0, datetime.now(UTC)
        behind, whole, waiting = self._behind()
        reading = Reading(self._workspace, collected)
        for one in behind:
            one.touched, one.received = reading.of(one.parts, one.since, one.as_of)
        touched = set().union(*(one.touched for one in behind))
        if len(touched) > _MOST:
            whole += [one.stored.audience.id for one in behind if self._may_ask(one.stored)]
            behind, touched = [], set()
        moving = [one for one in behind if one.touched]
        try:
            after = self._moved(moving, touched, as_of) if moving else {}
        except EngineError as error:
            if error.code == "cancelled":
                raise
            # A run says what is wrong with which of them.
            whole += [one.stored.audience.id for one in moving if self._may_ask(one.stored)]
            behind, after = [one for one in behind if not one.touched], {}
        found = self._kept(behind, after, landed, as_of)
        self._ask_for(whole)
        read = replace(found, touched=len(touched), bytes=reading.bytes, landed=landed)
        return replace(read, whole=tuple(whole), waiting=tuple(waiting))

    # -- what follows --------------------------------------------------------------------------------------------------

    def _behind(self) -> tuple[list[_Behind], list[str], list[str]]:
        """The audiences that follow, those that must be run as a whole first, and those that are to be anyway: a step
        now would be of a later moment than that run."""
        followed, tasks = Following(self._workspace.database).all(), Tasks(self._workspace.database)
        found, whole, waiting = [], [], []
        for stored in self._following():
            identifier = stored.audience.id
            if tasks.open_of(identifier):
                waiting.append(identifier)
                continue
            one = self._standing(stored)
            if one is None:
                whole += [identifier] if self._may_ask(stored) else []
                continue
            self._asked.pop(identifier, None)
            known = followed.get(identifier)
            if known is not None and known.run_id == one.run:
                one.since, one.as_of = known.landed, datetime.fromisoformat(known.as_of)
            found.append(one)
        return found, whole, waiting

    def _following(self) -> list[Stored]:
        """The audiences that can be followed; what is wrong with one that cannot be read is said by its runs."""
        workspace, stamp = self._workspace, self._workspace.audiences_stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            found = [workspace.audiences.find(one) for one in Schedules(workspace.database).on_data()]
            known: Catalogue = {(one.audience.id, None): one.audience for one in found if one is not None}
            problem = audience_problem(workspace, workspace.model, with_referred(workspace, known, strict=False))
            sound = [one for one in found if one is not None and problem(one.audience) is None]
            self._wanted = [one for one in sound if self._tables_of(one)]
        return self._wanted

    def _may_ask(self, stored: Stored) -> bool:
        """Whether an audience is to be run as a whole now: one that failed is not asked for again and again."""
        before = self._asked.get(stored.audience.id)
        if before is not None and before[0] == stored.version and monotonic() - before[1] < _ASK_AGAIN:
            return False
        self._asked[stored.audience.id] = stored.version, monotonic()
        return True

    def _tables_of(self, stored: Stored) -> frozenset[Part] | None:
        """By what the audience refers to, and the model, as they are now."""
        model = self._workspace.models.current()
        key = stored.audience.id, hash((stored.version, None if model is None else model.version, self._stamp))
        if key not in self._tables:
            self._tables = {one: found for one, found in self._tables.items() if one[0] != key[0]}
            self._tables[key] = followed_tables(self._workspace, stored.audience)
        return self._tables[key]

    def _standing(self, stored: Stored) -> _Behind | None:
        """An audience as its newest snapshot says; None when that is of another version, or not of events."""
        workspace, identifier = self._workspace, stored.audience.id
        try:
            rows = Snapshots(workspace.runs, workspace.segments, workspace.library).at(identifier, None)
        except EngineError:
            return None
        run = rows[0].run_id
        report = workspace.runs.report(run)
        same = self._means_the_same(stored, run, whole="followed" not in report) and all(
            one.row.version == stored.version and one.row.epoch == workspace.segments.epoch(one.row.site)
            for one in rows
        )
        if report.get("landed") is None or not same:
            return None
        if self._standings.get(identifier, (0, {}))[0] != run:
            self._standings[identifier] = run, {one.row.site: Standing.of(one.row, workspace.library) for one in rows}
        parts, as_of = self._tables_of(stored) or frozenset(), datetime.fromisoformat(rows[0].as_of)
        return _Behind(stored, parts, run, self._standings[identifier][1], int(report["landed"]), as_of)

    def _means_the_same(self, stored: Stored, run: int, *, whole: bool) -> bool:
        """Whether the model, and all an audience refers to, are as they were when it was first looked at here; a run
        of everybody begins anew."""
        meaning = self._meaning(stored)
        known = self._meanings.get(stored.audience.id)
        if known is None or (whole and known[0] != run):
            self._meanings[stored.audience.id] = run, meaning
            return True
        return known[1] == meaning

    def _meaning(self, stored: Stored) -> str:
        """The model's version, the rules and the lists that an audience rests on; told once for each state of the
        store."""
        workspace, model = self._workspace, self._workspace.models.current()
        told = self._told.get(stored.audience.id)
        if told is not None and told[0] == self._stamp:
            return told[1]
        stamps = workspace.lists.stamps()
        parts = [str(None if model is None else model.version)]
        for (one, version), audience in sorted(
            with_referred(workspace, {(stored.audience.id, None): stored.audience}, strict=False).items(), key=str
        ):
            parts.append(f"{one} {version} {canonical_json(canonical(audience.rule))}")
            parts += [stamps.get(leaf.list, "") for _, leaf in conditions(audience.rule) if isinstance(leaf, InList)]
        self._told[stored.audience.id] = self._stamp, "|".join(parts)
        return self._told[stored.audience.id][1]

    def _ask_for(self, whole: Sequence[str]) -> None:
        """Have the daemon run audiences as a whole."""
        if whole:
            with self._workspace.database.transaction():
                Tasks(self._workspace.database).add(next_second(), "data", whole, now())

    # -- who came and went ---------------------------------------------------------------------------------------------

    def _moved(self, moving: Sequence[_Behind], touched: set[Any], as_of: datetime) -> dict[str, dict[str, Standing]]:
        """The audiences after the touched profiles were looked at, by id and site."""
        workspace, model = self._workspace, self._workspace.model
        warehouse = workspace.warehouse
        audiences = [one.stored.audience for one in moving]
        catalogue = with_referred(workspace, {(one.id, None): one for one in audiences})
        sources = Sources(model, warehouse)
        keys = typed(touched, integer=sources.integer_key)
        workspace.scratch.stage_keys(_ONLY, iter([(keys, 0)]))
        lists = lists_for(workspace, catalogue, sources)
        world = World(model, warehouse, warehouse.describe, lists, as_of, _ONLY)
        found: dict[str, dict[str, Standing]] = {one.stored.audience.id: {} for one in moving}
        for site in model.sites.values():
            here = [one for one in moving if site.id in one.standings]
            if not here:
                continue
            few = found_among(world, site, [one.stored.audience for one in here], catalogue, workspace.scratch)
            numbers = Numbers(workspace, site.id, keys, array_of(few.keys.tolist(), integer=sources.integer_key))
            for one in here:
                members = numbers.of(few.members[one.stored.audience.id])
                found[one.stored.audience.id][site.id] = one.standings[site.id].moved(numbers.touched, members)
        return found

    # -- keeping and delivering ----------------------------------------------------------------------------------------

    def _kept(
        self, behind: Sequence[_Behind], after: dict[str, dict[str, Standing]], landed: int, as_of: datetime
    ) -> Followed:
        """Make what changed count, queue its deliveries and do them."""
        workspace = self._workspace
        at = now()
        changed = [one for one in behind if any(s.changed for s in after.get(one.stored.audience.id, {}).values())]
        flat = [(one, standing) for one in changed for standing in after[one.stored.audience.id].values()]
        kept = written([standing for _, standing in flat], workspace.library) if flat else []
        run = None
        with workspace.database.transaction():
            if kept:
                ids = sorted(one.stored.audience.id for one in changed)
                run = workspace.runs.start(iso(as_of), workspace.warehouse.data_version(), ids)
                workspace.runs.save(run, [one.row for one in kept])
                going = {one.stored.audience.id: destinations_of(one.stored.audience) for one in changed}
                row = workspace.runs.get(run)
                assert row is not None  # noqa: S101 - it was just begun
                wanted = {identifier: places for identifier, places in going.items() if places}
                told = {"sites": [], "landed": landed, "followed": True}
                workspace.runs.finish(run, told, {}, lambda: queue_syncs(workspace, wanted, row, own=True))
                self._thin_out(changed, as_of)
            Following(workspace.database).save(
                FollowedRow(
                    one.stored.audience.id, iso(as_of), landed, _iso(one.received), at, self._run(one, run, changed)
                )
                for one in behind
            )
        for (one, _), standing in zip(flat, kept, strict=True):
            identifier = one.stored.audience.id
            known = self._standings[identifier][1] if self._standings[identifier][0] == run else {}
            self._standings[identifier] = run or 0, known | {standing.row.site: standing}
        syncs = self._delivered(changed, after, run) if run is not None else []
        return Followed(
            run,
            tuple(one.stored.audience.id for one in changed),
            sum(one.row.added or 0 for one in kept),
            sum(one.row.removed or 0 for one in kept),
            syncs=tuple(syncs),
        )

    @staticmethod
    def _run(one: _Behind, run: int | None, changed: Sequence[_Behind]) -> int:
        return one.run if run is None or one not in changed else run

    def _thin_out(self, changed: Sequence[_Behind], as_of: datetime) -> None:
        """Of snapshots of single steps the last of each hour stays."""
        runs = self._workspace.runs
        for one in changed:
            before = runs.get(one.run)
            if before is None or not before.report.get("followed") or Outbox(self._workspace.database).needs(one.run):
                continue
            if before.as_of[:13] == iso(as_of)[:13]:
                runs.forget([(one.stored.audience.id, one.run)])
                runs.forget_run(one.run)

    def _delivered(self, changed: Sequence[_Behind], after: dict[str, dict[str, Standing]], run: int) -> list[SyncRow]:
        """Deliver what changed; what cannot be now is made up for at a later step."""
        syncs = deliver_some(self._workspace, self._some(changed, after, run), self._job)
        done = Counter(one.audience_id for one in syncs if one.state == "done")
        for one in changed:
            if done[one.stored.audience.id] >= len(destinations_of(one.stored.audience)):
                self._undelivered.delivered(one.stored.audience.id)
        return syncs

    def _some(
        self, changed: Sequence[_Behind], after: dict[str, dict[str, Standing]], run: int
    ) -> dict[tuple[str, int], Some]:
        """What a delivery has to look at: who came and who went since the last one."""
        reader = Snapshots(self._workspace.runs, self._workspace.segments, self._workspace.library)
        found: dict[tuple[str, int], Some] = {}
        for one in changed:
            identifier = one.stored.audience.id
            moved = {site: new.now ^ one.standings[site].now for site, new in after[identifier].items()}
            self._undelivered.add(identifier, one.run, run, moved)
            came, went = [], []
            for site, standing in after[identifier].items():
                these = self._undelivered.of(identifier, site)
                came.append((standing.row, these & standing.now))
                went.append((standing.row, these - standing.now))
            found[identifier, run] = Some(self._undelivered.runs(identifier), reader.keys(came), reader.keys(went))
        return found


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment.replace(tzinfo=UTC))
