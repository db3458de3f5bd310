"""What the audiences ask of the workspace's own tables, and in which layouts these could lie for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.domain.model import DataModel, EventType
from engine.domain.operators import Among, Compare
from engine.domain.rule import Did, PropertyIs, Sequence, Where, WhereAll, WhereAny
from engine.domain.walk import conditions
from engine.domain.windows import bounds
from engine.sql.usersql import equality

if TYPE_CHECKING:
    from engine.operations.workspace import Workspace
    from engine.warehouses.layout import Ask
    from engine.warehouses.partitions import Layout, Sites

_MOST_ALONE = 1000
"""So many conditions, those of most audiences, are measured alone."""
_UTC = ZoneInfo("UTC")
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Wanted:
    """A table with what is asked of it. ``hot`` is the column that most audiences (``audiences`` of them) compare with
    constants. A run of all audiences reads ``scans``, which conditions of a shape share; somebody who draws reads one
    of ``alone``, conditions by themselves. ``sites`` ask each for itself. ``layouts`` are those that the table could
    lie in, the one of the most parts first."""

    table: str
    events: tuple[str, ...]
    hot: str | None
    audiences: int
    scans: tuple[Ask, ...]
    alone: tuple[Ask, ...]
    sites: tuple[str | None, ...]
    layouts: tuple[Layout, ...]


@dataclass
class _Asked:
    """What was found of a table so far."""

    events: list[EventType]
    uses: Counter[str] = field(default_factory=Counter)
    asks: list[tuple[EventType, Mapping[str, tuple[Any, ...]], Any]] = field(default_factory=list)


def wanted_of(workspace: Workspace, model: DataModel, connection: Any) -> list[Wanted]:
    """By table of the warehouse that a connection reads; one that is read through SQL is nobody's to sort."""
    from engine.warehouses.layout import types_of

    found: dict[str, _Asked] = {}
    for event in model.events.values():
        table = event.source.table
        if table is not None and "." not in table and _fits(event, types_of(connection, table)):
            found.setdefault(table, _Asked([])).events.append(event)
    for stored in workspace.audiences.all().values():
        _note_asked(stored.audience.rule, model, found)
    events = [_events(connection, model, table, asked) for table, asked in sorted(found.items())]
    return [*events, *_profiles(connection, model, set(found))]


def hot_properties(workspace: Workspace) -> frozenset[tuple[str, str]]:
    """The properties (event, property) that audiences compare with constants."""
    rules = (stored.audience.rule for stored in workspace.audiences.all().values())
    asked = (one for rule in rules for one in _asked(rule))
    return frozenset((event, prop) for event, where, _ in asked for prop, _ in _equal(where))


def _fits(event: EventType, types: Mapping[str, str]) -> bool:
    """Whether a table is as the model says; of another one nothing can be asked."""
    columns = [one.column.lower() for one in event.properties.values()]
    moment = types.get(event.time.lower(), "").startswith(("DATE", "TIMESTAMP"))
    return moment and event.profile.lower() in types and all(one in types for one in columns)


def _note_asked(rule: Any, model: DataModel, found: Mapping[str, _Asked]) -> None:
    seen: set[tuple[str, str]] = set()
    for name, where, window in _asked(rule):
        event = model.events.get(name)
        asked = None if event is None else found.get(event.source.table or "")
        if event is None or asked is None:
            continue
        constants: dict[str, tuple[Any, ...]] = {}
        for prop, value in _equal(where):
            told = event.properties.get(prop)
            if told is not None:
                constants[told.column] = (*constants.get(told.column, ()), value)
        asked.asks.append((event, constants, window))
        seen |= {(event.source.table or "", column) for column in constants}
    for table, column in seen:
        found[table].uses[column] += 1


def _events(connection: Any, model: DataModel, table: str, asked: _Asked) -> Wanted:
    """A table of events."""
    from engine.warehouses.layout import types_of
    from engine.warehouses.partitions import Layout

    hot, count = min(asked.uses.items(), key=lambda one: (-one[1], one[0])) if asked.uses else (None, 0)
    first = asked.events[0]
    kind, kinds = _kinds(asked.events, types_of(connection, table))
    sites = _sites(connection, model, table, first.profile)
    whole = Layout(table, first.profile, first.time, kind, hot, sites, monthly=True)
    names = tuple(event.name for event in asked.events)
    alone = _alone(asked, hot, kinds, _newest(connection, table, first.time))
    if not alone:
        return Wanted(table, names, hot, count, (), (), (None,), (replace(whole, sites=None, monthly=False),))
    candidates = [whole, replace(whole, monthly=False), replace(whole, sites=None)]
    candidates.append(replace(whole, sites=None, monthly=False))
    each = tuple(model.sites) if sites is not None else (None,)
    return Wanted(table, names, hot, count, _shared(alone), alone[:_MOST_ALONE], each, tuple(dict.fromkeys(candidates)))


def _profiles(connection: Any, model: DataModel, events: set[str]) -> Iterator[Wanted]:
    """The table of profiles: each site's conditions on traits read the rows of that site."""
    from engine.warehouses.layout import Ask, types_of
    from engine.warehouses.partitions import Layout

    profile, table = model.profile, model.profile.source.table
    if table is None or table in events or profile.identity is not None or profile.site_column is None:
        return
    columns = {profile.key.lower(), profile.site_column.lower()}
    if "." in table or len(model.sites) < 2 or not columns <= {*types_of(connection, table)}:
        return
    scans = tuple(Ask(kind=site) for site in model.sites)
    layout = Layout(table, profile.key, kind=profile.site_column)
    yield Wanted(table, (), None, 0, scans, scans, (None,), (layout,))


def _kinds(events: list[EventType], types: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """The column that tells the events of one table apart, and the constant of each; none where it is not told so."""
    told = {event.name: equality(event.source.where) for event in events if event.source.where is not None}
    columns = {one[0] for one in told.values() if one is not None}
    if len(columns) != 1 or not {one.lower() for one in columns} <= {*types}:
        return None, {}
    return columns.pop(), {name: one[1] for name, one in told.items() if one is not None}


def _sites(connection: Any, model: DataModel, table: str, profile: str) -> Sites | None:
    """Where the site of a row is told: by the table of profiles, where its key is compared as it is."""
    from engine.warehouses.layout import types_of
    from engine.warehouses.partitions import Sites

    owner = model.profile
    source = owner.source.table
    if owner.site_column is None or owner.identity is not None or source is None or len(model.sites) < 2:
        return None
    mine, theirs = types_of(connection, table), types_of(connection, source)
    key, own = theirs.get(owner.key.lower()), mine.get(profile.lower())
    alike = key == own == "VARCHAR" or (key in _INTEGERS and own in _INTEGERS)
    if not alike or "rowid" in mine or owner.site_column.lower() not in theirs:
        return None
    return Sites(source, owner.key, owner.site_column)


def _shared(alone: tuple[Ask, ...]) -> tuple[Ask, ...]:
    """The scans that conditions share: one for all constants of a kind, one for those without, each over the widest
    window."""
    from engine.warehouses.layout import Ask

    scans: dict[tuple[Any, bool], list[Ask]] = {}
    for ask in alone:
        scans.setdefault((ask.kind, ask.constants is None), []).append(ask)
    found = []
    for (kind, every), asks in scans.items():
        constants = None if every else tuple(dict.fromkeys(one for ask in asks for one in ask.constants or ()))
        since, until = [ask.since for ask in asks], [ask.until for ask in asks]
        begin = None if None in since else min(one for one in since if one is not None)
        end = None if None in until else max(one for one in until if one is not None)
        found.append(Ask(kind, constants, begin, end))
    return tuple(found)


def _alone(asked: _Asked, hot: str | None, kinds: Mapping[str, str], newest: datetime) -> tuple[Ask, ...]:
    from engine.warehouses.layout import Ask

    counted: Counter[Ask] = Counter()
    for event, constants, window in asked.asks:
        since, until = bounds(window, newest, _UTC)
        begin = None if since is None else since.replace(tzinfo=None)
        end = None if until >= newest else until.replace(tzinfo=None)
        values = constants.get(hot or "")
        for each in [None] if values is None else [(value,) for value in values]:
            counted[Ask(kinds.get(event.name), each, begin, end)] += 1
    return tuple(ask for ask, _ in counted.most_common())


def _newest(connection: Any, table: str, time: str) -> datetime:
    """The moment that windows are reckoned from: now, or the last event of a table that nothing came into for long."""
    from engine.warehouses.naming import quoted

    query = f"SELECT CAST(max({quoted(time)}) AS TIMESTAMP) FROM {quoted(table)}"  # noqa: S608 - quoted
    ((last,),) = connection.execute(query).fetchall()
    now = datetime.now(UTC)
    return now if last is None else min(now, last.replace(tzinfo=UTC))


def _asked(rule: Any) -> Iterator[tuple[str, Where | None, Any]]:
    """(event, what its rows must satisfy, window) of every condition on events."""
    for _, leaf in conditions(rule):
        match leaf:
            case Did(event, where, window):
                yield event, where, window
            case Sequence(steps, window):
                yield from ((step.event, step.where, window) for step in steps)


def _equal(where: Where | None) -> Iterator[tuple[str, Any]]:
    match where:
        case PropertyIs(name, Compare("eq", value)):
            yield name, value
        case PropertyIs(name, Among("in", values)):
            yield from ((name, one) for one in values)
        case WhereAll(children) | WhereAny(children):
            for child in children:
                yield from _equal(child)
