"""Whom new events touch: the tables an audience is read from, the profiles in what is new there, and their ordinals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.domain.audience import Audience
from engine.domain.model import DataModel, Source
from engine.domain.rule import Did, Has, Sql
from engine.domain.rule import Sequence as Steps
from engine.domain.walk import conditions
from engine.operations.catalogue import with_referred
from engine.operations.finding import open_map
from engine.operations.identity_documents import raw_model
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.ingest.news import News, Part
    from engine.warehouses.collected import Collected

_COLLECTED = "collected."


def followed_tables(workspace: Workspace, audience: Audience) -> frozenset[Part] | None:
    """The tables of collected events that an audience is read from; none when it is read from no such table, None when
    who is in cannot be told from single profiles: it keeps the first n, SQL of one's own reads what was collected, or
    the model knows something of it no more, which its runs say."""
    found: set[Part] = set()
    for one in with_referred(workspace, {(audience.id, None): audience}, strict=False).values():
        if one.top is not None:
            return None
        read = _read(raw_model(workspace), one)
        if read is None:
            return None
        for source, column, time in read:
            table, names = _table(source)
            if table.startswith(_COLLECTED) and (part := _part(table, names, column, time)) is not None:
                found.add(part)
            elif _COLLECTED in f"{source.sql or ''} {source.where or ''}".lower():
                return None
    return frozenset(found)


def _table(source: Source) -> tuple[str, Mapping[str, str]]:
    """The table that rows are of, one each, and the names of its columns; nothing where they are made otherwise."""
    from engine.sql.reading import row_by_row

    if source.where is not None and _COLLECTED in source.where.lower():
        return "", {}
    if source.table is not None:
        return source.table.lower(), {"*": "*"}
    return row_by_row(source.sql or "") or ("", {})


def _part(table: str, names: Mapping[str, str], profile: str, time: str | None) -> Part | None:
    """What is followed of a table, by its own columns; None where one of them is made of others."""
    from engine.ingest.news import Part

    asked = [profile] if time is None else [profile, time]
    found = [names.get(one.lower(), one if "*" in names else None) for one in asked]
    if None in found:
        return None
    return Part(table[len(_COLLECTED) :], str(found[0]), None if time is None else str(found[1]))


def _read(model: DataModel, audience: Audience) -> list[tuple[Source, str, str | None]] | None:
    """(source, column of the profile, column of the time) of all an audience is read from; None when the model does not
    know something of it."""
    found: list[tuple[Source, str, str | None]] = [(model.profile.source, model.profile.key, None)]
    names: set[str] = set()
    for _, leaf in conditions(audience.rule):
        match leaf:
            case Did(event):
                names.add(event)
            case Has(wanted):
                if wanted not in model.objects:
                    return None
                found.append((model.objects[wanted].source, model.objects[wanted].profile, None))
            case Steps(steps):
                names |= {step.event for step in steps} | {s.without.event for s in steps if s.without is not None}
            case Sql(text):
                found.append((Source(sql=text), "", None))
    if not names <= model.events.keys():
        return None
    return found + [(model.events[one].source, model.events[one].profile, model.events[one].time) for one in names]


class Reading:
    """Who is touched by what is new, each table read once."""

    def __init__(self, workspace: Workspace, collected: Collected) -> None:
        self._workspace, self._folder = workspace, collected.folder
        self._news: dict[tuple[Part, int, datetime], News] = {}
        self._persons = raw_model(workspace).profile.identity is not None
        self.bytes = 0

    def of(self, parts: Iterable[Part], since: int, as_of: datetime) -> tuple[set[Any], datetime | None]:
        """The keys of profiles (texts) in what is new in some tables, and when the newest of it was received."""
        from engine.ingest.news import news

        found: set[Any] = set()
        received = None
        for part in parts:
            key = part, since, as_of
            if key not in self._news:
                self._news[key] = news(self._folder, part, since, as_of)
                self.bytes += self._news[key].bytes
            found.update(self._news[key].values.to_pylist())
            times = [one for one in (received, self._news[key].received) if one is not None]
            received = max(times, default=None)
        return (self._people(found) if self._persons else found), received

    def _people(self, keys: set[Any]) -> set[Any]:
        """The persons of profiles; those whom nobody knows yet come when persons are found anew."""
        with open_map(self._workspace) as found:
            return set(found.persons_of(sorted(keys)).values())


class Numbers:
    """The ordinals of the touched profiles of a site; members who have none get one."""

    def __init__(self, workspace: Workspace, site: str, touched: pa.Array, here: pa.Array) -> None:
        import numpy as np

        from engine.bitmap.bits import from_sorted
        from engine.bitmap.ordinals import SiteOrdinals

        ordinals = SiteOrdinals(site, workspace.segments, workspace.library.folder / "ordinals")
        found = ordinals.numbers_of(here)
        missing = found < 0
        if missing.any():
            ordinals.number(here.filter(_mask(missing)))
            found = ordinals.numbers_of(here)
        self._here = found
        known = ordinals.numbers_of(touched)
        self.touched = from_sorted(np.unique(known[known >= 0]))

    def of(self, members: Any) -> Any:
        """The ordinals of some of those who are here, as a bitmap."""
        import numpy as np

        from engine.bitmap.bits import from_sorted

        return from_sorted(np.sort(self._here[members]))


def _mask(flags: Any) -> Any:
    import pyarrow as pa

    return pa.array(flags)


def typed(keys: Iterable[Any], *, integer: bool) -> pa.Array:
    """Keys in the type of the profile key, distinct; text that is no number belongs to nobody."""
    if not integer:
        return array_of(sorted({str(one) for one in keys}), integer=False)
    found = set()
    for one in keys:
        with suppress(ValueError):
            found.add(int(one))
    return array_of(sorted(one for one in found if abs(one) < 1 << 63), integer=True)


def array_of(keys: list[Any], *, integer: bool) -> pa.Array:
    """Keys as an Arrow array."""
    import pyarrow as pa

    return pa.array(keys, pa.int64() if integer else pa.string())
