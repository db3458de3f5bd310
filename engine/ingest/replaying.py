"""What collected events were put aside, once more: as they stand, or as somebody corrected them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from engine.ingest import exact
from engine.ingest.landing import Lander
from engine.ingest.messages import ASIDE, Received, Row, columns_of, rows_of


@dataclass(frozen=True)
class Aside:
    """Something that was put aside. ``id`` follows from what it is. ``table``: whose contract keeps the row out; None
    for a message that could not be used. ``content``: the row by its columns, or the message; None where it is damaged.
    """

    id: str
    received_at: datetime
    source: str | None
    message_id: str | None
    reason: str
    table: str | None
    content: Any

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Aside:
        """As a row of the table has it."""
        told = [str(row.get(name)) for name in columns_of(ASIDE)]
        number = hashlib.blake2b("\x1f".join(told).encode(), digest_size=8).hexdigest()
        text, at = row.get("message"), row["received_at"].replace(tzinfo=UTC)
        content = None if text is None else exact.read(text)
        table, reason = row.get("for_table"), str(row.get("reason"))
        return cls(number, at, row.get("source"), row.get("message_id"), reason, table, content)

    def as_json(self) -> dict[str, Any]:
        """A line of a file to correct; what is under ``row`` or ``message`` is what may be changed."""
        told = {"id": self.id, "received_at": self.received_at.isoformat(), "reason": self.reason}
        return told | ({"message": self.content} if self.table is None else {"table": self.table, "row": self.content})


@dataclass(frozen=True)
class Replayed:
    """How many rows landed, by table; how many are aside again, by reason; and how many of those that were given are
    not there: they landed before."""

    rows: Mapping[str, int] = field(default_factory=dict)
    aside: Mapping[str, int] = field(default_factory=dict)
    gone: int = 0


def set_aside(folder: Path, files: list[str]) -> Iterator[Aside]:
    """What is aside, in the order in which it came."""
    for path in files:
        for row in pyarrow.parquet.read_table(folder / path).to_pylist():
            yield Aside.of(row)


def replay(lander: Lander, corrected: Mapping[str, Any] | None = None) -> Replayed:
    """Land what is aside once more: everything, or what is ``corrected``, by id. It is taken out and put in by one
    step, so that nothing is there twice. To be called while the lander is alone."""
    instead, messages, there = dict[str, pa.Table](), list[list[Row]](), set[str]()
    for path in lander.files(ASIDE):
        rows = pyarrow.parquet.read_table(lander.folder / path)
        told = [Aside.of(row) for row in rows.to_pylist()]
        taken = [one for one in told if one.content is not None and (corrected is None or one.id in corrected)]
        for one in taken:
            there.add(one.id)
            messages.append(_rows(one, one.content if corrected is None else corrected[one.id], lander))
        if taken:
            ids = {one.id for one in taken}
            instead[path] = rows.filter(pa.array([one.id not in ids for one in told], pa.bool_()))
    gone = len(set(corrected or ()) - there)
    if not instead:
        return Replayed(gone=gone)
    found = lander.put_again(instead, messages)
    reasons = Counter(str(row.values["reason"]) for row in found.get(ASIDE, ()))
    return Replayed({name: len(rows) for name, rows in found.items() if name != ASIDE}, dict(reasons), gone)


def _rows(one: Aside, content: Any, lander: Lander) -> list[Row]:
    """The rows of what was put aside: of a message all it makes, of a row itself."""
    if one.table is not None:
        return [Row(one.table, content)]
    ((_, rows),) = rows_of(Received(one.received_at, one.source or "", (content,)), lander.policy)
    return rows
