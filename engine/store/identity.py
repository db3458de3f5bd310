"""What the store knows of identity: documents, decisions, runs and which peppers there were. Never an identifier."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.domain.documents import load_one
from engine.domain.identity import IdentityDocument
from engine.domain.identity_codec import read_identity
from engine.store.audiences import now
from engine.store.database import Database

PEPPER = "identity-pepper-{}"
"""The name of the secret of each version."""
What = Literal["apart", "together", "block", "erase", "same", "differ"]
"""Two are never, or always, one person; a value names nobody; it was erased; a pair was judged to be one person, or
two."""


@dataclass(frozen=True)
class StoredIdentity:
    """A version of the document, with the text it was written as."""

    document: IdentityDocument
    version: int
    saved_at: str
    saved_by: str
    text: str


@dataclass(frozen=True)
class Decision:
    """What somebody decided about identifiers (KIND:HASH); ``other`` is empty for a single one. ``before`` are the ids
    of those whom it touched."""

    id: int
    what: What
    one: str
    other: str
    reason: str
    at: str
    by: str
    undone_at: str | None = None
    before: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class IdentityRun:
    """A run, its outcome and its numbers."""

    id: int
    started_at: str
    finished_at: str | None
    state: Literal["running", "published", "held", "failed"]
    version: int
    summary: Mapping[str, Any]
    reason: str | None


@dataclass(frozen=True)
class PepperRow:
    """A pepper that was made; ``fingerprint`` tells whether a secret is the one."""

    version: int
    fingerprint: str
    made_at: str
    made_by: str


class Identities:
    """The repository of all that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> StoredIdentity | None:
        """The newest document; None before the first."""
        rows = self._database.rows("identity_document")
        return _stored(rows[0]) if rows else None

    def versions(self) -> list[StoredIdentity]:
        """Every version, the newest first."""
        return [_stored(row) for row in self._database.rows("identity_versions")]

    def version(self, number: int) -> StoredIdentity:
        """A version of the document."""
        return next(one for one in self.versions() if one.version == number)

    def save(self, text: str, who: str) -> None:
        """Keep a new version."""
        with self._database.transaction():
            values = {"saved_at": now(), "saved_by": who, "document": text}
            self._database.run("save_identity_document", values)

    # -- decisions -------------------------------------------------------------------------------------------------

    def decisions(self) -> list[Decision]:
        """Every decision, also those that were taken back."""
        found = self._database.rows("identity_decisions")
        return [replace(Decision(*row[:8]), before=json.loads(row[8])) for row in found]

    def decide(self, decision: Decision) -> int:
        """Keep a decision; its number."""
        names = ("what", "one", "other", "reason", "at", "by")
        values = {name: getattr(decision, name) for name in names} | {"before": json.dumps(dict(decision.before))}
        with self._database.transaction():
            return int(self._database.rows("save_identity_decision", values)[0][0])

    def undo(self, number: int) -> None:
        """Take a decision back."""
        with self._database.transaction():
            self._database.run("undo_identity_decision", {"id": number, "at": now()})

    def rename(self, decision: Decision) -> None:
        """The same decision about the same identifiers by another pepper."""
        values = {"id": decision.id, "one": decision.one, "other": decision.other}
        with self._database.transaction():
            self._database.run("rename_identity_decision", values | {"before": json.dumps(dict(decision.before))})

    def forget(self, number: int) -> None:
        """A decision is removed for good, since it names somebody who was erased."""
        with self._database.transaction():
            self._database.run("forget_identity_decision", {"id": number})

    # -- runs ------------------------------------------------------------------------------------------------------

    def runs(self, most: int = 50) -> list[IdentityRun]:
        """The newest runs."""
        found = self._database.rows("identity_runs", {"most": most})
        return [IdentityRun(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), row[6]) for row in found]

    def start(self, version: int) -> int:
        """A run begins; those that are still marked as running died. Its number."""
        with self._database.transaction():
            self._database.run("abandon_identity_runs", {"at": now()})
            return int(self._database.rows("start_identity_run", {"started_at": now(), "version": version})[0][0])

    def finish(self, number: int, state: str, summary: Mapping[str, Any], reason: str | None = None) -> None:
        """A run has ended."""
        values = {"id": number, "finished_at": now(), "state": state, "summary": json.dumps(summary), "reason": reason}
        with self._database.transaction():
            self._database.run("finish_identity_run", values)

    # -- peppers ---------------------------------------------------------------------------------------------------

    def peppers(self) -> list[PepperRow]:
        """Every pepper there was, the oldest first."""
        return [PepperRow(*row) for row in self._database.rows("identity_peppers")]

    def add_pepper(self, version: int, fingerprint: str, who: str) -> None:
        """A pepper was made."""
        values = {"version": version, "fingerprint": fingerprint, "made_at": now(), "made_by": who}
        with self._database.transaction():
            self._database.run("save_identity_pepper", values)


def _stored(row: tuple[Any, ...]) -> StoredIdentity:
    return StoredIdentity(read_identity(load_one(row[3])), int(row[0]), row[1], row[2], row[3])
