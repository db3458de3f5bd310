"""A map with a region of it replaced: the files in force are copied and only what is another one is written.

Nobody sees the copies before they are whole. What a change costs follows from the region and from copying the files,
not from putting everybody together anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from engine.domain.identity import IdentityDocument
from engine.errors import EngineError
from engine.identity import history
from engine.identity.history import Change
from engine.identity.housing import kinds_of_homes, rehoused
from engine.identity.index import Index, Patch, patch_index, raw_of
from engine.identity.indexing import index_of
from engine.identity.mending import Mended
from engine.identity.publication import LINKS, Map, Pointer, candidate_of
from engine.identity.region import Region
from engine.identity.stability import new_id
from engine.identity.tables import beside, identifiers_table, links_table, persons_table, redirects_table


class Taken(Mapping[str, str]):
    """Ids that a region may not give to anybody: "" for one that somebody outside has, else whom it leads to. A map has
    many more ids than a region needs: those that its identifiers stand for are looked up at once, others when asked."""

    def __init__(self, found: Map, region: Region) -> None:
        self._found, self._inside = found, frozenset(region.ids())
        self._asked: set[str] = set()
        self._known: dict[str, str] = {}
        self._look_up([new_id(node) for node in region.part.graph.high[region.mine].tolist()])

    def __getitem__(self, one: str) -> str:
        if one not in self._asked:
            self._look_up([one])
        return self._known[one]

    def _look_up(self, ids: Sequence[str]) -> None:
        self._asked.update(ids)
        given = pa.table({"id": pa.array(ids, pa.string())})
        led = self._found.beside("given", given, "SELECT id, into_id FROM redirects SEMI JOIN given USING (id)")
        alive = self._found.beside("given", given, "SELECT id FROM persons SEMI JOIN given USING (id)")["id"]
        self._known.update(zip(map(str, led["id"]), map(str, led["into_id"]), strict=True))
        self._known.update((one, "") for one in map(str, alive) if one not in self._inside)

    def __iter__(self) -> Iterator[str]:
        raise TypeError("ids are asked for one by one")

    def __len__(self) -> int:
        raise TypeError("ids are asked for one by one")


@dataclass(frozen=True)
class Replacement:
    """What a region becomes. ``keys`` is an Arrow table of (key, high) of profile keys that may be new; ``changes`` are
    added to those of earlier runs."""

    found: Mended
    document: IdentityDocument
    changes: Sequence[Change] = ()
    keys: Any = None


@dataclass
class _Written:
    """What the index has to follow: the households of everybody whose household is another one now, and redirects that
    came, changed or went."""

    households: dict[str, str] = field(default_factory=dict)
    led: dict[str, str] = field(default_factory=dict)
    no_longer_led: list[str] = field(default_factory=list)


def replace_region(folder: Path, before: Pointer, pointer: Pointer, what: Replacement) -> None:
    """Write the map and the index of ``pointer`` beside those in force; point_to puts them in force."""
    for leftover in (pointer.map, f"{pointer.map}.wal", pointer.index):
        (folder / leftover).unlink(missing_ok=True)
    shutil.copyfile(folder / before.map, folder / pointer.map)
    connection = duckdb.connect(str(folder / pointer.map))
    try:
        written = _write(connection, before, pointer, what)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    try:
        Index(folder / before.index).close()
    except EngineError:  # damaged or gone: made again, from the map as it is now
        with closing(Map(folder, pointer)) as made:
            index_of(candidate_of(made, by_people=True), folder / pointer.index, made.redirects())
        return
    aside = (folder / pointer.index).with_suffix(".new")
    patch_index(folder / before.index, aside, _patch(what.found, written))
    Index(aside, fresh=True).close()
    os.replace(aside, folder / pointer.index)


def _write(connection: Any, before: Pointer, pointer: Pointer, what: Replacement) -> _Written:
    """Replace the region in a copy of the map."""
    found, region = what.found.found, what.found.region
    first = int(connection.execute("SELECT coalesce(max(place), -1) + 1 FROM persons").fetchone()[0])
    nothing = pa.table({"key": pa.array([], pa.string()), "high": found.graph.high[:0]})
    tables = {
        "nodes": identifiers_table(found, first),
        "people": persons_table(found, first),
        "edges": links_table(found),
        "gone": pa.table({"place": region.places[region.people].astype(np.int32)}),
        "merged": redirects_table(found.names.merged),
        "keys": nothing if what.keys is None else what.keys,
    }
    connection.execute("CREATE TEMP TABLE led_before AS FROM redirects")
    with beside(connection, tables):
        connection.execute("BEGIN")
        history.remember(connection, what.changes)
        for statement in _STATEMENTS:
            connection.execute(statement)
        _profiles(connection, before, pointer)
        kinds = kinds_of_homes(what.document)
        households = rehoused(connection, kinds)
        history.keep(connection, pointer.run, pointer.at, what.changes, kinds)
        connection.execute("COMMIT")
    changed = connection.execute("SELECT id, into_id FROM redirects EXCEPT FROM led_before").fetchall()
    went = connection.execute("SELECT id FROM led_before EXCEPT SELECT id FROM redirects").fetchall()
    connection.execute("DROP TABLE led_before")
    return _Written(households, dict(changed), [one for (one,) in went])


_STATEMENTS = (
    "DELETE FROM identifiers WHERE high IN (SELECT high FROM nodes)",
    "INSERT INTO identifiers SELECT high, low, kind, person, quarantined FROM nodes ORDER BY high",
    "DELETE FROM links WHERE first IN (SELECT high FROM nodes) AND second IN (SELECT high FROM nodes)",
    f"INSERT INTO links ({LINKS}) SELECT {LINKS} FROM edges ORDER BY first, second",  # noqa: S608 - our names
    "DELETE FROM persons WHERE place IN (SELECT place FROM gone)",
    "INSERT INTO persons (place, id, since, household) SELECT place, id, since, id FROM people",
    "UPDATE redirects SET into_id = merged.into_id FROM merged WHERE redirects.into_id = merged.id",
    "DELETE FROM redirects WHERE id IN (SELECT id FROM merged)",
    "INSERT INTO redirects SELECT id, into_id FROM merged",
    "DELETE FROM redirects WHERE id IN (SELECT id FROM persons) OR into_id NOT IN (SELECT id FROM persons)",
)


def _profiles(connection: Any, before: Pointer, pointer: Pointer) -> None:
    """The persons of profile keys; their table has the new run in its name."""
    for statement in _PROFILES:
        connection.execute(statement.replace("%before", before.profiles).replace("%now", pointer.profiles))


_PROFILES = (
    "DROP VIEW profiles",
    "ALTER TABLE %before RENAME TO %now",
    "CREATE VIEW profiles AS FROM %now",
    "UPDATE %now SET person = people.id FROM nodes JOIN people ON people.place = nodes.person "
    "WHERE %now.high = nodes.high AND %now.person != people.id",
    "INSERT INTO %now SELECT keys.key, people.id, keys.high FROM keys JOIN nodes USING (high) "
    "JOIN people ON people.place = nodes.person WHERE keys.key NOT IN (SELECT key FROM %now) ORDER BY keys.key",
)


def _patch(mended: Mended, written: _Written) -> Patch:
    """What is another one in the index."""
    found, region = mended.found, mended.region
    raws = [raw_of(one) or b"" for one in found.names.ids]
    hashes = np.stack([found.graph.high, found.graph.low], axis=1).astype(">u8").tobytes()
    keys = [hashes[16 * at : 16 * at + 16] for at in range(len(found.graph.high))]
    members = [b""] * len(raws)
    for key, kind, place in zip(keys, found.graph.kinds.tolist(), found.persons.person.tolist(), strict=True):
        members[place] += bytes([kind]) + key
    mine = set(found.names.ids)
    homes_ = [written.households.get(one, one) for one in found.names.ids]
    return Patch(
        list(zip(keys, (raws[place] for place in found.persons.person.tolist()), strict=True)),
        [raw_of(one) or b"" for one in sorted({*region.ids()} - mine)],
        [(raw, (raw_of(home) or b"") + some) for raw, home, some in zip(raws, homes_, members, strict=True)],
        {one: home for one, home in written.households.items() if one not in mine},
        written.led,
        written.no_longer_led,
        int(region.fresh.sum()),
    )
