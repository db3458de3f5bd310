"""Uploaded lists of profile keys, with what became of every row of the file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.audience_codec import ID_PATTERN
from engine.errors import EngineError
from engine.operations.workspace import Workspace, user_name
from engine.sql.keys import known_keys
from engine.sql.sources import Sources

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = {
    "matched": "a profile has this key",
    "unknown": "no profile has this key now; it counts as soon as one does",
    "duplicate": "the same key stands further up",
    "malformed": "profile keys are whole numbers, this is none",
    "unchecked": "the workspace is not connected to a warehouse with a model",
}
"""What a row can come to. Empty rows are passed over."""


@dataclass(frozen=True)
class ListRow:
    """A row of the file: its line, the key, and one of :data:`OUTCOMES`."""

    line: int
    key: str
    outcome: str


@dataclass(frozen=True)
class UploadedList:
    """A list as it is kept now, and what became of every row."""

    id: str
    size: int
    rows: tuple[ListRow, ...]

    def counts(self) -> dict[str, int]:
        """How many rows came to each outcome."""
        found = Counter(row.outcome for row in self.rows)
        return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}

    def as_json(self) -> dict[str, Any]:
        """What `convoke lists add --json` prints."""
        return {"id": self.id, "size": self.size, "rows": len(self.rows), **self.counts()}

    def frame(self) -> pd.DataFrame:
        """One row a row of the file: line, key, outcome and why."""
        import pandas as pd

        rows = [(row.line, row.key, row.outcome, OUTCOMES[row.outcome]) for row in self.rows]
        return pd.DataFrame(rows, columns=["line", "key", "outcome", "why"])


def upload_list(workspace: Workspace, identifier: str, file: Path) -> UploadedList:
    """Replace a list by the profile keys in a CSV or text file (first column; a header named like the key is
    skipped)."""
    if not ID_PATTERN.fullmatch(identifier):
        raise EngineError("structure", f'"{identifier}" cannot be a list\'s id', "id", "Use a-z, 0-9, - and _.")
    stored = workspace.models.current()
    head = stored.model.profile.key.lower() if stored is not None else "key"
    lines = list(_keys(file))
    if lines and lines[0][1].lower() in (head, "key", "id"):
        lines = lines[1:]
    if not lines:
        raise EngineError("file", f"{file} holds no keys", hint="Put one profile key on each line.")
    rows = tuple(_judged(workspace, lines))
    kept = [row.key for row in rows if row.outcome not in ("duplicate", "malformed")]
    return UploadedList(identifier, workspace.lists.save(identifier, kept, user_name()), rows)


def _keys(file: Path) -> Iterator[tuple[int, str]]:
    """(line, key) of every row that is not empty."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "unknown").lower() if isinstance(error, OSError) else "it is not UTF-8"
        raise EngineError("file", f"{file} cannot be read: {reason}", hint="Save it as a UTF-8 CSV file.") from None
    reader = csv.reader(io.StringIO(text))
    for row in reader:
        if row and row[0].strip():
            yield reader.line_num, row[0].strip()


def _judged(workspace: Workspace, lines: Sequence[tuple[int, str]]) -> Iterator[ListRow]:
    """What becomes of each row."""
    ready = workspace.settings.warehouse is not None and workspace.models.current() is not None
    known: set[str] = set()
    integer = False
    if ready:
        sources = Sources(workspace.model, workspace.warehouse)
        integer = sources.integer_key
        lines = _as_persons(workspace, lines)
        known = known_keys(sources, workspace.warehouse, [_plain(key, integer) for _, key in lines])
    seen: set[str] = set()
    for line, key in lines:
        plain = _plain(key, integer)
        if integer and not is_integer(key):
            yield ListRow(line, key, "malformed")
        elif plain in seen:
            yield ListRow(line, plain, "duplicate")
        elif not ready:
            yield ListRow(line, plain, "unchecked")
        else:
            yield ListRow(line, plain, "matched" if plain in known else "unknown")
        seen.add(plain)


def _as_persons(workspace: Workspace, lines: Sequence[tuple[int, str]]) -> Sequence[tuple[int, str]]:
    """Where profiles are persons, the person of each key that the warehouse calls a profile; others as they are."""
    stored = workspace.models.current()
    if stored is None or stored.model.profile.identity is None:
        return lines
    from engine.operations.finding import open_map

    with open_map(workspace) as found:
        persons = found.persons_of([key for _, key in lines])
    return [(line, persons.get(key, key)) for line, key in lines]


def _plain(key: str, integer: bool) -> str:
    """A key as the warehouse writes it: 004 is 4 where keys are numbers."""
    return str(int(key)) if integer and is_integer(key) else key


def is_integer(text: str) -> bool:
    """Whether a text is a whole number as keys are."""
    return text.lstrip("-").isdigit() and text.isascii()


def lists(workspace: Workspace) -> dict[str, int]:
    """Every uploaded list with its number of keys."""
    return workspace.lists.sizes()
