"""Computed traits, beside a warehouse: a file with one row a profile, replaced as a whole when traits are computed."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from engine.durable import make_folder, read_checked, remove_file, replace_file, with_checksum
from engine.errors import EngineError
from engine.faults.telling import file_failure

COMPUTED = "convoke_traits"
"""The name it is attached by."""
TABLE = "trait_values"
"""Its table: `key` (text) and a column for each trait, sorted by key."""
_FOLDER, _POINTER = "traits", "current.json"


@dataclass(frozen=True)
class ComputedTrait:
    """A trait that is in force: the version of its document and that one's hash, its type and what is told of it to
    people, whether nothing means 0 (or false); as of when and over which data it was computed, how many profiles have a
    value, and the least and greatest number. ``origin`` says what gave it: a trait's document, or a model's."""

    version: int
    hash: str
    type: str
    label: Mapping[str, str]
    money: str | None
    personal: bool
    zero: bool
    as_of: str
    data: str
    values: int
    least: float | None = None
    greatest: float | None = None
    origin: str = "trait"


@dataclass(frozen=True)
class Computed:
    """A state of the traits: its number, its file, and what is in it."""

    folder: Path
    number: int
    file: str
    traits: Mapping[str, ComputedTrait] = field(default_factory=dict)

    def to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach it, before the connection gives up reading other files."""
        quoted = str(self.folder / self.file).replace("'", "''")
        try:
            connection.execute(f"ATTACH '{quoted}' AS {COMPUTED} (READ_ONLY)")
        except duckdb.Error as error:
            raise file_failure(
                "warehouse_file",
                "the computed traits cannot be read beside the warehouse",
                error,
                hint="Compute them again: remove the folder warehouse/traits, then convoke trait run.",
            ) from None


def state(warehouses: Path) -> Computed | None:
    """The traits in force in a folder of warehouses; None before any."""
    path = warehouses / _FOLDER / _POINTER
    try:
        found = read_checked(path.read_bytes())
        traits = {name: ComputedTrait(**one) for name, one in found["traits"].items()}
        return Computed(warehouses / _FOLDER, int(found["number"]), str(found["file"]), traits)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        hint = "Remove it, then convoke trait run."
        raise EngineError("warehouse_file", f"{path} cannot be read", hint=hint) from None


def values_of(
    computed: Computed, name: str, keys: Sequence[str] | None, after: str = "", most: int | None = None
) -> list[tuple[str, Any]]:
    """(key, value) of a trait, by key: of some profiles, or of all that have one after a key, ``most`` of them."""
    column, bound = _quoted(name), "" if most is None else f" LIMIT {int(most)}"
    which, given = ("key > ?", after) if keys is None else ("key IN (SELECT unnest(?::VARCHAR[]))", list(keys))
    with duckdb.connect() as connection:
        computed.to(connection)
        rows = connection.execute(
            f"SELECT key, {column} FROM {COMPUTED}.{TABLE} WHERE {column} IS NOT NULL AND {which} ORDER BY key{bound}",  # noqa: S608 - quoted
            [given],
        ).fetchall()
    return [(str(key), value) for key, value in rows]


def publish(
    warehouses: Path, fresh: Mapping[str, tuple[ComputedTrait, Any]], gone: frozenset[str] = frozenset()
) -> Computed:
    """Put traits in force with their values (Arrow tables of key and value); the others stay, those ``gone`` do not."""
    folder = warehouses / _FOLDER
    make_folder(folder)
    before = state(warehouses)
    number = 1 if before is None else before.number + 1
    kept = {} if before is None else {n: t for n, t in before.traits.items() if n not in fresh and n not in gone}
    path = folder / f"traits-{number}.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        if before is not None:
            before.to(connection)
        parts = [f"SELECT key, {_columns(name, kept, fresh)} FROM {COMPUTED}.{TABLE} AS f" for name in kept]  # noqa: S608 - quoted
        for place, (name, (_, rows)) in enumerate(fresh.items()):
            connection.register(f"fresh_{place}", rows)
            parts.append(f"SELECT key, {_columns(name, kept, fresh)} FROM fresh_{place} AS f")  # noqa: S608 - quoted
        wanted = ", ".join(f"any_value({_quoted(name)}) AS {_quoted(name)}" for name in (*kept, *fresh))
        union = " UNION ALL ".join(parts) or "SELECT NULL::VARCHAR AS key WHERE false"
        more = f", {wanted}" if wanted else ""
        connection.execute(
            f"CREATE TABLE {TABLE} AS SELECT key{more} FROM ({union}) WHERE key IS NOT NULL GROUP BY key ORDER BY key"  # noqa: S608 - our names, quoted
        )
    with path.open("rb") as file:
        os.fsync(file.fileno())
    made = Computed(folder, number, path.name, kept | {name: told for name, (told, _) in fresh.items()})
    _point_to(folder, made)
    for old in folder.glob("traits-*.duckdb*"):
        if old.name not in (path.name, "" if before is None else before.file):
            remove_file(old)
    return made


def erase(warehouses: Path, keys: Collection[str]) -> tuple[int, int]:
    """Take the values of some profiles away, from every file at once; how many files were searched, and how many rows
    of them are left."""
    before = state(warehouses)
    if before is None:
        return 0, 0
    made = replace(before, number=before.number + 1, file=f"traits-{before.number + 1}.duckdb")
    path = made.folder / made.file
    path.unlink(missing_ok=True)
    wanted = sorted(keys)
    with duckdb.connect(str(path)) as connection:
        before.to(connection)
        those = "key IN (SELECT unnest(?::VARCHAR[]))"
        ((found,),) = connection.execute(f"SELECT count(*) FROM {COMPUTED}.{TABLE} WHERE {those}", [wanted]).fetchall()  # noqa: S608
        if found:
            query = f"CREATE TABLE {TABLE} AS SELECT * FROM {COMPUTED}.{TABLE} WHERE NOT {those} ORDER BY key"  # noqa: S608
            connection.execute(query, [wanted])
            ((left,),) = connection.execute(f"SELECT count(*) FROM {TABLE} WHERE {those}", [wanted]).fetchall()  # noqa: S608
    if not found:
        path.unlink()
        made, left = before, 0
    else:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        _point_to(made.folder, made)
    for old in made.folder.glob("traits-*.duckdb*"):
        if old.name != made.file:
            remove_file(old)
    return 1, int(left)


def _columns(mine: str, kept: Mapping[str, Any], fresh: Mapping[str, Any]) -> str:
    """Every column, with the values of one trait only."""
    value = _quoted(mine) if mine in kept else "value"
    every = (*kept, *fresh)
    return ", ".join(f"f.{value} AS {_quoted(one)}" if one == mine else f"NULL AS {_quoted(one)}" for one in every)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _point_to(folder: Path, made: Computed) -> None:
    told = {
        "number": made.number,
        "file": made.file,
        "traits": {name: asdict(one) for name, one in made.traits.items()},
    }
    replace_file(folder / _POINTER, with_checksum(told))
