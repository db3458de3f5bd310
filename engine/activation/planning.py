"""From a snapshot to batches: removals first, then additions, in the order of keys; kept before anything is sent."""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.activation.difference import Change
from engine.activation.target import Tally
from engine.store.activation import Batches, SyncRow
from engine.store.database import Database

_FEW = 500_000


class Hashes:
    """Values of which only hashes are kept, eight bytes each. Two that share one do no harm: what somebody has who
    stays is compared as it is afterwards."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._few: frozenset[int] | None = None
        self._sorted = True

    def add(self, values: Iterable[tuple[str, str]]) -> None:
        """Keep some more."""
        self._hashes.extend(hash(value) for value in values)
        self._sorted, self._few = False, None

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, value: tuple[str, str]) -> bool:
        if self._few is not None:
            return hash(value) in self._few
        if not self._sorted and len(self._hashes) <= _FEW:  # as most days are: a set is quicker, and small enough
            self._few = frozenset(self._hashes)
            return value in self
        if not self._sorted:
            self._hashes = array("q", np.sort(np.asarray(self._hashes)).tobytes())
            self._sorted = True
        wanted = hash(value)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted


@dataclass
class Plan:
    """How many people come, go, change, are sent again and stay; and why members do not leave. ``going`` are the
    identifiers that would be removed."""

    tally: Tally
    counts: Counter[str] = field(default_factory=Counter)
    sample: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    going: Hashes = field(default_factory=lambda: Hashes())

    @property
    def removed(self) -> int:
        """How many people would be gone afterwards."""
        return self.counts["remove"]

    @property
    def leaving(self) -> int:
        """How many people would be at the destination afterwards."""
        return sum(self.counts[one] for one in ("add", "change", "refresh", "same"))

    def as_json(self) -> dict[str, Any]:
        """The summary that is kept with a sync and printed by a dry run."""
        return {
            "members": self.tally.members,
            "add": self.counts["add"],
            "remove": self.counts["remove"],
            "change": self.counts["change"],
            "refresh": self.counts["refresh"],
            "same": self.counts["same"],
            "refused_before": self.counts["refused"],
            "left_out": {name: count for name, count in self.tally.left_out.items() if count},
            "reachable": dict(self.tally.reachable),
        }


_SHOWN = 5

Changes = Iterator[tuple[Change, str, str, str]]


def counted(tally: Tally, found: Changes, *, keys: bool) -> Plan:
    """A plan's numbers, its first rows, and if wanted the ``keys`` of all that would be there; nothing is kept."""
    plan = Plan(tally)
    for change, key, old, payload in found:
        plan.counts[change] += 1
        if change in ("remove", "change"):
            plan.going.add(_values(old))
        if keys and change in ("add", "change", "refresh", "same"):
            plan.keys.append(key)
        if change in ("add", "change") and len(plan.sample) < _SHOWN:
            plan.sample.append((key, payload))
    return plan


def _values(payload: str) -> list[tuple[str, str]]:
    """(identifier, value as it is sent) of a payload."""
    return [(name, value) for name, value in json.loads(payload or "[]")]


class Planner:
    """Writes the batches of one sync: what was half written by a process that died is dropped first.

    Two people may share an address. One that goes takes none along that somebody who stays or comes has too: where
    members are identifiers and not people, the other would be gone with it.
    """

    def __init__(self, database: Database, sync: SyncRow, batch_rows: int, planned_at: str) -> None:
        self._database, self._sync, self._size, self._planned_at = database, sync, batch_rows, planned_at
        self._batches = Batches(database)
        self._number = 0
        self._shared: set[tuple[str, str]] = set()

    def write(self, found: Callable[[], Changes], plan: Plan, others: Callable[[], Iterable[str]] = lambda: ()) -> None:
        """Removals have the first numbers, but additions are found first: then it is known what is shared. ``others``:
        the payloads of people who stay and are not among what was found."""
        with self._database.transaction():
            self._batches.forget_planned(self._sync.id)
        first = max((one.number for one in self._batches.of(self._sync.id)), default=0)
        removals = plan.counts["remove"] + plan.counts["change"]
        self._number = first - (-removals // self._size)
        self._some("add", self._coming(found(), plan.going))
        if plan.going:
            self._shared.update(value for payload in others() for value in _values(payload) if value in plan.going)
        self._number = first
        self._some("remove", self._leaving(found()))

    def _coming(self, found: Changes, going: Hashes) -> Iterator[tuple[str, str]]:
        for change, key, _, new in found:
            if going and change not in ("remove", "refused"):
                self._shared.update(value for value in _values(new) if value in going)
            if change in ("add", "change", "refresh"):
                yield key, new

    def _leaving(self, found: Changes) -> Iterator[tuple[str, str]]:
        for change, key, old, _ in found:
            if change in ("remove", "change"):
                values = _values(old) if self._shared else []
                if self._shared.isdisjoint(values):
                    yield key, old
                else:
                    kept = [list(one) for one in values if one not in self._shared]
                    yield key, json.dumps(kept, separators=(",", ":"))

    def _some(self, operation: str, rows: Iterator[tuple[str, str]]) -> None:
        part: list[tuple[str, str]] = []
        for row in rows:
            part.append(row)
            if len(part) == self._size:
                self._keep(operation, part)
                part = []
        if part:
            self._keep(operation, part)

    def _keep(self, operation: str, rows: list[tuple[str, str]]) -> None:
        self._number += 1
        identifier = batch_id(self._sync, f"{self._number}.{self._planned_at}")
        with self._database.transaction():
            self._batches.add(self._sync.id, identifier, (self._number, ""), operation, rows)


def batch_id(sync: SyncRow, part: str) -> str:
    """The same for the same part of the same sync, and for no other in any workspace."""
    text = f"{sync.destination_id}|{sync.audience_id}|{sync.id}|{sync.created_at}|{part}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
