"""Random warehouses with everything that breaks naive compilers, and the same data as plain rows for the oracle.

NULL, NaN, empty and odd strings, reserved words as names, equal times, DST days, month ends, keys of text and integer,
columns stored in other types than declared, times with and without zone. Large worlds (see ``large.py``) have every type
and thousands of events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from engine.domain.durations import zone
from engine.domain.model import DataModel
from engine.domain.model_codec import read_model
from engine.warehouses.duck import DuckSession, connect
from tests.support import oracle

NAMES = [
    "select", "order", "group by", 'na"me', "naïve col", "from", "Value", "x.y", "key", "e", "p", "q", "mask", "site",
    "count", "t", "profile", "time", "where", "última compra", "o'clock", "1st", "user", "table", "now", "before",
]  # fmt: skip
TEXTS = ["", "a", "A", "ab", "São Paulo", "sao paulo", "O'Brien", "100%", "a_b", "%", " x ", "İ", "ẞ", "ñandú", "ÑANDÚ",
         "\U0001f600", "line\nbreak", "NaN", "null", "Z", "z", "aa"]  # fmt: skip
ZONES = ["UTC", "America/Sao_Paulo", "America/Santiago", "America/Mexico_City", "America/Havana", "Asia/Kolkata"]
MOMENTS = [
    datetime(2024, 4, 7, 3, 30, tzinfo=UTC), datetime(2024, 9, 8, 4, 0, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=UTC), datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2025, 3, 31, 4, tzinfo=UTC), datetime(2024, 11, 3, 5, 30, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC),
    datetime(2024, 3, 10, 6, 0, tzinfo=UTC),
]  # fmt: skip
EVENTS = ("buy", "view it", "return")
TYPES = ["string", "integer", "decimal", "float", "boolean", "date", "timestamp"]


@dataclass
class Field:
    """A generated trait or property."""

    name: str
    type: str
    column: str
    physical: str
    timezone: str | None

    def document(self) -> dict[str, Any]:
        """As the model writes it."""
        zoned = {} if self.timezone is None else {"timezone": self.timezone}
        return {"type": self.type, "column": self.column, **zoned}


@dataclass
class Made:
    """A generated world: for the engine and for the oracle."""

    warehouse: DuckSession
    model: DataModel
    document: dict[str, Any]
    plain: oracle.World
    fields: dict[str, list[Field]]  # "" → traits, else event or object name
    tables: dict[str, str]  # the same names → tables; rows carry their rowid there as _rowid
    large: bool = False
    folder: Any = None  # what holds its files until it is let go


class WorldMaker:
    """Builds one world from a source of randomness."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.connection = connect(":memory:", read_only=False)
        self.as_of = rng.choice(MOMENTS) + timedelta(microseconds=rng.choice([0, 0, 0, 1, 3_600_000_000]))
        self.integer_keys = rng.random() < 0.5
        self.names = rng.sample(NAMES, len(NAMES))
        self.tables: dict[str, str] = {}

    def name(self) -> str:
        """A name not used before."""
        return self.names.pop()

    def make(self) -> Made:
        """The world."""
        rng = self.rng
        site_ids = rng.sample(["MLA", "MLB", "MLC", "7"], rng.choice([1, 1, 2, 3]))
        sites = {site: rng.choice(ZONES) for site in site_ids}
        single = len(sites) == 1 and rng.random() < 0.5
        keys = self._keys(self._people())
        fields: dict[str, list[Field]] = {"": self._fields()}
        key_column, site_column = self.name(), self.name()
        profiles: list[dict[str, Any]] = []
        stored: list[list[Any]] = []
        for key in keys:
            site = site_ids[0] if single else rng.choice([*site_ids, *site_ids, "other", None])
            row: dict[str, Any] = {"_key": key, "_site": site, "_rowid": len(stored)}
            values: list[Any] = [key, site]
            self._fill(fields[""], row, values, sites.get(site or "", "UTC"))
            profiles.append(row)
            stored.append(values)
        profile_table = self.tables[""] = self.name()
        key_type = rng.choice(["BIGINT", "HUGEINT", "UBIGINT"]) if self.integer_keys else "VARCHAR"
        self._table(profile_table, [(key_column, key_type), (site_column, "VARCHAR")], fields[""], stored)
        document: dict[str, Any] = {
            "kind": "model",
            "sites": {"list": {site: {"timezone": tz} for site, tz in sites.items()}},
            "profile": {"table": profile_table, "key": key_column, "traits": documents(fields[""])},
            "events": {},
            "objects": {},
        }
        if not single:
            document["sites"]["column"] = site_column
        site_of = {row["_key"]: sites.get(row["_site"] or "", "UTC") for row in profiles}
        events = self._events(keys, document, fields, site_of)
        objects = {"card": self._object("card", keys, document, fields, site_of)}
        types = {source: {f.name: f.type for f in listed} for source, listed in fields.items()}
        plain = oracle.World(profiles, types, events, objects, sites, self.as_of)
        return Made(self._session(), read_model(document), document, plain, fields, self.tables)

    def _session(self) -> DuckSession:
        """The finished warehouse."""
        return DuckSession("memory:", self.connection, "generated")

    def _people(self) -> int:
        """How many profiles there are."""
        return self.rng.randint(1, 14)

    # -- keys and columns ------------------------------------------------------------------------------------------

    def _keys(self, count: int) -> list[Any]:
        if self.integer_keys:
            return self.rng.sample([0, 1, 2, 9, 10, 11, 100, 99, 2**31, 5, 6, 7, 8, 3], count)
        return self.rng.sample(
            ["a", "A", "b", "", "ä", "Z", "10", "9", "x y", "'", "é", "zz", "\U0001f600", "~"], count
        )

    def _fields(self) -> list[Field]:
        rng = self.rng
        chosen = [Field(f"f_{kind}", kind, "", "", None) for kind in TYPES if rng.random() < 0.75]
        chosen = chosen or [Field("f_integer", "integer", "", "", None)]
        for found in chosen:
            found.column = f"{self.rng.choice(NAMES)} {found.type}" if rng.random() < 0.5 else found.name
            found.physical = rng.choice(
                {
                    "string": ["VARCHAR", "VARCHAR", "BIGINT"],
                    "integer": ["INTEGER", "BIGINT", "DOUBLE", "SMALLINT"],
                    "decimal": ["DECIMAL(12,2)", "DOUBLE", "DECIMAL(18,4)", "BIGINT"],
                    "float": ["DOUBLE", "DOUBLE", "INTEGER"],
                    "boolean": ["BOOLEAN"],
                    "date": ["DATE"],
                    "timestamp": ["TIMESTAMP", "TIMESTAMPTZ", "DATE", "TIMESTAMP_MS"],
                }[found.type]
            )
            if found.type == "timestamp" and rng.random() < 0.4:
                found.timezone = rng.choice(ZONES)
        return chosen

    def _table(self, table: str, head: list[tuple[str, str]], fields: list[Field], rows: list[list[Any]]) -> None:
        columns = [*head, *((f.column, f.physical) for f in fields)]
        quoted = ", ".join(f"{quote(name)} {kind}" for name, kind in columns)
        self.connection.execute(f"CREATE TABLE {quote(table)} ({quoted})")
        if rows:
            marks = ", ".join("?" for _ in columns)
            everything = ", ".join(f"({marks})" for _ in rows)
            flat = [value for row in rows for value in row]
            self.connection.execute(f"INSERT INTO {quote(table)} VALUES {everything}", flat)

    def _fill(self, fields: list[Field], row: dict[str, Any], stored: list[Any], site_zone: str) -> None:
        for found in fields:
            meant, value = self.value(found, site_zone)
            row[found.name] = meant
            stored.append(value)

    # -- values: (what it means, what is stored) -------------------------------------------------------------------

    def value(self, found: Field, site_zone: str) -> tuple[Any, Any]:
        """A value of a field: as the oracle reads it and as it is stored."""
        rng = self.rng
        if rng.random() < 0.2:
            if found.physical == "DOUBLE" and rng.random() < 0.5:
                return math.nan, math.nan
            return None, None
        match found.type:
            case "string":
                if found.physical == "BIGINT":
                    number = rng.randint(-3, 12)
                    return str(number), number
                text = rng.choice(TEXTS)
                return text, text
            case "integer":
                number = rng.randint(-2, 6)
                return number, float(number) if found.physical == "DOUBLE" else number
            case "decimal":
                price = Decimal(rng.randint(-300, 1000)) / 100
                price = Decimal(int(price)) if found.physical == "BIGINT" else price
                return price, float(price) if found.physical == "DOUBLE" else price
            case "float":
                real = float(rng.randint(-8, 16)) if found.physical == "INTEGER" else rng.randint(-8, 16) / 4
                return real, int(real) if found.physical == "INTEGER" else real
            case "boolean":
                flag = rng.random() < 0.5
                return flag, flag
            case "date":
                day = self.day()
                return day, day
            case _:
                return self.time(found.physical, found.timezone, site_zone)

    def day(self) -> date:
        """A date near as_of, on a leap day or far away."""
        rng = self.rng
        today = self.as_of.date()
        return rng.choice([date(2000, 2, 29), date(1990, 2, 28), date(1985, 12, 31), today, today]) + timedelta(
            days=rng.choice([0, 0, 1, -1, 7, -7, -30, -31, 28, -365, rng.randint(-400, 60)])
        )

    def local(self) -> datetime:
        """A wall-clock time: often on a boundary, seldom unique."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.35:
            base = self.as_of.replace(tzinfo=None, microsecond=0)
            back = rng.choice([0, 1, 3600, 86400, 7 * 86400, 30 * 86400, 90 * 86400, 31 * 86400, -1, -86400])
            return base - timedelta(seconds=back)
        day = self.as_of.date() + timedelta(
            days=rng.choice([0, -1, 1, -2, -6, -7, -8, -29, -30, -31, -60, -89, -90, -366])
        )
        return datetime(day.year, day.month, day.day, rng.choice([0, 0, 1, 3, 12, 23]), rng.choice([0, 0, 30, 59]))

    def time(self, physical: str, timezone: str | None, site_zone: str) -> tuple[Any, Any]:
        """A timestamp: the instant it means, and how it is stored."""
        local = self.local()
        if physical == "TIMESTAMPTZ":
            instant = local.replace(tzinfo=UTC)
            return instant, instant
        if physical == "DATE":
            day = local.date()
            return oracle.midnight(day, ZoneInfo(timezone or site_zone)), day
        return oracle.instant(local, zone(timezone or "UTC")), local

    # -- events and objects ----------------------------------------------------------------------------------------

    def _owner(self, keys: list[Any]) -> Any:
        rng = self.rng
        strangers = [None, 424242 if self.integer_keys else "nobody"]
        return rng.choice(strangers) if rng.random() < 0.1 else rng.choice(keys[: max(1, len(keys) - 2)])

    def _events(
        self,
        keys: list[Any],
        document: dict[str, Any],
        fields: dict[str, list[Field]],
        site_of: dict[Any, str],
    ) -> dict[str, list[dict[str, Any]]]:
        """The rows of each event, as the oracle reads them."""
        return {name: self._event(name, keys, document, fields, site_of) for name in EVENTS}

    def _event(
        self,
        name: str,
        keys: list[Any],
        document: dict[str, Any],
        fields: dict[str, list[Field]],
        site_of: dict[Any, str],
    ) -> list[dict[str, Any]]:
        rng = self.rng
        table, owner, moment, kind = self.name() + f" {name}", "who it was", "at", "event type"
        physical = rng.choice(["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP", "DATE"])
        zoned = rng.choice(ZONES) if rng.random() < 0.4 else None
        fields[name] = self._fields()
        rows: list[dict[str, Any]] = []
        stored: list[list[Any]] = []
        for _ in range(rng.choice([0, 5, 30, 60])):
            who, kept = self._owner(keys), rng.random() < 0.9
            meant, value = self.time(physical, zoned, site_of.get(who, "UTC"))
            if rng.random() < 0.03:
                meant, value = None, None
            row: dict[str, Any] = {"_profile": who, "_time": meant, "_rowid": len(stored)}
            values = [who, value, name if kept else "else"]
            self._fill(fields[name], row, values, site_of.get(who, "UTC"))
            stored.append(values)
            if kept:
                rows.append(row)
        self.tables[name] = table
        owner_type = rng.choice(["BIGINT", "VARCHAR"]) if self.integer_keys else "VARCHAR"
        self._table(table, [(owner, owner_type), (moment, physical), (kind, "VARCHAR")], fields[name], stored)
        condition = f"\"event type\" = '{name}'"
        source = {"table": table, "where": condition}
        if rng.random() < 0.3:
            source = {"sql": f"SELECT * FROM {quote(table)} WHERE {condition} -- all of it"}
        document["events"][name] = {
            **source,
            "profile": owner,
            "time": moment,
            "properties": documents(fields[name]),
            **({} if zoned is None else {"timezone": zoned}),
        }
        return rows

    def _objects(self) -> int:
        """How many objects there are."""
        return self.rng.choice([0, 4, 20])

    def _object(
        self,
        name: str,
        keys: list[Any],
        document: dict[str, Any],
        fields: dict[str, list[Field]],
        site_of: dict[Any, str],
    ) -> list[dict[str, Any]]:
        fields[name] = self._fields()
        rows: list[dict[str, Any]] = []
        stored: list[list[Any]] = []
        for _ in range(self._objects()):
            who = self._owner(keys)
            row: dict[str, Any] = {"_profile": who, "_rowid": len(stored)}
            values = [who]
            self._fill(fields[name], row, values, site_of.get(who, "UTC"))
            rows.append(row)
            stored.append(values)
        table = self.tables[name] = f"all {name}s"
        self._table(table, [("has", "BIGINT" if self.integer_keys else "VARCHAR")], fields[name], stored)
        document["objects"][name] = {"table": table, "profile": "has", "properties": documents(fields[name])}
        return rows


def quote(name: str) -> str:
    """A quoted name."""
    return '"' + name.replace('"', '""') + '"'


def documents(fields: list[Field]) -> dict[str, Any]:
    """Traits or properties as the model writes them."""
    return {found.name: found.document() for found in fields}
