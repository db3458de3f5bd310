"""Audiences with every version kept: who saved what and when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience, write_audience
from engine.domain.canonical import canonical_json, rule_hash
from engine.domain.diff import diff_audiences
from engine.domain.documents import load_one
from engine.errors import EngineError, nearest
from engine.store.database import Database

Origin = Literal["files", "app"]


@dataclass(frozen=True)
class Stored:
    """The current version of an audience, with the text it was written as."""

    audience: Audience
    version: int
    saved_at: str
    saved_by: str
    origin: Origin
    rule_hash: str
    document: str


@dataclass(frozen=True)
class Version:
    """One version of an audience; ``audience`` is None for a deletion."""

    version: int
    saved_at: str
    saved_by: str
    changes: tuple[str, ...]
    audience: Audience | None
    document: str | None


def now() -> str:
    """The current moment as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Audiences:
    """The repository of audiences."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, Stored]:
        """Every audience by id."""
        return {row[0]: _stored(row) for row in self._database.rows("audiences")}

    def page(self, after: str, most: int) -> list[Stored]:
        """At most so many audiences, by id, beginning behind one."""
        return [_stored(row) for row in self._database.rows("audience_page", {"after": after, "most": most})]

    def ids(self) -> list[str]:
        """The ids of every audience."""
        return [row[0] for row in self._database.rows("audience_ids")]

    def get(self, identifier: str) -> Stored:
        """One audience; raises EngineError("not_found") with the nearest id."""
        found = self.find(identifier)
        if found is None:
            raise EngineError(
                "not_found", f'there is no audience "{identifier}"', hint=nearest(identifier, self.ids(), "audience")
            )
        return found

    def find(self, identifier: str) -> Stored | None:
        """One audience, if there is such a one."""
        rows = self._database.rows("audience", {"id": identifier})
        return _stored(rows[0]) if rows else None

    def mentioning(self, identifier: str) -> dict[str, Stored]:
        """The audiences in whose documents an id stands; all that refer to it are among them."""
        rows = self._database.rows("audiences_mentioning", {"text": json.dumps(identifier, ensure_ascii=False)})
        return {row[0]: _stored(row) for row in rows}

    def versions(self, identifier: str) -> list[Version]:
        """Every version, oldest first; raises EngineError("not_found") when there was never one."""
        rows = self._database.rows("audience_versions", {"id": identifier})
        if not rows:
            self.get(identifier)
        return [
            Version(
                row[0],
                row[1],
                row[2],
                tuple(json.loads(row[3])),
                None if row[5] is None else read_audience(load_one(row[5])),
                row[5],
            )
            for row in rows
        ]

    def version(self, identifier: str, number: int) -> Audience:
        """One pinned version; raises EngineError("not_found")."""
        for found in self.versions(identifier):
            if found.version == number and found.audience is not None:
                return found.audience
        raise EngineError("not_found", f'audience "{identifier}" has no version {number}', hint="See convoke history.")

    def save(self, audience: Audience, document: str, who: str, origin: Origin) -> int:
        """Keep a new version (within the caller's transaction); the same text again keeps the old one."""
        head = self._database.rows("audience_head", {"id": audience.id})
        version = head[0][0] if head else 0
        before = None
        if head and not head[0][2]:
            stored = self.get(audience.id)
            if stored.document == document:
                if stored.origin != origin:
                    self._head(audience.id, version, origin, deleted=False)
                return version
            before = stored.audience
        changes = [str(change) for change in diff_audiences(before, audience)]
        self._head(audience.id, version + 1, origin, deleted=False)
        self._version(audience.id, version + 1, who, changes, rule_hash(audience.rule), document, _parsed(audience))
        return int(version) + 1

    def delete(self, identifier: str, who: str) -> None:
        """Mark an audience deleted (within the caller's transaction); its versions stay."""
        stored = self.get(identifier)
        self._head(identifier, stored.version + 1, stored.origin, deleted=True)
        changes = [str(change) for change in diff_audiences(stored.audience, None)]
        self._version(identifier, stored.version + 1, who, changes, None, None)

    def _head(self, identifier: str, version: int, origin: Origin, *, deleted: bool) -> None:
        values = {"id": identifier, "version": version, "origin": origin, "deleted": int(deleted)}
        self._database.run("save_audience", values)

    def _version(
        self,
        identifier: str,
        version: int,
        who: str,
        changes: list[str],
        hashed: str | None,
        document: str | None,
        parsed: str | None = None,
    ) -> None:
        self._database.run(
            "save_audience_version",
            {
                "id": identifier,
                "version": version,
                "saved_at": now(),
                "saved_by": who,
                "summary": json.dumps(changes, ensure_ascii=False),
                "rule_hash": hashed,
                "document": document,
                "parsed": parsed,
            },
        )


def _stored(row: tuple[Any, ...]) -> Stored:
    """An audience from its row; from JSON where it is known to mean the same as the text."""
    written = load_one(row[6]) if row[7] is None else json.loads(row[7], parse_float=Decimal)
    return Stored(read_audience(written), row[1], row[2], row[3], row[4], row[5], row[6])


def _parsed(audience: Audience) -> str | None:
    """The document as JSON when that reads back as the very same audience, else None."""
    text = canonical_json(write_audience(audience))
    try:
        same = read_audience(json.loads(text, parse_float=Decimal)) == audience
    except EngineError:
        return None
    return text if same else None
