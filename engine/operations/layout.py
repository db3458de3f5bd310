"""`convoke warehouse layout`: what conditions read of event tables against what they need, and sorting those anew."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from engine.domain.model import DataModel, EventType
from engine.domain.operators import Among, Compare
from engine.domain.rule import Did, PropertyIs, Sequence, Where, WhereAll, WhereAny
from engine.domain.walk import conditions
from engine.durable import replace_file
from engine.errors import EngineError
from engine.operations.identity_documents import raw_model
from engine.operations.workspace import Workspace

_LOCAL = "local:"
_STATE = "layout.json"
_DAY = timedelta(days=1)
_LEAST_ROWS = 1_000_000
_WORTH = 2.0
"""A table is sorted by itself when its audiences read more than this times what they would have to."""


@dataclass(frozen=True)
class TableLayout:
    """A table of events. ``hot`` is the column that most audiences compare with constants (``audiences`` of them; none
    where none does), ``order`` the columns that it should be sorted by. Of all those comparisons together, ``needed``
    rows match and ``read`` rows are read; ``after`` are read once the table was sorted (None: it was not). The bytes
    are what these rows take of the columns of ``order`` on disk, compressed."""

    table: str
    events: tuple[str, ...]
    rows: int
    hot: str | None
    audiences: int
    order: tuple[str, ...]
    needed: int
    read: int
    bytes_needed: int
    bytes_read: int
    after: int | None = None
    bytes_after: int | None = None

    def as_json(self) -> dict[str, Any]:
        """A line of `convoke warehouse layout --json`."""
        return asdict(self)


@dataclass(frozen=True)
class _Wanted:
    """A table with what is asked of it."""

    events: tuple[EventType, ...]
    hot: str | None
    audiences: int
    constants: tuple[Any, ...]
    order: tuple[str, ...]


def warehouse_layout(workspace: Workspace, *, apply: bool = False, worth: bool = False) -> list[TableLayout]:
    """How the event tables of the workspace's own warehouse lie for the audiences there are; with ``apply`` each (each
    that is ``worth`` it) is sorted by its hot property, the profile and the time, and they come into force in one
    step."""
    from engine.warehouses.layout import sort
    from engine.warehouses.local import publishing, reading

    if workspace.settings.warehouse != _LOCAL:
        raise EngineError(
            "refused",
            "the tables are not the workspace's own",
            hint="Sort them where they are written, by what most conditions compare, then by profile.",
        )
    wanted = dict(sorted(_wanted(workspace, raw_model(workspace)).items()))
    with reading(workspace.warehouse_folder) as connection:
        found = [_measured(connection, table, one) for table, one in wanted.items()]
    if not apply:
        return found
    sorted_ = {one.table for one in found if not worth or _is_worth(one)}
    with publishing(workspace.warehouse_folder, "convoke warehouse layout", keep=True) as connection:
        for table in sorted_:
            sort(connection, table, wanted[table].order)
    workspace.reload()
    with reading(workspace.warehouse_folder) as connection:
        now = {table: _measured(connection, table, wanted[table]) for table in sorted_}
    return [
        replace(one, after=now[one.table].read, bytes_after=now[one.table].bytes_read) if one.table in now else one
        for one in found
    ]


def _measured(connection: Any, table: str, one: _Wanted) -> TableLayout:
    from engine.warehouses.layout import bytes_of, measure

    lies = measure(connection, table, None if one.hot is None else one.order[0], one.constants)
    each = bytes_of(connection, table, one.order) / max(1, lies.rows)
    names = tuple(event.name for event in one.events)
    told = lies.rows, one.hot, one.audiences, one.order, lies.needed, lies.read
    return TableLayout(table, names, *told, round(lies.needed * each), round(lies.read * each))


def layout_due(workspace: Workspace, at: datetime) -> bool:
    """Whether the tables are to be looked at: a day after the last time, when something was written since."""
    if workspace.settings.warehouse != _LOCAL or workspace.settings.layout != "daily":
        return False
    if workspace.models.current() is None:
        return False
    last = _looked(workspace)
    if last is None:
        return True
    return at - last[0] > _DAY and last[1] != workspace.warehouse.data_version().partition("+")[0]


def keep_layout(workspace: Workspace, at: datetime) -> list[TableLayout]:
    """Sort those tables again of which the audiences read much more than they would have to; often there are none."""
    found: list[TableLayout] = []
    if any(_is_worth(one) for one in warehouse_layout(workspace)):
        found = [one for one in warehouse_layout(workspace, apply=True, worth=True) if one.after is not None]
    told = {"at": at.isoformat(), "version": workspace.warehouse.data_version().partition("+")[0]}
    replace_file(workspace.warehouse_folder / _STATE, json.dumps(told).encode())
    return found


def _looked(workspace: Workspace) -> tuple[datetime, str] | None:
    """When the tables were looked at last, and what was written then."""
    try:
        told = json.loads((workspace.warehouse_folder / _STATE).read_text(encoding="utf-8"))
        return datetime.fromisoformat(told["at"]), str(told["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_worth(one: TableLayout) -> bool:
    """Whether sorting a table would spare its audiences much: for each value that is asked for a group of rows at both
    edges is read in any case."""
    from engine.warehouses.layout import GROUP

    asked = -(-one.read // max(1, one.rows))
    least = one.needed + 2 * GROUP * asked
    return one.hot is not None and one.rows >= _LEAST_ROWS and one.read > _WORTH * least


def _wanted(workspace: Workspace, model: DataModel) -> dict[str, _Wanted]:
    """By table: a table that is read through SQL is nobody's to sort."""
    tables: dict[str, list[EventType]] = {}
    for event in model.events.values():
        table = event.source.table
        if table is not None and "." not in table:
            tables.setdefault(table, []).append(event)
    uses: dict[str, Counter[str]] = {table: Counter() for table in tables}
    constants: dict[tuple[str, str], set[Any]] = {}
    for stored in workspace.audiences.all().values():
        seen: set[tuple[str, str]] = set()
        for name, prop, value in _compared(stored.audience.rule):
            told = model.events.get(name)
            field = None if told is None else told.properties.get(prop)
            if told is not None and field is not None and told.source.table in uses:
                constants.setdefault((told.source.table, field.column), set()).add(value)
                seen.add((told.source.table, field.column))
        for table, column in seen:
            uses[table][column] += 1
    return {table: _one(events, uses[table], constants, table) for table, events in tables.items()}


def hot_properties(workspace: Workspace) -> frozenset[tuple[str, str]]:
    """The properties (event, property) that audiences compare with constants."""
    rules = (stored.audience.rule for stored in workspace.audiences.all().values())
    return frozenset((event, prop) for rule in rules for event, prop, _ in _compared(rule))


def _one(
    events: list[EventType], uses: Counter[str], constants: dict[tuple[str, str], set[Any]], table: str
) -> _Wanted:
    rest = (events[0].profile, events[0].time)
    if not uses:
        return _Wanted(tuple(events), None, 0, (), rest)
    hot, count = min(uses.items(), key=lambda one: (-one[1], one[0]))
    values = tuple(sorted(constants[table, hot], key=str))
    return _Wanted(tuple(events), hot, count, values, (hot, *(one for one in rest if one != hot)))


def _compared(rule: Any) -> Iterator[tuple[str, str, Any]]:
    """(event, property, constant) of every comparison that must hold."""
    for _, leaf in conditions(rule):
        match leaf:
            case Did(event, where):
                yield from ((event, name, value) for name, value in _equal(where))
            case Sequence(steps):
                for step in steps:
                    yield from ((step.event, name, value) for name, value in _equal(step.where))


def _equal(where: Where | None) -> Iterator[tuple[str, Any]]:
    match where:
        case PropertyIs(name, Compare("eq", value)):
            yield name, value
        case PropertyIs(name, Among("in", values)):
            yield from ((name, one) for one in values)
        case WhereAll(children) | WhereAny(children):
            for child in children:
                yield from _equal(child)
