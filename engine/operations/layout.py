"""`convoke warehouse layout`: what conditions read of the own tables against what they need, and laying those anew."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine.durable import replace_file
from engine.errors import EngineError
from engine.operations.identity_documents import raw_model
from engine.operations.layout_wanted import Wanted, wanted_of
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    from engine.warehouses.partitions import Layout

_LOCAL = "local:"
_STATE = "layout.json"
_DAY = timedelta(days=1)
_LEAST_ROWS = 1_000_000
_WORTH = 2.0
"""A table is laid anew by itself when its audiences read more than this times what they would read then."""
_LOOKED_AT = 100
"""Beside a run of all audiences a day so many conditions are looked at alone."""
_FINER = 1.1
"""Parts are preferred to fewer ones when less than this times as much is read: old months stay as they are."""


@dataclass(frozen=True)
class TableLayout:
    """A table of events, or of profiles. ``hot`` is the column that most audiences compare with constants
    (``audiences`` of them; none where none does). It should be divided by ``parts`` and sorted by ``order`` within;
    ``runs`` are the pieces it lies in now (0: as it came). For a run of all audiences, each site for itself, ``needed``
    rows match and ``read`` rows are read; ``expected`` would be read once the table lies as it should, ``after`` are
    read since it was laid so (None: it was not). ``alone`` rows are read for one condition alone, on average. The bytes
    are what these rows take of the columns of ``order`` on disk, compressed."""

    table: str
    events: tuple[str, ...]
    rows: int
    hot: str | None
    audiences: int
    parts: tuple[str, ...]
    order: tuple[str, ...]
    runs: int
    needed: int
    read: int
    expected: int
    alone: int
    bytes_needed: int
    bytes_read: int
    after: int | None = None
    bytes_after: int | None = None

    def as_json(self) -> dict[str, Any]:
        """A line of `convoke warehouse layout --json`."""
        return asdict(self)


@dataclass(frozen=True)
class _Found:
    """A table as it lies, the layout it should have and what would be read then, and whether all its rows lie so."""

    told: TableLayout
    wanted: Wanted
    layout: Layout
    expected: _Cost
    lies_so: bool

    @property
    def is_worth(self) -> bool:
        """Whether laying it anew would spare the audiences much."""
        if self.lies_so or not self.wanted.scans or self.told.rows < _LEAST_ROWS:
            return False
        return _Cost(self.told.read, self.told.alone).total > _WORTH * self.expected.total


@dataclass(frozen=True)
class _Cost:
    """The rows that a run reads, and a condition alone."""

    run: int
    alone: int

    @property
    def total(self) -> int:
        """What a day reads."""
        return self.run + _LOOKED_AT * self.alone


def warehouse_layout(workspace: Workspace, *, apply: bool = False, worth: bool = False) -> list[TableLayout]:
    """How the tables of the workspace's own warehouse lie for the audiences there are; with ``apply`` each (each that
    is ``worth`` it) is divided by site and month where that pays, sorted by its hot property, the profile and the
    time, and they come into force in one step."""
    from engine.warehouses.layout import rewrite
    from engine.warehouses.local import publishing, reading

    if workspace.settings.warehouse != _LOCAL:
        raise EngineError(
            "refused",
            "the tables are not the workspace's own",
            hint="Sort them where they are written, by what most conditions compare, then by profile.",
        )
    model = raw_model(workspace)
    with reading(workspace.warehouse_folder) as connection:
        found = [_found(connection, one) for one in wanted_of(workspace, model, connection)]
    due = {one.told.table: one for one in found if (one.is_worth if worth else not one.lies_so)} if apply else {}
    if not due:
        return [one.told for one in found]
    with publishing(workspace.warehouse_folder, "convoke warehouse layout", keep=True) as connection:
        for one in due.values():
            rewrite(connection, one.layout)
    workspace.reload()
    with reading(workspace.warehouse_folder) as connection:
        now = {table: _measured(connection, one.wanted, one.layout) for table, one in due.items()}
    return [
        replace(one.told, after=now[one.told.table].read, bytes_after=now[one.told.table].bytes_read)
        if one.told.table in now
        else one.told
        for one in found
    ]


def _found(connection: Any, wanted: Wanted) -> _Found:
    from engine.warehouses.partitions import layout_of, rows_of, untouched

    layout, expected = _best(connection, wanted)
    told = replace(_measured(connection, wanted, layout), expected=expected.run)
    rows = rows_of(connection, wanted.table)
    whole = [(0, rows)] if rows else []
    lies_so = layout_of(connection, wanted.table) == layout and untouched(connection, layout) == whole
    return _Found(told, wanted, layout, expected, lies_so)


def _best(connection: Any, wanted: Wanted) -> tuple[Layout, _Cost]:
    """The layout in which least is read, or nearly so in more parts."""
    from engine.warehouses.layout import count_cells, rows_expected

    if not wanted.scans:
        return wanted.layouts[0], _Cost(0, 0)
    count_cells(connection, wanted.layouts[0])
    found = []
    for layout in wanted.layouts:
        run, alone = (rows_expected(connection, layout, one, wanted.sites) for one in (wanted.scans, wanted.alone))
        found.append((layout, _Cost(run, _each(alone, wanted))))
    least = min(cost.total for _, cost in found)
    return next(one for one in found if one[1].total <= _FINER * least)


def _each(rows: int, wanted: Wanted) -> int:
    return rows // (len(wanted.alone) * len(wanted.sites))


def _measured(connection: Any, wanted: Wanted, layout: Layout) -> TableLayout:
    from engine.warehouses.layout import bytes_of, rows_in, rows_needed, rows_read
    from engine.warehouses.partitions import layout_of, runs_of

    rows = rows_in(connection, wanted.table)
    needed = read = alone = rows
    if wanted.scans:
        names = wanted.layouts[0]
        needed = rows_needed(connection, names, wanted.scans)
        read = rows_read(connection, names, wanted.scans, wanted.sites)
        alone = _each(rows_read(connection, names, wanted.alone, wanted.sites), wanted)
    each = bytes_of(connection, wanted.table, layout.order) / max(1, rows)
    runs = len(runs_of(connection, wanted.table)) if layout_of(connection, wanted.table) is not None else 0
    told = wanted.table, wanted.events, rows, wanted.hot, wanted.audiences, layout.parts, layout.order, runs
    return TableLayout(*told, needed, read, read, alone, round(needed * each), round(read * each))


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
    """Lay those tables anew of which the audiences read much more than they would have to; often there are none."""
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
