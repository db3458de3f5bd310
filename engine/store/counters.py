"""Where the counters of sliding windows are, and what they counted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from engine.store.database import Database


@dataclass(frozen=True)
class Facts:
    """What a counter counted: rows with start ≤ time < end (ISO instants; None is from the beginning), as the source
    was then, of profiles with ordinals below ``capacity``, by the constants in ``values``."""

    start: str | None
    end: str
    source_version: str
    digest: str
    capacity: int
    values: list[Any]


@dataclass(frozen=True)
class StoredCounter:
    """A counter's file and facts."""

    file: str
    sha256: str
    facts: Facts


class CounterIndex:
    """The repository of counters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: bytes) -> StoredCounter | None:
        """A counter by its key."""
        rows = self._database.rows("counter", {"key": key})
        return StoredCounter(rows[0][0], rows[0][1], Facts(**json.loads(rows[0][2]))) if rows else None

    def save(self, key: bytes, site: str, run: int, counter: StoredCounter) -> None:
        """Replace a counter."""
        values = {"key": key, "site": site, "file": counter.file, "sha256": counter.sha256, "run_id": run}
        with self._database.transaction():
            self._database.run("save_counter", values | {"facts": json.dumps(asdict(counter.facts))})

    def all(self) -> list[tuple[bytes, str, int]]:
        """(key, file, the run that last moved it) of every counter."""
        return [(row[0], row[1], row[2]) for row in self._database.rows("counters")]

    def forget(self, keys: Iterable[bytes]) -> None:
        """Drop counters (within the caller's transaction)."""
        self._database.run_many("forget_counter", ({"key": key} for key in keys))
