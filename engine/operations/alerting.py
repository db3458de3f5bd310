"""`convoke alert`: what needs a person's look, found in the store and told to whoever is to be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from engine.destinations.protocol import Later, Misconfigured
from engine.domain.documents import iso
from engine.errors import EngineError
from engine.operations.contracting import red_tables
from engine.operations.score_schedule import score_troubles
from engine.operations.sealing import reveal_any
from engine.operations.watching_folders import ingest_troubles
from engine.operations.workspace import Workspace
from engine.store.alerts import Alert, Alerts, Kind, Troubles

LATE = timedelta(hours=1)
"""An audience that should have been run so long ago is late."""
JUMP = 0.5
"""A size that is more than half away from the median of its weekday's is a jump."""
LEAST_JUMP = 100
LEAST_WEEKS = 3
REJECTS = 0.05
_TOLD_AT_ONCE = 20
_TITLES: dict[Kind, str] = {
    "run": "An audience failed",
    "task": "The run failed",
    "sync": "A delivery failed",
    "held": "A delivery waits for a person",
    "late": "Audiences are late",
    "size": "A size jumped",
    "rejects": "A destination rejects many",
    "identity": "Identity needs a look",
    "ingest": "A file was refused",
    "quality": "Data are not as their contract says",
    "score": "A model of people needs a look",
}

Problem = tuple[Kind, str]


@dataclass
class Seen:
    """What the watch has looked at: runs up to a number, deliveries since a moment."""

    run: int = 0
    since: str = ""


def alerts(workspace: Workspace, *, open_only: bool = False) -> list[Alert]:
    """Alerts that are open, then those that have passed, the newest first."""
    return Alerts(workspace.database).all(open_only=open_only)


def see_alerts(workspace: Workspace) -> None:
    """A person has seen them: the bell is quiet until something else goes wrong."""
    with workspace.database.transaction():
        Alerts(workspace.database).see(iso(_now()))


def watch(workspace: Workspace, seen: Seen, now: datetime | None = None) -> None:
    """Open alerts for what is wrong now and close those that have passed; ``seen`` is moved on."""
    at = (now or _now()).replace(microsecond=0)
    found, looked_at = _troubles(workspace, at), set[Problem]()
    for problem, message in _new(workspace, seen, at):
        looked_at.add(problem)
        if message is not None:
            found[problem] = message
    store = Alerts(workspace.database)
    known = {(one.kind, one.subject): one for one in store.all(open_only=True, most=1_000_000)}
    with workspace.database.transaction():
        for (kind, subject), message in found.items():
            one = known.get((kind, subject))
            if one is None or one.message != message:
                store.open(kind, subject, message, iso(at))
        for problem in known:
            passing = problem[0] in ("size", "rejects")  # these stay until they are looked at again
            if problem not in found and (not passing or problem in looked_at):
                store.close(*problem, iso(at))
        store.forget(iso(at - timedelta(days=workspace.settings.keep_days)))


def _troubles(workspace: Workspace, at: datetime) -> dict[Problem, str]:
    """What the store says is wrong."""
    troubles = Troubles(workspace.database)
    found: dict[Problem, str] = {("run", name): _sentence(error) for name, error in troubles.runs().items()}
    task = troubles.task()
    if task is not None:
        found["task", "scheduler"] = _sentence(task.get("error", {"message": "it was given up"}))
    for audience, destination, state, reason in troubles.syncs():
        found["held" if state == "held" else "sync", f"{audience} → {destination}"] = reason or "it was given up"
    identity = troubles.identity()
    if identity is not None:
        state, why = identity
        kept = (
            "the map of persons is held back, the earlier one stays"
            if state == "held"
            else "persons were not found anew"
        )
        found["identity", "persons"] = f"{kept}: {why}"
    found |= _red(workspace)
    found |= {("ingest", name): why for name, why in ingest_troubles(workspace).items()}
    found |= {("score", name): why for name, why in score_troubles(workspace).items()}
    late = troubles.late(iso(at - LATE))
    if late:
        names = ", ".join(name for name, _ in late[:3]) + (", …" if len(late) > 3 else "")
        found["late", "scheduler"] = f"{len(late):,} audiences are late, since {late[0][1]}: {names}"
    return found


def _red(workspace: Workspace) -> dict[Problem, str]:
    """Tables with a red check; a contract that cannot be read is one too."""
    try:
        return {("quality", table): why for table, why in red_tables(workspace).items()}
    except EngineError as error:
        return {("quality", "contracts"): _sentence({"message": error.message, "hint": error.hint})}


def _sentence(error: dict[str, Any]) -> str:
    hint = f". {error['hint']}" if error.get("hint") else ""
    return f"{error.get('message', 'it failed')}{hint}"


def _new(workspace: Workspace, seen: Seen, at: datetime) -> Iterator[tuple[Problem, str | None]]:
    """What runs and deliveries since the last look show: a problem, or that there is none any more."""
    troubles = Troubles(workspace.database)
    for run, as_of in troubles.runs_after(seen.run):
        seen.run = run
        for audience, sizes in troubles.sizes_of_weekday(run, as_of).items():
            yield ("size", audience), _jump(sizes, run)
    since = seen.since or iso(at - timedelta(days=1))
    seen.since = iso(at)
    for audience, destination, sent, rejected, why in troubles.ended_syncs(since):
        many = sent > 0 and rejected > REJECTS * sent
        message = f"{rejected:,} of {sent:,} people were rejected, more than {REJECTS:.0%}" if many else None
        if message is not None and why is not None:
            message = f"{message}: {why}"
        yield ("rejects", f"{audience} → {destination}"), message


def _jump(sizes: list[tuple[str, int, int]], run: int) -> str | None:
    """How far the run's size is from the median of the weeks before; None when that is not unusual."""
    now = next(size for _, number, size in sizes if number == run)
    today = next(day for day, number, _ in sizes if number == run)
    before = {day: size for day, _, size in sizes if day != today}  # the last one of each day
    if len(before) < LEAST_WEEKS:
        return None
    usual = median(before.values())
    if abs(now - usual) <= max(LEAST_JUMP, JUMP * usual):
        return None
    return f"{now:,} people, where {usual:,.0f} are usual on this weekday"


# -- telling -----------------------------------------------------------------------------------------------------------


def tell_alerts(workspace: Workspace, send: Callable[[str, str, str, bool], bool] | None = None) -> int:
    """Tell what was not told yet to every address of the setting ``alerts``; how many were told.

    Raises EngineError("check_failed") when an address did not take it. What nobody took is told again at the next try;
    what one of several took is not, for that one would be told again and again.
    """
    store = Alerts(workspace.database)
    untold = store.untold()
    if not untold or not workspace.settings.alerts:
        return 0
    good = all(one.closed_at is not None for one in untold)
    title = f"Convoke: {len(untold)} alerts" if len(untold) > 1 else f"Convoke: {_title(untold[0])}"
    lines = [f"{_title(one)}: {one.subject}: {one.message}" for one in untold[:_TOLD_AT_ONCE]]
    if len(untold) > _TOLD_AT_ONCE:
        lines.append(f"… and {len(untold) - _TOLD_AT_ONCE:,} more: convoke alert list")
    took, failed = _sent(workspace, title, "\n".join(lines), good=good, send=send or _by_apprise)
    if took:
        with workspace.database.transaction():
            for one in untold:
                store.tell(one)
    _must_all(failed)
    return len(untold)


def try_alerts(workspace: Workspace, send: Callable[[str, str, str, bool], bool] | None = None) -> list[str]:
    """Send a message that says only that it is a test; the names of the addresses that took it."""
    took, failed = _sent(workspace, "Convoke: a test", "Alerts arrive here.", good=True, send=send or _by_apprise)
    _must_all(failed)
    return took


def _title(alert: Alert) -> str:
    return _TITLES[alert.kind] if alert.closed_at is None else "It has passed"


def _sent(
    workspace: Workspace, title: str, body: str, *, good: bool, send: Callable[[str, str, str, bool], bool]
) -> tuple[list[str], dict[str, str]]:
    """The names of the addresses that took it, and why the others did not."""
    names = (workspace.settings.alerts or "").split()
    if not names:
        hint = 'Keep an address with convoke secret set ops, then write alerts = "ops" into convoke.toml.'
        raise EngineError("usage", "there is nobody to be told", hint=hint)
    reveal, took, failed = reveal_any(workspace), list[str](), dict[str, str]()
    for name in names:
        try:
            if send(reveal({"secret": name}), title, body, good):
                took.append(name)
            else:
                failed[name] = "check the address, as Apprise writes it"
        except (Misconfigured, Later) as error:
            failed[name] = error.reason
    return took, failed


def _must_all(failed: dict[str, str]) -> None:
    if failed:
        message = f"{', '.join(failed)} did not take the alert"
        raise EngineError("check_failed", message, hint=f"{'; '.join(failed.values())}.")


def _by_apprise(address: str, title: str, body: str, good: bool) -> bool:
    """Send by Apprise; its own log, which may quote addresses, is not kept."""
    from apprise import Apprise, NotifyType

    told = Apprise()
    if not told.add(address):
        return False
    return bool(told.notify(body=body, title=title, notify_type=NotifyType.SUCCESS if good else NotifyType.FAILURE))


def _now() -> datetime:
    return datetime.now(UTC)
