"""`convoke collect`: events that are acknowledged when they are on disk, and become rows beside the warehouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.locks import holding
from engine.operations.gating import CollectedDoor
from engine.operations.workspace import Workspace
from engine.settings import read_settings, write_settings

if TYPE_CHECKING:
    from engine.ingest.journal import Journal
    from engine.ingest.landing import Lander

_LOCAL = "local:"
_LOCK = "collect.lock"
_MOST_WAITING = 1 << 30
"""Bytes of events that may wait to be landed."""
_LANDS_WITHIN = 60.0
"""Seconds."""


@dataclass(frozen=True)
class Collecting:
    """What a collector works with: the journal, what lands it, and the sites whose pages may send events."""

    journal: Journal
    lander: Lander
    origins: tuple[str, ...]


@dataclass(frozen=True)
class CollectedTable:
    """A table of collected events: rows, columns, bytes."""

    name: str
    rows: int
    columns: int
    bytes: int


@dataclass(frozen=True)
class CollectState:
    """Whether a collector runs, what waits to be landed (bytes), and the tables."""

    running: bool
    waiting: int
    tables: tuple[CollectedTable, ...]


@contextmanager
def collecting_into(folder: Path) -> Iterator[Collecting]:
    """Collect into a workspace, alone; EngineError("refused") while another one does. A workspace without a warehouse
    gets its own."""
    from engine.ingest.journal import Journal
    from engine.ingest.landing import JOURNAL, Lander, empty_warehouse
    from engine.ingest.messages import Policy
    from engine.warehouses.opening import SCHEMES

    settings = read_settings(folder)
    if (settings.warehouse or "").split(":", 1)[0] in SCHEMES:
        raise EngineError(
            "refused", "this workspace reads a warehouse that another machine serves", hint="Collect events there."
        )
    with Workspace(folder) as workspace:
        warehouses = workspace.warehouse_folder
    warehouses.mkdir(exist_ok=True)
    with holding(warehouses / _LOCK, "convoke collect", "refused", "events are being collected"):
        if settings.warehouse in (None, _LOCAL):
            empty_warehouse(warehouses)
            if settings.warehouse is None:
                write_settings(folder, replace(settings, warehouse=_LOCAL))
        door = CollectedDoor(folder)
        lander = Lander(warehouses, Policy(late=timedelta(days=settings.collect_late_days)), gate=door)
        try:
            journal = Journal(lander.folder / JOURNAL, _MOST_WAITING, lander.last)
            yield Collecting(journal, lander, tuple((settings.collect_origins or "").split()))
        finally:
            lander.close()
            door.close()


@contextmanager
def landing_in(workspace: Workspace) -> Iterator[Lander | None]:
    """What changes the tables of collected events, once everything that was acknowledged before has landed; None where
    nothing was ever collected. EngineError("refused") when a running collector does not land it."""
    from engine.ingest.journal import closed
    from engine.ingest.landing import JOURNAL, Lander
    from engine.ingest.messages import Policy
    from engine.locks import is_held
    from engine.warehouses.collected import COLLECTED, read_pointer

    folder = workspace.warehouse_folder / COLLECTED
    if not folder.exists():
        yield None
        return
    if not is_held(workspace.warehouse_folder / _LOCK):
        with collecting_into(workspace.folder) as collecting:
            while closed(folder / JOURNAL):
                collecting.lander.land(collecting.journal.landed)
            yield collecting.lander
        return
    newest = max((int(path.stem) for path in (folder / JOURNAL).glob("*.*")), default=0)
    end = time.monotonic() + _LANDS_WITHIN
    while int(read_pointer(folder).get("landed", 0)) < newest:
        if time.monotonic() > end:
            raise EngineError(
                "refused", "what was collected last is not in its tables yet", hint="See whether the collector runs."
            )
        time.sleep(0.1)
    lander = Lander(workspace.warehouse_folder, Policy(), owner=False)
    try:
        yield lander
    finally:
        lander.close()


def collect_state(workspace: Workspace) -> CollectState:
    """What was collected so far."""
    from engine.ingest.landing import JOURNAL, tables_in
    from engine.locks import is_held
    from engine.warehouses.collected import COLLECTED

    folder = workspace.warehouse_folder / COLLECTED
    found = [
        CollectedTable(name, table.rows, len(table.columns), sum(size for _, size in table.files.values()))
        for name, table in sorted(tables_in(folder).items())
    ]
    waiting = sum(path.stat().st_size for path in (folder / JOURNAL).glob("*.*"))
    return CollectState(is_held(workspace.warehouse_folder / _LOCK), waiting, tuple(found))
