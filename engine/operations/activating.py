"""`convoke destination …` and `convoke sync`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.destinations.files import PROFILES
from engine.destinations.forms import FORMS
from engine.destinations.host import Host
from engine.destinations.needs import needs
from engine.destinations.opening import ONLY, PROOFS, open_destination
from engine.destinations.protocol import Later, Misconfigured
from engine.domain.delivery import Delivery
from engine.domain.destination import DestinationDocument, read_destination, write_destination
from engine.domain.documents import iso, load_one, read_file
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.locks import holding
from engine.membership.snapshots import Snapshots
from engine.operations.bindings import approve, keep
from engine.operations.delivering import Delivering, Some, clock, destinations_of, wanted_of
from engine.operations.ending import goes, let_end, queue_ends
from engine.operations.looking import mask
from engine.operations.sealing import host_of, set_secret
from engine.operations.workspace import Workspace, user_name
from engine.store.activation import END, Batches, DestinationRow, Destinations, Outbox, SyncRow
from engine.store.grants import Grants
from engine.store.runs import RunRow

_OWN = timedelta(seconds=10)
"""How long a delivery is left to who follows an audience and has just queued it: a whole one beside it would look at
everybody, and keep all that follow from being delivered meanwhile."""
AHEAD = timedelta(days=1)
"""A snapshot of a later moment than this from now says who would be a member then, and is not delivered."""
LOCK = "sync.lock"


def add_destination(workspace: Workspace, path: Path) -> str:
    """Keep the destination in a file, after it was checked against the model and its type; its id."""
    return save_destination(workspace, load_one(read_file(path)))


def save_destination(workspace: Workspace, value: Any) -> str:
    """Keep a destination, after it was checked against the model and its type; its id."""
    document = read_destination(value)
    open_destination(document, _host(workspace, document, saving=True)).close()
    wanted_of(workspace, document, Delivery())
    with workspace.database.transaction():
        approve(workspace, document.id, document.type, document.settings)
        Destinations(workspace.database).save(document.id, write_destination(document), user_name(), iso(clock()))
    return document.id


def keep_destination(workspace: Workspace, value: dict[str, Any], secrets: Mapping[str, str]) -> str:
    """Keep a destination whose secret settings were typed: they go to the keyring or vault, named ID-SETTING, and the
    document refers to them; its id. Typing one gives it to the destination, at the host that is named now and no
    other."""
    settings = dict(value.get("settings") or {})
    names = {setting: f"{value.get('id')}-{setting}" for setting in secrets}
    document = {**value, "settings": settings | {setting: {"secret": name} for setting, name in names.items()}}
    checked = read_destination(document)
    open_destination(checked, _host(workspace, checked, saving=True)).close()
    for setting, name in names.items():
        set_secret(workspace, name, secrets[setting])
    given = [one for one in needs(checked.type, checked.settings) if one.what == "secret"]
    with workspace.database.transaction():
        for name in names.values():
            Grants(workspace.database).forget_name("secret", name, checked.id)
        keep(workspace, checked.id, [one for one in given if one.name in names.values()])
    return save_destination(workspace, document)


def _host(workspace: Workspace, document: DestinationDocument, *, saving: bool = False) -> Host:
    """What a destination's connector is given. While it is saved its paths are looked at afterwards (see approve)."""
    host = host_of(workspace, document.id, document.type, document.settings)
    return replace(host, inside=lambda path: True) if saving else host


def destination_types() -> dict[str, dict[str, Any]]:
    """The kinds of destinations: what each was tested against, the identifier profiles it takes, and its settings."""
    return {
        kind: {
            "proof": PROOFS[kind],
            "profiles": list(ONLY.get(kind, PROFILES)),
            "settings": [asdict(one) for one in fields],
        }
        for kind, fields in FORMS.items()
    }


def destinations(workspace: Workspace) -> list[DestinationRow]:
    """Every destination."""
    return list(Destinations(workspace.database).all().values())


def _row(workspace: Workspace, identifier: str) -> DestinationRow:
    known = Destinations(workspace.database).all()
    if identifier not in known:
        hint = nearest(identifier, known, "destination")
        raise EngineError("not_found", f'there is no destination "{identifier}"', hint=hint)
    return known[identifier]


def try_destination(workspace: Workspace, identifier: str) -> str:
    """Try whether a destination can be used, without changing anything there; a sentence."""
    document = read_destination(_row(workspace, identifier).document)
    opened = open_destination(document, _host(workspace, document))
    try:
        return opened.check()
    except Misconfigured as error:
        raise EngineError("check_failed", error.reason, hint=error.hint or None) from None
    except Later as error:
        raise EngineError("check_failed", error.reason, hint="Try again later.") from None
    finally:
        opened.close()


def pause_destination(workspace: Workspace, identifier: str, *, paused: bool) -> None:
    """Hold back everything to a destination, or let it go again."""
    _row(workspace, identifier)
    with workspace.database.transaction():
        Destinations(workspace.database).pause(identifier, paused=paused)


def remove_destination(workspace: Workspace, identifier: str) -> None:
    """Forget a destination; refused while an audience goes there."""
    _row(workspace, identifier)
    using = [
        i for i, s in workspace.audiences.mentioning(identifier).items() if identifier in destinations_of(s.audience)
    ]
    if using:
        raise EngineError(
            "refused",
            f'"{identifier}" cannot be removed, because {", ".join(using)} goes there',
            hint="Change them first.",
        )
    with workspace.database.transaction():
        Destinations(workspace.database).forget(identifier)
        Grants(workspace.database).forget_user(identifier)


def queue_syncs(workspace: Workspace, wanted: Mapping[str, Sequence[str]], run: RunRow, *, own: bool = False) -> None:
    """Queue the snapshots of a run (within the transaction that makes them count). With ``own`` whoever queues them is
    about to deliver them (:func:`deliver_some`), and the others wait for that a little while.

    One of an earlier moment than the audience's newest, as a backfill makes, is not delivered; nor is one of a moment
    to come (:data:`AHEAD`), and such a one keeps no other back.
    """
    outbox, at = Outbox(workspace.database), iso(clock() + _OWN if own else clock())
    known = Destinations(workspace.database).all()
    as_of, latest = datetime.fromisoformat(run.as_of), _latest()
    for audience, places in wanted.items():
        others = (datetime.fromisoformat(one.as_of) for one in workspace.runs.of_audience(audience))
        if as_of > latest or any(as_of < one <= latest for one in others):
            continue
        for place in places:
            identifier = outbox.add(audience, place, run.id, at)
            if place not in known:
                outbox.settle(outbox.get(identifier), "failed", at=at, reason=f'there is no destination "{place}"')


def _latest() -> datetime:
    """The latest moment of a snapshot that is delivered."""
    return max(clock(), datetime.now(UTC)) + AHEAD


@dataclass(frozen=True)
class Preview:
    """What a sync would do."""

    audience: str
    destination: str
    summary: dict[str, Any]
    held: str | None
    rows: list[tuple[str, list[list[str]]]]

    def as_json(self) -> dict[str, Any]:
        """The line `convoke sync --dry-run --json` prints; keys and values are masked."""
        return {
            "audience": self.audience,
            "destination": self.destination,
            **self.summary,
            "held": self.held,
            "rows": [{"key": mask(key), "values": [[n, mask(v)] for n, v in values]} for key, values in self.rows],
        }


def preview_sync(workspace: Workspace, ids: Sequence[str] = (), *, job: Job | None = None) -> list[Preview]:
    """What syncing would add, remove and leave out, by audience and destination; nothing is sent or kept."""
    found = []
    delivering = Delivering(workspace, job)
    for audience, places, run in _chosen(workspace, ids):
        for place in places:
            plan, held = delivering.preview(audience, place, run)
            rows = [(key, json.loads(payload)) for key, payload in plan.sample]
            found.append(Preview(audience, place, plan.as_json(), held, rows))
    return found


def sync(
    workspace: Workspace,
    ids: Sequence[str] = (),
    *,
    allow_removals: bool = False,
    reset: bool = False,
    job: Job | None = None,
) -> list[SyncRow]:
    """Deliver the newest snapshots of audiences (all that go anywhere, or those named); the syncs as they are then.

    ``reset`` forgets what was acknowledged, so that everyone is sent again. ``allow_removals`` lets a sync remove as
    many as it wants.
    """
    outbox, batches = Outbox(workspace.database), Batches(workspace.database)
    touched: list[int] = []
    with _alone(workspace):
        queue_ends(workspace)
        ends = [one for one in outbox.newest(None, 10_000) if one.run_id == END and one.audience_id in ids]
        if allow_removals:
            touched += let_end(workspace, [one for one in ends if one.state == "held"])
        alive = [one for one in ids if one not in {end.audience_id for end in ends} or goes(workspace, one)]
        for audience, places, run in _chosen(workspace, alive) if alive or not ids else ():
            for place in places:
                _row(workspace, place)
                with workspace.database.transaction():
                    touched.append(outbox.add(audience, place, run, iso(clock()), allow_removals=allow_removals))
                    if reset:
                        batches.forget(outbox.get(touched[-1]).stream_id)
        _drain(workspace, job)
    return [outbox.get(one) for one in touched]


def sync_due(workspace: Workspace, job: Job | None = None) -> list[SyncRow]:
    """Do every sync that is due; for the daemon."""
    with _alone(workspace):
        return _drain(workspace, job)


def deliver_some(workspace: Workspace, some: Mapping[tuple[str, int], Some], job: Job | None) -> list[SyncRow]:
    """Do the syncs of some audiences (with their runs) for which looking at who came and went is enough. The others are
    left to the daemon's next delivery; while somebody else delivers all wait for the next time, or a little while."""
    outbox, delivering = Outbox(workspace.database), Delivering(workspace, job)
    done: list[SyncRow] = []
    try:
        with _alone(workspace):
            for identifier in outbox.due(iso(clock() + _OWN)):
                row = outbox.get(identifier)
                changed = some.get((row.audience_id, row.run_id))
                if changed is None:
                    continue
                if delivering.follows(row, changed):
                    done.append(delivering.deliver(identifier, changed))
                elif row.state == "queued":
                    outbox.settle(row, "queued", not_before=iso(clock()))
    except EngineError as error:
        if error.code != "refused":
            raise
    return done


def has_due_syncs(workspace: Workspace) -> bool:
    """Whether any sync may be done now."""
    return bool(Outbox(workspace.database).due(iso(clock())))


def syncs(workspace: Workspace, audience: str | None = None, most: int = 100) -> list[SyncRow]:
    """The newest syncs."""
    return Outbox(workspace.database).newest(audience, most)


def sent_to(workspace: Workspace, key: str) -> Iterable[dict[str, Any]]:
    """When one person was sent where, by which audience, and what became of it."""
    return Batches(workspace.database).sent_to(key)


def _alone(workspace: Workspace) -> Any:
    return holding(workspace.folder / LOCK, "convoke sync", "refused", "audiences are being delivered")


def _drain(workspace: Workspace, job: Job | None) -> list[SyncRow]:
    outbox, delivering = Outbox(workspace.database), Delivering(workspace, job)
    done: list[SyncRow] = []
    while due := outbox.due(iso(clock())):
        done += [delivering.deliver(one) for one in due]
    return done


def _chosen(workspace: Workspace, ids: Sequence[str]) -> list[tuple[str, tuple[str, ...], int]]:
    """(audience, destinations, run of its newest snapshot, none of a moment to come) of what is to be delivered."""
    going = workspace.audiences.mentioning("destinations").values() if not ids else ()
    stored = [workspace.audiences.get(one) for one in ids] or list(going)
    reader = Snapshots(workspace.runs, workspace.segments, workspace.library)
    found = []
    for one in stored:
        places = destinations_of(one.audience)
        if not places:
            if ids:
                hint = "Write destinations: [ID] into its document."
                raise EngineError("usage", f'"{one.audience.id}" goes nowhere', hint=hint)
            continue
        try:
            found.append((one.audience.id, places, reader.at(one.audience.id, _latest())[0].run_id))
        except EngineError as error:
            if ids or error.code != "not_found":  # of all audiences, those that never ran are passed over
                raise
    return found
