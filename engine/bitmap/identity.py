"""What makes two conditions the same set: the condition, the model, the site, the data they read, and the moment.

A condition that does not look at the clock keeps its key when only as_of moves; one over a table keeps it when other
tables change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import assert_never

from engine.domain.canonical import canonical_json
from engine.domain.documents import iso
from engine.domain.model import DataModel, Site, Source
from engine.domain.model_codec import write_model
from engine.domain.operators import Anniversary, Operator, Relative
from engine.domain.rule import (
    Did,
    Has,
    InList,
    PropertyIs,
    Sample,
    Sequence,
    Sql,
    TraitIs,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
)
from engine.domain.windows import Window, bounds
from engine.sql.leaves import Condition
from engine.sql.usersql import looks_at_clock
from engine.warehouses.protocol import Warehouse


class Identities:
    """Keys of conditions over one state of the data, for one site at one moment."""

    def __init__(
        self, model: DataModel, warehouse: Warehouse, site: Site, as_of: datetime, list_stamps: Mapping[str, str]
    ) -> None:
        self._model = model
        self._warehouse = warehouse
        self._site = site
        self._as_of = as_of
        self._list_stamps = list_stamps
        self._versions: dict[Source, str] = {}
        plain = canonical_json([warehouse.url, write_model(model), site.id])
        self._head = hashlib.sha256(plain.encode()).digest()
        self._profiles = self._version(model.profile.source)

    def key(self, condition: Condition, identity: str, epoch: int) -> bytes:
        """The key of a condition; ``identity`` is its canonical text."""
        parts = [identity, str(epoch), self._profiles, self._data(condition), self._moment(condition)]
        return hashlib.sha256(self._head + "\n".join(parts).encode()).digest()

    def counters(self, epoch: int) -> bytes:
        """What all counters of the site begin their keys with: model, site and ordinals, but no data and no moment."""
        return self._head + epoch.to_bytes(8, "big")

    def source(self, event: str) -> str:
        """The state of the data an event is read from."""
        return self._version(self._model.events[event].source)

    def everyone(self, epoch: int) -> bytes:
        """The key of the set of all profiles of the site."""
        return hashlib.sha256(self._head + f"everyone\n{epoch}\n{self._profiles}".encode()).digest()

    def profiles(self, epoch: int) -> bytes:
        """The state that the ordinals of the site hold for."""
        return hashlib.sha256(self._head + f"profiles\n{epoch}\n{self._profiles}".encode()).digest()

    def _version(self, source: Source) -> str:
        if source not in self._versions:
            self._versions[source] = self._warehouse.source_version(source)
        return self._versions[source]

    def _data(self, condition: Condition) -> str:
        """The state of what the condition reads besides the profiles."""
        match condition:
            case TraitIs() | Sample():
                return ""
            case Did(event):
                return self._version(self._model.events[event].source)
            case Has(wanted):
                return self._version(self._model.objects[wanted].source)
            case Sequence(steps):
                names = {step.event for step in steps} | {s.without.event for s in steps if s.without is not None}
                return "|".join(self._version(self._model.events[name].source) for name in sorted(names))
            case InList(wanted):
                return self._list_stamps.get(wanted, "")
            case Sql():
                return self._warehouse.data_version()
            case _:
                assert_never(condition)

    def _moment(self, condition: Condition) -> str:
        """What the condition sees of the clock."""
        match condition:
            case TraitIs(_, operator):
                return self._clock(_looks_at_clock(operator))
            case Did(_, where, window, measure):
                return self._window(window) + self._clock(in_where(where) or _looks_at_clock(measure.operator))
            case Has(_, where, measure):
                return self._clock(in_where(where) or _looks_at_clock(measure.operator))
            case Sequence(steps, window):
                wheres = [s.where for s in steps] + [s.without.where for s in steps if s.without is not None]
                return self._window(window) + self._clock(any(in_where(where) for where in wheres))
            case Sql(text):
                return self._clock(looks_at_clock(text))
            case InList() | Sample():
                return ""
            case _:
                assert_never(condition)

    def _clock(self, looks: bool) -> str:
        return iso(self._as_of) if looks else ""

    def _window(self, window: Window | None) -> str:
        start, end = bounds(window, self._as_of, self._site.zone)
        return f"{'' if start is None else iso(start)}/{iso(end)}/"


def _looks_at_clock(operator: Operator) -> bool:
    return isinstance(operator, Relative | Anniversary)


def in_where(where: Where | None) -> bool:
    """Whether a condition on a row reads the clock."""
    return any(_looks_at_clock(one.operator) for one in properties(where))


def properties(where: Where | None) -> Iterable[PropertyIs]:
    """Every property condition in a where tree."""
    match where:
        case None:
            return
        case PropertyIs():
            yield where
        case WhereAll(children) | WhereAny(children):
            for child in children:
                yield from properties(child)
        case WhereNot(child):
            yield from properties(child)
