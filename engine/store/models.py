"""The data model with its versions, uploaded lists, and which data was verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.domain.documents import load_one
from engine.domain.model import DataModel
from engine.domain.model_codec import read_model
from engine.store.audiences import now
from engine.store.database import Database

REMEMBERED = timedelta(days=30)
"""How long a list remembers the keys it lost: so long a delivery that waits for a person goes on waiting."""


@dataclass(frozen=True)
class StoredModel:
    """The current data model, with the text it was written as."""

    model: DataModel
    version: int
    saved_at: str
    saved_by: str
    document: str


class Models:
    """The repository of data models."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[tuple[Any, ...], StoredModel] | None = None

    def current(self) -> StoredModel | None:
        """The newest model; None before the first."""
        rows = self._database.rows("current_model")
        if not rows:
            return None
        if self._read is None or self._read[0] != rows[0]:  # every edit on the canvas asks for it
            version, saved_at, saved_by, document = rows[0]
            self._read = (rows[0], StoredModel(read_model(load_one(document)), version, saved_at, saved_by, document))
        return self._read[1]

    def save(self, document: str, who: str) -> None:
        """Keep a new version."""
        with self._database.transaction():
            self._database.run("save_model", {"saved_at": now(), "saved_by": who, "document": document})


class Lists:
    """Uploaded lists of profile keys (as text)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sizes(self) -> dict[str, int]:
        """Every list with its size."""
        return {row[0]: row[3] for row in self._database.rows("lists")}

    def stamps(self) -> dict[str, str]:
        """A text for every list that changes when it is replaced."""
        return {row[0]: f"{row[1]}/{row[3]}/{row[4]}" for row in self._database.rows("lists")}

    def versions(self) -> dict[str, tuple[int, int]]:
        """(version, size) of every list."""
        return {row[0]: (row[5], row[3]) for row in self._database.rows("lists")}

    def keys(self, identifier: str) -> list[str]:
        """The keys of a list."""
        return [row[0] for row in self._database.rows("list_keys", {"id": identifier})]

    def dropped_since(self, identifier: str, version: int) -> int:
        """How many keys of one of a list's versions it has lost since; see :data:`REMEMBERED`. Version 0: at any
        time."""
        values = {"id": identifier, "version": version, "known": version or 2**62}
        return int(self._database.rows("dropped_since", values)[0][0])

    def save(self, identifier: str, keys: Sequence[str], who: str) -> int:
        """Replace a list; gives the number of distinct keys. The keys that it loses are remembered."""
        distinct = sorted(set(keys))
        content = hashlib.sha256(json.dumps(distinct).encode()).hexdigest()
        with self._database.transaction():
            at = now()
            version = self.versions().get(identifier, (0, 0))[0] + 1
            rows = self._database.rows("list_since", {"id": identifier})
            since = {key: first for key, first, _ in rows}
            lost = {key for key, _, there in rows if there}.difference(distinct)
            self._database.run("forget_list", {"id": identifier})
            values = {"id": identifier, "saved_at": at, "saved_by": who, "size": len(distinct), "sha256": content}
            self._database.run("save_list", values)
            self._database.run("number_list", {"id": identifier, "version": version})
            one = {"id": identifier}
            members = (one | {"key": key, "since": since.get(key, version)} for key in distinct)
            self._database.run_many("save_list_member", members)
            gone = one | {"version": version, "at": at}
            self._database.run_many("drop_list_member", (gone | {"key": key, "since": since[key]} for key in lost))
            self._database.run("regain_list_members", {"id": identifier})
            before = (datetime.fromisoformat(at) - REMEMBERED).isoformat().replace("+00:00", "Z")
            self._database.run("forget_old_dropped", {"id": identifier, "before": before})
        return len(distinct)


class VerifiedKeys:
    """Remembers for which model and data version the profile keys were found sound."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def profiles(self, identity: str) -> int | None:
        """The number of profiles then; None when it was not verified."""
        rows = self._database.rows("verified_keys", {"identity": identity})
        return int(rows[0][0]) if rows else None

    def remember(self, identity: str, profiles: int) -> None:
        """Keep the finding."""
        with self._database.transaction():
            self._database.run("save_verified_keys", {"identity": identity, "profiles": profiles})
