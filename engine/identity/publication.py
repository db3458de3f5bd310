"""The map that is in force: a DuckDB file that warehouses join with, an index for lookups, and what points to both.

Everything is written aside; the pointer is replaced last, in one step. What dies before leaves the old map in force.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from engine.durable import read_checked, sync_folder, with_checksum
from engine.errors import EngineError
from engine.faults.telling import file_failure
from engine.identity import history
from engine.identity.candidates import Candidate, Graph
from engine.identity.history import Change
from engine.identity.indexing import index_of
from engine.identity.linking import Evidence
from engine.identity.stability import Known
from engine.identity.tables import beside, identifiers_table, links_table, persons_table, redirects_table

POINTER = "current.json"
LINKS = "first, second, kind, records, first_seen, last_seen, sources, refused"
"""The columns of links."""
LOCK = "identity.lock"


@dataclass(frozen=True)
class Pointer:
    """What is in force: of which run, from which state of the data, document and pepper, and since when. ``sources``
    are how far each was read; ``whole`` are numbers of the last map made of everything, when this one was not."""

    run: int
    at: str
    data: str
    version: int
    pepper: int
    summary: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Any] = field(default_factory=dict)
    whole: Mapping[str, Any] = field(default_factory=dict)

    @property
    def map(self) -> str:
        """The map's file."""
        return f"map-{self.run}.duckdb"

    @property
    def index(self) -> str:
        """The index's file."""
        return f"index-{self.run}.lmdb"

    @property
    def profiles(self) -> str:
        """The table of (key, person); it has the run in its name, so that nothing is answered from an older one."""
        return f"profiles_{self.run}"


def current(folder: Path) -> Pointer | None:
    """What is in force in a folder; None before the first."""
    try:
        return Pointer(**read_checked((folder / POINTER).read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        raise EngineError(
            "identity",
            f"{folder / POINTER} cannot be read",
            hint="Restore it from a backup, or run convoke identity run again.",
        ) from None


class Map:
    """An open map."""

    def __init__(self, folder: Path, pointer: Pointer) -> None:
        self.folder, self.pointer = folder, pointer
        path = folder / pointer.map
        try:
            self._connection = duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            raise file_failure(
                "identity",
                f"the map {path.name} cannot be opened",
                error,
                hint="Restore it from a backup, or run convoke identity run again.",
            ) from None

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection; a block whose checksum differs comes out as a sentence."""
        try:
            yield self._connection
        except duckdb.Error as error:
            raise EngineError(
                "identity",
                f"the map {self.pointer.map} cannot be read ({type(error).__name__})",
                hint="Restore it from a backup, or run convoke identity run again.",
            ) from None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._reading() as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def arrays(self, sql: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
        """What a query finds, as arrays."""
        with self._reading() as connection:
            return connection.execute(sql, list(parameters)).fetchnumpy()

    def beside(self, name: str, table: Any, sql: str) -> dict[str, Any]:
        """What a query finds that names an Arrow table too."""
        with self._reading() as connection, beside(connection, {name: table}):
            return connection.execute(sql).fetchnumpy()

    def newest(self) -> int:
        """The last moment that anything was seen; 0 when nothing has a time."""
        return int(
            self.rows("SELECT coalesce(max(last_seen) FILTER (WHERE first_seen <= last_seen), 0) FROM links")[0][0]
        )

    def known(self) -> Known:
        """Ids as they are, for the next run to keep."""
        nodes = self.arrays("SELECT high, person FROM identifiers ORDER BY high")
        persons = self.rows("SELECT id, since, place FROM persons ORDER BY place")
        places = np.array([place for _, _, place in persons], dtype=np.int64)
        return Known(
            nodes["high"].astype(np.uint64),
            np.searchsorted(places, nodes["person"]).astype(np.int64),
            tuple(str(one) for one, _, _ in persons),
            tuple(int(since) for _, since, _ in persons),
        )

    def redirects(self) -> dict[str, str]:
        """Ids that lead to others."""
        return {str(one): str(into) for one, into in self.rows("SELECT id, into_id FROM redirects")}

    def graph(self, *, by_people: bool = False) -> Graph:
        """All identifiers, and the links that the data made; or those of people too."""
        ids = self.arrays("SELECT high, low, kind FROM identifiers ORDER BY high")
        links = self.arrays(
            f"SELECT {LINKS} FROM links WHERE kind != 255 OR $1 ORDER BY first, second, kind",  # noqa: S608 - our names
            [by_people],
        )
        return graph_of(ids, links)

    def profiles(self) -> Any:
        """An Arrow table of (key, high), one row a profile key."""
        with self._reading() as connection:
            return connection.execute(f"SELECT key, high FROM {self.pointer.profiles}").to_arrow_table()  # noqa: S608

    def identifiers_of(self, person: str) -> list[str]:
        """Every identifier of a person, as KIND:HASH."""
        rows = self.rows(
            "SELECT kinds.name, i.high, i.low FROM identifiers AS i JOIN kinds ON kinds.place = i.kind "
            "JOIN persons ON persons.place = i.person WHERE persons.id = ?",
            [person],
        )
        return [f"{kind}:{high:016x}{low:016x}" for kind, high, low in rows]

    def persons_of(self, keys: Sequence[str]) -> dict[str, str]:
        """The persons of some profile keys."""
        query = f"SELECT key, person FROM {self.pointer.profiles} WHERE key IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608
        return {str(key): str(person) for key, person in self.rows(query, [list(dict.fromkeys(keys))])}

    def export(self) -> Any:
        """An Arrow table of profile key, person and household."""
        with self._reading() as connection:
            return connection.execute(
                f"SELECT p.key, p.person, persons.household FROM {self.pointer.profiles} AS p "  # noqa: S608 - ours
                "JOIN persons ON persons.id = p.person ORDER BY p.key"
            ).to_arrow_table()

    def names(self) -> tuple[list[str], list[str]]:
        """The names of kinds and of sources, by place."""
        kinds, sources = (
            [str(one) for (one,) in self.rows(f"SELECT name FROM {table} ORDER BY place")]  # noqa: S608 - ours
            for table in ("kinds", "sources")
        )
        return kinds, sources

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def graph_of(ids: Mapping[str, Any], links: Mapping[str, Any]) -> Graph:
    """A graph out of columns of identifiers and links."""
    wide = {name: np.asarray(links[name], dtype=np.int64) for name in ("records", "first_seen", "last_seen")}
    return Graph(
        ids["high"].astype(np.uint64),
        ids["low"].astype(np.uint64),
        ids["kind"].astype(np.uint8),
        links["first"].astype(np.uint64),
        links["second"].astype(np.uint64),
        links["kind"].astype(np.uint8),
        Evidence(wide["records"], wide["first_seen"], wide["last_seen"], links["sources"].astype(np.uint64)),
    )


def opened(folder: Path) -> Map | None:
    """The map in force."""
    pointer = current(folder)
    return None if pointer is None else Map(folder, pointer)


@dataclass(frozen=True)
class Fresh:
    """What is to be in force. ``profiles`` is an Arrow table of (key, high, place); ``names`` are those of kinds and
    sources; ``changes`` are added to those of earlier runs, without what is told of somebody who was ``forgotten``;
    ``households`` are the places of the kinds that make them; ``renamed`` is an Arrow table of (was, now) of nodes
    where the pepper is another one."""

    found: Candidate
    pointer: Pointer
    profiles: Any
    names: tuple[Sequence[str], Sequence[str]]
    redirects: Mapping[str, str] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    forgotten: str | None = None
    households: Sequence[int] = ()
    renamed: Any = None


def publish(folder: Path, fresh: Fresh) -> None:
    """Put it in force."""
    pointer = fresh.pointer
    write_map(folder, fresh)
    index_of(fresh.found, folder / pointer.index, fresh.redirects)
    point_to(folder, pointer)


def point_to(folder: Path, pointer: Pointer) -> None:
    """Put the files of a pointer in force, once they are on disk, and remove those of others."""
    for name in (pointer.map, pointer.index):
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
    fresh = folder / f"{POINTER}.new"
    with fresh.open("wb") as file:
        file.write(with_checksum(vars(pointer)))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, folder / POINTER)
    sync_folder(folder)
    clean(folder, pointer)
    sync_folder(folder)  # files from before an erasure must not come back after power loss


def clean(folder: Path, pointer: Pointer) -> None:
    """Remove files of other runs; who has one open goes on reading it."""
    for path in folder.iterdir():
        if path.name.startswith(("map-", "index-")) and path.name not in (pointer.map, pointer.index):
            try:
                path.unlink()
            except OSError:  # Windows keeps a file that is open; the next run tries again
                continue


def write_map(folder: Path, fresh: Fresh) -> None:
    """A new map's file; the changes of the one in force come along."""
    pointer, changes = fresh.pointer, fresh.changes
    path = folder / pointer.map
    for leftover in (path, Path(f"{path}.wal")):
        leftover.unlink(missing_ok=True)
    before = current(folder)
    connection = duckdb.connect(str(path))
    try:
        for name, table in _tables(fresh.found, fresh.redirects, fresh.names).items():
            _load(connection, name, table)
        connection.register("given", fresh.profiles)
        connection.execute(
            f"CREATE TABLE {pointer.profiles} AS SELECT given.key, persons.id AS person, given.high "  # noqa: S608 - our name
            "FROM given JOIN persons USING (place) ORDER BY given.key"
        )
        connection.unregister("given")
        connection.execute(f"CREATE VIEW profiles AS FROM {pointer.profiles}")
        history.begin(connection)
        if before is not None and (folder / before.map).exists() and before.run != pointer.run:
            earlier = str(folder / before.map).replace("'", "''")
            connection.execute(f"ATTACH '{earlier}' AS earlier (READ_ONLY)")
            history.take_over(connection, fresh.forgotten, fresh.renamed)
            history.remember(connection, changes, "earlier.")
            connection.execute("DETACH earlier")
            history.keep(connection, pointer.run, pointer.at, changes, fresh.households)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def _load(connection: duckdb.DuckDBPyConnection, name: str, table: Any) -> None:
    connection.register("given", table)
    connection.execute(f"CREATE TABLE {name} AS FROM given")
    connection.unregister("given")


def _tables(
    found: Candidate, redirects: Mapping[str, str], names: tuple[Sequence[str], Sequence[str]]
) -> dict[str, Any]:
    return {
        "identifiers": identifiers_table(found),
        "persons": persons_table(found),
        "links": links_table(found),
        "redirects": redirects_table(sorted(redirects.items())),
        "kinds": pa.table({"place": np.arange(len(names[0])), "name": pa.array(names[0], type=pa.string())}),
        "sources": pa.table({"place": np.arange(len(names[1])), "name": pa.array(names[1], type=pa.string())}),
    }


def candidate_of(found: Map, *, by_people: bool = False) -> Candidate:
    """The candidate that a map was made from; the links that people made only when they are asked for, since who puts
    persons together anew makes them himself."""
    from engine.identity.graph import Persons
    from engine.identity.stability import Named

    graph = found.graph(by_people=by_people)
    rest = found.arrays("SELECT person, quarantined FROM identifiers ORDER BY high")
    persons = found.rows("SELECT id, since, household FROM persons ORDER BY place")
    places = found.arrays("SELECT place FROM persons ORDER BY place")["place"]
    place = {str(one): at for at, (one, _, _) in enumerate(persons)}
    refused = found.arrays(
        "SELECT refused FROM links WHERE kind != 255 OR $1 ORDER BY first, second, kind", [by_people]
    )["refused"].astype(bool)
    return Candidate(
        graph,
        Persons(
            graph.high,
            np.searchsorted(places, rest["person"]).astype(np.int64),
            rest["quarantined"].astype(bool),
            refused,
        ),
        Named(tuple(str(one) for one, _, _ in persons), tuple(int(since) for _, since, _ in persons)),
        np.array([place[str(home)] for _, _, home in persons], dtype=np.int64),
    )
