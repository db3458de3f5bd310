"""Rows that were put aside, of loads and of collected events: looked at, corrected cell by cell, and in once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.ingest import exact
from engine.jobs import Job
from engine.operations.collecting import collect_replay, collected_aside
from engine.operations.ingesting import finish_replay, ingest_replay, ingest_status, keep_rows, kept_rows
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    from engine.ingest.replaying import Aside

COLLECTED = "collected"
"""The source of what the collector put aside; other sources are the ids of loads."""
MOST_ROWS = 500
MESSAGE, LINE = "message", "line"
"""The cell of a message that could not be used, as JSON; and that of a line of a file that is no row."""


@dataclass(frozen=True)
class AsideSource:
    """Where rows were put aside: a load (its id, its file, its table) or the collector (no file), and how many."""

    id: str
    file: str | None
    into: str | None
    rows: int


@dataclass(frozen=True)
class AsideRow:
    """A row that was put aside, why, and its cells as texts (None: missing); those of a line that is no row cannot be
    corrected."""

    id: str
    reasons: tuple[str, ...]
    cells: Mapping[str, str | None]


@dataclass(frozen=True)
class PutRight:
    """How many rows came in, and how many are aside again."""

    rows: int
    aside: int


def aside_sources(workspace: Workspace) -> list[AsideSource]:
    """Where rows were put aside, the newest load first; files that were refused whole are corrected as files."""
    kept = [one for one in ingest_status(workspace) if one.state == "loaded" and one.kept is not None]
    found = [
        AsideSource(one.id, one.file, one.into, sum(1 for _ in kept_rows(workspace, one.id)))
        for one in kept
        if Path(str(one.kept)).exists()
    ]
    count = sum(one.content is not None for one in collected_aside(workspace))
    return [*found, *([AsideSource(COLLECTED, None, None, count)] if count else [])]


def aside_rows(workspace: Workspace, source: str) -> list[AsideRow]:
    """The rows of a source, at most 500."""
    if source == COLLECTED:
        told = (one for one in collected_aside(workspace) if one.content is not None)
        return [AsideRow(one.id, (one.reason,), _cells(_content(one))) for one in islice(told, MOST_ROWS)]
    return [
        AsideRow(str(place), tuple(one["reasons"]), _cells(one.get("row", {LINE: one.get("text")})))
        for place, one in islice(enumerate(kept_rows(workspace, source)), MOST_ROWS)
    ]


def put_right(
    workspace: Workspace, source: str, changes: Mapping[str, Mapping[str, str]], job: Job | None = None
) -> PutRight:
    """Correct cells (by row and column; an empty text is a missing value) and let the rows in once more: those of a
    load all together, of collected ones those that were corrected, or all when none was. What is bad still is aside
    again, however many."""
    if source != COLLECTED:
        if finish_replay(workspace, source):
            return PutRight(0, 0)
        _correct(workspace, source, changes)
        loaded = ingest_replay(workspace, source, job, partly=True)
        if loaded.state == "refused":
            raise EngineError("refused", loaded.message or "the rows were not loaded", hint="They are aside still.")
        return PutRight(loaded.rows, loaded.bad)
    corrected = {one.id: _corrected(one, changes[one.id]) for one in collected_aside(workspace) if one.id in changes}
    if changes and not corrected:
        return PutRight(0, 0)
    found = collect_replay(workspace, corrected or None)
    return PutRight(sum(found.rows.values()), sum(Counter(found.aside).values()))


def _correct(workspace: Workspace, load: str, changes: Mapping[str, Mapping[str, str]]) -> None:
    """Write the corrected cells where the rows are kept."""
    rows = list(kept_rows(workspace, load))
    for place, one in enumerate(rows):
        if "row" in one:
            mine = changes.get(str(place), {})
            one["row"] |= {name: _value(one["row"].get(name), text, typed=False) for name, text in mine.items()}
    if changes:
        keep_rows(workspace, load, rows)


def _content(one: Aside) -> Mapping[str, Any]:
    return one.content if one.table is not None else {MESSAGE: one.content}


def _corrected(one: Aside, changes: Mapping[str, str]) -> Any:
    if one.table is not None:
        row = one.content
        return row | {name: _value(row.get(name), text, typed=True) for name, text in changes.items()}
    try:
        return exact.read(changes[MESSAGE])
    except (KeyError, ValueError):
        raise EngineError("file", "a message is no JSON as it was corrected", hint="Correct it once more.") from None


def _cells(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if value is None else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else exact.told(value)


def _value(before: Any, text: str, *, typed: bool) -> Any:
    """What somebody typed. Where values are ``typed`` it is a number or a truth value if it reads as one and no such
    text stood there before; a file's texts stay texts, which are read as the others of the file are."""
    if text == "":
        return None
    if isinstance(before, dict | list):
        with suppress(ValueError):
            return exact.read(text)
    plain = isinstance(before, str) and _scalar(before) is not None if typed else isinstance(before, str | None)
    found = None if plain else _scalar(text)
    return text if found is None or (isinstance(found, Decimal) and not typed) else found


def _scalar(text: str) -> Any:
    with suppress(ValueError):
        found = exact.read(text)
        if isinstance(found, bool | int | float | Decimal):
            return found
    return None
