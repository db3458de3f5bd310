"""Uploaded lists of profile keys, with what became of every row of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.audience_codec import ID_PATTERN
from engine.domain.cells import is_marked, plain_cell
from engine.errors import EngineError
from engine.ingest.listed import KeyRow, listed_keys
from engine.operations.replacing import KeyForms, replace_list
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = {
    "matched": "a profile has this key",
    "unknown": "no profile has this key now; it counts as soon as one does",
    "duplicate": "the same key stands further up",
    "malformed": "no profile key can be written so, or the row has more fields than the first line",
    "missing": "the row has no key",
    "unchecked": "the workspace is not connected to a warehouse with a model",
}
"""What a row can come to. Blank lines are passed over."""
_EXACT = (".parquet", ".jsonl", ".ndjson", ".json")
"""Files whose keys are never marked for spreadsheets."""


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


def upload_list(
    workspace: Workspace, identifier: str, file: Path, *, key: str | None = None, allow_shrink: bool = False
) -> UploadedList:
    """Replace a list by the profile keys in a CSV, text, JSON-lines or Parquet file.

    ``key`` names the key column, or gives its number; without it the column named like the profile key is read, the
    only one named like a key, or the only one. Raises EngineError("refused") for a replacement that holds no profile or
    less than half of those before, unless ``allow_shrink``.
    """
    if not ID_PATTERN.fullmatch(identifier):
        raise EngineError("structure", f'"{identifier}" cannot be a list\'s id', "id", "Use a-z, 0-9, - and _.")
    stored = workspace.models.current()
    found = list(listed_keys(file, stored.model.profile.key if stored is not None else "key", key))
    if not found:
        raise EngineError("file", f"{file} holds no keys", hint="Put one profile key on each line.")
    if file.suffix.lower() not in _EXACT:
        found = _unmarked(found, KeyForms(workspace))
    rows = tuple(_judged(workspace, found))
    kept = [row.key for row in rows if row.outcome in ("matched", "unknown", "unchecked")]
    if not kept:
        raise EngineError("file", f"no row of {file} holds a profile key", "--key", "Name the column that holds them.")
    size = replace_list(workspace, identifier, kept, allow_shrink=allow_shrink)
    return UploadedList(identifier, size, rows)


def _judged(workspace: Workspace, found: Sequence[KeyRow]) -> Iterator[ListRow]:
    """What becomes of each row."""
    forms = KeyForms(workspace)
    plain = [None if row.key is None or row.cut else forms.plain(row.key) for row in found]
    persons = forms.persons([key for key in plain if key is not None])
    wanted = [None if key is None else persons.get(key, key) for key in plain]
    known = forms.known([key for key in wanted if key is not None])
    seen: set[str] = set()
    for row, key in zip(found, wanted, strict=True):
        if key is None:
            yield ListRow(row.line, row.key or "", "missing" if row.key is None else "malformed")
            continue
        outcome = "duplicate" if key in seen else "unchecked" if known is None else None
        yield ListRow(row.line, key, outcome or ("matched" if key in (known or ()) else "unknown"))
        seen.add(key)


def _unmarked(found: list[KeyRow], forms: KeyForms) -> list[KeyRow]:
    """The rows without the apostrophes that our own CSV files have before what looks like a formula; as they are, where
    more profiles have these keys."""
    if not any(row.key is not None and is_marked(row.key) for row in found):
        return found
    other = [row if row.key is None else replace(row, key=plain_cell(row.key)) for row in found]
    return found if forms.count(found) > forms.count(other) else other


def lists(workspace: Workspace) -> dict[str, int]:
    """Every uploaded list with its number of keys."""
    return workspace.lists.sizes()
