"""`convoke collect`: events that are acknowledged when they are on disk, and become rows beside the warehouse."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.durable import make_folder, write_new
from engine.errors import EngineError
from engine.failures import reason_of
from engine.locks import holding
from engine.operations.gating import CollectedDoor
from engine.operations.workspace import Workspace
from engine.settings import Settings, read_settings, write_settings

if TYPE_CHECKING:
    from engine.ingest.journal import Journal
    from engine.ingest.landing import Lander
    from engine.ingest.messages import Policy
    from engine.ingest.replaying import Aside, Replayed

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
    """Whether a collector runs, what waits to be landed (bytes), and the tables. Where anonymous ids are stitched, how
    many of them belong to one user (``stitched``), and how many came with several and belong to none (``shared``)."""

    running: bool
    waiting: int
    tables: tuple[CollectedTable, ...]
    stitched: int | None = None
    shared: int | None = None


@contextmanager
def collecting_into(folder: Path) -> Iterator[Collecting]:
    """Collect into a workspace, alone; EngineError("refused") while another one does. A workspace without a warehouse
    gets its own."""
    from engine.ingest.journal import Journal
    from engine.ingest.landing import JOURNAL, Lander, empty_warehouse
    from engine.warehouses.opening import SCHEMES

    settings = read_settings(folder)
    if (settings.warehouse or "").split(":", 1)[0] in SCHEMES:
        raise EngineError(
            "refused", "this workspace reads a warehouse that another machine serves", hint="Collect events there."
        )
    with Workspace(folder) as workspace:
        warehouses = workspace.warehouse_folder
    make_folder(warehouses)
    with holding(warehouses / _LOCK, "convoke collect", "refused", "events are being collected"):
        if settings.warehouse in (None, _LOCAL):
            empty_warehouse(warehouses)
            if settings.warehouse is None:
                write_settings(folder, replace(settings, warehouse=_LOCAL))
        door = CollectedDoor(folder)
        lander = Lander(warehouses, _policy(settings), gate=door)
        try:
            journal = Journal(lander.folder / JOURNAL, _MOST_WAITING, lander.last)
            yield Collecting(journal, lander, tuple((settings.collect_origins or "").split()))
        finally:
            lander.close()
            door.close()


def _policy(settings: Settings) -> Policy:
    from engine.ingest.messages import Policy

    return Policy(late=timedelta(days=settings.collect_late_days), stitch=settings.collect_stitch == "on")


@contextmanager
def landing_in(workspace: Workspace) -> Iterator[Lander | None]:
    """What changes the tables of collected events, once everything that was acknowledged before has landed; None where
    nothing was ever collected. EngineError("refused") when a running collector does not land it."""
    from engine.ingest.journal import closed, journal_files, number
    from engine.ingest.landing import JOURNAL, Lander
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
    newest = max(map(number, journal_files(folder / JOURNAL)), default=0)
    end = time.monotonic() + _LANDS_WITHIN
    while int(read_pointer(folder).get("landed", 0)) < newest:
        if time.monotonic() > end:
            raise EngineError(
                "refused", "what was collected last is not in its tables yet", hint="See whether the collector runs."
            )
        time.sleep(0.1)
    door = CollectedDoor(workspace.folder)
    lander = Lander(workspace.warehouse_folder, _policy(workspace.settings), owner=False, gate=door)
    try:
        yield lander
    finally:
        lander.close()
        door.close()


def collect_state(workspace: Workspace) -> CollectState:
    """What was collected so far."""
    from engine.ingest.journal import journal_files, size_of
    from engine.ingest.landing import JOURNAL, tables_in
    from engine.ingest.messages import PAIRS
    from engine.ingest.stitching import counted
    from engine.locks import is_held
    from engine.warehouses.collected import COLLECTED

    folder = workspace.warehouse_folder / COLLECTED
    tables = tables_in(folder)
    pairs = tables.pop(PAIRS, None)
    found = [
        CollectedTable(name, table.rows, len(table.columns), sum(size for _, size in table.files.values()))
        for name, table in sorted(tables.items())
    ]
    waiting = sum(map(size_of, journal_files(folder / JOURNAL)))
    stitched, shared = (None, None) if pairs is None else counted(folder, list(pairs.files))
    return CollectState(is_held(workspace.warehouse_folder / _LOCK), waiting, tuple(found), stitched, shared)


def collect_aside(workspace: Workspace, into: Path | None = None) -> dict[str, int]:
    """How much of what was collected is aside, by reason; with ``into`` all of it is written there, one JSON object a
    line that only the owner reads, to be corrected."""
    from engine.ingest import exact

    found = list(collected_aside(workspace))
    if into is not None:
        try:
            write_new(into, (exact.told(one.as_json()) + "\n" for one in found))
        except OSError as error:
            reason = "it is there" if isinstance(error, FileExistsError) else reason_of(error)
            message = f"{into} cannot be written: {reason}"
            raise EngineError("file", message, hint="Name another file.") from None
    return dict(Counter(one.reason for one in found).most_common())


def collected_aside(workspace: Workspace) -> Iterator[Aside]:
    """What is aside of all that was collected, in the order in which it came."""
    from engine.ingest.landing import tables_in
    from engine.ingest.messages import ASIDE
    from engine.ingest.replaying import set_aside
    from engine.warehouses.collected import COLLECTED

    folder = workspace.warehouse_folder / COLLECTED
    table = tables_in(folder).get(ASIDE)
    return set_aside(folder, [] if table is None else list(table.files))


def collect_replay(workspace: Workspace, corrected: Path | Mapping[str, Any] | None = None) -> Replayed:
    """Land what is aside once more: all of it, since a contract has changed, or what stands in a file that
    :func:`collect_aside` wrote and somebody corrected (or those rows and messages by id). What still cannot come in is
    aside again, as it is now."""
    from engine.ingest.replaying import Replayed, replay

    given = _corrected(corrected) if isinstance(corrected, Path) else corrected
    with landing_in(workspace) as lander:
        if lander is None:
            return Replayed(gone=len(given or ()))
        end = time.monotonic() + _LANDS_WITHIN
        while True:
            with lander.alone() as mine:
                if mine:
                    found = replay(lander, given)
                    break
            if time.monotonic() > end:
                message = "events are being landed without a pause"
                raise EngineError("refused", message, hint="Try again later; nothing was changed.")
            time.sleep(0.05)
    workspace.reload()
    return found


def _corrected(path: Path) -> Mapping[str, Any]:
    """By id the rows and messages of a file; EngineError where a line is not as it was written."""
    from engine.ingest import exact

    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # a value may hold other breaks
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is no UTF-8").lower()
        raise EngineError("file", f"{path} cannot be read: {reason}", hint="Check the path.") from None
    found = {}
    for place, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = exact.read(line)
            content = told["row"] if "row" in told else told["message"]
            found[str(told["id"])] = dict(content) if "row" in told else content
        except (ValueError, KeyError, TypeError):
            message = f"{path.name} has no row or message with its id in line {place}"
            raise EngineError("file", message, hint="Write it as convoke collect aside --into does.") from None
    return found
