"""Large worlds: thousands of events a table, half of every column missing, every type, one table or several.

They hold what small ones cannot show: a plan of the warehouse that begins at some number of rows. Values are drawn from
small pools, so that rows are made quickly, often have equal values and equal times, and the oracle tries each value once.
"""

from __future__ import annotations

import math
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from engine.warehouses.duck import DuckSession, connect
from tests.support.worlds import EVENTS, TYPES, ZONES, Field, Made, WorldMaker, documents, quote

MISSING = 0.5
"""The share of missing values."""
EVENTS_A_TABLE = 5_500
_PHYSICAL = {
    "string": ["VARCHAR", "VARCHAR", "BIGINT", "UUID"],
    "integer": ["INTEGER", "BIGINT", "SMALLINT", "DOUBLE", "HUGEINT"],
    "decimal": ["DECIMAL(9,2)", "DECIMAL(12,2)", "DECIMAL(38,8)", "DOUBLE", "BIGINT"],
    "float": ["DOUBLE", "FLOAT", "INTEGER"],
    "boolean": ["BOOLEAN", "BOOLEAN", "TINYINT"],
    "date": ["DATE"],
    "timestamp": ["TIMESTAMP", "TIMESTAMPTZ", "DATE", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP_NS"],
}
_UUIDS = [f"6f1c9a52-3f0e-4f0a-9f6b-00000000000{i}" for i in range(6)]
_POOL = 30
_Pair = tuple[Any, Any]


class LargeWorldMaker(WorldMaker):
    """Builds one large world, in memory or in a file of many row groups."""

    def __init__(self, rng: Random, *, in_memory: bool = False) -> None:
        super().__init__(rng)
        self.connection.execute("SET preserve_insertion_order = true")
        self._shared_table = rng.random() < 0.6
        self._in_file = not in_memory and rng.random() < 0.4
        self._pools: dict[tuple[int, str], list[_Pair]] = {}
        self._times: dict[tuple[str, str | None, str], list[_Pair]] = {}
        self._folder: TemporaryDirectory[str] | None = None

    def make(self) -> Made:
        """The world."""
        made = super().make()
        made.large, made.folder = True, self._folder
        return made

    def _session(self) -> DuckSession:
        if not self._in_file:
            self.connection.execute("SET preserve_insertion_order = false")
            return super()._session()
        self._folder = TemporaryDirectory()
        path = Path(self._folder.name) / "world.duckdb"
        self.connection.execute(f"ATTACH '{path}' AS kept (ROW_GROUP_SIZE 2048)")
        self.connection.execute("COPY FROM DATABASE memory TO kept")
        self.connection.close()
        self.connection = connect(str(path), read_only=False)
        return super()._session()

    def _people(self) -> int:
        return self.rng.randint(350, 700)

    def _keys(self, count: int) -> list[Any]:
        if self.integer_keys:
            return self.rng.sample([*range(3 * count), 2**31, 2**40], count)
        return [*super()._keys(8), *(f"key {i}" for i in range(count - 8))]

    def _fields(self) -> list[Field]:
        chosen = [Field(f"f_{kind}", kind, f"{kind} column", "", None) for kind in TYPES]
        for found in chosen:
            found.physical = self.rng.choice(_PHYSICAL[found.type])
            if found.type == "timestamp" and self.rng.random() < 0.4:
                found.timezone = self.rng.choice(ZONES)
        return chosen

    # -- values ----------------------------------------------------------------------------------------------------

    def value(self, found: Field, site_zone: str) -> _Pair:
        """One of the field's pool, or missing."""
        place = (id(found), site_zone)
        if place not in self._pools:
            self._pools[place] = self._pool(found, site_zone)
        pool = self._pools[place]
        return pool[int(self.rng.random() * len(pool))]

    def _pool(self, found: Field, site_zone: str) -> list[_Pair]:
        """As many missing values as others."""
        made = [self._present(found, site_zone) for _ in range(_POOL)]
        present = [(meant, value) for meant, value in made if value is not None and not _is_nan(value)]
        if found.physical in ("DOUBLE", "FLOAT") and found.type == "float":
            present += [(-0.0, -0.0), (math.inf, math.inf)]
        if found.type == "integer" and found.physical in ("BIGINT", "HUGEINT"):
            present += [(2**53 + 1, 2**53 + 1), (2**53, 2**53)]
        missing: list[_Pair] = [(None, None)]
        if found.physical in ("DOUBLE", "FLOAT"):
            missing.append((math.nan, math.nan))
        wanted = int(len(present) * MISSING / (1 - MISSING))
        return present + [missing[i % len(missing)] for i in range(wanted)]

    def _present(self, found: Field, site_zone: str) -> _Pair:
        if found.physical == "UUID":
            text = self.rng.choice(_UUIDS)
            return text, text
        meant, value = super().value(found, site_zone)
        return (meant, int(value)) if found.physical == "TINYINT" and value is not None else (meant, value)

    def time(self, physical: str, timezone: str | None, site_zone: str) -> _Pair:
        """One of a pool of times, dense enough for chains of events."""
        place = (physical, timezone, site_zone)
        if place not in self._times:
            self._times[place] = [super(LargeWorldMaker, self).time(physical, timezone, site_zone) for _ in range(200)]
        return self.rng.choice(self._times[place])

    # -- tables ----------------------------------------------------------------------------------------------------

    def _table(self, table: str, head: list[tuple[str, str]], fields: list[Field], rows: list[list[Any]]) -> None:
        super()._table(table, head, fields, [])
        made = pa.table({f"c{i}": _array(list(column)) for i, column in enumerate(zip(*rows, strict=True))})
        self.connection.register("made", made)
        self.connection.execute(f"INSERT INTO {quote(table)} SELECT * FROM made")
        self.connection.unregister("made")

    def _objects(self) -> int:
        return self.rng.choice([1_000, 3_000])

    def _owner(self, keys: list[Any]) -> Any:
        if self.rng.random() < 0.1:
            return super()._owner(keys)
        busy = self.rng.random() < 0.02  # a few profiles have many events
        return keys[int(self.rng.random() * (5 if busy else len(keys) - 2))]

    def _events(
        self, keys: list[Any], document: dict[str, Any], fields: dict[str, list[Field]], site_of: dict[Any, str]
    ) -> dict[str, list[dict[str, Any]]]:
        if self._shared_table:
            return self._table_of(EVENTS, keys, document, fields, site_of)
        found: dict[str, list[dict[str, Any]]] = {}
        for name in EVENTS:
            found |= self._table_of((name,), keys, document, fields, site_of)
        return found

    def _table_of(
        self,
        names: tuple[str, ...],
        keys: list[Any],
        document: dict[str, Any],
        fields: dict[str, list[Field]],
        site_of: dict[Any, str],
    ) -> dict[str, list[dict[str, Any]]]:
        """One table with the rows of some events; its rows lie as they come, by profile, by time or by kind."""
        rng = self.rng
        table = self.name()
        physical = rng.choice(["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP", "DATE"])
        zoned = rng.choice(ZONES) if rng.random() < 0.4 else None
        own = self._fields()
        made: list[tuple[str, dict[str, Any], list[Any]]] = []
        for _ in range(EVENTS_A_TABLE * (1 if len(names) == 1 else 2)):
            who = self._owner(keys)
            kind = rng.choice(names) if rng.random() < 0.95 else "else"
            site_zone = site_of.get(who, "UTC")
            meant, value = (None, None) if rng.random() < 0.02 else self.time(physical, zoned, site_zone)
            row: dict[str, Any] = {"_profile": who, "_time": meant}
            values = [who, value, kind]
            self._fill(own, row, values, site_zone)
            made.append((kind, row, values))
        by = rng.choice([None, 0, 1, 2])
        if by is not None:
            made.sort(key=lambda one: (one[2][by] is None, str(one[2][by])))
        owner_type = rng.choice(["BIGINT", "VARCHAR", "HUGEINT"]) if self.integer_keys else "VARCHAR"
        if owner_type != "BIGINT":  # somebody that no key can be
            made.append(
                (names[0], {"_profile": 2**70, "_time": None}, [str(2**70), None, names[0], *[None] * len(own)])
            )
        for rowid, (_, row, _) in enumerate(made):
            row["_rowid"] = rowid
        head = [("who it was", owner_type), ("at", physical), ("event type", "VARCHAR")]
        self._table(table, head, own, [values for _, _, values in made])
        for name in names:
            fields[name], self.tables[name] = own, table
            document["events"][name] = {
                "table": table,
                "where": f"\"event type\" = '{name}'",
                "profile": "who it was",
                "time": "at",
                "properties": documents(own),
                **({} if zoned is None else {"timezone": zoned}),
            }
        return {name: [row for kind, row, _ in made if kind == name] for name in names}


def _array(values: list[Any]) -> pa.Array:
    """Keys of both kinds go in as texts."""
    if any(isinstance(one, str) for one in values):
        values = [None if one is None else str(one) for one in values]
    return pa.array(values)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
