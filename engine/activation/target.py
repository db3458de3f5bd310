"""Who is to be at a destination: a snapshot's members after every guard, with their identifiers as they are sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.activation.identifiers import Profile
from engine.domain.delivery import Delivery
from engine.domain.destination import DestinationDocument
from engine.domain.model import DataModel
from engine.jobs import Job
from engine.sql.delivery import STAGED, deliverable
from engine.sql.sources import Sources
from engine.warehouses.protocol import Warehouse

_ROWS = 5_000
_AT_ONCE = 100_000
"""Members asked of the warehouse at once, with all their identifiers."""


@dataclass
class Tally:
    """Why members do not leave: ``suppressed``, ``elsewhere`` (an audience that goes first has them), ``held_out``,
    ``other_part`` (of a split), ``no_consent``, ``no_identifier``; and how many have each identifier."""

    members: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    reachable: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Wanted:
    """What decides whom a destination gets and how."""

    document: DestinationDocument
    delivery: Delivery
    profile: Profile
    model: DataModel

    @property
    def kinds(self) -> dict[str, str]:
        """The identifiers' kinds by name."""
        return {name: self.model.identifiers[name].kind for name in self.document.identifiers}


def target(
    wanted: Wanted,
    members: NDArray[Any],
    hidden: Mapping[str, Callable[[NDArray[Any]], NDArray[np.bool_]]],
    warehouse: Warehouse,
    job: Job | None,
) -> tuple[Tally, Iterator[tuple[str, str]]]:
    """The tally, complete once the rows were read, and (key, payload) of everyone to be there, ordered by key.
    ``hidden`` says by reason which profiles are left out.

    The payload is a JSON list of [identifier, value as it is sent]; raw values live only while a row is made.
    """
    tally = Tally(members=len(members))
    for reason, found in hidden.items():
        away = found(members)
        tally.left_out[reason] = int(away.sum())
        members = members[~away]
    return tally, _rows(wanted, members, tally, warehouse, job)


def _rows(
    wanted: Wanted, members: NDArray[Any], tally: Tally, warehouse: Warehouse, job: Job | None
) -> Iterator[tuple[str, str]]:
    holdout = wanted.delivery.holdout
    if holdout is not None:
        held = _those(members, holdout.holds)
        tally.left_out["held_out"] = int(held.sum())
        members = members[~held]
    splits = wanted.delivery.splits
    share = None if splits is None else splits.share(wanted.document.id)
    if share is not None:
        mine = _those(members, share)
        tally.left_out["other_part"] = int((~mine).sum())
        members = members[mine]
    if not len(members):
        return
    sources = Sources(wanted.model, warehouse)
    sql = deliverable(sources, warehouse, wanted.document.identifiers, wanted.delivery.consent)
    keys = _by_text(members, integer=sources.integer_key)
    scratch = warehouse.scratch()
    try:
        for first in range(0, len(keys), _AT_ONCE):
            part = keys.slice(first, _AT_ONCE)
            scratch.stage_keys(STAGED, iter([(part, 0)]))
            found = scratch.table(sql, (), job)
            tally.left_out["no_consent"] += len(part) - found.num_rows
            for rows in found.to_batches(max_chunksize=_ROWS):
                if job is not None:
                    job.check()
                yield from _prepared(wanted, rows.to_pydict(), tally)
    finally:
        scratch.close()


def _those(members: NDArray[Any], test: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Whose key passes a test."""
    return np.fromiter((test(str(key)) for key in members.tolist()), dtype=bool, count=len(members))


def _by_text(members: NDArray[Any], *, integer: bool) -> Any:
    """The keys as an Arrow array, in the order of their texts: what is delivered is compared in one pass by it."""
    keys = pa.array(members, type=pa.int64()) if integer else pa.array(members.tolist(), type=pa.string())
    return keys.take(pc.sort_indices(keys.cast(pa.string())))


def _prepared(wanted: Wanted, columns: dict[str, list[Any]], tally: Tally) -> Iterator[tuple[str, str]]:
    """Rows with their identifiers normalised and hashed."""
    kinds = list(wanted.kinds.items())
    for place, key in enumerate(columns["key"]):
        values: list[list[str]] = []
        for i, (name, kind) in enumerate(kinds):
            sent = (
                wanted.profile.prepared(kind, raw, wanted.document.country) for raw in columns[f"v{i}"][place] or ()
            )
            distinct = sorted({one for one in sent if one is not None})
            tally.reachable[name] += bool(distinct)
            values += [[name, one] for one in distinct]
        if kinds and not values:
            tally.left_out["no_identifier"] += 1
            continue
        yield key, json.dumps(values, separators=(",", ":"))
