"""`convoke lists onboard`: a list of customers by address, number or document, matched with known persons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.audience_codec import ID_PATTERN
from engine.errors import EngineError, nearest
from engine.ingest.files import plain_name
from engine.operations.finding import MOST_AT_ONCE, Lookup, open_map
from engine.operations.identity_documents import document_in_force
from engine.operations.peppers import Ask
from engine.operations.replacing import replace_list
from engine.operations.workspace import Workspace
from engine.tabular.rows import table_of

if TYPE_CHECKING:
    from engine.domain.identity import IdentityDocument
    from engine.operations.finding import Ready

OUTCOMES = {
    "matched": "this person is known",
    "conflict": "its identifiers are of different persons; the strongest one counts",
    "duplicate": "the same person stands further up",
    "unknown": "nobody is known by it",
    "malformed": "what is there can name nobody",
    "empty": "there is no identifier",
}
"""What a row can come to."""
_KNOWN_AS = {
    "email": r"e_?mail|mail|correo.*|email.*",
    "phone": r"phone.*|tel.*|cel.*|movil|mobile|whatsapp|fone",
    "cpf": r"cpf|document.*",
    "cnpj": r"cnpj|document.*",
    "cuit": r"cuit|cuil",
    "cuil": r"cuil|cuit",
    "rut": r"rut|run",
    "dni": r"dni|document.*",
    "cedula": r"cedula|ci|cc|document.*",
    "profile": r"(user|customer|client|profile|cliente|usuario)_?(id|key)?|id",
}
"""What columns of such kinds are called."""


@dataclass(frozen=True)
class OnboardedRow:
    """A row: its line, one of :data:`OUTCOMES`, and the kind of identifier that it was matched by."""

    line: int
    outcome: str
    by: str | None


@dataclass(frozen=True)
class Onboarded:
    """A list as it is kept now: how many keys, by which columns of the file, and what became of every row. No value of
    the file is kept."""

    id: str
    size: int
    columns: Mapping[str, str]
    rows: tuple[OnboardedRow, ...]

    def counts(self) -> dict[str, int]:
        """How many rows came to each outcome."""
        found = Counter(row.outcome for row in self.rows)
        return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}

    def matched_by(self) -> dict[str, int]:
        """How many rows were matched by each kind."""
        return dict(Counter(row.by for row in self.rows if row.by is not None).most_common())

    def as_json(self) -> dict[str, Any]:
        """What `convoke lists onboard --json` prints."""
        return {
            "id": self.id,
            "size": self.size,
            "columns": dict(self.columns),
            "rows": len(self.rows),
            "outcomes": self.counts(),
            "matched_by": self.matched_by(),
        }

    def table(self) -> list[tuple[int, str, str, str]]:
        """(line, outcome, kind it was matched by, why) of every row."""
        return [(row.line, row.outcome, row.by or "", OUTCOMES[row.outcome]) for row in self.rows]


def onboard_list(
    workspace: Workspace,
    identifier: str,
    file: Path,
    by: Mapping[str, str] | None = None,
    ask: Ask = lambda: None,
    *,
    allow_shrink: bool = False,
) -> Onboarded:
    """Make a list of the persons that the rows of a file name. ``by`` says which column holds which kind of
    identifier; without it the columns' names do. Values are normalised and hashed here, and looked up as hashes.

    Raises EngineError("refused") for a replacement by less than half of the persons before, unless ``allow_shrink``.
    """
    if not ID_PATTERN.fullmatch(identifier):
        raise EngineError("structure", f'"{identifier}" cannot be a list\'s id', "id", "Use a-z, 0-9, - and _.")
    with table_of(file) as table:
        heads = list(table.columns)
        rows = [(line, [_text(one) for one in values]) for line, values, _ in table]
    if not rows:
        raise EngineError("file", f"{file} has no rows", hint="The first line names the columns.")
    lookup = Lookup(workspace, ask)
    try:
        ready = lookup.ready()
        columns = _columns(heads, document_in_force(workspace, ready.pointer), by or {})
        found = list(_matched(ready, rows, [(kind, heads.index(head)) for kind, head in columns.items()]))
    finally:
        lookup.close()
    persons = [person for _, person in found if person is not None]
    keys = _keys(workspace, list(dict.fromkeys(persons)))
    size = replace_list(workspace, identifier, keys, allow_shrink=allow_shrink)
    return Onboarded(identifier, size, columns, tuple(row for row, _ in found))


def _text(value: Any) -> str:
    """A value of a file with types as a text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def _columns(heads: Sequence[str], document: IdentityDocument, by: Mapping[str, str]) -> dict[str, str]:
    """The column of each kind, the strongest kind first."""
    kinds = [one.name for one in document.kinds]
    lower = {head.lower(): head for head in heads}
    for kind, head in by.items():
        if kind not in kinds:
            raise EngineError(
                "unknown_name", f'there is no kind of identifier "{kind}"', hint=nearest(kind, kinds, "kind")
            )
        if head.lower() not in lower:
            raise EngineError("usage", f'the file has no column "{head}"', hint=f"There are: {', '.join(heads)}.")
    if by:
        return {kind: lower[by[kind].lower()] for kind in kinds if kind in by}
    found = {}
    for kind in kinds:
        pattern = _KNOWN_AS.get(kind, re.escape(kind))
        called = [one for one in heads if re.fullmatch(f"{re.escape(kind)}|{pattern}", plain_name(one))]
        if called:
            found[kind] = called[0]
    if not found:
        raise EngineError(
            "usage",
            f"no column of {', '.join(heads)} is called like a kind of identifier",
            "--by",
            f"Say which is which, such as --by {kinds[-1]}={heads[0]}.",
        )
    return found


def _matched(
    ready: Ready, rows: Sequence[tuple[int, list[str]]], columns: Sequence[tuple[str, int]]
) -> Iterator[tuple[OnboardedRow, str | None]]:
    """What becomes of each row, and its person."""
    seen: set[str] = set()
    step = max(1, MOST_AT_ONCE // max(1, len(columns)))
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        asked = [
            (place, kind, row[at].strip())
            for place, (_, row) in enumerate(part)
            for kind, at in columns
            if at < len(row) and row[at].strip()
        ]
        answers: dict[int, list[tuple[str, str | None, str | None]]] = {}
        for (place, kind, _), one in zip(asked, ready.found([(kind, value) for _, kind, value in asked]), strict=True):
            answers.setdefault(place, []).append((kind, one.identifier, one.person))
        for place, (line, _) in enumerate(part):
            yield _judged(line, answers.get(place, []), seen)


def _judged(
    line: int, answers: Sequence[tuple[str, str | None, str | None]], seen: set[str]
) -> tuple[OnboardedRow, str | None]:
    known = [(kind, person) for kind, _, person in answers if person is not None]
    if not answers:
        return OnboardedRow(line, "empty", None), None
    if not known:
        useless = all(identifier is None for _, identifier, _ in answers)
        return OnboardedRow(line, "malformed" if useless else "unknown", None), None
    by, person = known[0]
    if person in seen:
        return OnboardedRow(line, "duplicate", by), None
    seen.add(person)
    return OnboardedRow(line, "conflict" if len({one for _, one in known}) > 1 else "matched", by), person


def _keys(workspace: Workspace, persons: Sequence[str]) -> list[str]:
    """What a list holds of these persons: themselves where the model is over persons, else their profiles' keys."""
    stored = workspace.models.current()
    if stored is None or stored.model.profile.identity is not None:
        return list(persons)
    import pyarrow as pa

    with open_map(workspace) as found:
        given = pa.table({"person": pa.array(persons, pa.string())})
        return [
            str(one)
            for one in found.beside("given", given, "SELECT key FROM profiles SEMI JOIN given USING (person)")["key"]
        ]
