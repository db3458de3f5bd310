"""Files that come again: one is passed over only where its table still holds what it brought."""

from __future__ import annotations

from typing import Any

from engine.domain.ingest import IngestDocument
from engine.ingest.loading import LEDGER

_REPLAYS = "again-"
"""How the files of corrected rows are called: they belong to the load whose rows they are."""


def replay_file(load: str) -> str:
    """The name under which the corrected rows of a load come in."""
    return f"{_REPLAYS}{load}.jsonl"


def loaded_before(
    connection: Any, document: IngestDocument, name: str, fingerprint: str, *, watched: bool = False
) -> str | None:
    """The load that brought this very content, where the table still holds it; None where the file is to be loaded.

    What a later load replaced or overwrote is not held any more: A, B and A again leave A. ``watched``: the file is one
    of several, or is looked at without anybody asking for it. It is then passed over as long as it is as it was when it
    was last loaded under its name.
    """
    about = [document.into, fingerprint]
    if watched:
        newest = _newest(connection, document.into, "AND file = ?", name)
        if newest is not None and newest[1] == fingerprint:
            return newest[0]
    if document.mode != "insert":
        newest = _newest(connection, document.into)
        same = newest is not None and newest[1:] == (fingerprint, document.mode, document.partition or "")
        # A load of an earlier Convoke does not say which part of the table it replaced.
        unsaid = newest is not None and newest[1:] == (fingerprint, document.mode, None)
        return newest[0] if newest is not None and (same or unsaid) else None
    found = connection.execute(
        f"SELECT id FROM {LEDGER} WHERE into_table = ? AND fingerprint = ? AND rowid >= (SELECT "  # noqa: S608 - our name
        f"coalesce(max(rowid), -1) FROM {LEDGER} WHERE into_table = ? AND mode = 'replace' AND part = '') LIMIT 1",
        [*about, document.into],
    ).fetchone()
    return None if found is None else str(found[0])


def _newest(connection: Any, table: str, only: str = "", *values: str) -> tuple[str, str, str, str | None] | None:
    """(id, fingerprint, mode, part) of the last load into a table; replays are left out."""
    row = connection.execute(
        f"SELECT id, fingerprint, mode, part FROM {LEDGER} WHERE into_table = ? AND NOT starts_with(file, ?) {only} "  # noqa: S608
        "ORDER BY rowid DESC LIMIT 1",
        [table, _REPLAYS, *values],
    ).fetchone()
    return None if row is None else (str(row[0]), str(row[1]), str(row[2]), row[3])
